import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, type FailureKind } from '../domain/failures.ts';
import { serverEnvironment } from './environment.ts';
import { signal, type Claim } from './server-claim.ts';

/**
 * A server as a child process that ends when we end it, and not before: it has a session of its own, so that Ctrl-C in the terminal reaches
 * only us, and a watchdog, so that it does not outlive us.
 *
 * What is guaranteed when this process is killed with SIGKILL: the watchdog sees its pipe close and asks the server to end. Should the
 * watchdog be killed too, the next start ends the server (server-claim.ts).
 */

export interface ChildServerSpec {
  /** What people call it: `Postgres`, `Temporal`. */
  name: string;
  command: string;
  args: string[];
  cwd: string;
  uid?: number;
  gid?: number;
  /** Takes the server's output. Put aside as `<logFile>.1` at a start that finds it larger than 5 MB. */
  logFile: string;
  failure: FailureKind;
  /** Sent one after the other until it ends; each is given `timeoutMs`. SIGKILL comes last by itself. */
  stopWith: { signal: NodeJS.Signals; timeoutMs: number }[];
  /** Told once when the server ends without having been asked to, with a sentence. */
  onExit: (sentence: string) => void;
}

export interface ChildServer {
  readonly pid: number;
  /** Why it ended, in a sentence; `null` while it runs. */
  ended(): string | null;
  /** Waits until `ready` says yes. @throws Failure when the server ends first, or is not ready within `timeoutMs` */
  waitUntil(ready: () => Promise<boolean>, timeoutMs: number): Promise<void>;
  /** From now on an exit is told to `onExit`. Before, `waitUntil` tells it. */
  watch(): void;
  /** Ends it and waits for that; may be repeated. */
  stop(): Promise<void>;
}

const MAX_LOG_BYTES = 5 * 1024 * 1024;
const KILL_TIMEOUT_MS = 5_000;

/** Waits for a line before it becomes the server: whoever starts it writes the pid down first. If we die before that, it ends. */
const PAUSED_START = 'read -r go && exec "$@" </dev/null';

/** A line says that the server has ended or is being ended; the end of the pipe without one says that we are dead. */
const WATCHDOG = 'trap "" INT TERM HUP; read -r line || kill -s "$1" "$2"';

/** Starts a server. The pid is in the claim before the server runs its first instruction. */
export async function launch(spec: ChildServerSpec, claim: Claim): Promise<ChildServer> {
  const child = await spawnPaused(spec);
  try {
    const pid = child.pid ?? 0;
    await claim.holds(pid);
    const watchdog = await spawnWatchdog(pid, spec.stopWith[0]?.signal ?? 'SIGTERM');
    const server = superviseChild(spec, child, pid, watchdog);
    child.stdin?.write('go\n');
    return server;
  } finally {
    // Without a line before it, the end of its input ends the paused process.
    child.stdin?.end();
  }
}

/** The last lines of a log, to be part of an error. */
export async function logTail(file: string, lines = 6): Promise<string> {
  const text = await readFile(file, 'utf8');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

async function spawnPaused(spec: ChildServerSpec): Promise<ChildProcess> {
  await mkdir(dirname(spec.logFile), { recursive: true });
  await putLargeLogAside(spec.logFile);
  const log = await open(spec.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', PAUSED_START, 'sh', spec.command, ...spec.args], {
      cwd: spec.cwd,
      env: serverEnvironment(),
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
    // A pipe whose reader has ended says EPIPE; that the reader ended is told by its own exit event.
    child.stdin?.on('error', () => undefined);
    await once(child, 'spawn');
    return child;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(spec.failure, `${spec.name} could not be started: ${why}`, { cause: error });
  } finally {
    await log.close();
  }
}

async function spawnWatchdog(pid: number, stopSignal: NodeJS.Signals): Promise<ChildProcess> {
  const name = stopSignal.replace(/^SIG/, '');
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', name, String(pid)], {
    cwd: '/',
    env: serverEnvironment(),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.stdin?.on('error', () => undefined);
  await once(watchdog, 'spawn');
  return watchdog;
}

function superviseChild(spec: ChildServerSpec, child: ChildProcess, pid: number, watchdog: ChildProcess): ChildServer {
  let ended: string | null = null;
  let watched = false;
  let stopping: Promise<void> | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, killedBy) => {
      ended = `${spec.name} ended by itself (${killedBy ?? `exit code ${code}`}); its log is ${spec.logFile}.`;
      watchdog.stdin?.end('ended\n');
      if (watched && !stopping) spec.onExit(ended);
      resolve();
    });
  });
  const watchdogGone = new Promise<void>((resolve) => {
    watchdog.once('exit', () => resolve());
  });

  const end = async () => {
    for (const step of [...spec.stopWith, { signal: 'SIGKILL' as const, timeoutMs: KILL_TIMEOUT_MS }]) {
      if (ended !== null) break;
      signal(pid, step.signal);
      await withTimeout(gone, step.timeoutMs);
    }
    if (ended === null)
      throw new Failure(spec.failure, `${spec.name} (process ${pid}) does not end, not even when killed.`);
    await watchdogGone;
  };

  return {
    pid,
    ended: () => ended,
    watch: () => {
      watched = true;
      if (ended !== null && !stopping) spec.onExit(ended);
    },
    async waitUntil(ready, timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      for (let pauseMs = 10; ; pauseMs = Math.min(200, pauseMs * 2)) {
        const isReady = ended === null && (await ready());
        if (ended !== null) throw new Failure(spec.failure, `${ended} Its last lines:\n${await logTail(spec.logFile)}`);
        if (isReady) return;
        if (Date.now() >= deadline) {
          const lines = await logTail(spec.logFile);
          throw new Failure(
            spec.failure,
            `${spec.name} was not ready within ${timeoutMs / 1000} s. Its last lines:\n${lines}`,
          );
        }
        await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, pauseMs))]);
      }
    },
    stop: () => (stopping ??= end()),
  };
}

async function withTimeout(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}

async function putLargeLogAside(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 0;
      throw error;
    },
  );
  if (size > MAX_LOG_BYTES) await rename(logFile, `${logFile}.1`);
}
