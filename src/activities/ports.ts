import type {
  AccountStore,
  DeletionStore,
  DeliveryStore,
  MirrorControl,
  MirrorStore,
  RecordStore,
  ReadingStore,
  SourceHost,
  SourceStars,
  TargetHost,
  Transfer,
} from '../domain/ports.ts';
import type { Filters } from '../domain/filters.ts';
import type { RewritePolicy, UnstarPolicy } from '../domain/model.ts';
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
  control: MirrorControl;
  rules: {
    unstarPolicy: UnstarPolicy;
    graceMs: number;
    deleteBudget: { max: number; windowMs: number };
    rewritePolicy: RewritePolicy;
    filters: Filters;
    reconcileEveryMs: number;
  };
  redact: Redact;
  /** Runs work so that whatever adapters log in it carries these fields. */
  withLogFields: <T>(fields: Record<string, unknown>, work: () => Promise<T>) => Promise<T>;
}
