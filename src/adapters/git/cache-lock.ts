import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { Failure } from '../../domain/failures.ts';
import { endGroup, isGone, processSpace, startOf } from './process-group.ts';

/** Who holds a lock, and the git that runs under it. */
interface Holder {
  /** See {@link processSpace}: only inside one space can a process id be judged. */
  space: string;
  pid: number;
  start: string;
  git: { groupId: number; start: string } | null;
}

export interface CacheLock {
  /** The previous holder died without releasing it: whatever it was doing is half done. */
  readonly takenOver: boolean;
  /** Notes the process group now at work, so that whoever takes over can end it first. */
  note(groupId: number): Promise<void>;
  release(): Promise<void>;
}

const TOUCH_EVERY_MS = 15_000;

/** Of a holder that cannot be judged (another machine or container on the same disk): untouched for this long means dead. */
const UNTOUCHED_MS = 120_000;

/** How long the helpers of a dead git may take to notice. */
const ORPHAN_MS = 5_000;

/**
 * Takes the lock on a mirror's cache. It is a file naming its holder, so it outlives a crash: if we die here, the next run sees that the holder
 * is dead, ends the git that it left behind, and takes over.
 * @throws Failure `CacheBusy` while a living process holds it
 */
export async function takeLock(path: string): Promise<CacheLock> {
  const holder: Holder = {
    space: await processSpace(),
    pid: process.pid,
    start: (await startOf(process.pid)) ?? '',
    git: null,
  };
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
    if (await linked(draft, path)) return heldLock(path, holder, false);
    await clearStale(path);
    if (await linked(draft, path)) return heldLock(path, holder, true);
    throw busy();
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether a lock file is there whose holder is dead. */
export async function isStale(path: string): Promise<boolean> {
  const text = await readIfThere(path);
  return text !== null && !(await isAlive(path, text));
}

function heldLock(path: string, holder: Holder, takenOver: boolean): CacheLock {
  const touch = setInterval(() => {
    const now = new Date();
    // A failed touch is tried again; only a holder on another machine would ever look at the time.
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  touch.unref();
  return {
    takenOver,
    async note(groupId) {
      holder.git = { groupId, start: (await startOf(groupId)) ?? '' };
      const draft = `${path}.${randomUUID()}`;
      await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
      await rename(draft, path);
    },
    async release() {
      clearInterval(touch);
      await rm(path, { force: true });
    },
  };
}

/** Removes a lock whose holder is dead. @throws Failure `CacheBusy` */
async function clearStale(path: string): Promise<void> {
  const text = await readIfThere(path);
  if (text === null) return;
  if (await isAlive(path, text)) throw busy();
  await endOrphan(text);
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    // Somebody else took over between our look and the rename: what we moved is theirs and goes back.
    if ((await readFile(aside, 'utf8')) !== text) {
      await linked(aside, path);
      throw busy();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function isAlive(path: string, text: string): Promise<boolean> {
  const holder = parseHolder(text);
  if (holder !== null && holder.space === (await processSpace())) return (await startOf(holder.pid)) === holder.start;
  const touched = await stat(path).then(
    (file) => file.mtimeMs,
    () => 0,
  );
  return Date.now() - touched < UNTOUCHED_MS;
}

/** A git of a worker that was killed runs on until it next writes to its pipes; two of them in one cache would harm each other. */
async function endOrphan(text: string): Promise<void> {
  const holder = parseHolder(text);
  if (holder?.git == null || holder.space !== (await processSpace())) return;
  const { groupId, start } = holder.git;
  if ((await startOf(groupId)) === start) await endGroup(groupId);
  else if (!(await isGone(groupId, ORPHAN_MS))) throw busy();
}

function parseHolder(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    const fits = typeof value === 'object' && value !== null && 'space' in value && 'pid' in value && 'start' in value;
    return fits ? (value as Holder) : null;
  } catch {
    // Cut short by a full disk or a crash: nobody can hold it by that.
    return null;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function busy(): Failure {
  return new Failure('CacheBusy', 'Another process is working on the same repository in this data folder.');
}
