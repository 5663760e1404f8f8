import { Context } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { ensureReconcileSchedule, nextReadingAt, RECONCILE_SCHEDULE_ID } from '../../src/adapters/schedules.ts';
import { createRunningTransfers } from '../../src/adapters/temporal-progress.ts';
import { pollersOf, serverVersion, type TemporalConnection } from '../../src/adapters/temporal.ts';
import type { TransferProgress } from '../../src/domain/model.ts';
import { mirrorWorkflowId, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, quietRuntime } from '../support/temporal.ts';
import { event, World } from '../workflows/world.ts';

/** What a real Temporal says of what runs, and when. */

quietRuntime('ERROR');
const temporal = devServerEnvironment();

const connection = (): TemporalConnection => {
  const { client, connection } = temporal.environment;
  return { client, connection, close: () => Promise.resolve() };
};

const PROGRESS: TransferProgress = {
  ...{ phase: 'pushing', objects: 7, bytes: 5_000_000, bytesPerSecond: 1_000_000 },
  ...{ refsDone: 1, refsTotal: 3 },
};

describe('how far a transfer is', () => {
  it('is what its last heartbeat said, and nothing once it has ended', async () => {
    const world = new World();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    world.duringTransfer = async () => {
      Context.current().heartbeat(PROGRESS);
      await ended;
    };
    const stop = await temporal.workers({ activities: world.activities });
    const first = event('starred', { repoId: '4711' });
    const transfers = createRunningTransfers(connection());

    const before = await transfers.progress(first.repoId);
    const handle = await temporal.client.workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
      workflowId: mirrorWorkflowId(first.repoId),
      taskQueue: TASK_QUEUES.main,
      args: [{ repoId: first.repoId, fullName: first.fullName }],
      signal: 'repoEvent',
      signalArgs: [first],
    });
    await eventually(async () => (await transfers.progress(first.repoId))?.latest != null);
    const during = await transfers.progress(first.repoId);
    end();
    await handle.result();
    const after = await transfers.progress(first.repoId);
    const pollers = await pollersOf(connection(), TASK_QUEUES.transfer);
    await stop();

    expect([before, after]).toEqual([null, null]);
    expect(during).toEqual({ attempt: 1, latest: PROGRESS, startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string });
    expect(pollers).toBeGreaterThan(0);
  });
});

describe('the server', () => {
  it('says its version, and that nobody works on a queue', async () => {
    expect(await serverVersion(connection())).toMatch(/^\d+\.\d+/);
    expect(await pollersOf(connection(), 'nobody')).toBe(0);
  });
});

describe('the next reading of the star list', () => {
  it('is unknown without a schedule, then known, and none while that is paused', async () => {
    const without = await nextReadingAt(connection());
    await ensureReconcileSchedule(temporal.client, 900_000);
    const next = await nextReadingAt(connection());
    const schedule = temporal.client.schedule.getHandle(RECONCILE_SCHEDULE_ID);
    await schedule.pause();
    const paused = await nextReadingAt(connection());
    await schedule.delete();

    expect([without, paused]).toEqual([null, null]);
    const inMs = Date.parse(next ?? '') - Date.now();
    expect(inMs).toBeGreaterThan(-60_000);
    expect(inMs).toBeLessThanOrEqual(900_000);
  });
});
