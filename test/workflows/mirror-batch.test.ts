import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RepoEvent } from '../../src/domain/events.ts';
import { TASK_QUEUES, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { coalesce, parseRepoEvent } from '../../src/workflows/mirror-state.ts';
import type { mirrorRepository } from '../../src/workflows/mirror.ts';
import { timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';
import { event, REPORT, World } from './world.ts';

const asked = (changes: Partial<RepoEvent> = {}) =>
  event('changed', { trigger: 'batch', compare: 'repair', batchId: '7', ...changes });

describe('what a batch asks, added up with the rest', () => {
  it('is a full comparison, and is answered to every batch that asked', () => {
    const intent = coalesce([asked(), asked({ batchId: '8' }), asked()], null);

    expect(intent).toMatchObject({ force: true, batches: ['7', '8'], trigger: 'batch' });
  });

  it('only compares as long as nobody wants more', () => {
    const report = asked({ compare: 'report' });

    const alone = coalesce([report, report], null);
    const before = coalesce([event('changed'), report], null);
    const after = coalesce([report, event('changed')], null);

    expect([alone, before, after].map((intent) => intent?.compareOnly)).toEqual([true, undefined, undefined]);
    expect([alone, before, after].map((intent) => intent?.force)).toEqual([false, false, false]);
  });

  it.each(['', 'x', "7'; --", '9'.repeat(30), 7])('does not take %j for a batch', (batchId) => {
    expect(parseRepoEvent({ ...asked(), batchId })).not.toHaveProperty('batchId');
  });
});

describe('a mirror that a batch asks', { sequential: true }, () => {
  const temporal = timeSkippingEnvironment();
  let world: World;
  let stopWorkers: () => Promise<void>;

  beforeEach(async () => {
    world = new World();
    world.known = world.mirrored = true;
    stopWorkers = await temporal.workers({ activities: world.activities });
  });

  afterEach(() => stopWorkers());

  async function untilIdle(first: RepoEvent): Promise<void> {
    const handle = await temporal.client.workflow.signalWithStart<typeof mirrorRepository, [RepoEvent]>(
      WORKFLOW_TYPES.mirror,
      {
        workflowId: uniqueName('mirror'),
        taskQueue: TASK_QUEUES.main,
        args: [{ repoId: first.repoId, fullName: first.fullName }],
        signal: 'repoEvent',
        signalArgs: [first],
      },
    );
    await handle.result();
  }

  it('compares everything and answers with the record of the sync', async () => {
    await untilIdle(asked());

    expect(world.calls).toContain('transfer (everything)');
    expect(world.recorded('synced')).toMatchObject([{ trigger: 'batch', batches: ['7'] }]);
  });

  it('to compare only leaves OneDev alone and hands on what differs', async () => {
    const drift = { refs: 1, names: ['refs/heads/x'] };
    world.comparison = { ...REPORT, outcome: 'unchanged', compared: true, drift };

    await untilIdle(asked({ compare: 'report' }));

    expect(world.calls).toEqual(['fetchMetadata', 'compareSides']);
    expect(world.recorded('synced')).toMatchObject([{ report: { drift }, batches: ['7'] }]);
  });

  it('to compare only is synced when upstream has changed meanwhile', async () => {
    await untilIdle(asked({ compare: 'report' }));

    expect(world.calls).toEqual(['fetchMetadata', 'compareSides', 'ensureProject', 'transfer']);
  });

  it('says that the project was gone and is back', async () => {
    world.projectLost = true;

    await untilIdle(asked());

    expect(world.recorded('synced')).toMatchObject([{ report: { drift: { projectMissing: true, refs: 2 } } }]);
  });

  it('answers with its failure, and not again with what comes of trying again', async () => {
    world.transferFailures.push({ kind: 'TargetUnreachable' });

    await untilIdle(asked());

    expect(world.recorded('failed')).toMatchObject([{ batches: ['7'] }]);
    expect(world.recorded('synced')).toHaveLength(1);
    expect(world.recorded('synced')[0]).not.toHaveProperty('batches');
  });

  it('lets the batch wait with it for a rate limit', async () => {
    world.transferFailures.push({ kind: 'SourceRateLimited', retryAfterMs: 90_000 });

    await untilIdle(asked());

    expect(world.recorded('synced')).toMatchObject([{ batches: ['7'] }]);
  });

  it('answers when there is nothing left to mirror', async () => {
    world.upstream = 'gone';

    await untilIdle(asked());

    expect(world.recorded('status')).toMatchObject([{ status: 'frozen', batches: ['7'] }]);
  });
});
