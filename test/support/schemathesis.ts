import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { wholeEnvironment } from '../../src/local/environment.ts';
import { installPinned } from '../../src/local/pip.ts';

/**
 * Schemathesis: a client that makes up requests from an OpenAPI document and holds the answers to it. It comes from the Python package index with
 * every version and hash pinned, and is kept in the cache between runs.
 * @see https://schemathesis.readthedocs.io/
 */

const REQUIREMENTS = new URL('./schemathesis.requirements.txt', import.meta.url);

export interface Outcome {
  /** Nothing was found. */
  ok: boolean;
  /** What it printed. */
  output: string;
}

/**
 * Runs `st run` to its end.
 * @param config what `schemathesis.toml` has
 * @param options.directory exists; what the run leaves is in it
 */
export async function runSchemathesis(
  args: string[],
  options: { cacheDir: string; directory: string; config: string; timeoutMs: number },
): Promise<Outcome> {
  const { cacheDir, directory, config, timeoutMs } = options;
  const folder = await installed(cacheDir);
  const python = await readFile(join(folder, 'python'), 'utf8');
  const configFile = join(directory, 'schemathesis.toml');
  await writeFile(configFile, config);
  const env = wholeEnvironment({ PYTHONPATH: join(folder, 'wheel'), PYTHONDONTWRITEBYTECODE: '1', LC_ALL: 'C.UTF-8' });
  const all = ['-m', 'schemathesis.cli', '--config-file', configFile, 'run', ...args];
  return new Promise((resolve, reject) => {
    const settings = { cwd: directory, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 28 } as const;
    execFile(python, all, settings, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error?.killed) reject(new Error(`no end within ${timeoutMs / 1000} s:\n${output}`, { cause: error }));
      // 1: it has found something.
      else if (error && error.code !== 1) reject(new Error(output, { cause: error }));
      else resolve({ ok: error === null, output });
    });
  });
}

/** Installed into a folder of its own and moved into place whole; of two runs that do so at once, the first move counts. */
async function installed(cacheDir: string): Promise<string> {
  const requirements = await readFile(REQUIREMENTS, 'utf8');
  const digest = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const slot = join(cacheDir, `schemathesis-${digest}`);
  if (await exists(slot)) return slot;
  await mkdir(dirname(slot), { recursive: true });
  const directory = await mkdtemp(`${slot}.part-`);
  try {
    const { python } = await installPinned(requirements, directory);
    await writeFile(join(directory, 'python'), python);
    await rename(directory, slot);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    if (!(await exists(slot))) throw error;
  }
  return slot;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
