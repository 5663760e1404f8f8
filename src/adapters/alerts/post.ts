import { Failure } from '../../domain/failures.ts';
import { exchange, retryAfterMs } from '../http.ts';

export interface Post {
  url: string;
  headers?: Record<string, string>;
  body: string;
}

/** A person may be waiting for it; whoever takes a message takes it at once. */
const TIMEOUT_MS = 10_000;

/**
 * Posts one message as JSON. No word of the address beyond its host is repeated, since for some services the address is the password.
 * @throws Failure `AlertUnreachable` without an answer, for 408, 429 and from 500 up · `AlertRefused` for everything else but a 2xx
 */
export async function postMessage({ url, headers, body }: Post): Promise<void> {
  const answer = await exchange({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
    timeoutMs: TIMEOUT_MS,
    unreachable: 'AlertUnreachable',
  });
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const wait = retryAfterMs(answer.headers, Date.now());
  const isPassing = status >= 500 || status === 429 || status === 408;
  throw new Failure(
    isPassing ? 'AlertUnreachable' : 'AlertRefused',
    `${new URL(url).origin} answered ${status}`,
    wait === undefined ? {} : { retryAfterMs: wait },
  );
}
