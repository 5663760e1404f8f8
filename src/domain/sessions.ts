/** Sessions of browsers: a key is told once, and from then on a cookie stands for it. */

export interface Session {
  sessionId: string;
  createdAt: string;
  /** When it ends although it is used. */
  expiresAt: string;
  /** When it ends unless it is used before. */
  idleUntil: string;
}

/** A page that is open asks for news all the time, so this is how long a browser may have been closed. */
export const SESSION_IDLE_MS = 60 * 60_000;

/** A working day. */
export const SESSION_LIFETIME_MS = 12 * 60 * 60_000;

/** Of one key; the oldest ends when there would be more. */
export const MAX_SESSIONS_OF_KEY = 20;
