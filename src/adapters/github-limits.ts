import { retryAfterMs } from './http.ts';

/** What is left of a primary rate limit, as the last answer told it. */
export interface RequestBudget {
  /** Of a whole hour; `null` when the answer did not say. */
  limit: number | null;
  remaining: number;
  /** When the budget is whole again, in epoch seconds. */
  reset: number;
}

/** The two hourly budgets we draw on: requests of REST, points of GraphQL. */
export type BudgetResource = 'core' | 'graphql';

/**
 * Reads the budget headers.
 * @returns `null` when there are none (GitHub Enterprise Server has its limits off by default) or they belong to another resource
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export function readBudget(headers: Headers): (RequestBudget & { resource: BudgetResource }) | null {
  const remaining = wholeNumber(headers.get('x-ratelimit-remaining'));
  const reset = wholeNumber(headers.get('x-ratelimit-reset'));
  if (remaining === null || reset === null) return null;
  const limit = wholeNumber(headers.get('x-ratelimit-limit'));
  const resource = headers.get('x-ratelimit-resource') ?? 'core';
  return resource === 'core' || resource === 'graphql' ? { limit, remaining, reset, resource } : null;
}

/**
 * When a personal access token ends.
 * @returns an ISO time; `null` when it never does, or the header says nothing that is a time (it is not ISO: `2021-10-07 19:07:53 UTC`)
 */
export function readTokenExpiry(headers: Headers): string | null {
  const time = Date.parse(headers.get('github-authentication-token-expiration') ?? '');
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/**
 * What a classic token may do, such as `repo`; those that are fine-grained do not say.
 * @returns `null` when the answer has no such header
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
 */
export function readTokenScopes(headers: Headers): string[] | null {
  const text = headers.get('x-oauth-scopes');
  return text === null ? null : text.split(',').flatMap((scope) => scope.trim() || []);
}

/** GitHub's advice for a secondary limit that names no time: "wait for at least one minute". */
const UNNAMED_WAIT_MS = 60_000;

/** Bodies of limits whose answers may carry no header at all; the last one follows too many bad credentials. */
const LIMIT_TEXT = /rate limit|abuse detection|login attempts/i;

/** Whether words of GitHub's are those of a limit. */
export function saysLimited(message: string): boolean {
  return LIMIT_TEXT.test(message);
}

/**
 * How long a 403 or 429 asks us to wait, in GitHub's own order: `retry-after`, else `remaining: 0` until the reset and one second,
 * else a minute.
 * @param message the `message` of the body
 * @returns milliseconds; `null` when the answer is no rate limit
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function rateLimitWaitMs(status: number, headers: Headers, message: string, nowMs: number): number | null {
  if (status !== 403 && status !== 429) return null;
  return namedWaitMs(headers, nowMs) ?? (status === 429 || saysLimited(message) ? UNNAMED_WAIT_MS : null);
}

/** The same for an answer that says in its body alone that it is a rate limit, as GraphQL does with status 200. */
export function limitedWaitMs(headers: Headers, nowMs: number): number {
  return namedWaitMs(headers, nowMs) ?? UNNAMED_WAIT_MS;
}

function namedWaitMs(headers: Headers, nowMs: number): number | null {
  const named = retryAfterMs(headers, nowMs);
  if (named !== undefined) return named;
  const remaining = wholeNumber(headers.get('x-ratelimit-remaining'));
  const reset = wholeNumber(headers.get('x-ratelimit-reset'));
  return remaining === 0 && reset !== null ? Math.max(0, reset * 1000 - nowMs) + 1000 : null;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
