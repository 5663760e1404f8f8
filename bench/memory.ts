import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import Table from 'cli-table3';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { startTemporal } from '../src/local/embedded-temporal.ts';
import { findTemporalBinary } from '../src/local/temporal-binary.ts';
import { createGithubStandin } from '../test/standins/github.ts';
import { createOnedevStandin } from '../test/standins/onedev.ts';
import { eventually } from '../test/support/eventually.ts';
import { createRepo } from '../test/support/repo.ts';

/**
 * What an api and a worker take of the machine's memory: `npm run bench -- memory [--mirrors 200] [--deliveries 400] [--rest 30]`. Resident set (RSS)
 * and what is theirs alone (PSS), after the start, after so many mirrors and deliveries, and at most; as built (`npm run build` comes first), and
 * from the sources. Real Postgres and Temporal, stand-ins for GitHub and OneDev. Linux only.
 */

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '200' },
    deliveries: { type: 'string', default: '400' },
    /** Seconds of quiet before it is read. */
    rest: { type: 'string', default: '30' },
  },
});
const mirrors = Number(values.mirrors);
const say = (line: string) => void process.stderr.write(`${line}\n`);
const root = fileURLToPath(new URL('..', import.meta.url));
const SECRET = 'of the bench';
const PATIENCE_MS = 600_000;

/** Idle, both together. */
const TARGET_MB = 300;

if (!existsSync(join(root, 'dist/cli.js'))) throw new Error('there is no build: npm run build');

const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
await chmod(dir, 0o755);
const { path: binary } = await findTemporalBinary({ kind: 'cli', cacheDir: join(root, '.cache'), say });
const server = { dataDir: dir, port: 0, say, onExit: say };
const temporal = await startTemporal({ ...server, binary, headless: true, inMemory: true });
const postgres = await startPostgres(server);
const github = await createGithubStandin();
const onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
const table = new Table({
  head: ['runs', 'process', 'RSS idle', 'PSS idle', 'RSS after load', 'PSS after load', 'RSS at most (MB)'],
  style: { head: [], border: [] },
});
try {
  const repo = await createRepo(join(dir, 'upstream.git'), { commits: 3, branches: ['next'], tags: 2 });
  for (let index = 0; index < mirrors; index += 1) {
    github.addRepository({ fullName: `ada/part-${index}`, gitDir: repo.dir });
  }
  await measure('built', await builtCopy());
  await measure('sources', join(root, 'bin/starkeep.js'));
  process.stdout.write(`${table.toString()}\n`);
} finally {
  await Promise.all([github.close(), onedev.close()]);
  await temporal.stop();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}

/** The package as it is installed: without the sources. */
async function builtCopy(): Promise<string> {
  const folder = join(dir, 'installed');
  await mkdir(join(folder, 'bin'), { recursive: true });
  await copyFile(join(root, 'bin/starkeep.js'), join(folder, 'bin/starkeep.js'));
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['dist', 'node_modules']) await symlink(join(root, name), join(folder, name));
  return join(folder, 'bin/starkeep.js');
}

async function measure(name: string, starkeep: string): Promise<void> {
  const url = new URL(postgres.url);
  const admin = createDatabase({ url: url.href, maxConnections: 1 });
  await admin.query(`create database bench_${name}`);
  await admin.close();
  url.pathname = `/bench_${name}`;
  const { PATH = '', HOME = '', NODE_OPTIONS = '', MALLOC_ARENA_MAX = '' } = process.env;
  const environment = {
    ...{ PATH, HOME, NODE_OPTIONS },
    ...(MALLOC_ARENA_MAX ? { MALLOC_ARENA_MAX } : {}),
    GITHUB_TOKEN: github.token,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_URL: github.url,
    GITHUB_WEBHOOK_SECRET: SECRET,
    ONEDEV_URL: onedev.url,
    ONEDEV_TOKEN: onedev.token,
    ONEDEV_PARENT: name,
    DATABASE_URL: url.href,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: name,
    STARKEEP_DATA_DIR: join(dir, `data-${name}`),
    STARKEEP_PORT: '0',
    STARKEEP_ADMIN_KEY: 'the-key-of-the-bench',
  };
  await promisify(execFile)(binary, ['operator', 'namespace', 'create', '-n', name, '--address', temporal.address]);
  await promisify(execFile)(process.execPath, [starkeep, 'migrate'], { env: environment });
  const api = start(starkeep, 'api', environment);
  const address = await api.says(/"url":"(http:[^"]+)".*api listens/);
  // A worker that is idle finds no stars yet.
  github.repositories.forEach((repository) => github.unstar(repository));
  const worker = start(starkeep, 'worker', environment);
  await worker.says(/(worker runs)/);
  await quiet();
  const idle = await Promise.all([memoryOf(api.child), memoryOf(worker.child)]);
  say(`${name}: idle, RSS of api ${idle[0].rss} MB, of worker ${idle[1].rss} MB`);

  github.repositories.forEach((repository) => github.star(repository));
  say(`${name}: ${mirrors} mirrors, ${values.deliveries} deliveries …`);
  const db = createDatabase({ url: url.href, maxConnections: 1 });
  await promisify(execFile)(process.execPath, [starkeep, 'reconcile', '--no-wait'], { env: environment });
  for (let count = 0; count < Number(values.deliveries); count += 1) {
    const repository = github.repositories[count % mirrors];
    if (!repository) break;
    const payload = github.payloads.push(repository, { after: '0'.repeat(39) + '1' });
    await github.deliver(`${address}/webhooks/github`, 'push', payload, { secret: SECRET });
  }
  await eventually(async () => {
    const [row] = await db.query(`select count(*)::int as done from mirrors where status = 'completed'`);
    return row?.['done'] === mirrors;
  }, PATIENCE_MS);
  await db.close();
  await quiet();
  const after = await Promise.all([memoryOf(api.child), memoryOf(worker.child)]);
  const rows = ['api', 'worker'].map((role, index) => ({ role, idle: idle[index], after: after[index] }));
  for (const { role, idle: one, after: other } of rows) {
    table.push([name, role, one?.rss, one?.pss, other?.rss, other?.pss, other?.most]);
  }
  const sum = (of: typeof idle, what: 'rss' | 'pss') => of.reduce((total, one) => total + one[what], 0);
  const verdict = sum(idle, 'rss') < TARGET_MB ? '' : ` (above ${TARGET_MB})`;
  table.push([
    name,
    'both',
    `${sum(idle, 'rss')}${verdict}`,
    sum(idle, 'pss'),
    sum(after, 'rss'),
    sum(after, 'pss'),
    '',
  ]);
  await Promise.all([api.stop(), worker.stop()]);
}

async function quiet(): Promise<void> {
  await new Promise((wake) => setTimeout(wake, Number(values.rest) * 1_000));
}

interface Memory {
  rss: number;
  pss: number;
  most: number;
}

/** Megabytes, as the kernel counts them. */
async function memoryOf({ pid }: ChildProcess): Promise<Memory> {
  const [status, rollup] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
  ]);
  const read = (text: string, name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024);
  return { rss: read(status, 'VmRSS'), pss: read(rollup, 'Pss'), most: read(status, 'VmHWM') };
}

function start(starkeep: string, role: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [starkeep, role], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (text = (text + piece).slice(-20_000)));
  }
  const ended = once(child, 'exit');
  return {
    child,
    async says(wanted: RegExp): Promise<string> {
      await eventually(() => wanted.test(text) || child.exitCode !== null, PATIENCE_MS);
      const found = wanted.exec(text)?.[1];
      if (found === undefined) throw new Error(`the ${role} ended: ${text}`);
      return found;
    },
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
