import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import Table from 'cli-table3';
import { createActivities } from '../src/activities/index.ts';
import { createGithub } from '../src/adapters/github.ts';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { createHttpCache } from '../src/adapters/postgres/http-cache.ts';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { createStore } from '../src/adapters/postgres/store.ts';
import { parseFilters } from '../src/domain/filters.ts';
import type { MirrorControl, TargetHost, Transfer, WorkflowRuns } from '../src/domain/ports.ts';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { startTemporal } from '../src/local/embedded-temporal.ts';
import { findTemporalBinary } from '../src/local/temporal-binary.ts';
import { bundleWorkflows } from '../src/worker/bundle.ts';
import { TASK_QUEUES } from '../src/workflows/messages.ts';
import { createGithubStandin, type StandinRepository } from '../test/standins/github.ts';

/**
 * What reading the star list costs: `npm run bench -- reconcile [--stars 100,1000,5000] [--runs 3]`. Requests, what they take from the hourly
 * quota, and seconds of a first reading, a quiet quick look, a quiet complete sweep, and both again after 1 % of the repositories were pushed to;
 * on a real Temporal and Postgres, against the GitHub stand-in. Mirrors are counted, not synced.
 */

const { values } = parseArgs({
  options: { stars: { type: 'string', default: '100,1000,5000' }, runs: { type: 'string', default: '3' } },
});
const runs = Number(values.runs);
const say = (line: string) => void process.stderr.write(`${line}\n`);
const cacheDir = fileURLToPath(new URL('../.cache', import.meta.url));

Runtime.install({ logger: new DefaultLogger('ERROR') });
const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
await chmod(dir, 0o755);
const { path: binary } = await findTemporalBinary({ kind: 'cli', cacheDir, say });
const server = { dataDir: dir, port: 0, say, onExit: say };
const temporal = await startTemporal({ ...server, binary, headless: true, inMemory: true });
const postgres = await startPostgres(server);
await migrate(postgres.url);
const environment = await TestWorkflowEnvironment.createFromExistingServer({ address: temporal.address });
const workflowBundle = await bundleWorkflows();
const table = new Table({
  head: ['stars', 'reading', 'kind', 'requests', 'of quota', 'signals', 'seconds (median)', 'heap MB'],
  style: { head: [], border: [] },
});
for (const stars of values.stars.split(',').map(Number)) await measure(stars);
process.stdout.write(`${table.toString()}\n`);
await environment.teardown();
await temporal.stop();
await postgres.stop();
await rm(dir, { recursive: true, force: true });

async function measure(stars: number): Promise<void> {
  const github = await createGithubStandin();
  const db = createDatabase({ url: postgres.url });
  await db.query('truncate accounts cascade');
  const repositories = Array.from({ length: stars }, (_, index) => {
    const repository = github.addRepository({ fullName: `owner-${index % 50}/repo-${index}` });
    github.star(repository);
    return repository;
  });
  let signals = 0;
  const control = {
    repoEvent: async ({ repoId }) => {
      signals += 1;
      return { workflowId: `mirror-github-${repoId}` };
    },
  } as Partial<MirrorControl> as MirrorControl;
  const source = createGithub({
    apiUrl: github.apiUrl,
    webUrl: github.url,
    token: github.token,
    userAgent: 'starkeep-bench',
    etagCache: createHttpCache(db, { onError: (failure) => say(failure.message) }),
  });
  const activities = createActivities({
    ...createStore(db),
    source,
    control,
    target: {} as TargetHost,
    transfer: {} as Transfer,
    runs: {} as WorkflowRuns,
    rules: {
      unstarPolicy: 'delete',
      graceMs: 0,
      deleteBudget: { max: 10, windowMs: 86_400_000 },
      rewritePolicy: 'keep-old',
      archiveRetentionMs: null,
      historyRetentionMs: null,
      filters: parseFilters({}),
      reconcileEveryMs: 900_000,
      drift: { everyMs: null, policy: 'repair' },
    },
    redact: (text) => text,
    withLogFields: (_, work) => work(),
  });
  const taskQueue = `bench-${stars}`;
  const connection = environment.nativeConnection;
  const worker = await Worker.create({ connection, workflowBundle, taskQueue, activities });
  const asking = await Worker.create({ connection, taskQueue: TASK_QUEUES.github, activities });
  const settle = () => db.query(`update mirrors set status = 'completed', last_checked_at = now()`);
  const push = (some: StandinRepository[]) =>
    some.forEach((one) => (one.pushedAt = new Date(Date.now() + 60_000).toISOString()));

  const reading = async (name: string, full: boolean, count: number, before: () => void = () => undefined) => {
    const seconds: number[] = [];
    let kind = '';
    for (let run = 0; run < count; run += 1) {
      before();
      github.log.length = 0;
      signals = 0;
      const began = performance.now();
      const workflowId = `bench-${stars}-${name}-${run}`;
      const summary = (await environment.client.workflow.execute('reconcileStars', {
        taskQueue,
        workflowId,
        args: [{ full }],
      })) as {
        kind: string;
      };
      seconds.push((performance.now() - began) / 1000);
      kind = summary.kind;
      await settle();
    }
    const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? 0;
    const heap = Math.round(process.memoryUsage().heapUsed / 1e6);
    // A 304 costs nothing.
    const paid = github.log.filter(({ status }) => status !== 304).length;
    table.push([stars, name, kind, github.log.length, paid, signals, median.toFixed(2), heap]);
  };
  const measured = worker.runUntil(async () => {
    await reading('first', false, 1);
    await reading('quiet, quick', false, runs);
    await reading('quiet, complete', true, runs);
    const onePercent = repositories.slice(0, Math.max(1, stars / 100));
    await reading('1 % pushed, quick', false, 1, () => push(onePercent));
    await reading('1 % pushed, complete', true, 1, () => push(onePercent.map((one) => one)));
  });
  await asking.runUntil(measured);
  await db.close();
  await github.close();
}
