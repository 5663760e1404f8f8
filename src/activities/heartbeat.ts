import { CancelledFailure, Context } from '@temporalio/activity';
import type { TransferProgress } from '../domain/model.ts';
import type { TransferContext } from '../domain/ports.ts';

/** Far below the heartbeat timeouts of 30 s, which Temporal throttles to 80 % anyway. */
const HEARTBEAT_EVERY_MS = 5_000;

/** Lends a transfer what it is watched and stopped by, and tells Temporal all the while that the worker lives. */
export async function withHeartbeat<T>(work: (context: TransferContext) => Promise<T>): Promise<T> {
  let latest: TransferProgress | undefined;
  const beat = () => Context.current().heartbeat(latest);
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
  try {
    beat();
    return await work({
      signal: Context.current().cancellationSignal,
      onProgress: (progress) => {
        latest = progress;
        // Temporal throttles; a phase that ends is worth telling at once.
        beat();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

/**
 * For calls that have no progress to tell: only that the worker lives. One that is killed is noticed by its silence, and the call is made again;
 * without it the mirror would stand still until the call's whole time is over.
 */
export async function whileAlive<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/**
 * For calls that only ask: when the worker is shut down and its grace is over, nobody waits for an answer that may never come, and another worker
 * asks anew at once. What is under way then ends with the process. A workflow that is cancelled is another matter: it waits for the end.
 */
export async function untilShutdown<T>(work: () => Promise<T>): Promise<T> {
  const shutdown = Context.current().cancelled.catch((reason: unknown) => {
    if (reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') throw reason;
    return new Promise<never>(() => undefined);
  });
  return Promise.race([work(), shutdown]);
}
