import { Worker, type WorkerOptions } from '@temporalio/worker';
import { dataConverterOf } from '../adapters/payload-codec.ts';
import type { Config } from '../config.ts';
import { TASK_QUEUES } from '../workflows/messages.ts';
import { workflowBundle } from './bundle.ts';
import { tracingOptions } from './tracing.ts';
import { versioningOf } from './versioning.ts';

/**
 * Activities under way get this long to end by themselves; then they are cancelled, and another worker does them at once. What cannot be cancelled
 * is left as it is after the longer time: another worker does it once its heartbeats are missed.
 */
const SHUTDOWN_GRACE = '10s';
const SHUTDOWN_FORCE = '30s';

/** Activities of one worker at once that ask Postgres and Temporal only. */
const LIGHT_SLOTS = 20;

/**
 * Activities of one worker at once that ask GitHub, and OneDev. GitHub takes 100 requests at a time of one account, ours and everybody else's: ten
 * workers stay below that whatever comes.
 */
const GITHUB_SLOTS = 10;
const ONEDEV_SLOTS = 10;

/** How many activities one worker runs at once, by queue. */
export function slotsOf({ transferSlots }: Pick<Config, 'transferSlots'>): Record<string, number> {
  return {
    [TASK_QUEUES.main]: LIGHT_SLOTS,
    [TASK_QUEUES.transfer]: transferSlots,
    [TASK_QUEUES.github]: GITHUB_SLOTS,
    [TASK_QUEUES.onedev]: ONEDEV_SLOTS,
  };
}

type Common = Pick<WorkerOptions, 'connection' | 'namespace' | 'activities' | 'identity'>;

/**
 * One worker a queue. The rates are counted by Temporal, for a queue and not for a worker of it: who sets the same rate shares it. Workers with
 * different rates overrule each other at every poll; what `temporal task-queue config set --queue-rps-limit` says goes before all of them.
 */
export async function createWorkers(
  common: Common,
  { temporal, telemetry, transferSlots, rates }: Pick<Config, 'temporal' | 'telemetry' | 'transferSlots' | 'rates'>,
): Promise<Worker[]> {
  const shared = {
    ...common,
    ...versioningOf(temporal.deployment),
    ...tracingOptions(),
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    dataConverter: dataConverterOf(temporal.payloadKeys),
  } as const;
  const encodedFailures = temporal.payloadKeys.length > 0;
  const traced = telemetry.traces !== undefined;
  const slots = slotsOf({ transferSlots });
  const activitiesOn = (taskQueue: string, rate: number | null) =>
    Worker.create({
      ...shared,
      taskQueue,
      maxConcurrentActivityTaskExecutions: slots[taskQueue] ?? LIGHT_SLOTS,
      ...(rate === null ? {} : { maxTaskQueueActivitiesPerSecond: rate }),
    });
  return [
    await Worker.create({
      ...shared,
      workflowBundle: await workflowBundle({ encodedFailures, traced }),
      taskQueue: TASK_QUEUES.main,
      maxConcurrentActivityTaskExecutions: LIGHT_SLOTS,
    }),
    await activitiesOn(TASK_QUEUES.transfer, rates.transfer),
    await activitiesOn(TASK_QUEUES.github, rates.github),
    await activitiesOn(TASK_QUEUES.onedev, rates.onedev),
  ];
}
