import { Failure } from '../../domain/failures.ts';

export const DEFAULT_OVERALL_TIMEOUT_MS = 2 * 60 * 60 * 1000;
export const DEFAULT_IDLE_TIMEOUT_MS = 5 * 60 * 1000;

/**
 * Lends a signal that aborts when the caller's does, and after so long.
 * @throws Failure `TransferTimeout`, or the reason of the caller's signal; otherwise what `asFailure` makes of an error
 */
export async function withDeadline<Result>(
  options: { signal: AbortSignal; timeoutMs: number; asFailure: (error: unknown) => unknown },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { timeoutMs } = options;
  const overall = new AbortController();
  const timer = setTimeout(() => overall.abort(tookTooLong(timeoutMs)), timeoutMs);
  const signal = AbortSignal.any([options.signal, overall.signal]);
  try {
    signal.throwIfAborted();
    return await work(signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw options.asFailure(error);
  } finally {
    clearTimeout(timer);
  }
}

function tookTooLong(timeoutMs: number): Failure {
  return new Failure('TransferTimeout', `The transfer took longer than ${timeoutMs / 60_000} minutes and was stopped.`);
}

/** What to say when {@link createIdleWatch} has noticed it. */
export function stoodStill(timeoutMs: number): Failure {
  return new Failure('TransferTimeout', `Neither side sent or took a byte for ${timeoutMs / 1000} s.`);
}

/** Notices that nothing moves. One for both sides: while one waits for the other, the other's bytes are its signs of life. */
export interface IdleWatch {
  /** Something is expected from now on; as often as {@link IdleWatch.stop}. */
  start(): void;
  stop(): void;
  /** Something moved. */
  touch(): void;
}

/** @param onIdle called once, `timeoutMs` after the last byte while something is expected */
export function createIdleWatch(timeoutMs: number, onIdle: () => void): IdleWatch {
  let expecting = 0;
  let timer: NodeJS.Timeout | null = null;
  const rewind = () => {
    if (timer !== null) clearTimeout(timer);
    timer = expecting > 0 ? setTimeout(onIdle, timeoutMs) : null;
  };
  return {
    start() {
      expecting += 1;
      rewind();
    },
    stop() {
      expecting -= 1;
      rewind();
    },
    touch: () => timer?.refresh(),
  };
}
