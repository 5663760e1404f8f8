import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** How long processes have to end by themselves after SIGTERM; git uses it to remove its temporary files. */
const GRACE_MS = 2_000;

/** How long to wait for the kernel after SIGKILL. A process stuck in the kernel itself cannot be waited for sensibly. */
const KILL_MS = 2_000;

const POLL_MS = 20;

/**
 * Ends a process group (git, its git-remote-https, index-pack, ssh …) and resolves when no member runs any more: SIGTERM, two seconds of
 * grace, then SIGKILL. An empty or unknown group is no error.
 */
export async function endGroup(groupId: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM') || (await isGone(groupId, GRACE_MS))) return;
  signalGroup(groupId, 'SIGKILL');
  await isGone(groupId, KILL_MS);
}

/** Waits until no member of the group runs. @returns false when one still does after `withinMs` */
export async function isGone(groupId: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    if (!signalGroup(groupId, 0) || !(await hasRunning(groupId))) return true;
    if (performance.now() > until) return false;
    await delay(POLL_MS);
  }
}

/**
 * A process whose parent has ended and that has ended itself can stay for ever as a zombie where process 1 does not collect such (most
 * containers). It does nothing any more, but still counts for `kill`.
 */
async function hasRunning(groupId: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => statOf(Number(pid))));
  return stats.some((stat) => stat !== null && stat.group === groupId && stat.running);
}

/** @returns whether there was a process to take the signal */
function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // macOS answers EPERM for a group of zombies, where Linux answers ESRCH or nothing.
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * What tells a process from a later one with the same id: when it was started.
 * @returns `null` when there is no such process
 */
export async function startOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const stat = await statOf(pid);
    return stat?.running ? stat.start : null;
  }
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } });
    return stdout.trim() || null;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return null;
    throw error;
  }
}

/** Names the set of process ids ours belongs to: this boot of this machine, and in a container its own numbering. */
export async function processSpace(): Promise<string> {
  const boot = await readIfThere('/proc/sys/kernel/random/boot_id');
  const namespace = process.platform === 'linux' ? await readlink('/proc/self/ns/pid') : '';
  return [hostname(), boot?.trim() ?? '', namespace].join(' ').trim();
}

interface ProcessStat {
  running: boolean;
  group: number;
  start: string;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function statOf(pid: number): Promise<ProcessStat | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
  const [state, , group, ...others] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  if (state === undefined) return null;
  return { running: !/^[ZXx]$/.test(state), group: Number(group), start: others[16] ?? '' };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
}
