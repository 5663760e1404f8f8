import { continueAsNew, proxyActivities, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { wake } from './messages.ts';
import { CALLS, GATHER_FIRST_MS, GATHER_NEXT_MS } from './policy.ts';

const { deliverAlerts } = proxyActivities<Activities>(CALLS.alerts);
const { checkAlerts } = proxyActivities<Activities>(CALLS.watch);

export interface SendAlertsInput {
  channel: string;
  /** From the run before, after continue-as-new: it has sent, and gathers longer. */
  goesOn?: boolean;
}

/**
 * Sends what waits for one channel, however long that takes; each channel has a workflow of its own, so none waits for another. Which messages
 * there are is in the record, and Temporal repeats the activity until they are taken: if we die here, nothing is lost, and what was sent and not
 * noted is sent once more under the same id.
 */
export async function sendAlerts({ channel, goesOn = false }: SendAlertsInput): Promise<{ sent: number }> {
  let isWoken = true;
  setHandler(wake, () => void (isWoken = true));
  let sent = 0;
  for (let gatherMs = goesOn ? GATHER_NEXT_MS : GATHER_FIRST_MS; isWoken; gatherMs = GATHER_NEXT_MS) {
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof sendAlerts>({ channel, goesOn: true });
    await sleep(gatherMs);
    // What is raised from here on is found by the activity, or wakes us once more.
    isWoken = false;
    sent += (await deliverAlerts({ channel })).sent;
  }
  return { sent };
}

/** Looks at what nobody records as it happens: silence, a backlog, a token's end, the audit log. Started by the Schedule `watch-alerts`. */
export async function watchAlerts(): Promise<void> {
  await checkAlerts();
}
