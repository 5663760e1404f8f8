import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities/index.ts';
import { ensureSearchAttributes } from '../../src/adapters/search-attributes.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { findTemporalBinary } from '../../src/local/temporal-binary.ts';
import { bundleWorkflows } from '../../src/worker/bundle.ts';
import {
  ARCHIVE_WORKFLOW_ID,
  batchWorkflowId,
  sendAlertsWorkflowId,
  TASK_QUEUES,
  WORKFLOW_TYPES,
  type MirrorState,
} from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { BATCH, event, REPORT, World } from './world.ts';

/**
 * Records one history per path through `mirrorRepository`, and one each of `batchSync` and `sendAlerts`, into `histories/`, where `replay.test.ts` replays them: run by
 * hand (`npm run record-histories`, or with names behind `--` only those) after a change that is meant to alter what the workflow does, and never to
 * make a red replay green.
 */

interface Recording {
  world: World;
  handle: WorkflowHandle;
  becomes(status: MirrorState['status']): Promise<void>;
  skip(ms: number): Promise<void>;
}

interface Path {
  first: RepoEvent;
  before?: (world: World) => void;
  /** What happens besides; the run has to end by itself afterwards. */
  then?: (recording: Recording) => Promise<void>;
}

const DAY_MS = 86_400_000;

const unstarred = (world: World) => {
  world.known = world.mirrored = true;
  world.starred = false;
};

const PATHS: Record<string, Path> = {
  'star-mirror': { first: event('starred') },
  'fail-retry-complete': {
    first: event('starred'),
    before: (world) =>
      world.transferFailures.push({ kind: 'TargetUnreachable' }, { kind: 'SourceRateLimited', retryAfterMs: 90_000 }),
  },
  'handed-over': {
    first: event('starred'),
    // Two attempts of one transfer, and one of the next.
    before: (world) => (world.shutdowns = 3),
  },
  'permanent-failure': {
    first: event('starred'),
    before: (world) => world.transferFailures.push({ kind: 'ObjectFormatUnsupported' }),
  },
  'upstream-gone-frozen': {
    first: event('changed'),
    before: (world) => {
      unstarred(world);
      world.upstream = 'gone';
    },
  },
  'unstar-grace-delete': { first: event('unstarred'), before: unstarred },
  'unstar-approve-delete': {
    first: event('unstarred'),
    before: unstarred,
    then: async ({ handle, becomes }) => {
      await becomes('pending_deletion');
      await handle.signal('approveDeletion', { by: 'ann' });
    },
  },
  'unstar-restar': {
    first: event('unstarred'),
    before: unstarred,
    then: async ({ world, handle, becomes, skip }) => {
      await becomes('pending_deletion');
      await skip(2 * DAY_MS);
      world.starred = true;
      await handle.signal('repoEvent', event('starred'));
    },
  },
  'unstar-cancel': {
    first: event('unstarred'),
    before: unstarred,
    then: async ({ handle, becomes }) => {
      await becomes('pending_deletion');
      await handle.signal('cancelDeletion', { by: 'ann', reason: 'I need it' });
    },
  },
  'over-budget-approve': {
    first: event('unstarred'),
    before: (world) => {
      unstarred(world);
      world.deletion = { outcome: 'over_budget', reason: 'ten already' };
    },
    then: async ({ world, handle, skip }) => {
      await skip(8 * DAY_MS);
      await eventually(() => world.recorded('deletion_waiting').length === 1);
      world.deletion = { outcome: 'deleted' };
      await handle.signal('approveDeletion', { by: 'ann' });
    },
  },
  'pause-resume': {
    first: event('unstarred'),
    before: unstarred,
    then: async ({ world, handle, becomes }) => {
      await becomes('pending_deletion');
      await handle.signal('pause');
      await becomes('paused');
      await handle.signal('repoEvent', event('changed'));
      world.starred = true;
      await handle.signal('resume');
    },
  },
  'batch-compare': {
    first: event('changed', { trigger: 'batch', compare: 'report', batchId: '7' }),
    before: (world) => {
      world.comparison = {
        ...REPORT,
        outcome: 'unchanged',
        compared: true,
        drift: { refs: 1, names: ['refs/heads/x'] },
      };
    },
  },
  'batch-repair': {
    first: event('changed', { trigger: 'batch', compare: 'repair', batchId: '7' }),
    before: (world) => {
      world.projectLost = true;
      world.transferFailures.push({ kind: 'SourceRateLimited', retryAfterMs: 90_000 });
    },
  },
  'nonsense-signals': {
    first: event('unstarred'),
    before: unstarred,
    then: async ({ handle, becomes }) => {
      await becomes('pending_deletion');
      await handle.signal('aprove', 'by ann');
      await handle.signal('repoEvent', { kind: 'exploded' });
      await handle.signal('approveDeletion');
    },
  },
};

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const HISTORIES = new URL('./histories/', import.meta.url);

const say = (line: string) => void process.stdout.write(`${line}\n`);

