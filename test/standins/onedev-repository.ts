import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Questions to a bare repository, by native git. */

const run = promisify(execFile);

/** An environment in which only this repository's own settings count. */
export const QUIET_GIT = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

/** @returns what git said, `null` when it ended with an error */
export async function git(gitDir: string, args: string[], env: Record<string, string> = {}): Promise<string | null> {
  try {
    const options = { env: { ...QUIET_GIT, ...env }, maxBuffer: 64 * 1024 * 1024 };
    return (await run('git', [`--git-dir=${gitDir}`, ...args], options)).stdout.trimEnd();
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return null;
    throw error;
  }
}

/** The short name of the branch HEAD points at; `null` while that branch does not exist. */
export async function headBranch(gitDir: string): Promise<string | null> {
  const name = await git(gitDir, ['symbolic-ref', '-q', 'HEAD']);
  if (name === null || (await git(gitDir, ['rev-parse', '-q', '--verify', name])) === null) return null;
  return name.replace('refs/heads/', '');
}

/** @returns false when there is no such branch */
export async function pointHeadAt(gitDir: string, branch: string): Promise<boolean> {
  const ref = `refs/heads/${branch}`;
  if ((await git(gitDir, ['rev-parse', '-q', '--verify', ref])) === null) return false;
  return (await git(gitDir, ['symbolic-ref', 'HEAD', ref])) !== null;
}
