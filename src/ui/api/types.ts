/** What the api answers with, as this UI reads it. */

export type Status =
  | 'pending'
  | 'in_progress'
  | 'completed'
  | 'failed'
  | 'permanent_failure'
  | 'pending_deletion'
  | 'deleted'
  | 'frozen'
  | 'excluded'
  | 'paused'
  | 'held';

export type Scope = 'read' | 'operate' | 'admin';

export interface Who {
  name: string;
  scope: Scope;
  session: { createdAt: string; expiresAt: string; idleUntil: string } | null;
}

export interface Day {
  day: string;
  completed: number;
  failed: number;
  bytes: number;
}

export interface Stats {
  login: string | null;
  mirrors: { total: number; safe: number; byStatus: Partial<Record<Status, number>> };
  failing: number;
  waiting: number;
  running: number;
  stale: number;
  sweep: {
    lastAt: string | null;
    lastFullAt: string | null;
    lastOutcome: string | null;
    nextAt: string | null;
    everyMs: number;
  };
  github: { limit: number; remaining: number; resetAt: string; seenAt: string } | null;
  oldestSuccess: { mirrorId: string; fullName: string; at: string } | null;
  inbox: { waiting: number; oldestSeconds: number };
  alerts: { open: number };
  days: Day[];
}

export interface Lfs {
  objects: number;
  transferred: number;
  bytes: number;
  skipped: number;
  failed: number;
  failures: { oid: string; size: number; problem: string; reason: string }[];
  again: boolean;
  unreadable?: string;
}

export interface Mirror {
  mirrorId: string;
  fullName: string;
  htmlUrl: string | null;
  description: string | null;
  language: string | null;
  topics: string[];
  stars: number;
  bytes: number;
  visibility: 'public' | 'private' | 'internal' | null;
  archived: boolean;
  fork: boolean;
  defaultBranch: string | null;
  pushedAt: string | null;
  starred: boolean;
  pinned: boolean;
  keptBy: string | null;
  paused: boolean;
  status: Status;
  note: string | null;
  errorKind: string | null;
  whatToDo: string | null;
  retryCount: number;
  nextAttemptAt: string | null;
  deleteAt: string | null;
  projectPath: string | null;
  refs: number | null;
  declinedCount: number;
  declined: { name: string; reason: string }[];
  lfs: Lfs | null;
  lastSyncedAt: string | null;
  lastCheckedAt: string | null;
}

export interface MirrorPage {
  mirrors: Mirror[];
  next: string | null;
  total?: number;
}

export interface Facet {
  value: string;
  count: number;
}

export interface Facets {
  owners: Facet[];
  languages: Facet[];
  errorKinds: (Facet & { whatToDo: string | null })[];
}

export interface Sync {
  syncId: string;
  trigger: string;
  outcome: string;
  attempt: number;
  workflowId: string;
  runId: string;
  correlationId: string;
  startedAt: string;
  finishedAt: string;
  refs: Record<string, number> | null;
  bytes: number | null;
  objects: number | null;
  phases: { name: string; durationMs: number }[];
  errorKind: string | null;
  errorMessage: string | null;
}

export type TimelineEntry =
  | { kind: 'sync'; at: string; sync: Sync }
  | { kind: 'event'; at: string; action: string; actor: string; details: Record<string, unknown> };

export interface Timeline {
  entries: TimelineEntry[];
  next: string | null;
}

export interface Tip {
  name: string;
  oid: string;
  of: string;
  archivedAt: string | null;
  restoredAs: string | null;
}

export interface RunningTransfer {
  mirrorId: string;
  fullName: string;
  startedAt: string;
  phase: string | null;
  bytes: number | null;
  bytesPerSecond: number | null;
  attempt: number;
}

export interface Delivery {
  guid: string;
  event: string;
  action: string | null;
  fullName: string | null;
  receivedAt: string;
  dispatchedAt: string | null;
  workflowId: string | null;
  outcome: 'accepted' | 'ignored';
  ignoredReason: string | null;
}

export interface DeliveryDetail extends Delivery {
  correlationId?: string | null;
  repoEvent?: unknown;
}

export interface Deletion {
  deletionId: string;
  mirrorId: string;
  fullName: string;
  projectPath: string | null;
  policy: string;
  state: string;
  proof: string;
  reason: string | null;
  requestedAt: string;
  dueAt: string | null;
  decidedBy: string | null;
  finishedAt: string | null;
}

export interface Batch {
  batchId: string;
  selection: { kind: string } & Record<string, unknown>;
  state: 'running' | 'completed' | 'cancelled' | 'failed';
  requestedBy: string;
  correlationId: string;
  planned: boolean;
  total: number;
  done: number;
  changed: number;
  unchanged: number;
  failed: number;
  skipped: number;
  underWay: number;
  waiting: number;
  secondsLeft: number | null;
  requestedAt: string;
  finishedAt: string | null;
  note: string | null;
}

export interface BatchProblem {
  mirrorId: string;
  fullName: string;
  state: string;
  note: string | null;
}

export interface AuditEvent {
  eventId: string;
  at: string;
  accountId: string | null;
  actor: string;
  action: string;
  subject: string | null;
  details: Record<string, unknown>;
  prevHash: string;
  hash: string;
}

export interface Alert {
  alertId: string;
  kind: string;
  level: 'info' | 'warning' | 'error';
  subject: string;
  fullName: string | null;
  summary: string;
  advice: string;
  command: string;
  raisedAt: string;
  clearedAt: string | null;
  clearedWhy: string | null;
  undelivered: { channel: string; reason: string | null }[];
}

export interface Setting {
  name: string;
  meaning: string;
  secret: boolean;
  value: string | null;
  isSet?: boolean;
  origin: 'environment' | 'file' | 'default' | 'unset';
  group: string;
}

export interface SettingTest {
  ok: boolean;
  facts: { name: string; value: string }[];
  problem: string | null;
  whatToDo: string | null;
}

export interface FilterPreview {
  totals: { kept: Share; excluded: Share };
  changes: { newlyKept: Change; newlyExcluded: Change };
  kept: PreviewLine[];
  excluded: (PreviewLine & { reason: string })[];
  next: string | null;
}

export interface Share {
  repositories: number;
  bytes: number;
}

export interface Change {
  count: number;
  names: string[];
}

export interface PreviewLine {
  mirrorId: string;
  fullName: string;
  bytes: number;
  isNew: boolean;
}

export interface ApiKey {
  keyId: string;
  name: string;
  scope: Scope;
  createdAt: string;
  lastUsedAt?: string | null;
  revokedAt?: string | null;
}

export type Chain = { checkedAt: string } & (
  { intact: true; events: number; head: string } | { intact: false; eventId: string; problem: string }
);

/** Addresses without a slash at the end; `null` where this installation does not know one. */
export interface Places {
  onedevUrl: string | null;
  temporalUiUrl: string | null;
}
