import type { BatchItem, BatchProgress, BatchRequest, BatchState } from './batches.ts';
import type { RepoEvent } from './events.ts';
import type { ArchivedRun, ClosedRun } from './histories.ts';
import type { ReadingView } from './overview.ts';
import type { Recorded, RecordEntry } from './record.ts';
import type { DeliveryAttempts, MissedDelivery, RecoveryEnd } from './recovery.ts';
import type { Conclusion, Tally } from './sweep.ts';
import type { Mirror, MirrorId, ReadingKind, RepoId, SourceRepository, TargetProject } from './model.ts';
import type { SourceAccount, EnsuredProject } from './ports.ts';

/** The record: what is mirrored, and what was done about it. Postgres keeps it; all failures are `Failure`s. */

/** The account whose stars this installation mirrors. */
export interface Account extends SourceAccount {
  /** `github-<numeric user id>`. */
  accountId: string;
}

export interface AccountStore {
  /** `null` before GitHub was reached for the first time. */
  current(): Promise<Account | null>;
  /** Remembers the account, or its new login. @throws Failure `AccountMismatch` when the record belongs to another account */
  save(account: SourceAccount): Promise<Account>;
}

/** What a page of the star list needs done: the repositories to reach, and nothing for the rest. */
export interface StarredChange {
  repoId: RepoId;
  fullName: string;
}

/** A repository of the star list, and what the filters say of it. */
export interface ListedRepository extends SourceRepository {
  /** Why a filter leaves it out; absent when none does. */
  exclusion?: string;
}

export interface MirrorStore {
  get(mirrorId: MirrorId): Promise<Mirror | null>;
  /** Facts just read upstream. @param starred `null` leaves the record's as it is */
  saveUpstream(
    accountId: string,
    repository: SourceRepository,
    starred: boolean | null,
    pinned: boolean,
  ): Promise<void>;
  /**
   * Brings one page of the star list into the record in one statement.
   * @returns the repositories that are new, changed, or not yet in the state they should be in
   */
  saveStarPage(accountId: string, repositories: ListedRepository[], readingId?: string): Promise<StarredChange[]>;
  /** A person wants it kept whatever the star list says. May be repeated. */
  pin(mirrorId: MirrorId): Promise<void>;
  /** Nobody wants it kept any more but the star list. May be repeated. */
  release(mirrorId: MirrorId): Promise<void>;
  markInProgress(mirrorId: MirrorId): Promise<void>;
  saveProject(mirrorId: MirrorId, project: EnsuredProject): Promise<void>;
  /**
   * Other repositories the record believes starred: the canaries of an unstar proof. Those the star list showed last come first, and of them those
   * nobody asked about since; what is missing itself is none.
   */
  starredOthers(mirrorId: MirrorId, limit: number): Promise<string[]>;
  /** Which of these mirrors the record has. */
  knownAmong(mirrorIds: string[]): Promise<Set<string>>;
  /** Syncs that were cloned although they should have been streamed, by reason. */
  countFallbacks(): Promise<Record<string, number>>;
}

/** One reading of the star list, as the record keeps it. */
export interface Reading {
  readingId: string;
  /** `quick`: new stars and recent pushes · `sweep`: everything, and what is missing · `list`: everything, where a sweep cannot be had. */
  kind: ReadingKind;
  startedAt: string;
  finishedAt: string | null;
  /** Only a complete one may say that something is absent. */
  complete: boolean;
  absent: number;
  /** Why what was absent was held back or refused. */
  reason: string | null;
}

export interface ReadingResult {
  tally: Tally;
  signalled: number;
  absent: number;
  /** `null` for a complete reading. */
  incompleteWhy: string | null;
  /** Of a complete sweep. */
  conclusion: Conclusion | null;
  /** Why it was not what a reading of its kind should be; `null` or absent when it was. */
  trouble?: string | null;
}

