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
      return recorded;
    },
  };
}
