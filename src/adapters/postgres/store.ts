import type { BudgetStore } from '../../domain/ports.ts';
import type {
  AccountStore,
  BatchStore,
  BatchWork,
  DeletionStore,
  DeliveryStore,
  HistoryStore,
  MirrorStore,
  ReadingStore,
  RecordStore,
  RecoveryStore,
} from '../../domain/record-stores.ts';
import type {
  AlertStore,
  AnswerStore,
  AuditStore,
  ChangeStore,
  FiguresStore,
  KeyStore,
  OverviewStore,
  SettingsStore,
  SessionStore,
} from '../../domain/service-stores.ts';
import { createAccountStore } from './accounts.ts';
import { type AlertPolicy, createAlertStore, NO_CHANNELS } from './alerts.ts';
import { createAnswerStore } from './answered.ts';
import { createKeyStore } from './api-keys.ts';
import { createAuditStore } from './audit.ts';
import { createBatchStore } from './batches.ts';
import { createBudgetStore } from './budget.ts';
import { createChangeStore } from './changes.ts';
import type { Database } from './database.ts';
import { createDeletionStore } from './deletions.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createFiguresStore } from './figures.ts';
import { createHistoryStore } from './histories.ts';
import { createMirrorStore } from './mirrors.ts';
import { createOverviewStore } from './pages.ts';
import { createReadingStore } from './readings.ts';
import { createRecordStore } from './record.ts';
import { createRecoveryStore } from './recoveries.ts';
import { createSettingsStore } from './seen-settings.ts';
import { createSessionStore } from './sessions.ts';

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
  sessions: SessionStore;
  audit: AuditStore;
  alerts: AlertStore;
  settings: SettingsStore;
  histories: HistoryStore;
  overview: OverviewStore;
  figures: FiguresStore;
  budget: BudgetStore;
  changes: ChangeStore;
  answers: AnswerStore;
}

/** Every table's queries over one database. @param alerts which channels there are for what is raised here */
export function createStore(db: Database, alerts: AlertPolicy = NO_CHANNELS): Store {
  return {
    accounts: createAccountStore(db),
    mirrors: createMirrorStore(db),
    record: createRecordStore(db, alerts),
    deletions: createDeletionStore(db, alerts),
    deliveries: createDeliveryStore(db),
    readings: createReadingStore(db),
    batches: createBatchStore(db),
    recoveries: createRecoveryStore(db),
    keys: createKeyStore(db),
    sessions: createSessionStore(db),
    audit: createAuditStore(db),
    alerts: createAlertStore(db, alerts),
    settings: createSettingsStore(db),
    histories: createHistoryStore(db),
    overview: createOverviewStore(db),
    figures: createFiguresStore(db),
    budget: createBudgetStore(db),
    changes: createChangeStore(db),
    answers: createAnswerStore(db),
  };
}

/** The same, with what pages of the web UI and other lookers-on are shown read from `reads`; what decides, lets in or delivers stays where it is. */
export function lookingAt(store: Store, reads: Database): Store {
  const { overview, readings, batches, alerts, audit } = createStore(reads);
  return { ...store, overview, readings, batches, alerts, audit };
}
