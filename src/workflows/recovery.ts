import { continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RecoveryPlan, RecoverySummary } from '../domain/record.ts';
import { CALLS, LONGEST_RECOVERY_WAIT_MS, PAGES_PER_RUN, REDELIVERIES_PER_RUN } from './policy.ts';
import { rateLimitWait } from './stars.ts';

const { dispatchDeliveries } = proxyActivities<Activities>(CALLS.inbox);

/**
 * Delivers what the webhook receiver accepted while Temporal was away, oldest first. Started by the api whenever its inbox holds such
 * deliveries; ends when there are none.
 */
export async function drainInbox(): Promise<{ dispatched: number }> {
  let dispatched = 0;
  for (;;) {
    const { taken } = await dispatchDeliveries();
    if (taken === 0) return { dispatched };
    dispatched += taken;
  }
}

const { beginRecovery, readDeliveries, requestRedeliveries, endRecovery } = proxyActivities<Activities>(CALLS.stars);

export interface RecoveryInput {
  /** From the run before, after continue-as-new. */
  progress?: RecoveryProgress;
}

/** Where the reading of GitHub's list stands. */
export interface RecoveryProgress {
  plan: RecoveryPlan;
  cursor: string | null;
  pages: number;
  seen: number;
  missed: number;
}

/**
 * Reads GitHub's own list of the deliveries to our App's hook, and has those sent again that the inbox lacks. A reading goes back to the
 * beginning of the last complete one (three days the first time), so a quiet run costs one request.
 *
 * What cannot be read fails the run, and the next one reads from the same place. What was asked for is looked at by later runs: that GitHub accepts a
 * request does not mean that it arrives.
 */
export async function recoverDeliveries({ progress }: RecoveryInput = {}): Promise<RecoverySummary> {
  const correlationId = `recover-${workflowInfo().firstExecutionRunId}`;
  let state = progress ?? begun(await beginRecovery({ correlationId }));
  for (let pages = 0; ; pages += 1) {
    if (pages >= PAGES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof recoverDeliveries>({ progress: state });
    }
    const { cursor, plan } = state;
    const page = await patiently(() => readDeliveries({ correlationId, cursor, until: plan.until }));
    state = {
      plan,
      cursor: page.next,
      pages: state.pages + 1,
      seen: state.seen + page.seen,
      missed: state.missed + page.missed,
    };
    if (page.next === null) break;
  }
  await requestAll(state.plan, correlationId);
  const { plan, pages, seen, missed } = state;
  return endRecovery({ correlationId, runId: plan.runId, pages, seen, missed });
}

function begun(plan: RecoveryPlan): RecoveryProgress {
  return { plan, cursor: null, pages: 0, seen: 0, missed: 0 };
}

/** What a long outage left is worked off over several runs: the next one comes round in minutes. */
async function requestAll(plan: RecoveryPlan, correlationId: string): Promise<void> {
  let left = REDELIVERIES_PER_RUN;
  while (left > 0) {
    const { requested } = await patiently(() => requestRedeliveries({ ...plan, correlationId }));
    if (requested === 0) return;
    left -= requested;
  }
}

/** A used-up rate limit is waited for; one that lasts longer than an hour ends the run, and a later one goes on. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const waitMs = rateLimitWait(error);
      if (waitMs === null || waitMs > LONGEST_RECOVERY_WAIT_MS) throw error;
      await sleep(waitMs);
    }
  }
}
