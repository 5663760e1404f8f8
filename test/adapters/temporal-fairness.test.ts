import pLimit from 'p-limit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import { answering, onePartEnvironment } from '../support/temporal.ts';
import { event, World } from '../workflows/world.ts';

/** How Temporal's server shares workers between accounts, on a real one that has `matching.enableFairness`. */

const MANY = 24;
const FEW = 6;

// One at a time, each a workflow of its own.
describe('work of the same priority', { timeout: 180_000 }, () => {
  const temporal = onePartEnvironment('matching.enableFairness=true');
  let opened: TemporalConnection;
  let control: MirrorControl;

  beforeEach(async () => {
    opened = openTemporal({ environment: {}, address: temporal.environment.address, namespace: temporal.namespace });
    control = createMirrorControl(opened);
    await answering(control);
  });

  afterEach(() => opened.close());

  it('is taken from each account in turn: what one has waiting does not hold up the other', async () => {
    const order: string[] = [];
    const { activities } = new World();
    const star = (repoId: string, accountId: string) =>
      control.repoEvent(event('starred', { repoId, trigger: 'reconcile' }), { accountId, deadlineMs: 30_000 });
    const ofAnn = Array.from({ length: MANY }, (_, index) => String(1_000 + index));
    await pLimit(5).map(ofAnn, (repoId) => star(repoId, 'github-1'));
    const ofBob = Array.from({ length: FEW }, (_, index) => String(2_000 + index));
    for (const repoId of ofBob) await star(repoId, 'github-2');

    const stop = await temporal.workers(
      {
        maxConcurrentActivityTaskExecutions: 1,
        maxConcurrentWorkflowTaskExecutions: 2,
        maxConcurrentWorkflowTaskPolls: 2,
        activities: {
          ...activities,
          fetchMetadata: async (request: Parameters<typeof activities.fetchMetadata>[0]) => {
            order.push(request.repoId);
            // Nothing to keep, so that its workflow ends here.
            return { ...(await activities.fetchMetadata(request)), wanted: false, known: false };
          },
        },
      },
      [TASK_QUEUES.main, TASK_QUEUES.github],
    );
    const ends = [...ofAnn, ...ofBob].map((repoId) =>
      temporal.client.workflow.getHandle(`mirror-github-${repoId}`).result(),
    );
    await Promise.all(ends).finally(stop);

    expect(order).toHaveLength(MANY + FEW);
    // Bob's came after all of Ann's. In turn, the last of them is the twelfth; a task that is under way already may come before it.
    expect(Math.max(...ofBob.map((repoId) => order.indexOf(repoId)))).toBeLessThan(3 * FEW);
  });

  it.each([
    ['an account', { accountId: 'github-583231' }, 'github-583231'],
    ['nobody who is known', {}, 'owner-ada'],
    ['somebody with a very long name', { accountId: 'x'.repeat(200) }, 'x'.repeat(64)],
  ])('of %s is counted as such', async (_, options, expected) => {
    const repoId = String(50_000 + expected.length);
    const { workflowId } = await control.repoEvent(event('changed', { repoId, fullName: 'Ada/engine' }), options);

    const { priority } = await temporal.client.workflow.getHandle(workflowId).describe();

    expect(priority?.fairnessKey).toBe(expected);
  });
});
