import { activityInfo, heartbeat } from '@temporalio/activity';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import { loadConfig } from '../../src/config.ts';
import { createWorkers, slotsOf } from '../../src/worker/queues.ts';
import { mirrorWorkflowId, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, quietRuntime } from '../support/temporal.ts';
import { event, World } from '../workflows/world.ts';

/** What Temporal's server counts for all workers of a queue, on a real one. */

const RATE = 1;
/** More than one worker runs at once. */
const MIRRORS = slotsOf({ transferSlots: 1 })[TASK_QUEUES.github]! + 2;

/** @see https://github.com/temporalio/api/blob/master/temporal/api/enums/v1/task_queue.proto (TaskQueueType, RateLimitSource) */
const ACTIVITIES = 2;
const SOURCES = ['unknown', 'operator', 'worker', 'server'];

describe('a rate', { sequential: true }, () => {
  // A worker without workflows says so, and is meant to have none.
  quietRuntime('ERROR');
  const temporal = devServerEnvironment();
  const closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** A worker as a process has it, with a connection and an identity of its own. */
  async function start(name: string, rate: string, activities: Partial<Activities>): Promise<void> {
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
    closing.push(() => connection.close());
    const { namespace } = temporal;
    const config = loadConfig({ STARKEEP_GITHUB_RATE: rate }, 'none');
    const workers: Worker[] = await createWorkers({ connection, namespace, activities, identity: name }, config);
    const running = Promise.all(workers.map((worker) => worker.run()));
    closing.push(async () => {
      workers.forEach((worker) => worker.shutdown());
      await running;
    });
  }

  async function sync(numbers: number[]): Promise<void> {
    const { client } = temporal;
    await Promise.all(
      numbers.map(async (number) => {
        const first = event('starred', { repoId: String(number) });
        const handle = await client.workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
          workflowId: mirrorWorkflowId(first.repoId),
          taskQueue: TASK_QUEUES.main,
          args: [{ repoId: first.repoId, fullName: first.fullName }],
          signal: 'repoEvent',
          signalArgs: [first],
        });
        await handle.result();
      }),
    );
  }

  /** What the server holds the queue to. */
  async function effective(taskQueue: string): Promise<{ perSecond: number | null; source: string }> {
    const answer = await temporal.environment.connection.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITIES,
      reportConfig: true,
    });
    const { requestsPerSecond = null, rateLimitSource } = answer.effectiveRateLimit ?? {};
    return { perSecond: requestsPerSecond, source: SOURCES[rateLimitSource ?? 0] ?? 'unknown' };
  }

  it('of GitHub is one for all workers, whoever of them does it, and holds up nothing else', async () => {
    const doneBy = new Set<string>();
    const queues = new Map<string, number>();
    const activitiesOf = (worker: string): Partial<Activities> => {
      const { activities } = new World();
      const count = () => {
        const { taskQueue } = activityInfo();
        queues.set(taskQueue, (queues.get(taskQueue) ?? 0) + 1);
      };
      return {
        ...activities,
        fetchMetadata: async (request) => {
          doneBy.add(worker);
          count();
          // Whose poll the server answers is chance: who has one holds it until the other has one too.
          await eventually(() => (heartbeat(), doneBy.size === 2), 40_000);
          return activities.fetchMetadata(request);
        },
        ensureProject: (request) => (count(), activities.ensureProject(request)),
      };
    };
    await start('one', `${RATE}/s`, activitiesOf('one'));
    await start('other', `${RATE}/s`, activitiesOf('other'));
    const began = performance.now();

    await sync(Array.from({ length: MIRRORS }, (_, index) => 1000 + index));

    // Two workers that counted each for itself would take half as long; a second's worth may have been saved up before the first.
    expect((performance.now() - began) / 1000).toBeGreaterThan((MIRRORS - 2 * RATE) / RATE);
    expect(Object.fromEntries(queues)).toEqual({ [TASK_QUEUES.github]: MIRRORS, [TASK_QUEUES.onedev]: MIRRORS });
    expect(await effective(TASK_QUEUES.github)).toEqual({ perSecond: RATE, source: 'worker' });
    expect((await effective(TASK_QUEUES.onedev)).source).toBe('server');
  });

  it('that an operator sets at the server goes before that of the workers', async () => {
    await start('one', `${RATE}/s`, new World().activities);
    await eventually(async () => (await effective(TASK_QUEUES.github)).source === 'worker');

    await temporal.environment.connection.workflowService.updateTaskQueueConfig({
      namespace: temporal.namespace,
      taskQueue: TASK_QUEUES.github,
      taskQueueType: ACTIVITIES,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond: 50 }, reason: 'a test' },
    });

    await eventually(async () => (await effective(TASK_QUEUES.github)).source === 'operator');
    expect((await effective(TASK_QUEUES.github)).perSecond).toBe(50);
  });
});
