import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { RECONCILE_WORKFLOW_ID, TASK_QUEUES, WORKFLOW_TYPES } from '../workflows/messages.ts';

export const RECONCILE_SCHEDULE_ID = 'reconcile-stars';

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
  const options: Pick<ScheduleOptions, 'spec' | 'policies'> & { action: ScheduleOptions['action'] } = {
    // Spread, so that many installations do not ask GitHub in the same second.
    spec: { intervals: [{ every: everyMs }], jitter: Math.round(everyMs / 20) },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_MS },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPES.reconcile,
      workflowId: RECONCILE_WORKFLOW_ID,
      taskQueue,
      args: [],
    },
  };
  try {
    await client.schedule.create({ scheduleId: RECONCILE_SCHEDULE_ID, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec, policies, action } = options;
    await client.schedule
      .getHandle(RECONCILE_SCHEDULE_ID)
      .update(({ state }) => ({ spec, policies: policies ?? {}, action, state }));
  }
}
