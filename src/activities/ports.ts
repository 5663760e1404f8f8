import type {
  AlertChannel,
  MirrorControl,
  SourceDeliveries,
  SourceHost,
  SourceStars,
  TargetHost,
  Transfer,
  WorkflowRuns,
} from '../domain/ports.ts';
import type {
  AccountStore,
  BatchStore,
  BatchWork,
  DeletionStore,
  DeliveryStore,
  HistoryStore,
  MirrorStore,
  RecordStore,
  ReadingStore,
  RecoveryStore,
} from '../domain/record-stores.ts';
import type { AlertStore, AuditStore } from '../domain/service-stores.ts';
import type { Filters } from '../domain/filters.ts';
import type { Meter } from '../domain/meter.ts';
import type { DriftPolicy, RewritePolicy, UnstarPolicy } from '../domain/model.ts';
import type { Redact } from '../domain/redaction.ts';

/** Everything the activities are handed. */
export interface ActivityPorts {
  source: SourceHost & SourceStars;
  target: TargetHost;
  transfer: Transfer;
  accounts: AccountStore;
  mirrors: MirrorStore;
  record: RecordStore;
  deletions: DeletionStore;
  deliveries: DeliveryStore;
  readings: ReadingStore;
  batches: BatchStore & BatchWork;
  recoveries: RecoveryStore;
  histories: HistoryStore;
  runs: WorkflowRuns;
  /** Absent without App credentials: then GitHub does not tell what it could not deliver. */
  hookDeliveries?: SourceDeliveries;
  alerts: AlertStore;
  /** Those that are set up; absent where none is. */
  alertChannels?: readonly AlertChannel[];
  audit: Pick<AuditStore, 'verify'>;
  control: MirrorControl;
  rules: {
    unstarPolicy: UnstarPolicy;
    graceMs: number;
    deleteBudget: { max: number; windowMs: number };
    rewritePolicy: RewritePolicy;
    /** Archived tips older than this are removed in passing; `null`: never. */
    archiveRetentionMs: number | null;
    /** Histories of workflow runs older than this are removed; `null`: never. */
    historyRetentionMs: number | null;
    filters: Filters;
    reconcileEveryMs: number;
    /** How often both sides of a mirror are compared, `null` for never, and what follows from a difference. */
    drift: { everyMs: number | null; policy: DriftPolicy };
  };
  /** Told of what happened; absent where nobody counts. */
  meter?: Meter;
  redact: Redact;
  /** Runs work so that whatever adapters log in it carries these fields. */
  withLogFields: <T>(fields: Record<string, unknown>, work: () => Promise<T>) => Promise<T>;
}
