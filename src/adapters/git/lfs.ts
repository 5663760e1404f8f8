import { join } from 'node:path';
import type { LfsReport, MirrorId, Oid } from '../../domain/model.ts';
import type { GitRemote, Transfer, TransferContext } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import { createCacheFolder } from './cache.ts';
import type { CacheLock } from './cache-lock.ts';
import { asFailure, withCache } from './clone.ts';
import { DEFAULT_IDLE_TIMEOUT_MS } from './deadline.ts';
import type { Workspace } from './environment.ts';
import { createLfsServer } from './lfs-batch.ts';
import { lookAtTip } from './lfs-look.ts';
import { type Lacking, type LastLook, type LfsMemory, recall, remember } from './lfs-memory.ts';
import { createLfsMetadata, type LfsMetadata } from './lfs-metadata.ts';
import { createObjectMover } from './lfs-object.ts';
import type { LfsPointer } from './lfs-pointer.ts';
import { failureOf, type LfsOutcome, lfsReport, moveObjects } from './lfs-run.ts';
import { LfsTrouble } from './lfs-trouble.ts';
import { type ConnectionPool, createConnectionPool } from './smart-http.ts';

export interface LfsTransferOptions {
  /** The folder of bare caches; what this keeps is in `lfs` below it. Any number of workers may share it. */
  cacheDir: string;
  /** Larger objects are reported, not moved. */
  maxBytes: number;
  redact: Redact;
  userAgent: string;
  log?: (message: string, fields: Record<string, unknown>) => void;
  now?: () => number;
  /** How long nothing may move. Default 5 min. */
  idleTimeoutMs?: number;
  /** Connections that others use too. Default: its own. */
  pool?: ConnectionPool;
  /** Objects on their way at a time. Default 3. */
  concurrency?: number;
  /** Where PATH, proxies and certificate stores are taken from. Default: the environment of this process. */
  hostEnvironment?: NodeJS.ProcessEnv;
}

export interface LfsRequest {
  mirrorId: MirrorId;
  source: GitRemote;
  target: GitRemote;
  /** Changes whenever a ref of the source does: `SyncReport.sourceDigest`. */
  sourceDigest: string;
  /** What the source's default branch points at; `null`: it has none. Absent: the source is asked. */
  defaultTip?: Oid | null | undefined;
  /** Ask the target for every object, even if nothing has changed since it had them all. */
  full?: boolean;
}

export interface LfsTransfer {
  /**
   * Brings the target the Git LFS objects that the source's heads and tags name. Belongs after the refs; needs git, but no git-lfs.
   *
   * A repository that does not use Git LFS costs one exchange without file contents when its default branch has moved (two where its `.gitattributes`
   * changed), and none otherwise. One that does has a bare repository of its own on disk, of commits, trees and blobs under 1 KB; objects themselves
   * never touch the disk. What cannot be moved is in the report and no failure, whichever side is to blame.
   *
   * May be repeated at any time: if we die here, at whatever object, the next run asks the target again and moves what it lacks.
   * @returns `null` for a repository that does not use Git LFS
   * @throws Failure when the source's history cannot be read, `CacheBusy`, `DiskFull`; the reason of an aborted signal, after everything has ended
   */
  run(request: LfsRequest, context: TransferContext): Promise<LfsReport | null>;
  /** Cleans up after processes that died; belongs at the start of a worker. */
  sweep(): Promise<void>;
}

export const DEFAULT_LFS_CONCURRENCY = 3;

/** Who refuses an object today does so tomorrow too, until somebody buys quota or pushes what is missing. */
const REFUSED_AGAIN_MS = 24 * 60 * 60 * 1000;

/** One progress report for so many bytes is plenty. */
const PROGRESS_BYTES = 1024 * 1024;

const NOT_PARTIAL =
  'GitHub hands out histories only whole here (no partial fetch), so its LFS objects are not looked for.';

