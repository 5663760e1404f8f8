import type { Logger } from 'pino';
import { within } from './deadline.ts';
import { Failure, type FailureKind } from './domain/failures.ts';
import { dependencyUp } from './metrics.ts';

/** Whether what a process depends on answers, for `/health`, `/readyz` and `/metrics` of api and worker. */

/** What a process cannot do without. */
export type Dependency = 'postgres' | 'temporal';

export type Answer<T> = { ok: true; value: T } | { ok: false; reason: string };

/** Whoever asks for our health waits a few seconds at most, and so do we. */
const CHECK_DEADLINE_MS = 3_000;

const LATE = { postgres: 'DatabaseUnavailable', temporal: 'TemporalUnavailable' } as const satisfies Record<
  Dependency,
  FailureKind
>;

/** Asks, and has the gauge say what came of it. An error that nobody foresaw is told to the log, and not to whoever asked. */
export async function ask<T>(log: Logger, dependency: Dependency, work: () => Promise<T>): Promise<Answer<T>> {
  try {
    const value = await within(CHECK_DEADLINE_MS, LATE[dependency], work);
    dependencyUp.set({ dependency }, 1);
    return { ok: true, value };
  } catch (error) {
    dependencyUp.set({ dependency }, 0);
    if (error instanceof Failure) return { ok: false, reason: `${error.message}. ${error.row.hint}` };
    log.error({ err: error, dependency }, 'dependency check failed unexpectedly');
    return { ok: false, reason: 'It failed unexpectedly; the log has the details.' };
  }
}

/** As `/health` shows it: what was read is nobody's business there. */
export function shown(answer: Answer<unknown>): { ok: boolean; reason?: string } {
  return answer.ok ? { ok: true } : answer;
}
