import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import {
  ARCHIVE_WORKFLOW_ID,
  CHECK_DRIFT_WORKFLOW_ID,
  RECONCILE_WORKFLOW_ID,
  RECOVERY_WORKFLOW_ID,
  TASK_QUEUES,
  WATCH_ALERTS_WORKFLOW_ID,
  WORKFLOW_TYPES,
} from '../workflows/messages.ts';
import { reached, type TemporalConnection } from './temporal.ts';

export const RECONCILE_SCHEDULE_ID = 'reconcile-stars';
export const RECOVERY_SCHEDULE_ID = 'recover-deliveries';
export const DRIFT_SCHEDULE_ID = 'check-drift';
export const ALERTS_SCHEDULE_ID = 'watch-alerts';
export const ARCHIVE_SCHEDULE_ID = 'archive-histories';

/** @see https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook */
const RECOVER_EVERY_MS = 600_000;

/** How often a share of the mirrors is compared at both sides, so that the load is even. */
const CHECK_DRIFT_EVERY_MS = 3_600_000;

/** How often it is looked for what nobody records as it happens, and for messages whose sender nobody woke. */
const WATCH_ALERTS_EVERY_MS = 300_000;
/** Far below the shortest time any Temporal keeps a run that has ended: a day. */
export const ARCHIVE_EVERY_MS = 3_600_000;

const DESCRIBE_DEADLINE_MS = 2_000;

/** After an outage one late reading is enough: it sees everything that was missed. */
const CATCH_UP_MS = 60_000;

/**
 * Makes sure the star list is read every so often; may be repeated, and by several workers at once. A changed interval is taken over; a
 * pause that somebody set stays.
 */
export async function ensureReconcileSchedule(
  client: Client,
  everyMs: number,
  taskQueue: string = TASK_QUEUES.main,
): Promise<void> {
  await ensureSchedule(client, RECONCILE_SCHEDULE_ID, everyMs, {
    workflowType: WORKFLOW_TYPES.reconcile,
    workflowId: RECONCILE_WORKFLOW_ID,
    taskQueue,
  });
}

/**
 * Makes sure GitHub is asked every ten minutes, as it advises, for the deliveries it could not hand over; takes the Schedule away where there are
 * no App credentials to ask with. May be repeated, and by several workers at once, which are meant to have the same settings.
 */
export async function ensureRecoverySchedule(
  client: Client,
  wanted: boolean,
  taskQueue: string = TASK_QUEUES.main,
): Promise<void> {
  if (!wanted) return removeSchedule(client, RECOVERY_SCHEDULE_ID);
  await ensureSchedule(client, RECOVERY_SCHEDULE_ID, RECOVER_EVERY_MS, {
    workflowType: WORKFLOW_TYPES.recoverDeliveries,
    workflowId: RECOVERY_WORKFLOW_ID,
    taskQueue,
  });
}

/**
 * Makes sure that drift is looked for; takes the Schedule away where it is turned off. May be repeated, and by several workers at once, which
 * are meant to have the same settings.
 * @param everyMs how often each mirror is to be compared; `null`: never
 */
export async function ensureDriftSchedule(
  client: Client,
  everyMs: number | null,
  taskQueue: string = TASK_QUEUES.main,
): Promise<void> {
  if (everyMs === null) return removeSchedule(client, DRIFT_SCHEDULE_ID);
  await ensureSchedule(client, DRIFT_SCHEDULE_ID, Math.min(everyMs, CHECK_DRIFT_EVERY_MS), {
    workflowType: WORKFLOW_TYPES.drift,
    workflowId: CHECK_DRIFT_WORKFLOW_ID,
    taskQueue,
  });
}

/** Makes sure that somebody looks for what is worth an alert. May be repeated, and by several workers at once. */
export async function ensureAlertSchedule(client: Client, taskQueue: string = TASK_QUEUES.main): Promise<void> {
  await ensureSchedule(client, ALERTS_SCHEDULE_ID, WATCH_ALERTS_EVERY_MS, {
    workflowType: WORKFLOW_TYPES.watchAlerts,
    workflowId: WATCH_ALERTS_WORKFLOW_ID,
    taskQueue,
  });
}

/** Makes sure that histories are kept before Temporal removes them. May be repeated, and by several workers at once. */
export async function ensureArchiveSchedule(client: Client, taskQueue: string = TASK_QUEUES.main): Promise<void> {
  await ensureSchedule(client, ARCHIVE_SCHEDULE_ID, ARCHIVE_EVERY_MS, {
    workflowType: WORKFLOW_TYPES.archive,
    workflowId: ARCHIVE_WORKFLOW_ID,
    taskQueue,
  });
}

async function ensureSchedule(
  client: Client,
  scheduleId: string,
  everyMs: number,
  workflow: { workflowType: string; workflowId: string; taskQueue: string },
): Promise<void> {
  const options: Pick<ScheduleOptions, 'spec' | 'policies'> & { action: ScheduleOptions['action'] } = {
    // Spread, so that many installations do not ask GitHub in the same second.
    spec: { intervals: [{ every: everyMs }], jitter: Math.round(everyMs / 20) },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS },
    action: { type: 'startWorkflow', args: [], ...workflow },
  };
  try {
    await client.schedule.create({ scheduleId, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, policies, action } = options;
    await client.schedule
      .getHandle(scheduleId)
      .update(({ state }) => ({ spec, policies: policies ?? {}, action, state }));
  }
}

/**
 * When the star list is read next.
 * @returns an ISO time; `null` when nobody has made the schedule yet, or it is paused
 * @throws Failure `TemporalUnavailable` within 2 s
 */
export async function nextReadingAt({ client, connection }: TemporalConnection): Promise<string | null> {
  return reached(() =>
    connection.withDeadline(Date.now() + DESCRIBE_DEADLINE_MS, async () => {
      try {
        const { info, state } = await client.schedule.getHandle(RECONCILE_SCHEDULE_ID).describe();
        return state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null);
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return null;
        throw error;
      }
    }),
  );
}

async function removeSchedule(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
