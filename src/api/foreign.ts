import type { Context } from 'hono';
import { ProblemError } from './problem.ts';

/** Requests that another site has a browser send. A cookie goes along with those of some browsers, so it is no permission by itself. */

const HARMLESS = ['GET', 'HEAD', 'OPTIONS'];

/** Whether a request may change something. */
export function isWrite(c: Context): boolean {
  return !HARMLESS.includes(c.req.method);
}

/**
 * What the browser itself says of the page that asks: `Sec-Fetch-Site`, or, where a browser does not send it (an address without TLS, an old
 * one), `Origin`, whose host has to be the one that was asked. No page can set either.
 * @param origin as the browser sees it
 * @returns `none` when it says nothing, and so is none, or one that is very old
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function askedBy(c: Context, origin: string): 'our own page' | 'another site' | 'none' {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' ? 'our own page' : 'another site';
  const page = c.req.header('origin');
  if (page === undefined) return 'none';
  return URL.canParse(page) && new URL(page).host === new URL(origin).host ? 'our own page' : 'another site';
}

export function foreign(): ProblemError {
  const detail =
    'A change by session has to come from a page of this address: the browser says so with Sec-Fetch-Site or Origin. Programs send a key as a bearer token instead.';
  return new ProblemError(403, 'Not from our own page', detail);
}