export interface ReadingStore {
  /** May be repeated: one correlation id is one reading. */
  begin(accountId: string, correlationId: string, kind: ReadingKind): Promise<Reading>;
  /** The newest complete sweep. */
  lastComplete(accountId: string): Promise<Reading | null>;
  /** ISO time of the latest push the record knows of among the stars; pushes after it are news. */
  pushWatermark(accountId: string): Promise<string | null>;
  /** Which of these repositories the record has as starred. */
  starredAmong(accountId: string, repoIds: string[]): Promise<Set<string>>;
  /** How many distinct repositories a reading has seen. */
  seenIn(readingId: string): Promise<number>;
  /**
   * How many stars of the record a reading has not seen, of how many.
   * @param askOnce those that were looked at since they are absent do not count: nothing would follow from asking about them again
   */
  absence(readingId: string, askOnce?: boolean): Promise<{ absent: number; before: number }>;
  /** Notes since when they are absent. @returns them */
  absentOnes(readingId: string, askOnce?: boolean): Promise<StarredChange[]>;
  end(readingId: string, result: ReadingResult): Promise<void>;
  /** Readings whose absences wait for a person; a later complete reading replaces an earlier one. */
  held(accountId: string): Promise<Reading[]>;
  /** Newest first. @param page.before a reading id: only older ones */
  page(accountId: string, page: { before: string | null; limit: number; heldOnly: boolean }): Promise<ReadingView[]>;
  /** Of the readings that are over and read everything (a quick one does not), the last, and the last complete one. */
  latest(accountId: string): Promise<{ last: ReadingView | null; complete: ReadingView | null }>;
  /** @returns `null` when the account has no reading of that id */
  reading(accountId: string, readingId: string): Promise<ReadingView | null>;
  /** What the stars that a reading lacks are called, by name; changes nothing. */
  absentNames(readingId: string, limit: number): Promise<string[]>;
  /** Whether a mirror is one of the absent ones that wait for a person, and nobody has let it be asked about yet. */
  isHeld(mirrorId: MirrorId): Promise<boolean>;
  /** A person lets the absent ones be asked about. @returns false when there is nothing of that id to approve */
  approve(readingId: string, by: string): Promise<boolean>;
}

/** Writes what workflows decided, each entry in one transaction and only once however often it is repeated. */
export interface RecordStore {
  write(accountId: string | null, entry: RecordEntry): Promise<Recorded>;
}

export interface Deletion {
  deletionId: string;
  mirrorId: MirrorId;
  accountId: string;
  policy: 'delete' | 'archive';
  state: 'pending' | 'waiting_for_approval' | 'approved' | 'cancelled' | 'deleted' | 'archived' | 'refused';
}

export interface DeletionStore {
  get(deletionId: string): Promise<Deletion | null>;
  /**
   * Takes one deletion from the rolling budget, in one statement. Taking the same deletion again is free, so a retry never costs twice.
   * @param regardless a person approved: it counts, but is not refused
   * @returns false when the budget is used up
   */
  takeBudget(deletion: Deletion, budget: { max: number; windowMs: number }, regardless: boolean): Promise<boolean>;
  /** Has in the log that a person approved it, before anything follows. May be repeated. */
  noteApproval(deletion: Deletion, by: string): Promise<void>;
  /** The project is gone (or archived): closes the deletion and the mirror in one transaction. */
  finish(deletion: Deletion, approvedBy: string | null, archivedAs: TargetProject | null): Promise<void>;
}

/** One webhook delivery, as far as it is kept. */
export interface Delivery {
  guid: string;
  hookId: string | null;
  bodySha256: string;
  event: string;
  action: string | null;
  repoId: RepoId | null;
  fullName: string | null;
  correlationId: string;
  /** What is dispatched; `null` when the delivery is only kept for the record. */
  repoEvent: RepoEvent | null;
  ignoredReason: string | null;
}

/** `new`: inserted now. `waiting`: known, but never dispatched. `done`: known and dispatched, or known and ignored. */
export type Taken = 'new' | 'waiting' | 'done';

export interface DeliveryStore {
  /**
   * Inserts the delivery in one statement; when this returns, it is durable. A guid is taken once and for ever: it is the primary key, and no row
   * is ever removed, so it holds far beyond the three days in which GitHub lets a delivery be sent again.
   */
  take(delivery: Delivery): Promise<Taken>;
  markDispatched(guid: string, workflowId: string): Promise<void>;
  /** Accepted and not dispatched, oldest first. @param olderThanMs leaves alone what a receiver may be dispatching right now */
  waiting(limit: number, olderThanMs: number): Promise<{ guid: string; repoEvent: RepoEvent }[]>;
  backlog(): Promise<{ count: number; oldestSeconds: number }>;
}

