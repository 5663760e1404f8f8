import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../../domain/failures.ts';
import type { MirrorId } from '../../domain/model.ts';
import { type CacheLock, isStale, takeLock } from './cache-lock.ts';
import type { Workspace } from './environment.ts';

/**
 * The folder of bare caches: `<mirrorId>.git`, its lock `<mirrorId>.lock`, and under `tmp/` the workspaces of runs. A cache saves fetching
 * everything again and holds nothing that cannot be fetched again: it is thrown away at the first doubt.
 */
export interface CacheFolder {
  /** @throws Failure `CacheBusy` */
  lock(mirrorId: MirrorId): Promise<CacheLock>;
  /** Where the mirror's bare repository is, or would be. */
  pathOf(mirrorId: MirrorId): string;
  /** A private directory of mode 0700; whoever holds the lock removes it. */
  workspace(mirrorId: MirrorId): Promise<Workspace>;
  /** Removes all workspaces of the mirror. Call only with its lock held. */
  clearWorkspaces(mirrorId: MirrorId): Promise<void>;
  /** Removes lock and temporary files that a git left behind that was not allowed to finish. Call only with the lock held. */
  clearLeftovers(mirrorId: MirrorId): Promise<void>;
  /** Removes the cache. Call only with the lock held. */
  discard(mirrorId: MirrorId): Promise<void>;
  /** Cleans up after processes that died; mirrors being worked on by a living process are left alone. */
  sweep(): Promise<void>;
}

export function createCacheFolder(folderPath: string): CacheFolder {
  // git runs in another directory than we do.
  const cacheDir = resolve(folderPath);
  const tmp = join(cacheDir, 'tmp');
  const pathOf = (mirrorId: string) => join(cacheDir, `${mirrorId}.git`);
  const lockOf = (mirrorId: string) => join(cacheDir, `${mirrorId}.lock`);

  const folder: CacheFolder = {
    pathOf,
    async lock(mirrorId) {
      if (!/^[a-z]+-[0-9A-Za-z]+$/.test(mirrorId)) throw new Failure('Unexpected', `"${mirrorId}" is no mirror id.`);
      await mkdir(tmp, { recursive: true, mode: 0o700 });
      return takeLock(lockOf(mirrorId));
    },
    async workspace(mirrorId) {
      const dir = await mkdtemp(join(tmp, `${mirrorId}.`));
      const home = join(dir, 'home');
      await mkdir(home, { mode: 0o700 });
      return { dir, home };
    },
    async clearWorkspaces(mirrorId) {
      const own = (await namesIn(tmp)).filter((name) => mirrorOf(name) === mirrorId);
      await Promise.all(own.map((name) => rm(join(tmp, name), { recursive: true, force: true })));
    },
    async clearLeftovers(mirrorId) {
      const cache = pathOf(mirrorId);
      const names = await readdir(cache, { recursive: true }).catch(absentAsEmpty);
      const leftovers = names.filter((name) => LEFTOVER.test(name));
      await Promise.all(leftovers.map((name) => rm(join(cache, name), { recursive: true, force: true })));
    },
    async discard(mirrorId) {
      // Moved first: if we die here, the next run finds no cache rather than half of one, and the rest among the workspaces.
      const aside = await mkdtemp(join(tmp, `${mirrorId}.`));
      await rename(pathOf(mirrorId), join(aside, 'discarded.git')).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await rm(aside, { recursive: true, force: true });
    },
    async sweep() {
      // Read before the locks are: a workspace is made under its lock, so one that is here while no lock is has lost its owner.
      const workspaces = await namesIn(tmp);
      const busy = new Set<string>();
      for (const name of await namesIn(cacheDir)) {
        if (DRAFT.test(name)) await removeOld(join(cacheDir, name));
        else if (name.endsWith('.lock') && !(await sweepMirror(mirrorOf(name) as MirrorId))) busy.add(mirrorOf(name));
      }
      const ownerless = workspaces.filter((name) => !busy.has(mirrorOf(name)));
      await Promise.all(ownerless.map((name) => rm(join(tmp, name), { recursive: true, force: true })));
    },
  };

  /** @returns false when a living process works on the mirror */
  async function sweepMirror(mirrorId: MirrorId): Promise<boolean> {
    const lock = (await isStale(lockOf(mirrorId))) ? await takeLock(lockOf(mirrorId)).catch(busyAsNull) : null;
    if (lock === null) return false;
    try {
      await folder.clearLeftovers(mirrorId);
      return true;
    } finally {
      await lock.release();
    }
  }

  return folder;
}

/** Which files git makes for the time of one operation: lock files, packs and loose objects being written, quarantined pushes, gc's mark. */
const LEFTOVER = /(?:^|\/)(?:[^/]+\.lock|tmp_[^/]+|\.tmp-[^/]+|gc\.pid)$/;

/** A lock being taken or changed; see cache-lock.ts. */
const DRAFT = /\.lock\.[0-9a-f-]{36}$/;

/** A draft lives for milliseconds; an older one belongs to a process that died. */
const DRAFT_MS = 60_000;

/** `github-1.x7Tz2a` → `github-1`. */
function mirrorOf(name: string): string {
  return name.split('.')[0] ?? '';
}

async function removeOld(path: string): Promise<void> {
  const file = await stat(path).catch(absentAsNull);
  if (file !== null && Date.now() - file.mtimeMs > DRAFT_MS) await rm(path, { force: true });
}

async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch(absentAsEmpty);
}

function absentAsEmpty(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

function absentAsNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function busyAsNull(error: unknown): null {
  if (error instanceof Failure && error.kind === 'CacheBusy') return null;
  throw error;
}
