import type { RepoEvent } from './events.ts';
import type { DeclinedRef, LfsReport, MirrorStatus, ReadingKind } from './model.ts';

/** The record as people and programs look at it. Times are ISO. */

export interface MirrorView {
  mirrorId: string;
  fullName: string;
  htmlUrl: string | null;
  description: string | null;
  language: string | null;
  topics: string[];
  stars: number;
  /** GitHub's own hourly estimate; 0 says nothing. */
  bytes: number;
  visibility: 'public' | 'private' | 'internal' | null;
  archived: boolean;
  fork: boolean;
  defaultBranch: string | null;
  pushedAt: string | null;
  starred: boolean;
  /** Kept whatever the star list says: added by hand. */
  pinned: boolean;
  /** Who called a deletion off, and so keeps it although it is unstarred. */
  keptBy: string | null;
  paused: boolean;
  status: MirrorStatus;
  /** Why it is as it is, in a sentence; `null` when there is nothing to say. */
  note: string | null;
  /** The kind of the last failure. */
  errorKind: string | null;
  retryCount: number;
  nextAttemptAt: string | null;
  deleteAt: string | null;
  /** Full path on OneDev. */
  projectPath: string | null;
  /** Heads and tags at the source at the last sync. */
  refs: number | null;
  declinedCount: number;
  /** The first of them. */
  declined: DeclinedRef[];
  /** Of its Git LFS objects at the last look; `null` when it uses none. */
  lfs: LfsReport | null;
  lastSyncedAt: string | null;
  lastCheckedAt: string | null;
}

/** The orders a list of mirrors comes in; a `-` turns it round. What has never happened (a push, a sync) counts as before everything else. */
export const MIRROR_SORTS = [
  'name',
  '-name',
  'pushedAt',
  '-pushedAt',
  'lastSyncedAt',
  '-lastSyncedAt',
  'bytes',
  '-bytes',
  'stars',
  '-stars',
] as const;

export type MirrorSort = (typeof MIRROR_SORTS)[number];

/** Where a page begins: after the mirror that has this key in that order, and this id. */
export interface MirrorPlace {
  sort: MirrorSort;
  key: string;
  mirrorId: string;
}

/** @returns whether a place may be one of that order: its key is of the right kind */
export function fitsOrder({ sort, key }: MirrorPlace, wanted: MirrorSort): boolean {
  if (sort !== wanted) return false;
  switch (sort) {
    case 'name':
    case '-name':
      return true;
    case 'bytes':
    case '-bytes':
    case 'stars':
    case '-stars':
      return /^\d{1,18}$/.test(key);
    default:
      return key === '-infinity' || isExactTime(key);
  }
}

/** A time to the microsecond, and one that there is: February has no 31st. */
function isExactTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && text.startsWith(time.toISOString().slice(0, -1));
}

/** Which mirrors; everything given has to fit. */
export interface MirrorFilter {
  /** One of these; none: whatever it is. */
  statuses: MirrorStatus[];
  /** Part of the name, in any case of letters. */
  search: string | null;
  /** `owner/name`, or the name alone, in any case of letters. */
  name: string | null;
  /** The whole owner, in any case of letters. */
  owner: string | null;
  language: string | null;
  /** The kind of the last failure. */
  errorKind: string | null;
  minBytes: number | null;
  maxBytes: number | null;
  /** Only those that nobody has looked at for {@link STALE_AFTER_MS} although they should be. */
  stale: boolean;
}

export const NO_FILTER: Readonly<MirrorFilter> = {
  statuses: [],
  search: null,
  name: null,
  owner: null,
  language: null,
  errorKind: null,
  minBytes: null,
  maxBytes: null,
  stale: false,
};

/** What is starred is looked at several times an hour: what was not for a day has been forgotten, or cannot be reached. */
export const STALE_AFTER_MS = 86_400_000;

export interface MirrorQuery {
  filter: MirrorFilter;
  sort: MirrorSort;
  /** Of the same order. */
  after: MirrorPlace | null;
  limit: number;
}

export interface MirrorPage {
  mirrors: MirrorView[];
  /** `null`: this was the last page. */
  next: MirrorPlace | null;
}

export interface Facet {
  value: string;
  count: number;
}

/** What mirrors can be filtered by, most first. */
export interface MirrorFacets {
  owners: Facet[];
  languages: Facet[];
  errorKinds: Facet[];
}

/** One UTC day of syncs. */
export interface SyncDay {
  /** `YYYY-MM-DD` */
  day: string;
  completed: number;
  failed: number;
  bytes: number;
}

/** How everything is, in numbers. */
export interface Totals {
  /** Mirrors by status, also of those that were deleted or are left out by a filter. */
  byStatus: Record<string, number>;
  /** Those that are meant to be on OneDev: neither deleted nor left out by a filter. */
  total: number;
  /** Of these, what is on OneDev as it was last seen: synced at least once, not failing and not held. */
  safe: number;
  failing: number;
  /** In progress now. */
  running: number;
  stale: number;
  /** Deletions that wait for a person. */
  waitingDeletions: number;
  oldestSuccess: { mirrorId: string; fullName: string; at: string } | null;
  lastSweep: { at: string; outcome: string } | null;
  /** The last complete reading. */
  lastFullAt: string | null;
}

export interface SyncView {
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

export interface DeliveryView {
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

/** A delivery as far as it is kept. */
export interface DeliveryDetail extends DeliveryView {
  correlationId: string;
  /** What is dispatched of it; `null`: it was ignored. */
  repoEvent: RepoEvent | null;
}

/** Which deliveries; everything given has to fit. */
export interface DeliveryFilter {
  event: string | null;
  outcome: DeliveryView['outcome'] | null;
  /** The whole name, in any case of letters. */
  fullName: string | null;
}

/** `open`: not over yet · `done`: over, however it ended. */
export const DELETION_STATES = ['open', 'done', 'all'] as const;

export type DeletionStates = (typeof DELETION_STATES)[number];

/** A mirror whose sync runs. */
export interface MirrorUnderWay {
  mirrorId: string;
  repoId: string;
  fullName: string;
  /** The record's last word about it: some time after it began. */
  since: string;
}

/** A reading of the star list. */
export interface ReadingView {
  readingId: string;
  kind: ReadingKind;
  /** The same id as in the log. */
  correlationId: string;
  startedAt: string;
  /** `null`: it is under way, or broke off. */
  finishedAt: string | null;
  complete: boolean;
  /** `null`: it is complete. */
  incompleteWhy: string | null;
  /** Why it was not what a reading of its kind should be; `null` when it was. */
  trouble: string | null;
  pages: number;
  seen: number;
  /** How many stars there were in all, where the source says it. */
  total: number | null;
  /** Mirrors that were told to look. */
  signalled: number;
  absent: number;
  /** `null`: it is not over, or concludes nothing. */
  conclusion: 'nothing' | 'ask' | 'hold' | 'refuse' | null;
  /** Why what was absent was held back or refused. */
  reason: string | null;
  /** A person has to let the absent ones be asked about, and nothing follows before. */
  held: boolean;
  /** Who let them be asked about. */
  approvedBy: string | null;
  approvedAt: string | null;
}

export interface DeletionView {
  deletionId: string;
  mirrorId: string;
  fullName: string;
  projectPath: string | null;
  policy: string;
  state: string;
  proof: string;
  /** Why it waits, or ended as it did, in a sentence. */
  reason: string | null;
  requestedAt: string;
  /** `null`: when a person approves. */
  dueAt: string | null;
  /** Who decided about it last, whether it is over or not. */
  decidedBy: string | null;
  /** `null`: it is not over. */
  finishedAt: string | null;
}
