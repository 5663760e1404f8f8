import type { Logger } from 'pino';
import { Failure } from '../domain/failures.ts';
import type { DeliveryStore, MirrorControl } from '../domain/ports.ts';

export interface InboxWatch {
  /** Look soon: something was just left waiting. */
  nudge(): void;
  stop(): void;
}

const LOOK_EVERY_MS = 5_000;

/** A delivery younger than this may still be in the hands of the request that took it. */
const SETTLED_MS = 5_000;

/**
 * The bridge over a Temporal outage: whenever deliveries wait in the inbox, it starts `drainInbox` as soon as Temporal can be
 * reached. Each api process watches, and the workflow runs once, so if this one dies the others, or its successor, go on.
 */
export function watchInbox(ports: { deliveries: DeliveryStore; control: MirrorControl; log: Logger }): InboxWatch {
  let looking = false;
  let healthy = true;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const waiting = await ports.deliveries.waiting(1, SETTLED_MS);
      if (waiting.length > 0) await ports.control.drainInbox();
      healthy = true;
    } catch (error) {
      // Said once per outage; the metrics and /health say it all the time.
      const reason = error instanceof Failure ? `${error.kind}: ${error.message}` : String(error);
      if (healthy) ports.log.warn({ reason }, 'inbox cannot be drained yet');
      healthy = false;
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  void look();
  return { nudge: () => void look(), stop: () => clearInterval(timer) };
}
