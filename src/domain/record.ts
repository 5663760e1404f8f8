import type { ArchivePlan } from './histories.ts';
import type { MirrorId, MirrorStatus, ReadingKind, RepoId, SyncReport, Trigger, UnstarPolicy } from './model.ts';
import type { Tally } from './sweep.ts';

/** What workflows and activities say to each other. Plain JSON; shapes only ever gain optional fields. */

/** Goes with every activity, into every log line and row. */
export interface Correlation {
  mirrorId: MirrorId;
  correlationId: string;
}

// --------------------------------------------------------------------------------------------------------- fetchMetadata

export interface MetadataRequest extends Correlation {
  repoId: RepoId;
  /** As the newest event called it. */
  fullName: string;
  /** What the events claim; the truth is asked for. */
  claims: 'starred' | 'unstarred' | 'nothing';
  /** A person asked for this repository: it is wanted whatever the star list says. */
  requested: boolean;
  /** Facts in the record that are at least this new (ISO time) need not be asked for again. */
  observedAt?: string;
}

/** What is so now, upstream and in the record. */
export interface Metadata {
  upstream: 'exists' | 'gone' | 'blocked';
  /** Why it is blocked. */
  reason?: string;
  fullName: string;
  /** There is a row for it, and it was not deleted. */
  known: boolean;
  /** There is a project on the target. */
  mirrored: boolean;
  /** It is to be kept equal: starred, pinned, or kept by a person. */
  wanted: boolean;
  /** `null`: could not be asked for (no token), and no event said. */
  starred: boolean | null;
  paused: boolean;
  /** Why a filter leaves it out; absent when none does. */
  excluded?: string;
  unstarPolicy: UnstarPolicy;
  graceMs: number;
}

// --------------------------------------------------------------------------------------------------------------- unstar

export type UnstarProof =
  /** Canary seen, star check 404, repository answers under its id. */
  | { verdict: 'unstarred'; proof: string }
  | { verdict: 'starred' }
  /** Upstream itself is gone: freeze, never delete. */
  | { verdict: 'gone' }
  /** Nothing contradicts, but no proof can be had (no token, no other star to compare with): a person decides. */
  | { verdict: 'needs_person'; reason: string }
  /** Something contradicts: nothing is scheduled. */
  | { verdict: 'unproven'; reason: string };

export interface DeleteRequest extends Correlation {
  deletionId: string;
  /** Who approved; `null` when the grace period ran out. */
  approvedBy: string | null;
}

export type DeleteOutcome =
  | { outcome: 'deleted' | 'archived' }
  | { outcome: 'starred' | 'gone' }
  /** `unproven`: GitHub did not say enough this time · `needs_person`: it cannot say enough. */
  | { outcome: 'over_budget' | 'refused' | 'unproven' | 'needs_person'; reason: string };

// --------------------------------------------------------------------------------------------------------------- record

interface EntryBase extends Correlation {
  workflowId: string;
  runId: string;
  /** The batches that asked for this pass, and hear from it how it ended. */
  batches?: string[];
}

interface AttemptBase extends EntryBase {
  repoId: RepoId;
  fullName: string;
  trigger: Trigger;
  /** Counts the attempts of one workflow run, from 1. */
  attempt: number;
  startedAt: string;
}

export type RecordEntry =
  | (AttemptBase & { kind: 'synced'; report: SyncReport })
  | (AttemptBase & {
      kind: 'failed';
      failure: { kind: string; message: string };
      retryCount: number;
      /** `null`: permanent, nobody tries again until the next event. */
      nextAttemptAt: string | null;
    })
  | (EntryBase & { kind: 'status'; status: MirrorStatus; note: string | null; paused?: boolean })
  | (EntryBase & {
      kind: 'deletion_requested';
      policy: 'delete' | 'archive';
      proof: string;
      /** ISO time; `null`: waits for a person. */
      dueAt: string | null;
    })
  | (EntryBase & { kind: 'deletion_waiting'; deletionId: string; reason: string })
  | (EntryBase & {
      kind: 'deletion_ended';
      deletionId: string;
      state: 'cancelled' | 'refused';
      by: string;
      reason: string | null;
      /** A person wants it kept although it is unstarred. */
      keep: boolean;
    });

