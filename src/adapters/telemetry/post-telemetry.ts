import { Failure } from '../../domain/failures.ts';
import { exchange, type HttpAnswer, retryAfterMs } from '../http.ts';
import { TooLarge } from './sender.ts';

export interface TelemetryPost {
  url: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
  signal: AbortSignal;
  timeoutMs: number;
  /** Statuses that say the batch itself is wrong, so that sending it again would not help. */
  isFinal: (status: number) => boolean;
}

export type PostOutcome = { taken: true; answer: HttpAnswer } | { taken: false; reason: string };

/**
 * Posts one batch. No word of the answer beyond its status is repeated: receivers quote what they were sent.
 * @throws Failure `TelemetryUnreachable` without an answer, or for a status that may be another one next time
 * @throws TooLarge for 413
 */
export async function postTelemetry(post: TelemetryPost): Promise<PostOutcome> {
  const { url, headers, body, signal, timeoutMs } = post;
  const answer = await exchange({
    method: 'POST',
    ...{ url, headers, body, signal, timeoutMs },
    unreachable: 'TelemetryUnreachable',
  });
  const { status } = answer;
  if (status >= 200 && status < 300) return { taken: true, answer };
  const reason = `${new URL(url).origin} answered ${status}`;
  if (status === 413) throw new TooLarge(reason);
  if (post.isFinal(status)) return { taken: false, reason };
  const wait = retryAfterMs(answer.headers, Date.now());
  throw new Failure('TelemetryUnreachable', reason, wait === undefined ? {} : { retryAfterMs: wait });
}

/** @returns `undefined` for what is no JSON object */
export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
