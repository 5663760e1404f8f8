import type {
  AccountStore,
  DeletionStore,
  DeliveryStore,
  MirrorStore,
  ReadingStore,
  RecordStore,
} from '../../domain/ports.ts';
import { createAccountStore } from './accounts.ts';
import type { Database } from './database.ts';
import { createDeletionStore } from './deletions.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createMirrorStore } from './mirrors.ts';
import { createReadingStore } from './readings.ts';
import { createRecordStore } from './record.ts';

export interface Store {
  accounts: AccountStore;
  mirrors: MirrorStore;
  record: RecordStore;
  deletions: DeletionStore;
  deliveries: DeliveryStore;
  readings: ReadingStore;
}

/** Every table's queries over one database. */
export function createStore(db: Database): Store {
  return {
    accounts: createAccountStore(db),
    mirrors: createMirrorStore(db),
    record: createRecordStore(db),
    deletions: createDeletionStore(db),
    deliveries: createDeliveryStore(db),
    readings: createReadingStore(db),
  };
}
