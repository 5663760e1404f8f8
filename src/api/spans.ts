import type { MiddlewareHandler } from 'hono';

/** Runs work in a span of a trace of its own. */
export type TracedRequest = (
  name: string,
  options: { kind: 'server'; parent: null; attributes: Record<string, string | number> },
  work: (span: { set(attributes: Record<string, string | number>): void }) => Promise<void>,
) => Promise<void>;

/**
 * A span for each request that has something done. What only reads is left out: a web UI that is open asks all day long. A trace that the request claims
 * to belong to is not believed: who asks is not who decides what is recorded.
 */
export function requestSpans(traced: TracedRequest): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    // Few names, so that they can be counted; the path is an attribute.
    const [place] = /^\/(?:webhooks\/github|api\/v1)(?=\/|$)/.exec(path) ?? [];
    if (place === undefined || method === 'GET' || method === 'HEAD') return next();
    const attributes = { 'http.request.method': method, 'url.path': path.slice(0, MAX_PATH) };
    await traced(`${method} ${place}`, { kind: 'server', parent: null, attributes }, async (span) => {
      await next();
      span.set({ 'http.response.status_code': c.res.status });
    });
  };
}

const MAX_PATH = 200;
