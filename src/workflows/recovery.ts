import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { CALLS } from './policy.ts';

const { dispatchDeliveries } = proxyActivities<Activities>(CALLS.stars);

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
