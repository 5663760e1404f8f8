import type {
  AccountStore,
  AuditStore,
  BatchStore,
  BatchWork,
  DeletionStore,
  DeliveryStore,
  KeyStore,
  MirrorStore,
  OverviewStore,
  ReadingStore,
  RecordStore,
  RecoveryStore,
} from '../../domain/ports.ts';
import { createAccountStore } from './accounts.ts';
import { createKeyStore } from './api-keys.ts';
import { createAuditStore } from './audit.ts';
import { createBatchStore } from './batches.ts';
import type { Database } from './database.ts';
import { createDeletionStore } from './deletions.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createMirrorStore } from './mirrors.ts';
import { createOverviewStore } from './pages.ts';
import { createReadingStore } from './readings.ts';
import { createRecordStore } from './record.ts';
import { createRecoveryStore } from './recoveries.ts';

export interface Store {
  accounts: AccountStore;
  mirrors: MirrorStore;
  record: RecordStore;
  deletions: DeletionStore;
  deliveries: DeliveryStore;
  readings: ReadingStore;
  batches: BatchStore & BatchWork;
  recoveries: RecoveryStore;
  keys: KeyStore;
  audit: AuditStore;
  overview: OverviewStore;
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
    batches: createBatchStore(db),
    recoveries: createRecoveryStore(db),
    keys: createKeyStore(db),
    audit: createAuditStore(db),
    overview: createOverviewStore(db),
  };
}
