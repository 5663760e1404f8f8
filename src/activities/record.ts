import type { Recorded, RecordEntry } from '../domain/record.ts';
import type { ActivityPorts } from './ports.ts';

export function createRecordActivities({ record, accounts }: ActivityPorts) {
  return {
    /** Writes one entry, in one transaction. If we die after the commit, the next run writes the same again and changes nothing. */
    async record(entry: RecordEntry): Promise<Recorded> {
      const account = await accounts.current();
      return record.write(account?.accountId ?? null, entry);
    },
  };
}
