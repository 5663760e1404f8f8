import {
  type Client,
  isGrpcServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RepoEvent } from '../../src/domain/events.ts';
import { retryDelayMs } from '../../src/workflows/policy.ts';
import { TASK_QUEUES, WORKFLOW_TYPES, type MirrorState } from '../../src/workflows/messages.ts';
import type { mirrorRepository } from '../../src/workflows/mirror.ts';
import { timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';
import { eventually } from '../support/eventually.ts';
import { event, World } from './world.ts';

type Handle = WorkflowHandle<typeof mirrorRepository>;

const DAY_MS = 86_400_000;

async function endIfRunning(client: Client, workflowId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).terminate('the test is over');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

describe('mirrorRepository', { sequential: true }, () => {
  const temporal = timeSkippingEnvironment();
  let world: World;
  let stopWorkers: () => Promise<void>;
  const started: string[] = [];

  beforeEach(async () => {
    world = new World();
    stopWorkers = await temporal.workers({ activities: world.activities });
  });

  afterEach(async () => {
    // A run left waiting would wake up in a later test, when that one skips time.
    for (const workflowId of started.splice(0)) await endIfRunning(temporal.client, workflowId);
    await stopWorkers();
  });

  /** Starts a run the way the api does. */
  async function send(first: RepoEvent, workflowId = uniqueName('mirror')): Promise<Handle> {
    await temporal.client.workflow.signalWithStart<typeof mirrorRepository, [RepoEvent]>(WORKFLOW_TYPES.mirror, {
      workflowId,
      taskQueue: TASK_QUEUES.main,
      args: [{ repoId: first.repoId, fullName: first.fullName }],
      signal: 'repoEvent',
      signalArgs: [first],
    });
    started.push(workflowId);
    return temporal.client.workflow.getHandle<typeof mirrorRepository>(workflowId);
  }

  const now = () => temporal.environment.currentTimeMs();
  const skip = (ms: number) => temporal.environment.sleep(ms);
  const stateOf = (handle: Handle) => handle.query<MirrorState>('status');
  const becomes = (handle: Handle, status: MirrorState['status']) =>
    eventually(async () => (await stateOf(handle)).status === status);

  /** A mirrored repository whose star is gone, in its grace period. */
  async function pendingDeletion(): Promise<Handle> {
    world.known = world.mirrored = true;
    world.starred = false;
    const handle = await send(event('unstarred'));
    await becomes(handle, 'pending_deletion');
    return handle;
  }

  describe('mirroring', () => {
    it('mirrors a starred repository, records it, and completes', async () => {
      const handle = await send(event('starred'));

      const result = await handle.result();

      expect(result).toEqual({ status: 'completed' });
      expect(world.calls).toEqual(['fetchMetadata', 'ensureProject', 'transfer']);
      expect(world.recorded('synced')).toMatchObject([{ trigger: 'webhook', attempt: 1, mirrorId: 'github-42' }]);
    });

    it('carries the correlation id of the delivery into the record', async () => {
      const first = event('starred', { correlationId: 'guid-of-the-delivery' });

      await (await send(first)).result();

      expect(world.recorded('synced')[0]?.correlationId).toBe('guid-of-the-delivery');
    });

    it('turns 200 duplicate deliveries into one sync', async () => {
      const workflowId = uniqueName('mirror');
      const delivery = event('changed');
      const release = blockTransfer();

      const handle = await send(delivery, workflowId);
      await eventually(() => world.count('transfer') === 1);
      for (let sent = 0; sent < 199; sent += 1) await send(delivery, workflowId);
      release();
      await handle.result();

      expect(world.count('transfer')).toBe(1);
    });

    it('answers any number of events that come during a sync with one more look', async () => {
      const workflowId = uniqueName('mirror');
      const release = blockTransfer();

      const handle = await send(event('changed'), workflowId);
      await eventually(() => world.count('transfer') === 1);
      for (let sent = 0; sent < 50; sent += 1) await send(event('changed'), workflowId);
      release();
      await handle.result();

      expect(world.count('transfer')).toBe(2);
    });

    it('leaves a repository alone that nobody starred', async () => {
      world.starred = false;

      const result = await (await send(event('changed'))).result();

      expect(result.status).toBe('pending');
      expect(world.calls).toEqual(['fetchMetadata']);
      expect(world.records).toEqual([]);
    });

    it('marks a mirror as held when a rewritten branch waits for a person', async () => {
      world.held = ['refs/heads/main'];

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('held');
    });

    it('syncs again for Git LFS objects that were interrupted, a few times and not for ever', async () => {
      world.lfs = { objects: 1, transferred: 0, bytes: 0, skipped: 0, failed: 1, failures: [], again: true };
      const handle = await send(event('starred'));

      const { status } = await handle.result();

      expect(status).toBe('completed');
      expect(world.count('transfer')).toBe(7);
      expect(
        world
          .recorded('synced')
          .map(({ trigger }) => trigger)
          .slice(0, 3),
      ).toEqual(['webhook', 'retry', 'retry']);
    });

    it('follows a held rewrite once a person accepts it, also when the first try fails', async () => {
      world.held = ['refs/heads/main'];
      world.known = world.mirrored = true;
      world.transferFailures.push({ kind: 'TargetUnreachable' });
      const workflowId = uniqueName('mirror');
      const release = blockTransfer();
      const handle = await send(event('changed'), workflowId);

      await handle.signal('syncNow', { by: 'ann', acceptRewrites: true });
      release();
      const result = await handle.result();

      expect(result.status).toBe('completed');
      expect(world.calls.at(-1)).toBe('transfer (everything, and rewrites)');
    });

    it('survives signals that make no sense, and shows them', async () => {
      const release = blockTransfer();
      const handle = await send(event('starred'));

      await handle.signal('repoEvent', { kind: 'exploded' });
      await handle.signal('repoEvent', 'nothing');
      await handle.signal('approveDeletion', 17);
      await handle.signal('aprove', { by: 'ann' });
      await eventually(async () => (await stateOf(handle)).rejectedSignals.length === 4);
      release();
      const result = await handle.result();

      expect(result.status).toBe('completed');
      expect(world.count('transfer')).toBe(1);
    });

    it('compares everything when a person says syncNow', async () => {
      const release = blockTransfer();
      const handle = await send(event('starred'));
      await eventually(() => world.count('transfer') === 1);

      await handle.signal('syncNow', { by: 'ann' });
      release();
      await handle.result();

      expect(world.count('transfer (everything)')).toBe(1);
    });
  });

  describe('failing', () => {
    it('shows a failure with its next attempt, and mends itself when the cause is gone', async () => {
      world.transferFailures.push({ kind: 'TargetUnreachable' }, { kind: 'TargetUnreachable' });

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('completed');
      const failed = world.recorded('failed');
      expect(failed.map(({ retryCount }) => retryCount)).toEqual([1, 2]);
      expect(failed.every(({ nextAttemptAt }) => nextAttemptAt !== null)).toBe(true);
      expect(world.recorded('synced')).toMatchObject([{ trigger: 'retry', attempt: 3 }]);
    });

    it('waits twice as long after each failure', () => {
      const delays = [1, 2, 3, 4, 20].map((failures) => retryDelayMs(failures));

      expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 2 * 3_600_000]);
    });

    it('gives up after twelve failures in a row', async () => {
      for (let failures = 0; failures < 20; failures += 1) world.transferFailures.push({ kind: 'TransferFailed' });

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('permanent_failure');
      expect(world.count('transfer')).toBe(12);
      expect(world.recorded('failed').at(-1)).toMatchObject({ retryCount: 12, nextAttemptAt: null });
    });

    it('does not repeat what cannot work', async () => {
      world.transferFailures.push({ kind: 'ObjectFormatUnsupported' });

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('permanent_failure');
      expect(world.count('transfer')).toBe(1);
    });

    it('waits as long as a rate limit says, and does not count it as a failure', async () => {
      world.transferFailures.push({ kind: 'SourceRateLimited', retryAfterMs: 40 * 60_000 });
      const began = await now();

      await (await send(event('starred'))).result();

      expect((await now()) - began).toBeGreaterThanOrEqual(40 * 60_000);
      expect(world.recorded('failed')[0]).toMatchObject({ retryCount: 0, failure: { kind: 'SourceRateLimited' } });
    });

    it('counts it as no failure, and keeps its trigger, when worker after worker is shut down under a transfer', async () => {
      world.shutdowns = 5;

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('completed');
      expect(world.count('transfer')).toBe(6);
      expect(world.recorded('failed')).toEqual([]);
      expect(world.recorded('synced')).toMatchObject([{ trigger: 'webhook' }]);
    });

    it('tries at once when something happens while it waits', async () => {
      for (let failures = 0; failures < 11; failures += 1) world.transferFailures.push({ kind: 'TransferFailed' });
      world.transferFailures.length = 1;
      const handle = await send(event('starred'));
      await becomes(handle, 'failed');

      await handle.signal('repoEvent', event('changed'));
      await eventually(() => world.count('transfer') >= 2);

      expect(await handle.result()).toEqual({ status: 'completed' });
    });

    it('asks GitHub again when git did not find what the API showed, and freezes when it is gone', async () => {
      world.mirrored = world.known = true;
      world.transferFailures.push({ kind: 'SourceGone' });
      world.duringTransfer = async () => void (world.upstream = 'gone');

      const result = await (await send(event('changed'))).result();

      expect(result.status).toBe('frozen');
    });
  });

  describe('upstream gone', () => {
    it.each(['gone', 'blocked'] as const)('freezes and keeps a mirror whose upstream is %s', async (upstream) => {
      world.known = world.mirrored = true;
      world.upstream = upstream;
      world.starred = false;

      const result = await (await send(event('unstarred'))).result();

      expect(result.status).toBe('frozen');
      expect(world.calls).toEqual(['fetchMetadata']);
      expect(world.recorded('deletion_requested')).toEqual([]);
    });

    it('comes back to life when upstream does', async () => {
      world.known = world.mirrored = true;
      world.upstream = 'gone';
      const workflowId = uniqueName('mirror');
      await (await send(event('changed'), workflowId)).result();
      world.upstream = 'exists';

      const result = await (await send(event('changed'), workflowId)).result();

      expect(result.status).toBe('completed');
    });

    it('says of a repository that never was there that there is none', async () => {
      world.upstream = 'gone';

      const result = await (await send(event('starred'))).result();

      expect(result.status).toBe('permanent_failure');
      expect(world.recorded('failed')[0]?.failure.kind).toBe('SourceGone');
    });
  });

  describe('unstarring', () => {
    it('deletes only when the grace period of seven days is over', async () => {
      const began = await now();
      const handle = await pendingDeletion();

      const result = await handle.result();

      expect(result.status).toBe('deleted');
      expect((await now()) - began).toBeGreaterThanOrEqual(7 * DAY_MS);
      expect(world.calls.slice(-2)).toEqual(['verifyUnstar', 'deleteProject']);
    });

    it('is called off by a new star', async () => {
      const handle = await pendingDeletion();
      await skip(3 * DAY_MS);
      world.starred = true;

      await handle.signal('repoEvent', event('starred'));
      const result = await handle.result();

      expect(result.status).toBe('completed');
      expect(world.recorded('deletion_ended')).toMatchObject([{ state: 'cancelled', by: 'star', keep: false }]);
      expect(world.count('deleteProject')).toBe(0);
    });

    it('is not called off by an event that claims a star there is not', async () => {
      const handle = await pendingDeletion();

      await handle.signal('repoEvent', event('starred'));
      const result = await handle.result();

      expect(result.status).toBe('deleted');
    });

    it('is carried out at once when a person approves', async () => {
      const handle = await pendingDeletion();
      const began = await now();

      await handle.signal('approveDeletion', { by: 'ann' });
      await eventually(() => world.calls.includes('deleteProject (ann)'));
      const elapsed = (await now()) - began;

      expect(await handle.result()).toEqual({ status: 'deleted' });
      expect(elapsed).toBeLessThan(DAY_MS);
    });

    it('is called off by a person, and the mirror is kept although it is unstarred', async () => {
      const handle = await pendingDeletion();

      await handle.signal('cancelDeletion', { by: 'ann', reason: 'I need it' });
      const result = await handle.result();

      expect(result.status).toBe('completed');
      expect(world.recorded('deletion_ended')).toMatchObject([{ by: 'ann', reason: 'I need it', keep: true }]);
      expect(world.count('deleteProject')).toBe(0);
    });

    it('obeys the last word when a person approves and cancels', async () => {
      const handle = await pendingDeletion();

      await handle.signal('approveDeletion', { by: 'ann' });
      await handle.signal('cancelDeletion', { by: 'bob' }).catch((error: unknown) => {
        // The approval was carried out before it came.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
      await handle.result();

      const ended = world.recorded('deletion_ended');
      const deleted = world.calls.some((call) => call.startsWith('deleteProject'));
      // Both may be seen in one look, or the approval alone in the first: never both carried out.
      expect(deleted ? ended.length === 0 : ended.length === 1).toBe(true);
    });

    it('waits at least a minute between two proofs, also without any grace period', async () => {
      world.graceMs = 0;
      const began = await now();

      await (await pendingDeletion()).result();

      expect((await now()) - began).toBeGreaterThanOrEqual(60_000);
      expect(world.count('deleteProject')).toBe(1);
    });

    it('schedules nothing when the unstar is not proven', async () => {
      world.known = world.mirrored = true;
      world.starred = false;
      world.proof = { verdict: 'unproven', reason: 'the token sees no star at all' };

      const result = await (await send(event('unstarred'))).result();

      expect(result.status).toBe('completed');
      expect(world.recorded('deletion_requested')).toEqual([]);
      expect(world.recorded('status').at(-1)?.note).toContain('the token sees no star at all');
    });

    it('waits for a person, however long, when no proof can be had', async () => {
      world.proof = { verdict: 'needs_person', reason: 'no token' };
      const handle = await pendingDeletion();
      await skip(400 * DAY_MS);

      const waiting = await stateOf(handle);
      await handle.signal('approveDeletion', { by: 'ann' });
      await handle.result();

      expect(waiting).toMatchObject({ status: 'pending_deletion', deleteAt: null });
      expect(world.calls.filter((call) => call.startsWith('deleteProject'))).toEqual(['deleteProject (ann)']);
    });

    it('keeps the mirror where the policy is keep', async () => {
      world.known = world.mirrored = true;
      world.starred = false;
      world.unstarPolicy = 'keep';

      const result = await (await send(event('unstarred'))).result();

      expect(result.status).toBe('completed');
      expect(world.count('verifyUnstar')).toBe(0);
    });

    it('waits for a person when the deletion budget is used up', async () => {
      world.deletion = { outcome: 'over_budget', reason: 'ten already' };
      const handle = await pendingDeletion();
      await skip(8 * DAY_MS);
      await eventually(() => world.recorded('deletion_waiting').length === 1);
      world.deletion = { outcome: 'deleted' };

      await handle.signal('approveDeletion', { by: 'ann' });
      const result = await handle.result();

      expect(result.status).toBe('deleted');
      expect(world.calls.slice(-1)).toEqual(['deleteProject (ann)']);
    });

    it('freezes instead of deleting when upstream went away during the grace period', async () => {
      world.deletion = { outcome: 'gone' };

      const result = await (await pendingDeletion()).result();

      expect(result.status).toBe('frozen');
      expect(world.recorded('deletion_ended')).toMatchObject([{ state: 'refused' }]);
    });

    it.each(['needs_person', 'over_budget'] as const)(
      'waits for a person when the last look says %s',
      async (outcome) => {
        world.deletion = { outcome, reason: 'because' };
        const handle = await pendingDeletion();

        await skip(8 * DAY_MS);
        await eventually(() => world.recorded('deletion_waiting').length === 1);
        world.deletion = { outcome: 'deleted' };
        await handle.signal('approveDeletion', { by: 'ann' });

        expect((await handle.result()).status).toBe('deleted');
        expect(world.recorded('deletion_waiting')).toMatchObject([{ reason: 'because' }]);
      },
    );

    it('asks again for a proof that could not be had when it was due, and deletes once it can', async () => {
      world.deletion = { outcome: 'unproven', reason: 'a page of the list was missing' };
      const handle = await pendingDeletion();

      await skip(7 * DAY_MS + 60_000);
      await eventually(() => world.count('deleteProject') >= 2);
      const { deleteAt, lastError } = await stateOf(handle);
      world.deletion = { outcome: 'deleted' };

      expect((await handle.result()).status).toBe('deleted');
      expect(deleteAt).not.toBeNull();
      expect(lastError).toMatchObject({ kind: 'UnstarUnproven' });
      expect(world.recorded('deletion_ended')).toEqual([]);
    });

    it('tries a deletion again that failed, and leaves it to a person when it cannot work', async () => {
      world.deletionFailures.push('TargetUnreachable', 'TargetHasChildren');
      const handle = await pendingDeletion();
      await skip(8 * DAY_MS);

      await eventually(() => world.recorded('deletion_waiting').length === 1);

      expect(world.recorded('deletion_waiting')[0]?.reason).toContain('TargetHasChildren');
      await handle.signal('approveDeletion', { by: 'ann' });
      expect(await handle.result()).toEqual({ status: 'deleted' });
    });

    it('does not start the grace period again when a run is lost in it', async () => {
      const first = await pendingDeletion();
      const due = world.openDeletion?.dueAt;
      await skip(2 * DAY_MS);
      await first.terminate('lost');

      const second = await send(event('unstarred'));
      await becomes(second, 'pending_deletion');

      expect((await stateOf(second)).deleteAt).toBe(due);
    });
  });

  describe('pausing', () => {
    it('does nothing while paused, and looks at everything when resumed', async () => {
      const release = blockTransfer();
      const handle = await send(event('starred'));
      await eventually(() => world.count('transfer') === 1);
      await handle.signal('pause');
      release();
      await becomes(handle, 'paused');

      await handle.signal('repoEvent', event('changed'));
      await handle.signal('repoEvent', event('changed'));
      await skip(30 * DAY_MS);
      const callsWhilePaused = [...world.calls];
      await handle.signal('resume');
      const result = await handle.result();

      expect(callsWhilePaused).toEqual(['fetchMetadata', 'ensureProject', 'transfer']);
      expect(result.status).toBe('completed');
      expect(world.count('transfer (everything)')).toBe(1);
    });
  });

  describe('living long', () => {
    it('continues as new after 500 signals, with the grace period and the queue intact', async () => {
      const handle = await pendingDeletion();
      const before = await stateOf(handle);
      const { workflowId } = handle;
      const firstRun = (await handle.describe()).runId;

      for (let sent = 0; sent < 501; sent += 1) await handle.signal('repoEvent', event('changed'));
      const current = temporal.client.workflow.getHandle(workflowId);
      await eventually(async () => (await current.describe()).runId !== firstRun);
      const after = await current.query<MirrorState>('status');

      expect(after).toMatchObject({ status: 'pending_deletion', deleteAt: before.deleteAt });
      await current.signal('approveDeletion', { by: 'ann' });
      expect(await current.result()).toEqual({ status: 'deleted' });
    });

    it('records a cancellation and schedules nothing any more', async () => {
      const handle = await pendingDeletion();

      await handle.cancel();
      const failure = await handle.result().catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(WorkflowFailedError);
      expect((failure as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
      expect(world.recorded('deletion_ended')).toMatchObject([{ state: 'cancelled', by: 'Temporal' }]);
      expect(world.recorded('status').at(-1)?.status).toBe('failed');
    });

    it('loses no signal that arrives while a run completes', async () => {
      const workflowId = uniqueName('mirror');
      const deliveries = 120;

      for (let sent = 0; sent < deliveries; sent += 1) {
        await send(event('changed', { correlationId: `last-${sent}` }), workflowId);
      }
      const current = temporal.client.workflow.getHandle<typeof mirrorRepository>(workflowId);
      await eventually(() =>
        world.recorded('synced').some((entry) => entry.correlationId === `last-${deliveries - 1}`),
      );

      await current.result().catch((error: unknown) => {
        if (!isGrpcServiceError(error)) throw error;
      });
      expect(world.count('transfer')).toBeGreaterThan(0);
    });
  });

  /** Holds every transfer until the returned function is called. */
  function blockTransfer(): () => void {
    let release = () => undefined as void;
    const open = new Promise<void>((resolve) => (release = resolve));
    world.duringTransfer = () => open;
    return release;
  }
});
