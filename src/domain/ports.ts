import type { RepoEvent } from './events.ts';
import type { Recorded, RecordEntry } from './record.ts';
import type { Conclusion, Tally } from './sweep.ts';
import type {
  Mirror,
  MirrorId,
  ReadingKind,
  RepoId,
  RewritePolicy,
  SourceRepository,
  SyncReport,
  TargetProject,
  TransferProgress,
} from './model.ts';

/** What we ask of the world. Adapters implement these; activities and routes are handed them. All failures are `Failure`s. */

// ---------------------------------------------------------------------------------------------------------------- source

/** Whose stars they are. */
export interface SourceAccount {
  /** GitHub's numeric user id as a string; it survives a renamed login. */
  externalId: string;
  login: string;
}

/** What asking for one repository can find. */
export type SourceLookup =
  | { found: 'yes'; repository: SourceRepository }
  /** Deleted, made private, or never visible to this token: GitHub does not tell these apart. */
  | { found: 'gone' }
  | { found: 'blocked'; reason: string };

export interface StarPage {
  repositories: SourceRepository[];
  /** Opaque: hand it back for the next page. `null`: this was the last. */
  next: string | null;
  /** Why this page may lack repositories although it was answered (an SSO gap); `null` when nothing hints at it. */
  gap: string | null;
}

/**
 * One page of a complete reading of the star list. Only a reading whose every page has the same `total`, whose repositories add up to it, and
 * which has no `flaw` may say that something is absent.
 */
export interface SweepPage {
  repositories: SourceRepository[];
  /** Opaque: hand it back for the next page. `null`: this was the last. */
  next: string | null;
  /** How many stars there are in all, as this page says. */
  total: number;
  /** Why this page proves nothing although it was answered: truncated, answered with errors, an item that could not be read. */
  flaw: string | null;
}

/** The first page of the star list, newest stars first, asked for conditionally. */
export type NewestStars = { changed: false } | { changed: true; page: StarPage };

/** A webhook delivery as GitHub remembers it. */
export interface SourceDelivery {
  /** Exceeds 2^53: a decimal string. */
  id: string;
  guid: string;
  deliveredAt: string;
  /** `OK`, or whatever GitHub says instead. */
  status: string;
  event: string;
  redelivery: boolean;
}

export interface SourceDeliveryPage {
  deliveries: SourceDelivery[];
  next: string | null;
}

export interface SourceHost {
  /** Without a token: `false`. Then stars cannot be checked one by one, only listed. */
  readonly canCheckStars: boolean;
  /** The account whose stars are mirrored. @throws Failure `SourceUnauthorized`, `AccountMismatch` (token of another login than GITHUB_LOGIN) … */
  account(): Promise<SourceAccount>;
  /** Asks by id: names are never trusted, since another repository may have taken one. */
  repository(repoId: RepoId): Promise<SourceLookup>;
  /** Finds a repository by `owner/name`, following renames. */
  repositoryByName(fullName: string): Promise<SourceLookup>;
  /** Whether the account stars `fullName` now. @throws Failure when the answer is neither yes nor no */
  isStarred(fullName: string): Promise<boolean>;
  /** One page of the star list, newest stars first, 100 repositories. */
  starPage(next: string | null): Promise<StarPage>;
  /** What git needs to read a repository. @throws Failure `SourceForeignUrl` */
  gitRemote(repository: { cloneUrl: string; sshUrl: string | null }): Promise<GitRemote>;
}

/** The readings of the star list that keep the record true cheaply. */
export interface SourceStars {
  /** What is left of the hour's requests, and when it is whole again (epoch seconds); `null` before the first answer and where there is no limit. */
  limits(): { remaining: number; reset: number } | null;
  /** The first page of the same list; `changed: false` when it is what it was at the last call (one request, free of quota with a token). */
  newestStars(): Promise<NewestStars>;
  /** One page of the stars by last push, latest first, 100 repositories. */
  recentlyPushed(next: string | null): Promise<StarPage>;
  /** Whether {@link sweepPage} can be asked: it needs a token. */
  readonly canSweep: boolean;
  /**
   * One page of a complete reading, 100 repositories, one point of the hourly budget.
   * @throws Failure `SourceUnsupported` when the server has no such reading (an old GitHub Enterprise Server): read {@link starPage}s instead,
   * whose absences are only hints
   */
  sweepPage(next: string | null): Promise<SweepPage>;
}

