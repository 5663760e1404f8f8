import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { toFailure } from '../domain/failures.ts';
import type { Redact } from '../domain/redaction.ts';

/** Temporal keeps 4 KiB of a failure, and everything in it is readable in its UI. */
const MAX_MESSAGE = 2_000;

/**
 * Failure → Temporal's ApplicationFailure, in this one place: the kind becomes the type, the table decides about retrying, and what a host
 * asked us to wait becomes the next attempt's delay. Messages and causes are redacted: histories are read by people.
 */
export function toApplicationFailure(error: unknown, redact: Redact): ApplicationFailure | CancelledFailure {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const failure = toFailure(error);
  const { retryAfterMs, row } = failure;
  return ApplicationFailure.create({
    type: failure.kind,
    message: redact(failure.message).slice(0, MAX_MESSAGE),
    nonRetryable: row.retry === 'never' || longerThanAnAttempt(retryAfterMs),
    details: [{ retryAfterMs: retryAfterMs ?? null, retry: row.retry }],
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
    ...(row.benign ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/**
 * A wait of minutes belongs into the mirror's visible state, not into a hidden attempt of an activity: the workflow takes over and waits.
 */
function longerThanAnAttempt(retryAfterMs: number | undefined): boolean {
  return retryAfterMs !== undefined && retryAfterMs > 30_000;
}
