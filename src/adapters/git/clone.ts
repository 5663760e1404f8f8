import { Failure, toFailure } from '../../domain/failures.ts';
import type { SyncReport } from '../../domain/model.ts';
import type { Transfer, TransferContext, TransferRequest } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import { type CacheFolder, createCacheFolder } from './cache.ts';
import type { CacheLock } from './cache-lock.ts';
import { runClone } from './clone-run.ts';
import { DEFAULT_IDLE_TIMEOUT_MS, DEFAULT_OVERALL_TIMEOUT_MS, withDeadline } from './deadline.ts';
import type { Workspace } from './environment.ts';
import { createProgressWatch } from './progress-watch.ts';
import { DEFAULT_PUSH_CHUNK } from './push.ts';
import { createSession } from './session.ts';

export interface CloneTransferOptions {
  /** The folder of bare caches; made when it is missing. Any number of workers may share it. */
  cacheDir: string;
  /** For a whole transfer. Default 2 h. */
  overallTimeoutMs?: number;
  /** How long git may go without a byte of progress. Default 5 min. */
  idleTimeoutMs?: number;
  /** Refs in one push at most. Default 500. */
  pushChunk?: number;
  redact: Redact;
  log?: (message: string, fields: Record<string, unknown>) => void;
  /** Told what git says on standard error, line by line, without its progress. */
  onText?: (line: string) => void;
  now?: () => number;
  /** Where PATH, proxies and certificate stores are taken from. Default: the environment of this process. */
  hostEnvironment?: NodeJS.ProcessEnv;
}

/**
 * Transfer by a bare cache on disk: fetch from the source, push to the target. Needs git 2.31 or later, and `ssh` for SSH remotes.
 *
 * `run` throws `Failure`s only, besides the reason of an aborted signal; no process of it runs any more when it settles, and its temporary files are
 * gone. `sweep` belongs at the start of a worker: it removes what processes that died left in the folder.
 */
export function createCloneTransfer(options: CloneTransferOptions): Transfer & { sweep(): Promise<void> } {
  const folder = createCacheFolder(options.cacheDir);
  const { redact, now = Date.now, log = () => undefined } = options;
  // eslint-disable-next-line no-restricted-properties -- PATH, proxies and certificate stores belong to the machine; they are no settings of ours
  const hostEnvironment = options.hostEnvironment ?? process.env;

  const runUnderLock = async (
    request: TransferRequest,
    context: TransferContext,
    signal: AbortSignal,
    lock: CacheLock,
    workspace: Workspace,
  ): Promise<SyncReport> => {
    const watch = createProgressWatch(context.onProgress, now);
    const session = await createSession({
      request,
      folder,
      workspace,
      redact,
      hostEnvironment,
      onObjects: (progress) => watch.objects(progress),
      limits: {
        signal,
        idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
        onStart: (groupId) => lock.note(groupId),
        ...(options.onText ? { onText: options.onText } : {}),
      },
    });
    const pushChunk = options.pushChunk ?? DEFAULT_PUSH_CHUNK;
    return runClone({ request, session, watch, pushChunk, now, log });
  };

  return {
    run: (request, context) =>
      withDeadline(
        {
          signal: context.signal,
          timeoutMs: options.overallTimeoutMs ?? DEFAULT_OVERALL_TIMEOUT_MS,
          asFailure: (error) => asFailure(error, redact),
        },
        (signal) =>
          withCache(folder, request, (lock, workspace) => runUnderLock(request, context, signal, lock, workspace)),
      ),
    sweep: () => folder.sweep(),
  };
}

/** Lends the mirror's lock and a workspace, and takes both back, with whatever a git that did not finish left in the cache. */
export async function withCache<Result>(
  folder: CacheFolder,
  { mirrorId }: Pick<TransferRequest, 'mirrorId'>,
  work: (lock: CacheLock, workspace: Workspace) => Promise<Result>,
): Promise<Result> {
  const lock = await folder.lock(mirrorId);
  const clear = async () => {
    await folder.clearWorkspaces(mirrorId);
    await folder.clearLeftovers(mirrorId);
  };
  try {
    if (lock.takenOver) await clear();
    return await work(lock, await folder.workspace(mirrorId));
  } finally {
    try {
      await clear();
    } finally {
      await lock.release();
    }
  }
}

/** What remains of an error of this machine or of ours. */
export function asFailure(error: unknown, redact: Redact): Failure {
  if (error instanceof Failure) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure('DiskFull', 'The disk with the caches is full.', { cause: error });
  }
  const { message } = toFailure(error);
  return new Failure('TransferFailed', redact(message), { cause: error });
}
