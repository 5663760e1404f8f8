import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Failure } from '../../domain/failures.ts';
import { endGroup } from './process-group.ts';

/** One run of git. */
export interface GitCall {
  args: string[];
  cwd: string;
  /** The whole environment; nothing is inherited. */
  env: Record<string, string>;
  input?: string;
  /** Each line of standard error as it comes, progress included. */
  onLine?: (line: string) => void;
  /** Gets standard output piece by piece; then it is not kept, may be of any length, and the result's `stdout` is empty. */
  onOutput?: (chunk: Buffer) => void;
}

export interface GitLimits {
  /** Aborting ends git and everything it started; the promise rejects with the signal's reason only after that. */
  signal: AbortSignal;
  /** Without a byte from or to git for this long, it is ended. */
  idleTimeoutMs: number;
  /** Told the process group as soon as there is one. */
  onStart?: (groupId: number) => Promise<void>;
  /** Told what git says on standard error, line by line, without its progress. */
  onText?: (line: string) => void;
}

export interface GitResult {
  exitCode: number;
  stdout: string;
  /** The last {@link KEPT_STDERR} characters without progress lines. */
  stderr: string;
}

/** A listing of a million refs is about 70 MB; more than this is no answer to anything we ask. */
const MAX_STDOUT_BYTES = 256 * 1024 * 1024;

export const KEPT_STDERR = 64 * 1024;

const INPUT_PIECE = 64 * 1024;

/** `Receiving objects:  12% (3/25), 1.2 MiB | 3.4 MiB/s`, also from the other side. */
const PROGRESS_LINE = /^(?:remote: )?[A-Z][A-Za-z ]+:\s+\d+(?:% \(\d+\/\d+\)|(?:, done\.)?\s*$)/;

/** Whether a line of git's only says how far it is. */
export function isProgress(line: string): boolean {
  return PROGRESS_LINE.test(line);
}

/**
 * Runs git in a process group of its own, so that it can be ended with everything it started. An exit code other than 0 is the caller's
 * to judge.
 * @throws Failure `GitMissing`; `TransferTimeout` after the idle timeout; `TransferKilled` when a signal that we did not send ended git; the reason of
 * `limits.signal` once nothing of it runs any more
 */
