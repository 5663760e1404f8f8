import { heartbeat } from '@temporalio/activity';
import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createBatchActivities } from '../../src/activities/batches.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import {
  beginBatch,
  cancelBatch,
  goOnWithBatches,
  type BatchProgress,
  type BatchSelection,
} from '../../src/domain/batches.ts';
import { mirrorIdOf, type DriftPolicy } from '../../src/domain/model.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import type { batchSync, checkDrift } from '../../src/workflows/batch.ts';
import { batchWorkflowId, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { BATCH_STEPS_PER_RUN, BATCH_WINDOW } from '../../src/workflows/policy.ts';
import { report, repository, withStore } from '../adapters/postgres/test-store.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';
import { BATCH, failureOf } from './world.ts';

describe('the steps of batchSync', { sequential: true }, () => {
  const temporal = timeSkippingEnvironment();

  /** @param doneAfter how many are done after the n-th step, from 1 */
  async function run(doneAfter: (step: number) => number, { total = 3, window = [] as number[] } = {}) {
    const ends: { state: string; note?: string }[] = [];
    const plans: string[] = [];
    let steps = 0;
    const taskQueue = uniqueName('batch');
    const worker = await temporal.worker({
      taskQueue,
      activities: {
        planBatch: ({ batchId }: { batchId: string }) => Promise.resolve(void plans.push(batchId)),
        advanceBatch: (request: { window: number }) => {
          window.push(request.window);
          return Promise.resolve({ ...BATCH, total, done: Math.min(total, doneAfter((steps += 1))) });
        },
        endBatch: (end: { state: 'completed'; note?: string }) => {
          ends.push(end);
          return Promise.resolve({ ...BATCH, state: end.state });
        },
      },
    });
    const workflowId = uniqueName('batch');
    const before = await temporal.environment.currentTimeMs();
    const result = await worker.runUntil(
      temporal.client.workflow
        .execute<typeof batchSync>(WORKFLOW_TYPES.batch, { taskQueue, workflowId, args: [{ batchId: '7' }] })
        .catch((error: unknown) => error),
    );
    const tookMs = (await temporal.environment.currentTimeMs()) - before;
    return { result, ends, plans, steps, tookMs };
  }

  it('go on until everything is done, and close the batch', async () => {
    const window: number[] = [];

    const { result, ends, steps } = await run((step) => step, { window });

    expect(result).toMatchObject({ batchId: '7', state: 'completed' });
    expect(ends).toEqual([{ batchId: '7', state: 'completed' }]);
    expect([steps, new Set(window)]).toEqual([3, new Set([BATCH_WINDOW])]);
  });

  it('come further and further apart while nothing ends', async () => {
    const patient = await run((step) => (step > 60 ? 3 : 0));

    expect(patient.steps).toBe(61);
    // A few short pauses, then one of 15 s a step; the server's own clock adds to each.
    expect(patient.tookMs).toBeGreaterThan(56 * 15_000);
  });

  it('go on in a new run after many, where planning again changes nothing', async () => {
    const total = BATCH_STEPS_PER_RUN + 10;

    const { result, steps, plans } = await run((step) => step, { total });

    expect(result).toMatchObject({ state: 'completed' });
    expect([steps, plans]).toEqual([total, ['7', '7']]);
  });

  it('that fail for good close the batch with the reason', async () => {
    const { result, ends } = await run(() => {
      throw failureOf('BatchUnknown');
    });

    expect(result).toBeInstanceOf(Error);
    expect(ends).toEqual([{ batchId: '7', state: 'failed', note: 'made to fail: BatchUnknown' }]);
  });

  it('that fail for a while are taken again', async () => {
    let failures = 5;

    const { result } = await run((step) => {
      if (failures-- > 0) throw ApplicationFailure.create({ type: 'TemporalUnavailable', message: 'away' });
      return step;
    });

    expect(result).toMatchObject({ state: 'completed' });
  });
});

/** Batch, record and the mirrors' workflows are real; GitHub, OneDev and git are not. */
describe('a batch', { timeout: 120_000 }, () => {
  const store = withStore();
  const temporal = devServerEnvironment();
  let opened: TemporalConnection;
  let control: MirrorControl;
  let endWorkers: (() => Promise<void>) | null = null;
  let world: Mirrors;

  /** What the mirrors' activities do. */
  interface Mirrors {
    /** Ids of repositories, in the order in which their transfers began. */
    transfers: string[];
    compared: string[];
    ensured: string[];
    /** A transfer of these waits until it is let go. */
    stuck: Set<string>;
    failing: Set<string>;
    limits: { remaining: number; reset: number } | null;
    drift: { everyMs: number | null; policy: DriftPolicy };
  }

  beforeEach(() => {
    opened = openTemporal({ environment: {}, address: inject('temporalAddress'), namespace: temporal.namespace });
    control = createMirrorControl(opened);
    world = {
      transfers: [],
      compared: [],
      ensured: [],
      stuck: new Set(),
      failing: new Set(),
      limits: null,
      drift: { everyMs: 1_000, policy: 'repair' },
    };
  });

  afterEach(async () => {
    world.stuck.clear();
    for (const { workflowId } of await openWorkflows()) await endIfRunning(workflowId);
    await stopWorkers();
    await opened.close();
  });

  async function endIfRunning(workflowId: string): Promise<void> {
    try {
      await temporal.client.workflow.getHandle(workflowId).terminate('the test is over');
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async function openWorkflows() {
    const found = [];
    for await (const run of temporal.client.workflow.list({ query: 'ExecutionStatus="Running"' })) found.push(run);
    return found;
  }

  function activities() {
    const ports = {
      source: { canCheckStars: true, limits: () => world.limits, account: () => Promise.resolve(store.account) },
      accounts: store.accounts,
      batches: store.batches,
      control,
      rules: { drift: world.drift },
    } as unknown as ActivityPorts;
    const repoId = (mirrorId: string) => mirrorId.replace('github-', '');
    return {
      ...createBatchActivities(ports),
      fetchMetadata: ({ repoId: id, fullName }: { repoId: string; fullName: string }) =>
        Promise.resolve({
          upstream: 'exists',
          fullName,
          known: true,
          mirrored: true,
          wanted: !world.failing.has(`unwanted-${id}`),
          starred: true,
          paused: false,
          unstarPolicy: 'keep',
          graceMs: 0,
        }),
      ensureProject: ({ mirrorId }: { mirrorId: string }) => {
        world.ensured.push(repoId(mirrorId));
        return Promise.resolve({ path: 'p', created: false });
      },
      transfer: async ({ mirrorId, force }: { mirrorId: string; force: boolean }) => {
        const id = repoId(mirrorId);
        world.transfers.push(id);
        // As long as it takes, as a real one that goes on.
        await eventually(() => (heartbeat(), !world.stuck.has(id)), 60_000);
        if (world.failing.has(id)) throw failureOf('ObjectFormatUnsupported');
        return report({ outcome: Number(id) % 2 ? 'changed' : 'unchanged', ...(force ? { compared: true } : {}) });
      },
      compareSides: ({ mirrorId }: { mirrorId: string }) => {
        world.compared.push(repoId(mirrorId));
        return Promise.resolve(
          report({ outcome: 'unchanged', compared: true, drift: { refs: 1, names: ['refs/heads/x'] } }),
        );
      },
      record: (entry: Parameters<typeof store.record.write>[1]) => store.record.write(store.account.accountId, entry),
    };
  }

  async function startWorkers(): Promise<void> {
    endWorkers = await temporal.workers({ activities: activities(), maxConcurrentActivityTaskExecutions: 40 });
  }

  async function stopWorkers(meanwhile: () => void = () => undefined): Promise<void> {
    const ending = endWorkers?.();
    endWorkers = null;
    meanwhile();
    await ending;
  }

  /** Ids begin anew in every test, and a namespace has one workflow of each. */
  let firstId = 0;
  async function mirrors(count: number, changes: Record<string, unknown> = {}): Promise<string[]> {
    firstId += 1_000;
    const idsOf = Array.from({ length: count }, (_, n) => String(firstId + n));
    await store.mirrors.saveStarPage(
      store.account.accountId,
      idsOf.map((id, n) => repository(id, { sizeKb: n })),
    );
    const columns = { status: 'completed', source_digest: 'digest-1', project_id: '1', project_path: 'p', ...changes };
    const assignments = Object.keys(columns).map((column, n) => `${column} = $${n + 1}`);
    await store.db.query(`update mirrors set ${assignments.join(', ')}`, Object.values(columns));
    return idsOf;
  }

  let begun = 0;
  async function begin(selection: BatchSelection = { kind: 'all' }): Promise<BatchRun> {
    // Batch ids begin anew in every test as well.
    await store.db.query(`alter sequence batches_batch_id_seq restart with ${(begun += 100)}`);
    const request = { selection, by: 'ann', correlationId: `batch-${begun}` };
    const { batch } = await beginBatch({ ...store, control }, request);
    return runOf(batch.batchId);
  }

  interface BatchRun {
    batchId: string;
    handle: WorkflowHandle<typeof batchSync>;
    progress(): Promise<BatchProgress>;
    reaches(holds: (progress: BatchProgress) => boolean): Promise<void>;
  }

  function runOf(batchId: string): BatchRun {
    const progress = async () => (await store.batches.get(batchId)) as BatchProgress;
    return {
      batchId,
      handle: temporal.client.workflow.getHandle(batchWorkflowId(batchId)),
      progress,
      reaches: (holds) => eventually(async () => holds(await progress()), 60_000),
    };
  }

  async function placeInQueue(repoId: string): Promise<number | undefined> {
    const run = await temporal.client.workflow.getHandle(`mirror-github-${repoId}`).describe();
    return run.priority?.priorityKey;
  }

  it('goes over thirty mirrors while one of them is stuck, and ends when that one does', async () => {
    const repoIds = await mirrors(30);
    const [huge = '', broken = ''] = repoIds;
    world.stuck.add(huge);
    world.failing.add(broken);
    await startWorkers();

    const batch = await begin();
    await batch.reaches(({ done }) => done === 29);
    const shown = await batch.handle.query<BatchProgress | null>('progress');
    const state = (await batch.progress()).state;
    world.stuck.clear();
    await batch.handle.result();

    expect(state).toBe('running');
    expect(shown).toMatchObject({ total: 30, state: 'running' });
    expect(await batch.progress()).toMatchObject({
      state: 'completed',
      total: 30,
      changed: 14,
      unchanged: 15,
      failed: 1,
      skipped: 0,
    });
    expect([...world.transfers].sort()).toEqual(repoIds);
    const [sync] = await store.db.query(`select distinct trigger from syncs`);
    expect(sync).toEqual({ trigger: 'batch' });
  });

  it('cancelled begins nothing new, lets what is under way end, and says who wanted it', async () => {
    const repoIds = await mirrors(30);
    for (const id of repoIds) world.stuck.add(id);
    await startWorkers();
    const batch = await begin();
    await batch.reaches(({ underWay }) => underWay === BATCH_WINDOW);
    await eventually(() => world.transfers.length === BATCH_WINDOW);

    await cancelBatch({ batches: store.batches, control }, batch.batchId, 'bob');
    const ended = await batch.handle.result().catch((error: unknown) => error);
    const atTheEnd = await batch.progress();
    world.stuck.clear();
    await batch.reaches(({ underWay }) => underWay === 0);

    expect((ended as Error).cause).toBeInstanceOf(CancelledFailure);
    expect(atTheEnd).toMatchObject({ state: 'cancelled', note: 'Cancelled by bob.', skipped: 10, underWay: 20 });
    expect(await batch.progress()).toMatchObject({ changed: 10, unchanged: 10, skipped: 10 });
    expect(world.transfers).toHaveLength(BATCH_WINDOW);
    await expect(cancelBatch({ batches: store.batches, control }, batch.batchId, 'bob')).rejects.toMatchObject({
      kind: 'BatchEnded',
    });
  });

  it('goes on where it was after every worker was restarted', async () => {
    const repoIds = await mirrors(30);
    for (const id of repoIds.slice(5)) world.stuck.add(id);
    await startWorkers();
    const batch = await begin();
    await batch.reaches(({ done, underWay }) => done === 5 && underWay === BATCH_WINDOW);
    await eventually(() => world.transfers.length === 5 + BATCH_WINDOW);

    // What is under way is finished first: a worker that is told to stop drains.
    await stopWorkers(() => world.stuck.clear());
    const stopped = await batch.progress();
    await startWorkers();
    await batch.handle.result();

    expect(stopped).toMatchObject({ state: 'running', waiting: 5 });
    expect(await batch.progress()).toMatchObject({ state: 'completed', done: 30, failed: 0 });
    expect([...world.transfers].sort()).toEqual(repoIds);
  });

  it('stands behind what a webhook sets off', async () => {
    const [batched = ''] = await mirrors(1);
    const webhook = String(Number(batched) + 500);
    world.stuck.add(batched).add(webhook);
    await startWorkers();
    await begin();
    await eventually(() => world.transfers.includes(batched));

    const hook = { kind: 'changed', trigger: 'webhook', fullName: 'ada/hook', correlationId: 'hook' } as const;
    await control.repoEvent({ ...hook, repoId: webhook });

    // 1 is first, 5 is last; the activities of a workflow have its place.
    expect([await placeInQueue(webhook), await placeInQueue(batched)]).toEqual([2, 5]);
  });

  it('begins nothing new while the rest of GitHub’s limit is for webhooks', async () => {
    await mirrors(2);
    world.limits = { remaining: 100, reset: Date.now() / 1000 + 3_600 };
    await startWorkers();

    const batch = await begin();
    await batch.reaches(({ planned }) => planned);
    await eventually(async () => (await batch.handle.query<BatchProgress | null>('progress')) !== null);
    const held = await batch.progress();
    world.limits = null;
    await batch.handle.result();

    expect(held).toMatchObject({ underWay: 0, waiting: 2 });
    expect(await batch.progress()).toMatchObject({ state: 'completed', done: 2 });
  });

  it('whose workflow was terminated is ended in the record by cancelling it', async () => {
    await mirrors(1);
    const batch = await begin();
    await batch.handle.terminate('somebody did');

    await cancelBatch({ batches: store.batches, control }, batch.batchId, 'bob');

    expect(await batch.progress()).toMatchObject({ state: 'cancelled', skipped: 0, note: 'Cancelled by bob.' });
  });

  it('whose workflow was terminated goes on when a worker starts, and beside one that runs nothing begins', async () => {
    const repoIds = await mirrors(3);
    const lost = await begin();
    const running = await begin({ kind: 'mirrors', mirrorIds: [mirrorIdOf(repoIds[0] ?? '')] });
    const { runId } = await running.handle.describe();
    await lost.handle.terminate('somebody did');

    await goOnWithBatches({ batches: store.batches, control });
    const same = await running.handle.describe();
    await startWorkers();
    await Promise.all([lost.handle.result(), running.handle.result()]);

    expect(same.runId).toBe(runId);
    expect(await lost.progress()).toMatchObject({ state: 'completed', done: 3 });
    expect(await running.progress()).toMatchObject({ state: 'completed', done: 1 });
  });

  it('that cannot be started is closed, and can be asked for again', async () => {
    const away = { ...control, startBatch: () => Promise.reject(failureOf('TemporalUnavailable')) };
    const request = { selection: { kind: 'all' } as const, by: 'ann', correlationId: 'c' };

    await expect(beginBatch({ ...store, control: away }, request)).rejects.toThrow('TemporalUnavailable');

    const [failed] = await store.batches.list({ limit: 1 });
    expect(failed).toMatchObject({ state: 'failed', note: 'Its workflow could not be started.' });
  });

  describe('of the drift check', () => {
    async function checkDriftNow(): Promise<{ batchId: string | null }> {
      await store.db.query(`alter sequence batches_batch_id_seq restart with ${(begun += 100)}`);
      return temporal.client.workflow.execute<typeof checkDrift>(WORKFLOW_TYPES.drift, {
        taskQueue: TASK_QUEUES.main,
        workflowId: uniqueName('check-drift'),
        args: [],
      });
    }

    it('compares what was not compared for long, and repairs it', async () => {
      const repoIds = await mirrors(3);
      await startWorkers();

      const { batchId } = await checkDriftNow();
      const batch = runOf(batchId ?? '');
      await batch.handle.result();

      expect(await batch.progress()).toMatchObject({
        selection: { kind: 'drift' },
        requestedBy: 'check-drift',
        done: 3,
      });
      expect([...world.transfers].sort()).toEqual(repoIds);
      const compared = await store.db.query('select 1 from mirrors where last_compared_at is not null');
      expect(compared).toHaveLength(3);
    });

    it('only reports when it is told to, and touches no project', async () => {
      const repoIds = await mirrors(3);
      world.drift.policy = 'report';
      await startWorkers();

      const { batchId } = await checkDriftNow();
      await runOf(batchId ?? '').handle.result();

      expect([...world.compared].sort()).toEqual(repoIds);
      expect([world.transfers, world.ensured]).toEqual([[], []]);
      const [{ notes } = {}] = await store.db.query(
        `select count(*)::int as notes from mirrors where status = 'completed' and drift_note like 'OneDev differs in 1 ref: refs/heads/x%'`,
      );
      expect(notes).toBe(3);
    });

    it('begins no batch when nothing is due, or when it is turned off', async () => {
      await mirrors(2, { last_compared_at: new Date(Date.now() + 60_000) });
      await startWorkers();

      const nothingDue = await checkDriftNow();
      world.drift.everyMs = null;
      const turnedOff = await checkDriftNow();

      expect([nothingDue, turnedOff]).toEqual([{ batchId: null }, { batchId: null }]);
      expect(await store.batches.list({ limit: 1 })).toEqual([]);
    });
  });
});
