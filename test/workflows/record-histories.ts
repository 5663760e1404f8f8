import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { ensureSearchAttributes } from '../../src/adapters/search-attributes.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { findTemporalBinary } from '../../src/local/temporal-binary.ts';
import { bundleWorkflows } from '../../src/worker/bundle.ts';
import { TASK_QUEUES, WORKFLOW_TYPES, type MirrorState } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { event, World } from './world.ts';

/**
 * Records one history per path through `mirrorRepository` into `histories/`, where `replay.test.ts` replays them: run by hand
 * (`npm run record-histories`) after a change that is meant to alter what the workflow does, and never to make a red replay green.
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
for (const [name, path] of Object.entries(PATHS)) await record(name, path);
await environment.teardown();

async function record(name: string, { first, before, then }: Path): Promise<void> {
  const world = new World();
  before?.(world);
  const common = { connection: environment.nativeConnection, activities: world.activities };
  const workers = [
    await Worker.create({ ...common, workflowBundle, taskQueue: TASK_QUEUES.main }),
    await Worker.create({ ...common, taskQueue: TASK_QUEUES.transfer }),
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
  const result = await handle.result();
  const history = await handle.fetchHistory();
  await writeFile(new URL(`${name}.json`, HISTORIES), withoutMachine(historyToJSON(history)));
  say(`${name}: ${JSON.stringify(result)}, ${history.events?.length} events`);
  for (const worker of workers) worker.shutdown();
  await Promise.all(running);
}

/** Who recorded it, and where, is nobody's business and would change with every recording. */
function withoutMachine(json: string): string {
  const drop = (key: string, value: unknown) => (key === 'identity' ? 'recorder' : key === 'stackTrace' ? '' : value);
  return `${JSON.stringify(JSON.parse(json), drop, 1)}\n`;
}
