import { Context, log } from '@temporalio/activity';
import type { ActivityPorts } from './ports.ts';

/** Deliveries dispatched in one activity, so that a long outage's backlog is worked off in steps that can be retried. */
const DELIVERIES_AT_ONCE = 200;

/** A delivery younger than this may still be in the hands of the receiver that took it. */
const DELIVERY_SETTLED_MS = 5_000;

export function createInboxActivities({ deliveries, control }: ActivityPorts) {
  return {
    /**
     * Dispatches deliveries that were accepted while Temporal was away, in the order they came. If we die between a signal and its mark, the
     * next run signals again, and the workflow drops what it has seen.
     */
    async dispatchDeliveries(): Promise<{ taken: number }> {
      const waiting = await deliveries.waiting(DELIVERIES_AT_ONCE, DELIVERY_SETTLED_MS);
      for (const { guid, repoEvent } of waiting) {
        Context.current().cancellationSignal.throwIfAborted();
        const { workflowId } = await control.repoEvent(repoEvent);
        await deliveries.markDispatched(guid, workflowId);
        Context.current().heartbeat();
      }
      if (waiting.length > 0) log.info('waiting deliveries dispatched', { count: waiting.length });
      return { taken: waiting.length };
    },
  };
}
