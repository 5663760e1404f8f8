/**
 * Every way something can fail, in one closed table. Whether to retry, the HTTP status, the metric label (the kind itself) and what
 * the operator should do are columns of it. Adapters translate foreign errors into these kinds once; above them nobody reads
 * message text.
 */

interface FailureRow {
  /** `later`: the same attempt may work by itself. `never`: nothing changes until somebody or something else does. */
  retry: 'later' | 'never';
  /** What our own API answers when this ends a request. */
  httpStatus: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503;
  /** Expected waiting rather than an error: not logged as one, not counted as one. */
  benign?: true;
  /** What the operator sees as "what to do". */
  hint: string;
}

export const FAILURES = {
  // GitHub
  SourceUnreachable: {
    retry: 'later',
    httpStatus: 502,
    hint: 'GitHub did not answer. Check the network, a proxy, and GITHUB_API_URL / GITHUB_URL; it is tried again by itself.',
  },
  SourceUntrusted: {
    retry: 'later',
    httpStatus: 502,
    hint: "The certificate of GitHub's server, or of a proxy before it, is not trusted, so nothing was sent. If it is from a CA of your own, name that CA's certificate in STARKEEP_CA_FILE; if it has expired or is for another name, it has to be renewed.",
  },
  SourceError: {
    retry: 'later',
    httpStatus: 502,
    hint: 'GitHub answered with an error of its own. It is tried again by itself; see githubstatus.com.',
  },
  SourceBadResponse: {
    retry: 'later',
    httpStatus: 502,
    hint: 'GitHub sent something this version does not understand. Check that GITHUB_API_URL is a REST base; if it is, report it.',
  },
  SourceRateLimited: {
    retry: 'later',
    httpStatus: 503,
    benign: true,
    hint: "GitHub's rate limit is used up. Starkeep waits until GitHub says to go on; a token raises the limit from 60 to 5,000 an hour.",
  },
  SourceUnauthorized: {
    retry: 'never',
    httpStatus: 502,
    hint: 'GitHub refused the token. Make a new one (Starring: read, Metadata: read, Contents: read for private repositories) and set GITHUB_TOKEN.',
  },
  SourceForbidden: {
    retry: 'never',
    httpStatus: 502,
    hint: 'The token is valid but lacks a permission. Give it Starring: read and Metadata: read (and Contents: read for private repositories), or authorise it for the organisation.',
  },
  SourceGone: {
    retry: 'never',
    httpStatus: 404,
    hint: 'GitHub says there is no such repository, or this token may not see it. What was mirrored before is kept as it is.',
  },
  SourceBlocked: {
    retry: 'never',
    httpStatus: 404,
    hint: 'GitHub blocks this repository (DMCA or terms of service). What was mirrored before is kept as it is.',
  },
  SourceUnsupported: {
    retry: 'never',
    httpStatus: 502,
    hint: 'This GitHub server does not offer what was asked for. Starkeep goes on with what it offers.',
  },
  SourceForeignUrl: {
    retry: 'never',
    httpStatus: 502,
    hint: 'GitHub named a clone address on another host than GITHUB_URL, and credentials are never sent there. Set GITHUB_URL to the web base of the same server as GITHUB_API_URL.',
  },
  SourceEmptied: {
    retry: 'never',
    httpStatus: 409,
    hint: 'The repository had branches and tags and now lists none. Nothing was removed; look at it upstream. It goes on by itself once it lists refs again.',
  },
  ObjectFormatUnsupported: {
    retry: 'never',
    httpStatus: 422,
    hint: 'This is a SHA-256 repository, and OneDev keeps SHA-1 repositories only. It cannot be mirrored there.',
  },
  // OneDev
  TargetUnreachable: {
    retry: 'later',
    httpStatus: 502,
    hint: 'OneDev did not answer. Check that it runs and that ONEDEV_URL is the address this machine can reach; it is tried again by itself.',
  },
  TargetUntrusted: {
    retry: 'later',
    httpStatus: 502,
    hint: "OneDev's certificate is not trusted, so nothing was sent. If it is from a CA of your own, name that CA's certificate in STARKEEP_CA_FILE; if it has expired or is for another name than the one in ONEDEV_URL, it has to be renewed.",
  },
  TargetStarting: {
    retry: 'later',
    httpStatus: 503,
    hint: 'OneDev is starting, upgrading or in maintenance. It is tried again by itself.',
  },
  TargetError: {
    retry: 'later',
    httpStatus: 502,
    hint: 'OneDev answered with an error. The message says which; it is tried again by itself.',
  },
  TargetBadResponse: {
    retry: 'later',
    httpStatus: 502,
    hint: 'OneDev sent something this version does not understand. Check that ONEDEV_URL is its root address and that it is version 12 or later.',
  },
  TargetUnauthorized: {
    retry: 'never',
    httpStatus: 502,
    hint: 'OneDev refused the token. Make a new one in OneDev (My Profile, Access Tokens) and set ONEDEV_TOKEN.',
  },
  TargetForbidden: {
    retry: 'never',
    httpStatus: 502,
    hint: 'The OneDev token may not do this. It needs "create child projects", code write and manage below ONEDEV_PARENT (and the right to create root projects if ONEDEV_PARENT does not exist yet).',
  },
  TargetPathTaken: {
    retry: 'never',
    httpStatus: 409,
    hint: 'Every name this mirror could have on OneDev belongs to projects that Starkeep did not make. Rename or move one of them.',
  },
  TargetNotOurs: {
    retry: 'never',
    httpStatus: 409,
    hint: "The project on OneDev does not carry this mirror's marker in its description, so Starkeep does not touch it. Put the marker line back, or delete the project by hand.",
  },
  UnstarUnproven: {
    retry: 'later',
    httpStatus: 409,
    hint: 'A deletion was due, and GitHub could not prove once more that the repository is unstarred. It is asked again by itself; after twelve times a person decides.',
  },
  TargetHasChildren: {
    retry: 'never',
    httpStatus: 409,
    hint: 'Somebody made projects below this one on OneDev, and deleting it would delete them too. Move them, then approve the deletion again.',
  },
  TargetProjectMissing: {
    retry: 'later',
    httpStatus: 502,
    hint: 'The project disappeared from OneDev during the sync. It is made anew on the next attempt.',
  },
  TargetChanged: {
    retry: 'later',
    httpStatus: 409,
    hint: 'Somebody changed the mirror on OneDev while it was being synced; nothing was overwritten. It is tried again by itself.',
  },
  TargetDiffers: {
    retry: 'later',
    httpStatus: 502,
    hint: 'After the push OneDev does not list what was pushed. It is tried again by itself; if it stays, look at OneDev’s log.',
  },
  // Transfer
  TransferFailed: {
    retry: 'later',
    httpStatus: 502,
    hint: 'git ended with an error; the message has its last lines. It is tried again by itself.',
  },
  StreamImpossible: {
    retry: 'never',
    httpStatus: 422,
    hint: 'STARKEEP_TRANSFER is `stream`, and this repository cannot be streamed; the message says why. Set it to `auto` or `clone`.',
  },
  TransferTimeout: {
    retry: 'later',
    httpStatus: 502,
    hint: 'The transfer took longer than allowed, or stood still. It is tried again by itself, going on from what is already there.',
  },
  TransferKilled: {
    retry: 'later',
    httpStatus: 502,
    hint: 'git was killed, often for want of memory. It is tried again by itself; give the worker more memory if it stays.',
  },
  DiskFull: {
    retry: 'later',
    httpStatus: 503,
    hint: 'The disk with STARKEEP_DATA_DIR is full. Free space there; it is tried again by itself.',
  },
  CacheBusy: {
    retry: 'later',
    httpStatus: 503,
    hint: 'Another process is working on the same repository in this data folder. It is tried again by itself.',
  },
  GitMissing: {
    retry: 'never',
    httpStatus: 503,
    hint: 'The program git (2.31 or later) was not found on this machine. Install it where the worker runs.',
  },
  // Ourselves
  DatabaseUnavailable: {
    retry: 'later',
    httpStatus: 503,
    hint: 'Postgres did not answer. Check DATABASE_URL and the server; it is tried again by itself.',
  },
  DatabaseOutdated: {
    retry: 'never',
    httpStatus: 503,
    hint: 'Run `starkeep migrate` (with the DATABASE_URL of this process) and start again.',
  },
  TemporalUnavailable: {
    retry: 'later',
    httpStatus: 503,
    hint: 'Temporal did not answer. Check TEMPORAL_ADDRESS and the server; deliveries wait in the inbox until it is back.',
  },
  PayloadKeyMissing: {
    retry: 'later',
    httpStatus: 409,
    hint: 'Temporal holds something encrypted with a key that this process does not have. Add that key behind the others in STARKEEP_PAYLOAD_KEYS, the same for every api, worker and command, and restart; nothing is lost meanwhile.',
  },
  TemporalUnusable: {
    retry: 'never',
    httpStatus: 503,
    hint: 'Temporal cannot be used as it is; the message says why. Set TEMPORAL_CLI to a temporal binary (1.3 or later), or TEMPORAL_ADDRESS to a server whose namespace is free for Starkeep.',
  },
  MirrorUnknown: {
    retry: 'never',
    httpStatus: 404,
    hint: 'There is no mirror with this id.',
  },
  AccountUnknown: {
    retry: 'later',
    httpStatus: 503,
    hint: 'It is not known yet whose stars these are. GitHub is asked at start; check GITHUB_TOKEN or GITHUB_LOGIN.',
  },
  AccountMismatch: {
    retry: 'never',
    httpStatus: 409,
    hint: 'GITHUB_TOKEN belongs to another account than the one this installation mirrors. Set the token of that account, or start with a new database for the other one. Nothing is deleted meanwhile.',
  },
  NothingPending: {
    retry: 'never',
    httpStatus: 409,
    hint: 'No workflow of this mirror waits for a decision about a deletion. `starkeep show` says how the mirror is; `starkeep sync` has GitHub asked anew.',
  },
  BatchUnknown: {
    retry: 'never',
    httpStatus: 404,
    hint: 'There is no batch with this id. `starkeep batches` lists them.',
  },
  BatchEnded: {
    retry: 'never',
    httpStatus: 409,
    hint: 'The batch is over, so there is nothing to cancel. `starkeep batches show` says how it ended.',
  },
  RestoredBefore: {
    retry: 'never',
    httpStatus: 409,
    hint: 'An old tip that was brought back has been changed since, and what was changed is kept nowhere else. Rename or delete that branch on OneDev, then restore again.',
  },
  ArchiveUnknown: {
    retry: 'never',
    httpStatus: 404,
    hint: '`starkeep history` lists the old tips that were kept; the message says what is missing or has to be said.',
  },
  BackupUnusable: {
    retry: 'never',
    httpStatus: 409,
    hint: 'The message says why. Nothing was restored, and the database is as it was.',
  },
  DataFolderInUse: {
    retry: 'never',
    httpStatus: 409,
    hint: 'One data folder belongs to one running Starkeep. Use the one that runs (`starkeep list`), stop it, or choose another STARKEEP_DATA_DIR.',
  },
  DeletionUnproven: {
    retry: 'never',
    httpStatus: 409,
    hint: 'It could not be proven that the repository was unstarred, so nothing is deleted.',
  },
  DeletionOverBudget: {
    retry: 'never',
    httpStatus: 409,
    hint: 'More deletions than STARKEEP_DELETE_BUDGET allows. Approve this one by hand, or wait.',
  },
  AlertUnreachable: {
    retry: 'later',
    httpStatus: 502,
    hint: 'A channel for alerts did not answer, or not well. Check its STARKEEP_ALERT_… settings and the way there; it is tried again by itself, and the other channels do not wait for it.',
  },
  AlertRefused: {
    retry: 'later',
    httpStatus: 502,
    hint: 'A channel for alerts refused a message. Check its STARKEEP_ALERT_… settings (`starkeep alerts test` tries them); it is tried again by itself for a week.',
  },
  TelemetryUnreachable: {
    retry: 'later',
    httpStatus: 502,
    hint: 'A receiver of log lines or spans did not answer, or not well. Check its STARKEEP_LOG_… or OTEL_… settings and the way there. What cannot be sent waits in memory, is tried again by itself, and is on standard output meanwhile; nothing else waits for it.',
  },
  Unexpected: {
    retry: 'later',
    httpStatus: 500,
    hint: 'Something happened that Starkeep has no name for; the log has the details. It is tried again by itself; please report it.',
  },
} as const satisfies Record<string, FailureRow>;

