import type { AlertNotice } from './alerts.ts';
import type { HistoryLine } from './archives.ts';
import type { EnteredChanges, EnteredProblem, ShownSetting } from './entered-settings.ts';
import type { RepoEvent } from './events.ts';
import type { ArchivePlan, ClosedRun, RunningRun } from './histories.ts';
import type { Probe, ProbeName } from './probes.ts';
import type { ArchivedTip } from './refs.ts';
import type { SettingChange } from './seen-settings.ts';
import type {
  Mirror,
  MirrorId,
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

// ---------------------------------------------------------------------------------------------------------------- people

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
