import { fetch, type Response } from 'undici';
import { Failure, type FailureKind } from '../domain/failures.ts';
import type { EndedExchange } from '../domain/meter.ts';
import { tracedHttp } from './tracing.ts';
import { isUntrusted, trustingDispatcher } from './trust.ts';

/**
 * One HTTP exchange with a deadline, an upper bound on what is read, and no redirect followed by itself: a redirect would carry credentials
 * to whoever is named there. Both hosts sit on it.
 */

export interface HttpRequest {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | undefined;
  /** For the whole exchange, body included. Default 30 s. */
  timeoutMs?: number;
  /** The kind of failure when there is no complete answer; a certificate that is not trusted has its own. */
  unreachable: 'SourceUnreachable' | 'TargetUnreachable' | 'AlertUnreachable' | 'TelemetryUnreachable';
  signal?: AbortSignal | undefined;
  /** Told once it is over, well or not, before anybody else hears of it. */
  onEnd?: ((ended: Pick<EndedExchange, 'status' | 'seconds'>) => void) | undefined;
}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** A page of 100 starred repositories is about 500 KB; more than this is not an answer to anything we ask. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * Sends a request and reads the whole answer, whatever its status.
 * @throws Failure of kind `request.unreachable` when nothing, or not everything, came back in time; `SourceUntrusted`, `TargetUntrusted`
 */
export function exchange(request: HttpRequest): Promise<HttpAnswer> {
  const { method = 'GET', url, unreachable } = request;
  // What tells of spans must not make any, and where alerts go the address may be the password.
  if (unreachable !== 'SourceUnreachable' && unreachable !== 'TargetUnreachable') return exchangeOnce(request);
  return tracedHttp(method, url, async (span) => {
    const answer = await exchangeOnce(request);
    span.set({ 'http.response.status_code': answer.status });
    return answer;
  });
}

async function exchangeOnce(request: HttpRequest): Promise<HttpAnswer> {
  const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const startedAt = performance.now();
  let status: number | null = null;
  try {
    const response = await fetch(request.url, {
      method: request.method ?? 'GET',
      headers: request.headers ?? {},
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      dispatcher: trustingDispatcher(),
      signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    });
    const text = await readBounded(response);
    status = response.status;
    return { status, headers: new Headers([...response.headers]), text };
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    const { origin } = new URL(request.url);
    const why = timeout.aborted ? `no complete answer within ${timeoutMs / 1000} s` : reasonOf(error);
    const kind = isUntrusted(error) ? UNTRUSTED[request.unreachable] : request.unreachable;
    throw new Failure(kind, `${origin}: ${why}`, { cause: error });
  } finally {
    request.onEnd?.({ status, seconds: (performance.now() - startedAt) / 1000 });
  }
}

const UNTRUSTED: Record<HttpRequest['unreachable'], FailureKind> = {
  SourceUnreachable: 'SourceUntrusted',
  TargetUnreachable: 'TargetUntrusted',
  // The message says which; who mends the certificate gets the alert that waits.
  AlertUnreachable: 'AlertUnreachable',
  TelemetryUnreachable: 'TelemetryUnreachable',
};

/**
 * How long the other side asks us to wait before the next attempt.
 * @returns milliseconds, 0 or more; `undefined` when the answer names no time, or one that is neither a number nor a date
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/**
 * The target of the `next` relation of a Link header.
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextLink(headers: Headers): string | null {
  for (const part of (headers.get('link') ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^,;]+)*)/g)) {
    if (/;\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?(?:\s*;|\s*$)/i.test(part[2] ?? '')) return part[1] ?? null;
  }
  return null;
}

async function readBounded(response: Response): Promise<string> {
  if (!response.body) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** fetch hides the reason (`ECONNREFUSED`, `CERT_HAS_EXPIRED` …) in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error
    ? cause.message || ((cause as NodeJS.ErrnoException).code ?? error.message)
    : error.message;
}