export type FailureKind = keyof typeof FAILURES;

export const FAILURE_KINDS = Object.keys(FAILURES) as FailureKind[];

export function isFailureKind(text: unknown): text is FailureKind {
  return typeof text === 'string' && Object.hasOwn(FAILURES, text);
}

/** @returns the kind that the text names, and `Unexpected` where it names none: what is counted by kind has so many values and no more */
export function toFailureKind(text: unknown): FailureKind {
  return isFailureKind(text) ? text : 'Unexpected';
}

/** The row of a kind, with every column present. */
export function failureRow(kind: FailureKind): FailureRow {
  return FAILURES[kind];
}

export interface FailureOptions {
  cause?: unknown;
  /** How long the other side asked us to wait before the next attempt. */
  retryAfterMs?: number;
}

/**
 * The one error class. `message` says what happened in words a person understands, without secrets; `kind` says what follows
 * from it.
 */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }

  get row(): FailureRow {
    return failureRow(this.kind);
  }
}

/** @returns the error itself when it is a Failure already, else it wrapped as `fallback` with its message kept as the cause. */
export function toFailure(error: unknown, fallback: FailureKind = 'Unexpected'): Failure {
  if (error instanceof Failure) return error;
  return new Failure(fallback, error instanceof Error ? error.message : String(error), { cause: error });
}
