import { Failure, type FailureKind } from './domain/failures.ts';

/**
 * Waits for work, but no longer than this: a server that is frozen rather than gone would hold up its caller. The work itself is not
 * stopped; whether it succeeds or fails later is not looked at.
 * @throws Failure of kind `late` when the time is over
 */
export async function within<T>(timeoutMs: number, late: FailureKind, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Failure(late, `no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), over]);
  } finally {
    clearTimeout(timer);
  }
}
