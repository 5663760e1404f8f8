import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { serverEnvironment } from './environment.ts';

/**
 * Which process a pid means. Pids are used again, so a pid that was written down says nothing without the time its process started.
 * Linux and macOS. Holds within one machine and one pid namespace: a process in another container is not seen.
 */

const run = promisify(execFile);

/**
 * @returns a text that no other process of this machine ever has, across reboots too; `null` when no such process runs (a zombie does not)
 */
export async function processIdentity(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

/** The command line of a process, its arguments separated by spaces; `null` when no such process runs. */
export async function processCommand(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return ps(pid, 'command');
  const raw = await readIfThere(`/proc/${pid}/cmdline`);
  return raw === null ? null : raw.replaceAll('\0', ' ').trim();
}

/** Waits until the process with this identity is gone. @returns false when it still runs after `timeoutMs` */
export async function waitUntilGone(pid: number, identity: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while ((await processIdentity(pid)) === identity) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

/** Field 22 of `/proc/PID/stat` is the start in ticks since boot. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function linuxIdentity(pid: number): Promise<string | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = fields[19];
  if (startTicks === undefined || state === 'Z' || state === 'X') return null;
  const boot = (await readIfThere('/proc/sys/kernel/random/boot_id')) ?? '';
  return `${boot.trim()}/${startTicks}`;
}

async function psIdentity(pid: number): Promise<string | null> {
  const state = await ps(pid, 'state');
  return state === null || state.startsWith('Z') ? null : ps(pid, 'lstart');
}

async function ps(pid: number, column: string): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', `${column}=`, '-p', String(pid)], {
      env: serverEnvironment(),
    });
    return stdout.trim() || null;
  } catch (error) {
    // `ps` exits 1 when there is no such process; that it cannot be run at all is another matter.
    if (typeof (error as { code?: unknown }).code === 'number') return null;
    throw error;
  }
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