Runtime.install({ logger: new DefaultLogger('ERROR') });
const { path } = await findTemporalBinary({ kind: 'test-server', cacheDir: CACHE, say });
const environment = await TestWorkflowEnvironment.createTimeSkipping({
  server: { executable: { type: 'existing-path', path } },
});
await ensureSearchAttributes(environment.connection, 'default');
const workflowBundle = await bundleWorkflows();
const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
for (const [name, path] of Object.entries(PATHS)) if (isWanted(name)) await record(name, path);
if (isWanted('batch-sync')) await recordBatch('batch-sync');
if (isWanted('send-alerts')) await recordSending('send-alerts');
if (isWanted('archive-histories')) await recordArchive('archive-histories');
await environment.teardown();

async function record(name: string, { first, before, then }: Path): Promise<void> {
  const world = new World();
  before?.(world);
  const common = { connection: environment.nativeConnection, activities: world.activities };
  const workers = [
    await Worker.create({ ...common, workflowBundle, taskQueue: TASK_QUEUES.main }),
    ...(await Promise.all(
      [TASK_QUEUES.transfer, TASK_QUEUES.github, TASK_QUEUES.onedev].map((taskQueue) =>
        Worker.create({ ...common, taskQueue }),
      ),
    )),
  ];
  const running = workers.map((worker) => worker.run());
  const handle = await environment.client.workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
    workflowId: `mirror-github-${first.repoId}`,
    taskQueue: TASK_QUEUES.main,
    args: [{ repoId: first.repoId, fullName: first.fullName }],
    signal: 'repoEvent',
    signalArgs: [first],
  });
  await then?.({
    world,
    handle,
    becomes: (status) => eventually(async () => (await handle.query<MirrorState>('status')).status === status),
    skip: async (ms) => void (await environment.sleep(ms)),
  });
  await keep(name, handle);
  for (const worker of workers) worker.shutdown();
  await Promise.all(running);
}

/** A batch of three: nothing ends for a while, then one, then the others. */
async function recordBatch(name: string): Promise<void> {
  let steps = 0;
  const done = [0, 0, 1, 3];
  const activities: Pick<Activities, 'planBatch' | 'advanceBatch' | 'endBatch'> = {
    planBatch: () => Promise.resolve(),
    advanceBatch: () => Promise.resolve({ ...BATCH, done: done[(steps += 1) - 1] ?? 3 }),
    endBatch: ({ state }) => Promise.resolve({ ...BATCH, done: 3, state }),
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    activities,
    workflowBundle,
    taskQueue: TASK_QUEUES.main,
  });
  const running = worker.run();
  const handle = await environment.client.workflow.start(WORKFLOW_TYPES.batch, {
    workflowId: batchWorkflowId(BATCH.batchId),
    taskQueue: TASK_QUEUES.main,
    args: [{ batchId: BATCH.batchId }],
  });
  await keep(name, handle);
  worker.shutdown();
  await running;
}

/** Two pages of histories. */
async function recordArchive(name: string): Promise<void> {
  const counts = { seen: 50, archived: 49, omitted: 1, gone: 0 };
  const activities: Pick<Activities, 'beginArchiving' | 'archivePage' | 'endArchiving'> = {
    beginArchiving: () => Promise.resolve({ from: null, to: '2026-01-02T00:00:00.000Z' }),
    archivePage: ({ cursor }) => Promise.resolve({ ...counts, next: cursor === null ? 'second' : null }),
    endArchiving: ({ seen, archived, omitted, gone }) => Promise.resolve({ seen, archived, omitted, gone, removed: 3 }),
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    activities,
    workflowBundle,
    taskQueue: TASK_QUEUES.main,
  });
  const running = worker.run();
  const handle = await environment.client.workflow.start(WORKFLOW_TYPES.archive, {
    workflowId: ARCHIVE_WORKFLOW_ID,
    taskQueue: TASK_QUEUES.main,
  });
  await keep(name, handle);
  worker.shutdown();
  await running;
}

/** A channel that is down at first, and woken once more while it is sent to. */
async function recordSending(name: string): Promise<void> {
  const workflowId = sendAlertsWorkflowId('slack');
  let tries = 0;
  const activities: Pick<Activities, 'deliverAlerts'> = {
    deliverAlerts: async () => {
      tries += 1;
      if (tries === 1) throw new Error('the channel does not answer');
      if (tries === 2) await environment.client.workflow.getHandle(workflowId).signal('wake');
      return { sent: 1 };
    },
  };
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    activities,
    workflowBundle,
    taskQueue: TASK_QUEUES.main,
  });
  const running = worker.run();
  const handle = await environment.client.workflow.signalWithStart(WORKFLOW_TYPES.sendAlerts, {
    workflowId,
    taskQueue: TASK_QUEUES.main,
    args: [{ channel: 'slack' }],
    signal: 'wake',
  });
  await keep(name, handle);
  worker.shutdown();
  await running;
}

async function keep(name: string, handle: WorkflowHandle): Promise<void> {
  const result: unknown = await handle.result();
  const history = await handle.fetchHistory();
  await writeFile(new URL(`${name}.json`, HISTORIES), withoutMachine(historyToJSON(history)));
  say(`${name}: ${JSON.stringify(result)}, ${history.events?.length} events`);
}

/** Who recorded it, and where, is nobody's business and would change with every recording. */
function withoutMachine(json: string): string {
  const drop = (key: string, value: unknown) => (key === 'identity' ? 'recorder' : key === 'stackTrace' ? '' : value);
  return `${JSON.stringify(JSON.parse(json), drop, 1)}\n`;
}