export async function runGit(call: GitCall, limits: GitLimits): Promise<GitResult> {
  limits.signal.throwIfAborted();
  const git = spawn('git', call.args, { cwd: call.cwd, env: call.env, detached: true });
  const ending = new Ending(git);
  const onAbort = () => ending.stop(limits.signal.reason);
  limits.signal.addEventListener('abort', onAbort, { once: true });
  const idle = new IdleTimer(limits.idleTimeoutMs, () => ending.stop(stoodStill(limits.idleTimeoutMs)));
  try {
    const output = collect(git, call, limits, idle, (why) => ending.stop(why));
    feed(git, call.input ?? '', idle);
    if (git.pid !== undefined) await limits.onStart?.(git.pid);
    const exit = await ending.wait();
    if (exit.code === null) {
      throw new Failure(
        'TransferKilled',
        `git ${call.args[0]} was ended by ${exit.signal}, which Starkeep did not send.`,
      );
    }
    return { exitCode: exit.code, stdout: output.stdout(), stderr: output.stderr() };
  } catch (error) {
    await ending.stop(error);
    throw spawnFailure(error, call.cwd);
  } finally {
    idle.clear();
    limits.signal.removeEventListener('abort', onAbort);
  }
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Follows a git to its end, or brings it about. */
class Ending {
  readonly #git: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<Exit>;
  #stopped: { reason: unknown; done: Promise<void> } | null = null;

  constructor(git: ChildProcessWithoutNullStreams) {
    this.#git = git;
    this.#closed = new Promise((resolve, reject) => {
      git.once('error', reject);
      git.once('close', (code, signal) => resolve({ code, signal }));
    });
    // `wait` tells; this keeps Node from ending the process when git fails to start before anybody waits.
    this.#closed.catch(() => undefined);
    // Somebody killed git alone: its helpers would hold our pipes open until they notice.
    git.once('exit', (code) => {
      if (code === null && git.pid !== undefined) void endGroup(git.pid);
    });
  }

  /** The first reason counts. Resolves when no process of the group is left. */
  stop(reason: unknown): Promise<void> {
    this.#stopped ??= { reason, done: this.#endAll() };
    return this.#stopped.done;
  }

  /** @throws the reason it was stopped for, after everything has ended */
  async wait(): Promise<Exit> {
    const exit = await this.#closed;
    if (this.#stopped !== null) {
      await this.#stopped.done;
      throw this.#stopped.reason;
    }
    // A helper that outlived git would go on writing into the cache after the lock is released.
    if (this.#git.pid !== undefined) await endGroup(this.#git.pid);
    return exit;
  }

  async #endAll(): Promise<void> {
    if (this.#git.pid === undefined) return;
    await endGroup(this.#git.pid);
    for (const stream of [this.#git.stdin, this.#git.stdout, this.#git.stderr]) stream.destroy();
  }
}

class IdleTimer {
  readonly #timeoutMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout;

  constructor(timeoutMs: number, onIdle: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
    this.#timer = setTimeout(onIdle, timeoutMs);
  }

  /** Something moved. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onIdle, this.#timeoutMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

function collect(
  git: ChildProcessWithoutNullStreams,
  call: GitCall,
  { onText }: GitLimits,
  idle: IdleTimer,
  stop: (reason: unknown) => Promise<void>,
): { stdout: () => string; stderr: () => string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  git.stdout.on('data', (chunk: Buffer) => {
    idle.touch();
    if (call.onOutput) return call.onOutput(chunk);
    bytes += chunk.byteLength;
    if (bytes <= MAX_STDOUT_BYTES) chunks.push(chunk);
    else
      void stop(
        new Failure('TransferFailed', `git ${call.args[0]} answered with more than ${MAX_STDOUT_BYTES} bytes.`),
      );
  });

  let kept = '';
  let rest = '';
  const take = (line: string) => {
    call.onLine?.(line);
    if (line.trim() === '' || isProgress(line)) return;
    onText?.(line.trimEnd());
    kept = `${kept}${line.trimEnd()}\n`.slice(-KEPT_STDERR);
  };
  git.stderr.setEncoding('utf8').on('data', (text: string) => {
    idle.touch();
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  git.stderr.once('end', () => take(rest));
  return { stdout: () => Buffer.concat(chunks).toString('utf8'), stderr: () => kept };
}

/** In pieces, because each piece that git takes is a sign of life. */
function feed(git: ChildProcessWithoutNullStreams, input: string, idle: IdleTimer): void {
  const bytes = Buffer.from(input);
  let at = 0;
  const next = () => {
    idle.touch();
    if (at >= bytes.length) {
      git.stdin.end();
      return;
    }
    git.stdin.write(bytes.subarray(at, (at += INPUT_PIECE)), (error) => {
      if (!error) next();
    });
  };
  // git may leave before it has read everything; why it left is in its exit code.
  git.stdin.on('error', () => git.stdin.destroy());
  next();
}

function stoodStill(timeoutMs: number): Failure {
  return new Failure('TransferTimeout', `git showed no progress for ${timeoutMs / 1000} s and was stopped.`);
}

function spawnFailure(error: unknown, cwd: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || syscall === undefined || !syscall.startsWith('spawn')) return error;
  if ((code === 'ENOENT' || code === 'EACCES') && existsSync(cwd)) {
    return new Failure('GitMissing', 'The program git was not found, or may not be run.', { cause: error });
  }
  return new Failure('TransferFailed', `git could not be started: ${code ?? error.message}.`, { cause: error });
}
