import type { Logger } from 'pino';
import type { MirrorControl } from '../domain/ports.ts';
import type { DeliveryStore } from '../domain/record-stores.ts';
import { type Watch, watchEvery } from '../watch.ts';

const LOOK_EVERY_MS = 5_000;

/** A delivery younger than this may still be in the hands of the request that took it. */
const SETTLED_MS = 5_000;

/**
 * The bridge over a Temporal outage: whenever deliveries wait in the inbox, it starts `drainInbox` as soon as Temporal can be
 * reached. Each api process watches, and the workflow runs once, so if this one dies the others, or its successor, go on.
 */
export function watchInbox(ports: { deliveries: DeliveryStore; control: MirrorControl; log: Logger }): Watch {
  const look = async () => {
    const waiting = await ports.deliveries.waiting(1, SETTLED_MS);
    if (waiting.length > 0) await ports.control.drainInbox();
  };
  return watchEvery(LOOK_EVERY_MS, look, 'inbox cannot be drained yet', ports.log);
}
