import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import Table from 'cli-table3';
import { createOnedev } from '../src/adapters/onedev.ts';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { createMirrorControl, openTemporal } from '../src/adapters/temporal.ts';
import { createGithubStandin, type StandinRepository } from '../test/standins/github.ts';
import { createOnedevStandin } from '../test/standins/onedev.ts';
import { createRepo } from '../test/support/repo.ts';
import { KINDS } from './kinds.ts';
import { median, say, startServers, startStarkeep } from './processes.ts';

/**
 * What many small syncs cost: `npm run bench -- batch [--repos 40] [--runs 3] [--workers 1,2,4] [--slots 2]`. New repositories of 30 commits are
 * starred all at once and mirrored by real workers, with everything that belongs to it: Temporal, the record, GitHub's and OneDev's API, the
 * project. Against plain git, as many at a time: `git push` of heads and tags from a clone that is there already into a project that is there
 * already, and the same with the `git clone --mirror` before it. All on the same stand-ins, in turn.
 */

const { values } = parseArgs({
  options: {
    repos: { type: 'string', default: '40' },
    runs: { type: 'string', default: '3' },
    workers: { type: 'string', default: '1,2,4' },
    slots: { type: 'string', default: '2' },
  },
});
const count = Number(values.repos);
const runs = Number(values.runs);
const slots = Number(values.slots);
const run = promisify(execFile);

const servers = await startServers();
const github = await createGithubStandin();
const onedev = await createOnedevStandin({ dataDir: join(servers.dir, 'onedev') });
const target = createOnedev({ url: onedev.url, token: onedev.token, parent: 'github', userAgent: 'starkeep-bench' });
const db = createDatabase({ url: servers.databaseUrl });
const temporal = openTemporal({ environment: {}, address: servers.temporalAddress, namespace: 'default' });
const control = createMirrorControl(temporal);
const { dir: gitDir } = await createRepo(join(servers.dir, 'small.git'), KINDS['small'] ?? {});
let made = 0;

const table = new Table({
  head: ['workers', 'at once', 'what', 'per second', 'of the pushes', 'of clone and push'],
  style: { head: [], border: [] },
});
try {
  for (const workers of values.workers.split(',').map(Number)) await measure(workers);
  process.stdout.write(`${table.toString()}\n`);
} finally {
  await Promise.all([db.close(), temporal.close(), github.close(), onedev.close()]);
  await servers.stop();
}

async function measure(workers: number): Promise<void> {
  const started = await Promise.all(
    Array.from({ length: workers }, () =>
      startStarkeep('worker', servers, {
        GITHUB_TOKEN: github.token,
        GITHUB_API_URL: github.apiUrl,
        GITHUB_URL: github.url,
        ONEDEV_URL: onedev.url,
        ONEDEV_TOKEN: onedev.token,
        STARKEEP_TRANSFER_SLOTS: String(slots),
        STARKEEP_RECONCILE_EVERY: '24h',
        STARKEEP_DRIFT_EVERY: 'never',
        // The stand-in has no secondary limits, and plain git does not ask the API.
        STARKEEP_GITHUB_RATE: '1000/s',
      }),
    ),
  );
  const concurrency = workers * slots;
  const ways = {
    syncs: () => mirrored(),
    pushes: () => pushed(concurrency),
    'clone and push': () => cloned(concurrency),
  };
  const perSecond: Record<keyof typeof ways, number[]> = { syncs: [], pushes: [], 'clone and push': [] };
  try {
    // Once before it is measured: the first sync of a worker loads and connects.
    await mirrored();
    const names = Object.keys(ways) as (keyof typeof ways)[];
    for (let turn = 0; turn < runs; turn += 1) {
      for (let place = 0; place < names.length; place += 1) {
        const name = names[(place + turn) % names.length] as keyof typeof ways;
        perSecond[name].push(count / (await ways[name]()));
      }
      say(`${workers} workers: run ${turn + 1} of ${runs}`);
    }
  } finally {
    await Promise.all(started.map((worker) => worker.stop()));
  }
  const against = (other: keyof typeof ways) =>
    median(perSecond.syncs.map((rate, turn) => rate / (perSecond[other][turn] ?? Number.NaN))).toFixed(2);
  for (const name of ['pushes', 'clone and push', 'syncs'] as const) {
    const ratios = name === 'syncs' ? [against('pushes'), against('clone and push')] : ['', ''];
    table.push([workers, concurrency, name, median(perSecond[name]).toFixed(1), ...ratios]);
  }
}

/** All of them starred at once, until the record has the last one as equal. @returns seconds */
async function mirrored(): Promise<number> {
  const repositories = newRepositories();
  for (const repository of repositories) github.star(repository);
  return seconds(async () => {
    await Promise.all(
      repositories.map(({ id, fullName }) =>
        control.repoEvent({ kind: 'starred', repoId: id, fullName, trigger: 'batch', correlationId: `bench-${id}` }),
      ),
    );
    const ids = repositories.map(({ id }) => `github-${id}`);
    for (;;) {
      const [row] = await db.query<{ done: number; failed: number }>(
        `select count(*) filter (where status = 'completed')::int as done, count(*) filter (where status like '%fail%')::int as failed
           from mirrors where mirror_id = any($1)`,
        [ids],
      );
      if (row && row.failed > 0) throw new Error(`${row.failed} of ${count} syncs failed`);
      if (row?.done === count) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  });
}

async function pushed(concurrency: number): Promise<number> {
  const urls = await newProjects();
  return seconds(() => each(urls, concurrency, (url) => push(gitDir, url)));
}

async function cloned(concurrency: number): Promise<number> {
  const repositories = newRepositories();
  const urls = await newProjects();
  const pairs = urls.map((url, index) => ({ url, from: repositories[index] as StandinRepository }));
  return seconds(() =>
    each(pairs, concurrency, async ({ url, from }) => {
      const clone = join(servers.dir, `clone-${from.id}.git`);
      await git(['clone', '--quiet', '--mirror', `${github.url}/${from.fullName}.git`, clone], github.token);
      await push(clone, url);
    }),
  );
}

function push(from: string, url: string): Promise<void> {
  return git(
    ['-C', from, 'push', '--quiet', url, 'refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'],
    onedev.token,
  );
}

async function git(args: string[], token: string): Promise<void> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  await run('git', ['-c', `http.extraHeader=authorization: Basic ${basic}`, ...args]);
}

function newRepositories(): StandinRepository[] {
  return Array.from({ length: count }, () => github.addRepository({ fullName: `bench/small-${(made += 1)}`, gitDir }));
}

/** Where plain git pushes to. @returns their addresses */
async function newProjects(): Promise<string[]> {
  const urls: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const repoId = String(9_000_000 + (made += 1));
    const project = await target.ensureProject({
      mirrorId: `github-${repoId}`,
      fullName: `bench/plain-${repoId}`,
      description: null,
      htmlUrl: github.url,
      known: null,
    });
    urls.push(target.gitRemote(project).url);
  }
  return urls;
}

/** So many at a time. */
async function each<T>(items: T[], concurrency: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
