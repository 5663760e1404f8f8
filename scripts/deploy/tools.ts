import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { wholeEnvironment } from '../../src/local/environment.ts';
import { installPinned } from '../../src/local/pip.ts';

/**
 * The programs that deploy/ is checked with, each of one version, kept under `.cache/deploy` between runs: Go's by its module proxy with the hashes of
 * Go's checksum database or of our go.sum, Python's by requirements.txt. nginx, Caddy and systemd are the system's, since what an operator has is the system's too.
 */

const run = promisify(execFile);

const HELM = 'helm.sh/helm/v4/cmd/helm@v4.3.1';

const COMPOSE_CONFIG = new URL('./compose-config/', import.meta.url).pathname;
const REQUIREMENTS = new URL('./requirements.txt', import.meta.url);

export interface Tools {
  helm: string;
  composeConfig: string;
  hadolint: string;
  python: { program: string; environment: NodeJS.ProcessEnv };
  nginx: string;
  caddy: string;
  systemdAnalyze: string;
}

/** @throws Error naming what is lacking, and how it is installed */
export async function findTools(cacheDir: string): Promise<Tools> {
  const cache = join(cacheDir, 'deploy');
  await mkdir(cache, { recursive: true });
  const [nginx, caddy, systemdAnalyze, go] = await Promise.all([
    installed('nginx', ['-v'], 'apt-get install nginx-light'),
    installed('caddy', ['version'], 'apt-get install caddy'),
    installed('systemd-analyze', ['--version'], 'apt-get install systemd'),
    installed('go', ['version'], 'Go 1.26 or later (https://go.dev/dl)'),
  ]);
  // Go uses all processors by itself: one after the other.
  const helm = await built(join(cache, `helm-${HELM.split('@')[1]}`), (folder) =>
    run(go, ['install', '-trimpath', '-ldflags=-s -w', HELM], { env: { ...process.env, GOBIN: folder } }),
  );
  const sources = await Promise.all(['main.go', 'go.sum'].map((name) => readFile(join(COMPOSE_CONFIG, name))));
  const composeConfig = await built(join(cache, `compose-config-${digestOf(...sources)}`), (folder) =>
    run(go, ['build', '-trimpath', '-o', folder, '.'], { cwd: COMPOSE_CONFIG }),
  );
  const python = await pythonPackages(cache);
  return {
    helm: join(helm, 'helm'),
    composeConfig: join(composeConfig, 'compose-config'),
    hadolint: join(python.folder, 'bin', 'hadolint'),
    python,
    nginx,
    caddy,
    systemdAnalyze,
  };
}

/** Debian has nginx where only root looks. */
async function installed(program: string, question: string[], how: string): Promise<string> {
  for (const path of [program, join('/usr/sbin', program)]) {
    try {
      await run(path, question);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error(`There is no ${program}: ${how}`);
}

/** Made in a folder of its own and moved into place whole: if we die in the middle, the next run begins anew. */
async function built(slot: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  if (await exists(slot)) return slot;
  process.stdout.write(`making ${slot} …\n`);
  await mkdir(dirname(slot), { recursive: true });
  const folder = await mkdtemp(`${slot}.part-`);
  try {
    await build(folder);
    await rename(folder, slot);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return slot;
}

async function pythonPackages(cache: string): Promise<Tools['python'] & { folder: string }> {
  const requirements = await readFile(REQUIREMENTS, 'utf8');
  const { stdout: version } = await run('python3', ['--version']);
  const slot = await built(join(cache, `python-${digestOf(requirements, version)}`), (folder) =>
    installPinned(requirements, folder),
  );
  const folder = join(slot, 'wheel');
  const environment = wholeEnvironment({ PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' });
  return { program: 'python3', environment, folder };
}

function digestOf(...contents: (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content);
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
