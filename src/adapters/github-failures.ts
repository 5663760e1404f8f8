import { Failure } from '../domain/failures.ts';
import type { Redact } from '../domain/redaction.ts';
import type { GithubAnswer } from './github-client.ts';
import { rateLimitWaitMs } from './github-limits.ts';
import { retryAfterMs } from './http.ts';

/** How much of GitHub's own words a message of ours repeats. */
const QUOTED_CHARACTERS = 200;

/**
 * The failure an answer stands for; for callers that found nothing in it they could use. What the body says of a permission goes before
 * the headers, since the last request of an hour may be a refused one.
 * @see https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export function failureOf(answer: GithubAnswer, redact: Redact, nowMs: number): Failure {
  const said = messageIn(answer.data);
  const text = redact(`GitHub answered ${answer.status} to ${answer.asked}${said && `: ${said}`}`);
  const { status } = answer;
  if (status === 401) return new Failure('SourceUnauthorized', text);
  if (/^resource not accessible/i.test(said)) return new Failure('SourceForbidden', text);
  const waitMs = rateLimitWaitMs(status, answer.headers, said, nowMs);
  if (waitMs !== null) return new Failure('SourceRateLimited', text, { retryAfterMs: waitMs });
  if (status === 403) return new Failure('SourceForbidden', text);
  if (status >= 500) return new Failure('SourceError', text, waiting(retryAfterMs(answer.headers, nowMs)));
  return new Failure('SourceBadResponse', text);
}

/** Why GitHub blocks a repository (`dmca`, `tos`, `unavailable` …); `null` when the answer does not say that it does. */
export function blockReason(answer: GithubAnswer): string | null {
  if (answer.status !== 451 && answer.status !== 403) return null;
  const block = property(answer.data, 'block');
  const reason = property(block, 'reason');
  if (typeof reason === 'string' && reason !== '') return reason.slice(0, QUOTED_CHARACTERS);
  if (answer.status === 451) return 'legal reasons';
  return block || messageIn(answer.data) === 'Repository access blocked' ? 'no reason given' : null;
}

/** A 404 that GitHub itself gave. One with other content comes from a proxy or a wrong address, and must not look like a deletion. */
export function isNotFound(answer: GithubAnswer): boolean {
  return answer.status === 404 && (answer.data === '' || typeof property(answer.data, 'message') === 'string');
}

/** Redirects a reader may follow. */
export function isRedirect(answer: GithubAnswer): boolean {
  return [301, 302, 307, 308].includes(answer.status);
}

/** Where a redirect leads; GitHub repeats it in the body. */
export function redirectTarget(answer: GithubAnswer): string | null {
  const inBody = property(answer.data, 'url');
  return answer.headers.get('location') ?? (typeof inBody === 'string' ? inBody : null);
}

/** REST has one message; GraphQL has a list of errors, with a status of 502 and 504 too. */
function messageIn(data: unknown): string {
  const errors = property(data, 'errors');
  const message = property(data, 'message') ?? property(Array.isArray(errors) ? errors[0] : undefined, 'message');
  return typeof message === 'string' ? message.slice(0, QUOTED_CHARACTERS) : '';
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function waiting(ms: number | undefined): { retryAfterMs?: number } {
  return ms === undefined ? {} : { retryAfterMs: ms };
}