export function createLfsTransfer(options: LfsTransferOptions): LfsTransfer {
  const folder = createCacheFolder(join(options.cacheDir, 'lfs'));
  const { redact, log = () => undefined, now = Date.now, idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS } = options;
  const { pool = createConnectionPool() } = options;
  // eslint-disable-next-line no-restricted-properties -- PATH, proxies and certificate stores belong to the machine; they are no settings of ours
  const hostEnvironment = options.hostEnvironment ?? process.env;

  const runUnderLock = async (request: LfsRequest, context: TransferContext, lock: CacheLock, workspace: Workspace) => {
    const { mirrorId, source } = request;
    const limits = {
      signal: context.signal,
      idleTimeoutMs,
      onStart: (groupId: number) => lock.note(groupId),
    };
    const viaGit = await createLfsMetadata({ mirrorId, source, folder, workspace, limits, hostEnvironment, redact });
    const tipOptions = { source, pool, signal: context.signal, idleTimeoutMs, redact };
    const metadata: LfsMetadata = {
      ...viaGit,
      look: async (tip, plain) =>
        (tip === undefined ? null : await lookAtTip(tipOptions, tip, plain)) ?? viaGit.look(tip, plain),
    };
    const path = folder.pathOf(mirrorId).replace(/\.git$/, '.json');
    const memory = await lookAround(request, await recall(path), metadata);
    if (!memory.usesLfs || !memory.partial) {
      await remember(path, workspace.dir, memory);
      return memory.usesLfs ? { ...lfsReport(0, NOTHING_MOVED), unreadable: NOT_PARTIAL } : null;
    }
    const key = `${request.sourceDigest} ${request.target.url} ${options.maxBytes}`;
    const due = await whatIsDue(request, memory.looked?.key === key ? memory.looked : null, metadata);
    const moved = await move(request, context, due.pointers);
    const lacking = [...moved.failed.map((failure) => lackingSince(failure, now())), ...due.later];
    await remember(path, workspace.dir, { ...memory, looked: { key, objects: due.objects, lacking } });
    return lfsReport(due.objects, { ...moved, failed: lacking });
  };

  /** What waits is left alone until its time has come, unless something has changed or everything is wanted. */
  const whatIsDue = async ({ full }: LfsRequest, looked: LastLook | null, metadata: LfsMetadata) => {
    if (looked === null || full) {
      const pointers = await metadata.pointers();
      return { objects: pointers.length, pointers, later: [] };
    }
    const pointers = looked.lacking.filter(({ notBefore }) => notBefore <= now());
    return { objects: looked.objects, pointers, later: looked.lacking.filter(({ notBefore }) => notBefore > now()) };
  };

  const move = async (request: LfsRequest, context: TransferContext, pointers: LfsPointer[]): Promise<LfsOutcome> => {
    if (pointers.length === 0) return NOTHING_MOVED;
    const { maxBytes, concurrency = DEFAULT_LFS_CONCURRENCY } = options;
    const watch = createWatch(context.onProgress, now);
    try {
      const source = createLfsServer({ ...options, side: 'source', remote: request.source, now });
      const target = createLfsServer({ ...options, side: 'target', remote: request.target, now });
      const mover = createObjectMover({ ...options, source, target, idleTimeoutMs, onBytes: watch.bytes });
      const { signal } = context;
      const run = { source, target, mover, maxBytes, concurrency, signal, now, onDone: watch.object };
      return await moveObjects(pointers, run).finally(() => mover.close());
    } catch (error) {
      if (!(error instanceof LfsTrouble)) throw error;
      log('Git LFS objects cannot be moved', { mirrorId: request.mirrorId, reason: error.message });
      return { ...NOTHING_MOVED, failed: pointers.map((pointer) => failureOf(pointer, error)) };
    }
  };

  return {
    async run(request, context) {
      try {
        context.signal.throwIfAborted();
        return await withCache(folder, request, (lock, workspace) => runUnderLock(request, context, lock, workspace));
      } catch (error) {
        context.signal.throwIfAborted();
        throw asFailure(error, redact);
      }
    },
    sweep: () => folder.sweep(),
  };
}

/**
 * A transfer that brings the LFS objects too, after the refs: a ref whose objects are still on their way is no worse than one that is not there.
 * A sync that only compares looks at no object.
 */
export function withLfs(transfer: Transfer, lfs: LfsTransfer): Transfer {
  return {
    async run(request, context) {
      const report = await transfer.run(request, context);
      if (request.compareOnly) return report;
      const { mirrorId, source, target, knownDigest } = request;
      const { sourceDigest, defaultTip } = report;
      const told = await lfs.run(
        { mirrorId, source, target, sourceDigest, full: knownDigest === null, defaultTip },
        context,
      );
      if (told === null) return report;
      return { ...report, ...(told.transferred > 0 ? { outcome: 'changed' as const } : {}), lfs: told };
    },
  };
}

/** Whether the repository uses Git LFS, from memory where nothing that matters has moved since. */
async function lookAround(
  { sourceDigest, defaultTip }: LfsRequest,
  memory: LfsMemory | null,
  metadata: LfsMetadata,
): Promise<LfsMemory> {
  if (memory?.usesLfs && memory.partial) return memory;
  if (memory && (defaultTip === undefined ? memory.sourceDigest === sourceDigest : memory.tip === defaultTip)) {
    return memory;
  }
  const nothing = { usesLfs: false, plain: [], partial: true };
  const look = defaultTip === null ? nothing : await metadata.look(defaultTip, memory?.plain ?? []);
  return { version: 1, sourceDigest, tip: defaultTip ?? null, ...look, looked: null };
}

const NOTHING_MOVED: LfsOutcome = { transferred: 0, bytes: 0, skipped: 0, failed: [] };

function lackingSince(failure: LfsOutcome['failed'][number], nowMs: number): Lacking {
  const { retryAfterMs, ...facts } = failure;
  const waitMs = failure.problem === 'interrupted' ? (retryAfterMs ?? 0) : REFUSED_AGAIN_MS;
  return { ...facts, notBefore: nowMs + waitMs };
}

/** Objects and bytes since the beginning; the rate is their average. */
function createWatch(onProgress: TransferContext['onProgress'], now: () => number) {
  const startedAt = now();
  let [objects, bytes, toldAt] = [0, 0, 0];
  const tell = () => {
    toldAt = bytes;
    const bytesPerSecond = Math.round((bytes * 1000) / Math.max(1, now() - startedAt));
    onProgress({ phase: 'lfs', objects, bytes, bytesPerSecond, refsDone: 0, refsTotal: 0 });
  };
  return {
    object() {
      objects += 1;
      tell();
    },
    bytes(more: number) {
      bytes += more;
      if (bytes - toldAt >= PROGRESS_BYTES) tell();
    },
  };
}