/** Batches and the mirrors in them. The record is the batch's whole memory: its workflow holds nothing but the id. */
export interface BatchStore {
  /** Opens a batch in one statement, or finds the running one of the same selection. Forgets what ended three months ago. */
  create(accountId: string, request: BatchRequest): Promise<{ batch: BatchProgress; joined: boolean }>;
  get(batchId: string): Promise<BatchProgress | null>;
  /** Newest first. @param page.before a batch id: only older ones */
  list(page: { limit: number; before?: string; state?: BatchState }): Promise<BatchProgress[]>;
  /** What failed or was skipped, the failed first. */
  problems(batchId: string, limit: number): Promise<BatchItem[]>;
  /** Notes who asked it to end, for the record of its end. */
  noteCancel(batchId: string, by: string): Promise<void>;
  /**
   * Closes a running batch; what still waited is skipped, what is under way still says how it ended.
   * @returns false when it was closed already, and stays as it was
   */
  end(batchId: string, state: Exclude<BatchState, 'running'>, note: string | null): Promise<boolean>;
}

/** What a batch's workflow does to the record, step by step. Each may be repeated. */
export interface BatchWork {
  /** Names the mirrors of the selection. @param driftEveryMs of the selection `drift`: how old a comparison may be */
  plan(batchId: string, driftEveryMs: number | null): Promise<void>;
  /**
   * Skips what may not be synced now, gives up on what has not answered for half a day, and takes the next mirrors until `window` are under way.
   * @returns those under way that were not told yet, or long ago
   */
  take(batchId: string, window: number): Promise<StarredChange[]>;
  markAsked(batchId: string, repoIds: string[]): Promise<void>;
  /** How many mirrors a batch over `drift` would name now. */
  driftDue(accountId: string, driftEveryMs: number): Promise<number>;
}

/** What GitHub could not hand over to us, and what was asked for. */
export interface RecoveryStore {
  /** ISO time at which the last reading that was complete began; `null`: there was none of this App. */
  completeSince(appId: string): Promise<string | null>;
  /** May be repeated: one correlation id is one run, and keeps what the first call said. Forgets what ended a month ago. */
  begin(appId: string, correlationId: string, readUntil: string): Promise<{ runId: string; readUntil: string }>;
  /** Remembers those that the inbox does not have; may be repeated. @returns how many of them are new */
  saveMissed(appId: string, attempts: DeliveryAttempts[]): Promise<number>;
  /** What has not ended, oldest first. @param after the last of the page before; `null`: from the beginning */
  open(appId: string, limit: number, after: MissedDelivery | null): Promise<MissedDelivery[]>;
  /** GitHub was asked for it, now. */
  noteRequest(runId: string, guid: string): Promise<void>;
  endAll(as: RecoveryEnd, guids: string[]): Promise<void>;
  /** May be repeated. @returns how many redeliveries the run asked for */
  finish(runId: string, counts: { pages: number; seen: number; missed: number }): Promise<{ requested: number }>;
}

/** Histories of runs that have ended. */
export interface HistoryStore {
  /** ISO time up to which everything that had ended was looked at; `null`: never. */
  archivedUntil(): Promise<string | null>;
  /** Never goes back. */
  noteArchivedUntil(until: string): Promise<void>;
  /** Which of these are not kept. */
  missingAmong(runIds: string[]): Promise<Set<string>>;
  /** Once per run; what is there stays. */
  save(run: ClosedRun, history: { json: string } | { omitted: string }): Promise<void>;
  /** The last to end first. */
  list(workflowId: string, limit: number): Promise<ArchivedRun[]>;
  /** @returns `json: null` for one that was too long to keep */
  read(runId: string): Promise<{ run: ArchivedRun; json: string | null } | null>;
  /** @returns how many were removed */
  removeOlderThan(ageMs: number): Promise<number>;
}
