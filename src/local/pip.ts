import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '../domain/failures.ts';
import { wholeEnvironment } from './environment.ts';
import { runBriefly } from './run-briefly.ts';

/** Packages of the Python package index, each version and hash pinned, into a directory of their own: the system's Python stays as it is. */

const PYTHONS = ['python3', 'python'];

/** 75 MB at a few megabits a second. */
const INSTALL_TIMEOUT_MS = 5 * 60_000;

/** A person's own pip settings that would refuse `--target` do not count here. */
const PIP_SETTINGS = { PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };

/**
 * Installs exactly what the requirements name.
 * @param requirements lines of a requirements file, with hashes
 * @param directory exists, and gets a `wheel` folder
 * @returns the folder, and the Python that it is for
 * @throws Failure `TemporalUnusable` without a Python that has pip; Error with pip's last line when it refuses
 */
export async function installPinned(
  requirements: string,
  directory: string,
): Promise<{ target: string; python: string }> {
  const file = join(directory, 'requirements.txt');
  await writeFile(file, requirements);
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
  const args = ['-m', 'pip', 'install', '--quiet', ...options, '--target', target, '-r', file];
  await runBriefly(python, args, { timeoutMs: INSTALL_TIMEOUT_MS, env: wholeEnvironment(PIP_SETTINGS) });
  return { target, python };
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
