import type { Logger } from 'pino';
import type { AuditStore } from '../domain/service-stores.ts';
import { type Watch, watchEvery } from '../watch.ts';

const LOOK_EVERY_MS = 2_000;

/** Entries written in one transaction, during which nobody else can write to the log. */
const AT_ONCE = 500;

/**
 * Has webhook deliveries in the audit log, a moment after they were taken. The request that takes one does not wait for the log, which has one writer
 * at a time; its row in `deliveries` is what must be there before the 202, and waits for its entry however long that takes. Each api process
 * watches, and each delivery gets one entry, so if this one dies the others, or its successor, go on.
 */
export function watchAudit({ audit, log }: { audit: Pick<AuditStore, 'takeInDeliveries'>; log: Logger }): Watch {
  const look = async () => {
    while ((await audit.takeInDeliveries(AT_ONCE)) === AT_ONCE);
  };
  return watchEvery(LOOK_EVERY_MS, look, 'deliveries are not in the audit log yet', log);
}
