import type { AlertKind, AlertNews, AlertNotice, AlertView, Condition, DeliveryRhythm, Verdict } from './alerts.ts';
import type { AuditEntry, AuditEvent, AuditFilter, AuditVerdict } from './audit.ts';
import type { HistoryLine } from './archives.ts';
import type { BatchItem, BatchProgress, BatchRequest, BatchState } from './batches.ts';
import type { Change } from './changes.ts';
import type { EnteredChanges, EnteredProblem, EnteredSetting, ShownSetting } from './entered-settings.ts';
import type { RepoEvent } from './events.ts';
import type { Figures } from './figures.ts';
import type { ApiKey, KeyScope } from './keys.ts';
import type { ArchivedRun, ArchivePlan, ClosedRun, RunningRun } from './histories.ts';
import type {
  DeletionStates,
  DeletionView,
  DeliveryDetail,
  DeliveryFilter,
  DeliveryView,
  MirrorFacets,
  MirrorFilter,
  MirrorPage,
  MirrorQuery,
  MirrorUnderWay,
  MirrorView,
  ReadingView,
  SyncDay,
  SyncView,
  Totals,
} from './overview.ts';
import type { PreviewCandidate } from './filter-preview.ts';
import type { Probe, ProbeName } from './probes.ts';
import type { Recorded, RecordEntry } from './record.ts';
import type { DeliveryAttempts, MissedDelivery, RecoveryEnd } from './recovery.ts';
import type { ArchivedTip } from './refs.ts';
import type { EffectiveSetting, SettingChange } from './seen-settings.ts';
import type { Session } from './sessions.ts';
import type { Conclusion, Tally } from './sweep.ts';
import type {
  Mirror,
  MirrorId,
  ReadingKind,
  RefName,
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

/** A webhook delivery as GitHub remembers it. */
export interface SourceDelivery {
  /** Exceeds 2^53: a decimal string. */
  id: string;
  guid: string;
  deliveredAt: string;
  /** `OK`, or whatever GitHub says instead. */
  status: string;
  /** What our receiver answered; 0 when there was no answer. */
  statusCode: number;
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
  /** One page of the star list, newest stars first, 100 repositories; free of quota with a token while it is what it was at the last call. */
  starPage(next: string | null): Promise<StarPage>;
  /** ISO time at which the token ends; `null`: it does not, as far as this process was told; `undefined`: no answer has said either. */
  tokenExpiresAt(): string | null | undefined;
  /** What git needs to read a repository. @throws Failure `SourceForeignUrl` */
  gitRemote(repository: { cloneUrl: string; sshUrl: string | null }): Promise<GitRemote>;
}

/** What is left of a limit of so many requests an hour. */
export interface SourceBudget {
  /** `null`: the answer did not say how many an hour has. */
  limit: number | null;
  remaining: number;
  /** When it is whole again, in epoch seconds. */
  reset: number;
}

/** What GitHub last said of its hourly limit, so that processes that ask it nothing can tell. */
export interface BudgetStore {
  note(budget: SourceBudget): Promise<void>;
  /** @returns `null` when no worker has noted one */
  last(): Promise<{ limit: number; remaining: number; resetAt: string; seenAt: string } | null>;
}

/** The readings of the star list that keep the record true cheaply. */
export interface SourceStars {
  /** What is left of the hour's requests, and when it is whole again (epoch seconds); `null` before the first answer and where there is no limit. */
  limits(): SourceBudget | null;
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
  /** Whose list it is. */
  readonly appId: string;
  /** Newest first. */
  page(next: string | null): Promise<SourceDeliveryPage>;
  /**
   * Asks for one to be sent again, at most once a second; that it was accepted does not mean that it arrived.
   * @throws Failure `SourceGone` when GitHub no longer has it
   */
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
  /** Every project below our parent that carries a mirror's marker, and is no fork of one; oldest first. */
  markedProjects(): Promise<(TargetProject & { mirrorId: string })[]>;
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
  /** Upstream's own estimate of the repository's size; absent or 0: nobody knows. */
  sizeBytes?: number;
  /** ISO time: archived tips from before it are removed in passing, when the target is looked at anyway. Absent: kept for ever. */
  archivesExpireBefore?: string;
  /**
   * Only look: list both sides, change nothing on either (no ref, no HEAD, no project), move no object, and say in the report's `drift` in which
   * heads and tags they differ (`driftBetween` decides), `except` left out: what the target would not take at the last sync. The outcome is `unchanged`
   * and the digest the source's of now, whatever `knownDigest` says.
   * @throws Failure `TargetProjectMissing` when there is no project to look at
   */
  compareOnly?: { except: readonly RefName[] };
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

/** Old tips on the target, by way of HTTP. All failures are those of the target in a transfer. */
export interface Archives {
  /** Oldest first. */
  history(target: GitRemote): Promise<HistoryLine[]>;
  /**
   * Brings an archived tip back as a branch (or tag) that no sync removes; may be repeated.
   * @returns its ref, and whether it was made just now
   */
  restore(target: GitRemote, tip: ArchivedTip): Promise<{ name: RefName; created: boolean }>;
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

/** The keys of the API. A key's text is told once, when it is made, and kept nowhere. */
export interface KeyStore {
  /** @returns `null` when a key that is valid has the name */
  create(wanted: { name: string; scope: KeyScope }): Promise<{ key: ApiKey; text: string } | null>;
  /** Makes the first admin key, in one statement. @returns its text; `null` when there is an admin key already */
  createFirst(): Promise<string | null>;
  /**
   * Makes the key of the setting what the setting says, and revokes the one it named before.
   * @param text `undefined`: the setting is not set
   * @returns what changed; `null`: nothing
   */
  adoptSetting(text: string | undefined): Promise<'created' | 'revoked' | null>;
  /** Whose text that is, and notes that it was used. @returns `null` when it is nobody's, or was revoked */
  identify(text: string): Promise<ApiKey | null>;
  /** All there ever were, the oldest first. */
  list(): Promise<ApiKey[]>;
  /** @returns `null` when no valid key has that id */
  revoke(keyId: string): Promise<ApiKey | null>;
  hasAdmin(): Promise<boolean>;
}

export interface AuditPage extends AuditFilter {
  /** An event id: only older ones. */
  before?: string | null;
  /** An event id: only newer ones. */
  after?: string | null;
  oldestFirst?: boolean;
  limit: number;
}

/** Browsers that were let in by a key, each known by a text that only it has. */
export interface SessionStore {
  /**
   * Begins one in the name of a key. Sessions that are over are forgotten, and the oldest of a key that would have too many.
   * @returns `null` when the key was revoked
   */
  begin(keyId: string): Promise<{ session: Session; text: string } | null>;
  /** Whose session that is, and notes that it was used. @returns `null` when there is none, it is over, or its key was revoked */
  identify(text: string): Promise<{ key: ApiKey; session: Session } | null>;
  /** May be repeated. */
  end(text: string): Promise<void>;
}

/** The append-only, hash-chained log of what was asked for, and of what was done. */
export interface AuditStore {
  /** When this returns, the entry is durable. Writers wait for each other, so that the chain never forks. */
  append(entry: AuditEntry): Promise<AuditEvent>;
  /** Newest first, unless `oldestFirst`. */
  read(page: AuditPage): Promise<AuditEvent[]>;
  /** Writes the entries of webhook deliveries that have none yet, oldest first. @returns how many */
  takeInDeliveries(limit: number): Promise<number>;
  /** Computes the whole chain anew. @returns the first entry that is not as it was written, when there is one */
  verify(): Promise<AuditVerdict>;
}

/** What a person should know of, whether it still is so, and the messages about it. */
export interface AlertStore {
  /** Opens an alert with its messages in one transaction. While it is open, doing so again only brings its words up to date. */
  raise(accountId: string | null, condition: Condition): Promise<void>;
  /** Closes it where it is open, and has those told who were told of it. */
  clear(accountId: string | null, over: Verdict['clear'][number]): Promise<void>;
  /** What was raised or cleared since the last call, once. */
  takeNews(): Promise<AlertNews[]>;
  /** Channels that have messages to send. */
  channelsDue(): Promise<string[]>;
  /** The oldest first. @param after a message id: only later ones */
  due(channel: string, limit: number, after: string | null): Promise<{ messageId: string; notice: AlertNotice }[]>;
  noteSent(messageIds: string[]): Promise<void>;
  /** The channel did not take them this time. */
  noteTrouble(messageIds: string[], reason: string): Promise<void>;
  /**
   * Has the alerts say what the record says, tells new channels of what is open, drops what nobody sends any more, and forgets what is long over.
   * May be repeated.
   */
  tidy(): Promise<{ dropped: number }>;
  /** Newest first. @param page.before an alert id: only older ones */
  page(page: { before: string | null; limit: number; openOnly: boolean; kind?: AlertKind }): Promise<AlertView[]>;
  countOpen(): Promise<Record<string, number>>;
  /** ISO time at which something was looked at last; `null`: never. */
  checkedAt(name: string): Promise<string | null>;
  noteChecked(name: string): Promise<void>;
  /** ISO time of the last webhook delivery; `null`: there was none. */
  lastDeliveryAt(): Promise<string | null>;
  /** How deliveries came in the thirty days up to that time. */
  deliveryRhythm(lastAt: string): Promise<DeliveryRhythm>;
  /** Readings of a kind that had trouble, since the last that had none. */
  troublesInARow(accountId: string, kind: ReadingKind): Promise<number>;
}

/** A way to tell a person. */
export interface AlertChannel {
  readonly name: string;
  /** How many notices one message may be about. */
  readonly atOnce: number;
  /**
   * Sends one message.
   * @throws Failure `AlertUnreachable` when the channel takes nothing now · `AlertRefused` when it does not take this
   */
  send(notices: AlertNotice[]): Promise<void>;
}

/** What the settings were at the last start of each role. */
export interface SettingsStore {
  /**
   * Compares the settings with those of the last start and has the difference in the audit log, in one transaction; may be repeated. If we die
   * here, the next start compares with the same as this one.
   * @returns the names of those that differ; at the first start all that have a value
   */
  note(role: 'api' | 'worker', version: string, settings: EffectiveSetting[]): Promise<string[]>;
}

/** What was entered, as this process can read it. */
export interface EnteredSettings {
  /** Differs whenever something was entered or taken back. */
  stamp: string;
  settings: EnteredSetting[];
  /** Sealed with a key that this process does not have, or changed by somebody in the database. */
  unopened: { name: string; keyId: string; why: 'no such key' | 'changed' }[];
}

/** Settings that people entered, sealed. */
export interface EnteredSettingsStore {
  /** Without a key nothing can be entered. */
  readonly canSeal: boolean;
  /** Empty while the database is not up to date. */
  read(): Promise<EnteredSettings>;
  /** All of the changes or none; may be repeated. */
  change(changes: EnteredChanges, by: string): Promise<void>;
}

/** The settings of the process that answers, and how a person changes those that may be entered. */
export interface SettingsDesk {
  /** What has to be set before anything can be mirrored, a sentence each. */
  readonly lacking: string[];
  /** Why nothing can be entered, and what to do; `null`: it can. */
  readonly whyClosed: string | null;
  look(): Promise<{
    settings: ShownSetting[];
    /** Something was entered that this process does not run by yet. */
    isBehind: boolean;
    /** Were entered and cannot be read; entering them again mends it. */
    unopened: string[];
  }>;
  /** Everything that forbids these changes, on top of what was entered so far. */
  problemsOf(changes: EnteredChanges): Promise<EnteredProblem[]>;
  /** What the audit log is told of them: values as they were and are; of a secret only what becomes of it. */
  told(changes: EnteredChanges): Promise<Record<string, SettingChange>>;
  /** All of them or none, checked before by {@link problemsOf}. If we die here, either all of them are entered or none; processes see it by themselves. */
  enter(changes: EnteredChanges, by: string): Promise<void>;
  /** Tries a connection as it would be with these changes; none: as it is. */
  probe(what: ProbeName, changes: EnteredChanges): Promise<{ probe: Probe } | { problems: EnteredProblem[] }>;
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

/** An answer as it is given again. `body` is `null` where it was not kept. */
export interface KeptAnswer {
  status: number;
  body: string | null;
  type: string | null;
}

/** Requests that carry a key of the sender's own making, and what they were answered. */
export interface AnswerStore {
  /**
   * In one statement, so that of two that come at once one is done.
   * @returns `mine`: do it, and {@link finish} · `answered`: it was done · `under_way`: somebody is doing it · `other`: the key was another request's
   */
  begin(request: {
    keyId: string;
    requestKey: string;
    digest: Uint8Array;
  }): Promise<{ state: 'mine' | 'under_way' | 'other' } | { state: 'answered'; answer: KeptAnswer }>;
  /** @param answer `null`: forget it, so that it can be sent again */
  finish(request: { keyId: string; requestKey: string }, answer: KeptAnswer | null): Promise<void>;
  forgetOld(): Promise<void>;
}

/** What changed in the last quarter of an hour. */
export interface ChangeStore {
  /** The last number that was given; `0`: none yet. */
  newest(): Promise<string>;
  /**
   * What changed after that number, in their order; some that came just before it too, since numbers are not told in their order.
   * @returns `null` when that is not known any more, or is more than `limit`
   */
  since(id: string, limit: number): Promise<Change[] | null>;
  forgetOld(): Promise<void>;
}

/** What people and programs look at, a page at a time. Read only. */
export interface OverviewStore {
  mirrors(query: MirrorQuery): Promise<MirrorPage>;
  countMirrors(filter: MirrorFilter): Promise<number>;
  /** By name. @param which.search part of it, in any case of letters */
  mirrorNames(which: { search: string | null; limit: number }): Promise<string[]>;
  /** @param limit of each kind */
  facets(limit: number): Promise<MirrorFacets>;
  totals(): Promise<Totals>;
  /** The last so many UTC days, the oldest first, also those on which nothing was. */
  syncDays(days: number): Promise<SyncDay[]>;
  mirror(mirrorId: string): Promise<MirrorView | null>;
  /** Newest first. @param page.before a sync id: only older ones */
  syncs(mirrorId: string, page: { before: string | null; limit: number }): Promise<SyncView[]>;
  /** Syncs that run, the oldest first. */
  underWay(limit: number): Promise<MirrorUnderWay[]>;
  /** Newest first. @param page.before a guid: only what came before that delivery; nothing when there is none */
  deliveries(page: DeliveryFilter & { before: string | null; limit: number }): Promise<DeliveryView[]>;
  delivery(guid: string): Promise<DeliveryDetail | null>;
  /**
   * Of `open` the next to be carried out first, else the newest first.
   * @param page.mirrorId only of that mirror
   * @param page.after a deletion id: only what comes after it in that order; nothing when there is none
   */
  deletions(page: {
    states: DeletionStates;
    mirrorId?: string | null;
    after: string | null;
    limit: number;
  }): Promise<DeletionView[]>;
  /** What is not over yet, the next to be carried out first. @param mirrorId only of that mirror */
  openDeletions(mirrorId?: string): Promise<DeletionView[]>;
  /** What the filters are about: everything that is starred, or was added by hand. */
  previewCandidates(): Promise<PreviewCandidate[]>;
}

/** What is watched from outside; read only, and as cheap as a look every few seconds needs it. */
export interface FiguresStore {
  read(): Promise<Figures>;
}

// --------------------------------------------------------------------------------------------------------------- control

/** What a person may tell a mirror; also the names of the signals. */
export type MirrorDecision = 'approveDeletion' | 'cancelDeletion' | 'syncNow' | 'pause' | 'resume';

/** What Temporal knows of our workflows' runs. All throw `TemporalUnavailable`. */
export interface WorkflowRuns {
  /** Those that ended in that time; the order is Temporal's. */
  closed(
    plan: ArchivePlan,
    page: { cursor: string | null; limit: number },
  ): Promise<{ runs: ClosedRun[]; next: string | null }>;
  running(workflowId: string): Promise<RunningRun[]>;
  /** As `temporal workflow show --output json` prints it; `null` when Temporal does not have it (any more). */
  history(run: { workflowId: string; runId: string }): Promise<string | null>;
}

/** How far the transfers are that run now. */
export interface RunningTransfers {
  /** @returns `null` when none of that repository runs @throws Failure `TemporalUnavailable` within 2 s */
  progress(
    repoId: RepoId,
  ): Promise<{ startedAt: string | null; attempt: number; latest: TransferProgress | null } | null>;
}

/** Reaches the workflows. */
export interface MirrorControl {
  /**
   * Starts the mirror's workflow or signals the running one.
   * @param options.deadlineMs default 3 s
   * @param options.accountId whose star list or batch it comes from: workers are shared fairly between accounts. Default: between owners of repositories
   * @returns the workflow id
   * @throws Failure `TemporalUnavailable` within the deadline
   */
  repoEvent(event: RepoEvent, options?: { deadlineMs?: number; accountId?: string }): Promise<{ workflowId: string }>;
  /**
   * Tells a mirror what a person decided. `syncNow`, `pause` and `resume` start its workflow when none runs; the two about a deletion need one
   * that waits.
   * @throws Failure `NothingPending` when a deletion is decided about and no workflow runs · `TemporalUnavailable` within 3 s
   */
  decide(
    mirror: Pick<Mirror, 'repoId' | 'fullName'>,
    decision: MirrorDecision,
    by: { by: string; reason?: string; acceptRewrites?: boolean },
  ): Promise<{ workflowId: string }>;
  /** Starts the reading of the star list unless one is running. */
  reconcile(): Promise<void>;
  /** Starts the draining of the inbox unless one is running. */
  drainInbox(): Promise<void>;
  /** Starts the workflow of a batch that is in the record, unless it is running. `beginBatch` does both. @throws Failure `TemporalUnavailable` */
  startBatch(batch: { batchId: string }): Promise<{ workflowId: string }>;
  /**
   * Asks the batch's workflow to end. `cancelBatch` of the domain also looks at the record.
   * @returns `found: false` when no workflow of it runs
   * @throws Failure `TemporalUnavailable`
   */
  cancelBatch(batchId: string): Promise<{ found: boolean }>;
  /** Has a channel's messages sent soon: wakes its workflow, or starts it. @throws Failure `TemporalUnavailable` */
  sendAlerts(channel: string): Promise<void>;
  /** @throws Failure `TemporalUnavailable` */
  ping(): Promise<void>;
}

/**
 * The order in which processes of one kind restart, so that there is always one of them. Each holds a place for as long as it
 * serves; whoever is to restart waits until the process in the place before has gone and somebody is there again.
 */
export interface Turns {
  /** Takes the first free place. May be repeated, and has to be after the connection broke. @throws Failure `DatabaseUnavailable` */
  join(): Promise<void>;
  /** To be asked again and again, from the moment on when everybody is to restart. @throws Failure `DatabaseUnavailable` */
  isOurs(): Promise<boolean>;
  /** Gives the place up. */
  leave(): Promise<void>;
}
