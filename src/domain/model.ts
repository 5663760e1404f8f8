/**
 * The nouns. Everything here is plain JSON, because it crosses workflow boundaries: no Map, Set, Date or bigint.
 * A shape only ever gains optional fields; recorded histories hold the old ones.
 */

/** A git object id: 40 (SHA-1) lower-case hex digits. */
export type Oid = string;

/** A full ref name, such as `refs/heads/main`. */
export type RefName = string;

/** One ref of a repository. */
export interface Ref {
  name: RefName;
  oid: Oid;
  /** What an annotated tag points at in the end; absent for every other ref. */
  peeled?: Oid;
  /** The type of what the ref points at in the end, where that is known; a listing over the wire does not say. */
  peelsTo?: 'commit' | 'tree' | 'blob';
}

/** What a repository says of its refs when asked once. */
export interface RefListing {
  refs: Ref[];
  /** The branch HEAD points at (`refs/heads/main`), also when that branch has no commit yet; `null` when HEAD says nothing. */
  head: RefName | null;
}

/** GitHub's numeric repository id as a decimal string: it may exceed 2^53 one day. */
export type RepoId = string;

/** `github-<numeric repository id>`. Names change, ids do not. */
export type MirrorId = `github-${string}`;

/** @returns the mirror id of a GitHub repository. */
export function mirrorIdOf(repoId: RepoId): MirrorId {
  return `github-${repoId}`;
}

/** What upstream says of a repository: the few facts we act on or show. */
export interface SourceRepository {
  repoId: RepoId;
  /** `owner/name`, as it is called today. */
  fullName: string;
  cloneUrl: string;
  /** `git@host:owner/name.git`; used when an SSH key is configured for GitHub. */
  sshUrl: string | null;
  htmlUrl: string;
  description: string | null;
  /** Named by GitHub even when the repository is empty. */
  defaultBranch: string | null;
  visibility: 'public' | 'private' | 'internal';
  archived: boolean;
  disabled: boolean;
  fork: boolean;
  language: string | null;
  topics: string[];
  stars: number;
  /** GitHub's own hourly estimate in KB; 0 proves nothing. */
  sizeKb: number;
  /** ISO time of the last push, or `null`; a changed value means "maybe". */
  pushedAt: string | null;
  /** ISO time we starred it, where the answer says so. */
  starredAt?: string | null;
}

/** Every state a mirror can be in; also the values of the search attribute `MirrorStatus`. */
export const MIRROR_STATUSES = [
  'pending',
  'in_progress',
  'completed',
  'failed',
  'permanent_failure',
  'pending_deletion',
  'deleted',
  'frozen',
  'excluded',
  'paused',
  'held',
] as const;

export type MirrorStatus = (typeof MIRROR_STATUSES)[number];

/** What to do on the target when a repository is proven unstarred. */
export type UnstarPolicy = 'delete' | 'archive' | 'keep';

/** What to do when the target turns out to differ although the source has not changed. */
export type DriftPolicy = 'repair' | 'report';

/** What to do when upstream rewrites or deletes a branch. */
export type RewritePolicy = 'keep-old' | 'follow' | 'hold';

/**
 * How the star list is read. `quick`: new stars and recent pushes · `sweep`: everything, and what is missing · `list`: everything, where a
 * sweep cannot be had.
 */
export type ReadingKind = 'quick' | 'sweep' | 'list';

/** Why a sync runs. */
export const TRIGGERS = ['webhook', 'reconcile', 'manual', 'retry', 'batch'] as const;

export type Trigger = (typeof TRIGGERS)[number];

/** A ref the target would not take, and why. */
export interface DeclinedRef {
  name: RefName;
  reason: string;
}

/** One named part of a transfer. */
export interface Phase {
  name: string;
  durationMs: number;
}

/**
 * What one sync did. Counts and a bounded list cross the boundary, ref lists never do.
 */
