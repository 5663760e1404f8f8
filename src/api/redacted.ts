import type { MiddlewareHandler } from 'hono';
import type { Redact } from '../domain/redaction.ts';

/** An answer that says why something failed may pass on the words of somebody else: no secret leaves in it. */
export function redacted(redact: Redact): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (c.res.status < 400 || c.res.body === null) return;
    const text = redact(await c.res.text());
    const { status, headers } = c.res;
    const kept = new Headers(headers);
    kept.delete('content-length');
    // Hono would mix the headers of both.
    c.res = undefined;
    c.res = new Response(text, { status, headers: kept });
  };
}
