import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/**
 * An error answer as a problem document.
 * @param more members of our own
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problem(
  c: Context,
  status: ContentfulStatusCode,
  title: string,
  detail: string,
  more: Record<string, unknown> = {},
): Response {
  return c.body(JSON.stringify({ type: 'about:blank', title, status, detail, ...more }), status, {
    'content-type': 'application/problem+json',
  });
}

/** Ends a request with a problem document; thrown where a route cannot go on. */
export class ProblemError extends Error {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly more: Record<string, unknown>;

  /** @param detail a sentence that says what to do */
  constructor(status: ContentfulStatusCode, title: string, detail: string, more: Record<string, unknown> = {}) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.title = title;
    this.more = more;
  }
}