export interface SyncReport {
  outcome: 'unchanged' | 'changed';
  transport: 'clone' | 'stream';
  /** Why it was cloned although it should have been streamed (`StreamObstacle`); absent when it went as asked for. */
  fallback?: string;
  /** SHA-256 over the source's heads, tags and HEAD; equal digests mean equal refs. */
  sourceDigest: string;
  refs: {
    /** Heads and tags at the source. */
    source: number;
    created: number;
    updated: number;
    /** Of `updated`: moved to something that does not contain the old tip. */
    forced: number;
    deleted: number;
    /** Old tips kept as `refs/starkeep/…`. */
    archived: number;
    declined: number;
  };
  /** The first {@link DECLINED_SHOWN} of the refs the target did not take. */
  declined: DeclinedRef[];
  /** Branches that upstream rewrote or deleted and that wait for a person (`STARKEEP_REWRITE_POLICY=hold`). */
  held: RefName[];
  defaultBranch: string | null;
  /** What that branch pointed at; absent where there is no such branch, or nobody noted it. */
  defaultTip?: Oid;
  /** Bytes of packs received from the source, as git told us. */
  bytes: number;
  objects: number;
  phases: Phase[];
  /** The target was not as the last sync left it, although the source was: found and repaired, or only found (`compareOnly`). */
  drift?: Drift;
  /** Both sides were looked at, and not only the source's digest. */
  compared?: true;
  /** Absent when the repository does not use Git LFS, or nobody looked. */
  lfs?: LfsReport;
}

/**
 * Why a Git LFS object is not on the target. `missing`: the source has it no more either · `too-large`: over our cap or the target's ·
 * `refused`: permission or quota · `mismatch`: the content is not what its id says · `interrupted`: the connection or a server failed.
 */
export type LfsProblem = 'missing' | 'too-large' | 'refused' | 'mismatch' | 'interrupted';

/** A Git LFS object the target does not have, and why. */
export interface LfsFailure {
  /** SHA-256 of the content: 64 hex digits. */
  oid: string;
  /** Bytes, as the pointer says. */
  size: number;
  problem: LfsProblem;
  reason: string;
}

/** What became of the Git LFS objects that the mirrored history names. `objects` is the sum of `transferred`, `skipped` and `failed`. */
export interface LfsReport {
  objects: number;
  transferred: number;
  /** Of the transferred. */
  bytes: number;
  /** The target had them already. */
  skipped: number;
  failed: number;
  /** The first {@link LFS_FAILURES_SHOWN} of the failed; those that were interrupted come first. */
  failures: LfsFailure[];
  /** Something was interrupted rather than refused: the next run tries it again, and it is worth making one soon. */
  again: boolean;
  /** Why the objects could not even be counted, in a sentence; the numbers are 0 then. */
  unreadable?: string;
}

/** How many failed Git LFS objects a report names; the count is always whole. */
export const LFS_FAILURES_SHOWN = 20;

/** Heads and tags that differ on the target without a change at the source. */
export interface Drift {
  refs: number;
  /** The whole project was gone. */
  projectMissing?: true;
  /** The first {@link DRIFT_SHOWN} of them; of a repair, none. */
  names: RefName[];
}

/** How many drifted refs a report names; the count is always whole. */
export const DRIFT_SHOWN = 20;

/** How many declined refs a report names; the count is always whole. */
export const DECLINED_SHOWN = 50;

/** What a running transfer tells its watchers. */
export interface TransferProgress {
  phase: 'listing' | 'fetching' | 'planning' | 'pushing' | 'verifying' | 'lfs';
  objects: number;
  bytes: number;
  bytesPerSecond: number;
  /** Refs already pushed, of how many. */
  refsDone: number;
  refsTotal: number;
}

/** The target's project that holds a mirror. */
export interface TargetProject {
  projectId: string;
  /** Full path on the target, such as `github/torvalds/linux`. */
  path: string;
}

/** A mirror as the record knows it. Times are ISO. */
export interface Mirror {
  mirrorId: MirrorId;
  accountId: string;
  repoId: RepoId;
  fullName: string;
  /** What upstream said last, as far as work needs it. */
  upstream: {
    cloneUrl: string | null;
    sshUrl: string | null;
    htmlUrl: string | null;
    description: string | null;
    defaultBranch: string | null;
    /** When it said so; `null`: never asked. */
    readAt: string | null;
    /** Its own estimate of the size; 0 proves nothing. */
    sizeBytes?: number;
  };
  status: MirrorStatus;
  /** The status in a sentence, where there is more to say. */
  statusNote: string | null;
  starred: boolean;
  /** Kept whatever the star list says: added by hand. */
  pinned: boolean;
  /** Who called a deletion off, and so keeps it although it is unstarred. */
  keptBy: string | null;
  paused: boolean;
  project: TargetProject | null;
  sourceDigest: string | null;
  retryCount: number;
  nextAttemptAt: string | null;
  lastErrorKind: string | null;
  lastErrorMessage: string | null;
  declinedCount: number;
  /** The first {@link DECLINED_SHOWN} refs the target did not take at the last sync. */
  declined?: DeclinedRef[];
  /** Heads and tags at the source at the last sync. */
  sourceRefs: number | null;
  deleteAt: string | null;
  lastSyncedAt: string | null;
  lastCheckedAt: string | null;
}
