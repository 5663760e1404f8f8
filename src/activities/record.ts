import { toFailureKind } from '../domain/failures.ts';
import type { Meter } from '../domain/meter.ts';
import type { Recorded, RecordEntry } from '../domain/record.ts';
import { tellOfAlerts } from './alerts.ts';
import type { ActivityPorts } from './ports.ts';

export function createRecordActivities(ports: ActivityPorts) {
  const { record, accounts } = ports;
  return {
    /**
     * Writes one entry, in one transaction, and with it what it says about alerts. If we die after the commit, the next run writes the same again and
     * changes nothing.
     */
    async record(entry: RecordEntry): Promise<Recorded> {
      const account = await accounts.current();
      const recorded = await record.write(account?.accountId ?? null, entry);
      await tellOfAlerts(ports);
      if (ports.meter) count(ports.meter, entry);
      return recorded;
    },
  };
}

/** Once for what is in the record: if we die before it, the next run finds the record written, and counts. */
function count(meter: Meter, entry: RecordEntry): void {
  if (entry.kind !== 'synced' && entry.kind !== 'failed') return;
  const { trigger, startedAt } = entry;
  const seconds = Math.max(0, Date.now() - Date.parse(startedAt)) / 1000;
  if (entry.kind === 'synced') return meter.synced({ trigger, report: entry.report, seconds });
  const kind = toFailureKind(entry.failure.kind);
  meter.syncFailed({ trigger, kind, givenUp: entry.nextAttemptAt === null, seconds });
}