/** What GitHub remembers of the deliveries to our App's hook; needs App credentials. */
export interface SourceDeliveries {
  /** Newest first. */
  page(next: string | null): Promise<SourceDeliveryPage>;
  /** Asks for one to be sent again; that it was accepted does not mean that it arrived. */
  redeliver(id: string): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------------------- target

export interface EnsureProjectRequest {
  mirrorId: MirrorId;
  /** As upstream is called today. */
  fullName: string;
  description: string | null;
  htmlUrl: string;
  /** Where it was the last time, when there was one. */
  known: TargetProject | null;
}

export interface EnsuredProject extends TargetProject {
  created: boolean;
  moved: boolean;
  /** Why the project is not at the first-choice path, in a sentence; `null` when it is. */
  detour: string | null;
}

export interface TargetHost {
  /** @throws Failure `TargetStarting` while OneDev starts or is in maintenance, `TargetUnreachable` */
  ready(): Promise<void>;
  /**
   * Finds, makes, renames or moves the project of a mirror; may be repeated. Never touches a project without the mirror's marker.
   * If we die after the create, the next call finds the project by its path and marker.
   */
  ensureProject(request: EnsureProjectRequest): Promise<EnsuredProject>;
  /** Deletes the project if, and only if, it carries the mirror's marker and has no children. @returns false when it was gone already */
  deleteProject(mirrorId: MirrorId, project: TargetProject): Promise<boolean>;
  /** Renames the project so that it is plainly an archive and frees its name; may be repeated. @returns where it is now */
  archiveProject(mirrorId: MirrorId, project: TargetProject): Promise<TargetProject>;
  /** @returns the short name of the default branch, `null` while HEAD points at nothing */
  defaultBranch(projectId: string): Promise<string | null>;
  /** @param branch short name; must exist on the target */
  setDefaultBranch(projectId: string, branch: string): Promise<void>;
  /** What git needs to read and write the project. */
  gitRemote(project: TargetProject): GitRemote;
}

// -------------------------------------------------------------------------------------------------------------- transfer

export type GitAuth =
  | { kind: 'none' }
  /** HTTP basic; sent with every request as a header, never part of a URL or an argument. */
  | { kind: 'basic'; username: string; password: string }
  | { kind: 'ssh'; privateKey: string; knownHosts: string };

export interface GitRemote {
  /** Without credentials. */
  url: string;
  auth: GitAuth;
}

export interface TransferRequest {
  mirrorId: MirrorId;
  source: GitRemote;
  target: GitRemote;
  /** The digest of the last sync that ended well: when the source still has it, the transfer ends as `unchanged` after one listing. `null`: compare everything. */
  knownDigest: string | null;
  rewritePolicy: RewritePolicy;
  /** ISO time: archived tips from before it are removed in passing, when the target is looked at anyway. Absent: kept for ever. */
  archivesExpireBefore?: string;
  /** Points the target's HEAD at a branch (short name) that exists there. Called after that branch was pushed and before anything is deleted. */
  setDefaultBranch: (branch: string) => Promise<void>;
}

export interface TransferContext {
  /** Aborting stops every process and request the transfer started before `run` settles. */
  signal: AbortSignal;
  /** Called often; whoever listens throttles. */
  onProgress: (progress: TransferProgress) => void;
}

/**
 * Makes the target's heads and tags equal to the source's, and nothing else. May be repeated at any time and from any state:
 * if we die here, the next run lists both sides again and closes what is left.
 */
export interface Transfer {
  run(request: TransferRequest, context: TransferContext): Promise<SyncReport>;
}

// ----------------------------------------------------------------------------------------------------------------- store

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
  markInProgress(mirrorId: MirrorId): Promise<void>;
  saveProject(mirrorId: MirrorId, project: EnsuredProject): Promise<void>;
  /** Other repositories the record believes starred, the most recently confirmed first: the canaries of an unstar proof. */
  starredOthers(mirrorId: MirrorId, limit: number): Promise<string[]>;
  countByStatus(): Promise<Record<string, number>>;
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
  /** How many stars of the record a reading has not seen, of how many. */
  absence(readingId: string): Promise<{ absent: number; before: number }>;
  /** Notes since when they are absent. @returns them */
  absentOnes(readingId: string): Promise<StarredChange[]>;
  end(readingId: string, result: ReadingResult): Promise<void>;
  /** Readings whose absences wait for a person; a later complete reading replaces an earlier one. */
  held(accountId: string): Promise<Reading[]>;
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
  /** Inserts the delivery in one statement; when this returns, it is durable. */
  take(delivery: Delivery): Promise<Taken>;
  markDispatched(guid: string, workflowId: string): Promise<void>;
  /** Accepted and not dispatched, oldest first. @param olderThanMs leaves alone what a receiver may be dispatching right now */
  waiting(limit: number, olderThanMs: number): Promise<{ guid: string; repoEvent: RepoEvent }[]>;
  backlog(): Promise<{ count: number; oldestSeconds: number }>;
}

// --------------------------------------------------------------------------------------------------------------- control

/** What a person may tell a mirror; also the names of the signals. */
export type MirrorDecision = 'approveDeletion' | 'cancelDeletion' | 'syncNow' | 'pause' | 'resume';

/** Reaches the workflows. */
export interface MirrorControl {
  /**
   * Starts the mirror's workflow or signals the running one.
   * @param options.deadlineMs default 3 s
   * @returns the workflow id
   * @throws Failure `TemporalUnavailable` within the deadline
   */
  repoEvent(event: RepoEvent, options?: { deadlineMs?: number }): Promise<{ workflowId: string }>;
  /**
   * Tells a mirror what a person decided. `syncNow`, `pause` and `resume` start its workflow when none runs; the two about a deletion need one
   * that waits.
   * @throws Failure `NothingPending` when a deletion is decided about and no workflow runs · `TemporalUnavailable` within 3 s
   */
  decide(
    mirror: Pick<Mirror, 'repoId' | 'fullName'>,
    decision: MirrorDecision,
    by: { by: string; reason?: string },
  ): Promise<{ workflowId: string }>;
  /** Starts the reading of the star list unless one is running. */
  reconcile(): Promise<void>;
  /** Starts the draining of the inbox unless one is running. */
  drainInbox(): Promise<void>;
  /** @throws Failure `TemporalUnavailable` */
  ping(): Promise<void>;
}
