import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { SESSION_LIFETIME_MS } from '../domain/sessions.ts';

/**
 * The cookie a browser's session is in: no script reads it, no other site sends it. Behind TLS its name begins with `__Host-`, which no
 * browser takes from plain HTTP or from a neighbouring host; there only that one counts, so nobody in between can slip in another.
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
 */
export const SESSION_COOKIE = 'starkeep_session';
export const SECURE_SESSION_COOKIE = `__Host-${SESSION_COOKIE}`;

/** Of our own making: 256 bits as base64url. */
const TEXT = /^[\w-]{43}$/;

/** @param origin as the browser sees it @returns `undefined` when there is none, or one that cannot be ours */
export function sessionText(c: Context, origin: string): string | undefined {
  const text = isTls(origin) ? getCookie(c, SESSION_COOKIE, 'host') : getCookie(c, SESSION_COOKIE);
  return text !== undefined && TEXT.test(text) ? text : undefined;
}

export function giveSession(c: Context, origin: string, text: string): void {
  setCookie(c, SESSION_COOKIE, text, { ...optionsFor(origin), maxAge: SESSION_LIFETIME_MS / 1000 });
}

export function takeSession(c: Context, origin: string): void {
  deleteCookie(c, SESSION_COOKIE, optionsFor(origin));
}

function optionsFor(origin: string) {
  const shared = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;
  return isTls(origin) ? ({ ...shared, secure: true, prefix: 'host' } as const) : shared;
}

function isTls(origin: string): boolean {
  return origin.startsWith('https://');
}