export interface Recorded {
  /** Of `deletion_requested`: the open deletion, which may be an older one that is still open. */
  deletion?: { deletionId: string; dueAt: string | null };
}

// ---------------------------------------------------------------------------------------------------------------- stars

export interface ReadingRequest {
  correlationId: string;
  /** A complete reading although the last one is recent. */
  full: boolean;
  /** This kind, whatever is due. */
  kind?: ReadingKind;
}

export interface ReadingPlan {
  readingId: string;
  kind: ReadingKind;
  /** ISO time of the latest push known before the reading: later ones are news. */
  pushedUntil: string | null;
  /** A rate limit that lasts longer ends the reading: the next one comes round anyway. */
  waitAtMostMs: number;
}

/** The lists a reading goes through, one after the other. */
export type StarList = 'newest' | 'pushed' | 'sweep' | 'list';

export interface StarsRequest {
  correlationId: string;
  readingId: string;
  list: StarList;
  /** Of the list `pushed`: read down to here. */
  pushedUntil: string | null;
  /** From the page before; `null` for the first. */
  cursor: string | null;
}

export interface StarsRead {
  next: string | null;
  seen: number;
  signalled: number;
  /** Of a sweep: how many stars there are in all. */
  total: number | null;
  /** Why the list may be incomplete. */
  gap: string | null;
}

export interface ReadingEnd {
  correlationId: string;
  readingId: string;
  kind: ReadingKind;
  tally: Tally;
  signalled: number;
}

export interface ReadingSummary {
  kind: ReadingKind;
  /** `null` for a complete reading, the only kind that may say something is absent. */
  incompleteWhy: string | null;
  seen: number;
  signalled: number;
  /** Stars of the record that a complete reading lacks, and what follows. */
  absent: number;
  conclusion: 'nothing' | 'ask' | 'hold' | 'refuse' | null;
}

// ------------------------------------------------------------------------------------------------------------- recovery

export interface RecoveryRequest {
  correlationId: string;
}

export interface RecoveryPlan {
  runId: string;
  /** ISO time: attempts before it are not looked at. */
  until: string;
}

export interface DeliveriesRequest extends RecoveryRequest {
  until: string;
  /** From the page before; `null` for the first. */
  cursor: string | null;
}

export interface DeliveriesRead {
  next: string | null;
  /** Attempts on the page, of deliveries we have and of those we lack. */
  seen: number;
  /** Deliveries that the inbox lacks and that no page before had. */
  missed: number;
}

export interface RedeliveriesRequested {
  /** 0: nothing is due now. */
  requested: number;
}

export interface RecoveryEnding extends RecoveryRequest {
  runId: string;
  pages: number;
  seen: number;
  missed: number;
}

export interface RecoverySummary {
  seen: number;
  missed: number;
  /** Redeliveries asked for, of these and of earlier ones that did not arrive. */
  requested: number;
}

// ------------------------------------------------------------------------------------------------------------ histories

export interface ArchiveRequest {
  correlationId: string;
}

export interface ArchivePageRequest extends ArchiveRequest {
  plan: ArchivePlan;
  /** From the page before; `null` for the first. */
  cursor: string | null;
}

export interface ArchiveCounts {
  /** Runs that have ended and were listed. */
  seen: number;
  /** Histories kept now. */
  archived: number;
  /** Too long to be kept. */
  omitted: number;
  /** Removed by Temporal before they were kept. */
  gone: number;
}

export interface ArchivedPage extends ArchiveCounts {
  next: string | null;
}

export interface ArchiveEnding extends ArchiveRequest, ArchiveCounts {
  plan: ArchivePlan;
}

export interface ArchiveSummary extends ArchiveCounts {
  /** Older than `STARKEEP_HISTORY_RETENTION`. */
  removed: number;
}
