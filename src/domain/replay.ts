import type { RepoEvent } from './events.ts';
import type { MirrorControl } from './ports.ts';
import type { DeliveryStore } from './record-stores.ts';

/** A delivery of the record that may be dispatched. */
export interface ReplayableDelivery {
  guid: string;
  dispatched: boolean;
  repoEvent: RepoEvent;
}

/**
 * Dispatches a delivery of the record once more. Harmless: it only makes Starkeep look. If we die between the signal and the mark, the delivery
 * is dispatched again by whoever drains the inbox.
 * @throws Failure `TemporalUnavailable`
 */
export async function replayDelivery(
  {
    control,
    deliveries,
  }: { control: Pick<MirrorControl, 'repoEvent'>; deliveries: Pick<DeliveryStore, 'markDispatched'> },
  delivery: ReplayableDelivery,
): Promise<{ workflowId: string }> {
  const { workflowId } = await control.repoEvent(eventOf(delivery));
  await deliveries.markDispatched(delivery.guid, workflowId);
  return { workflowId };
}

/** A running workflow drops a delivery it has had. One that was never dispatched keeps its id, since the inbox may be dispatching it too. */
function eventOf({ repoEvent, dispatched }: ReplayableDelivery): RepoEvent {
  if (!dispatched) return repoEvent;
  const { deliveryId: _, ...again } = repoEvent;
  return again;
}
