import type { MiddlewareHandler } from 'hono';
import { readBody } from '../body.ts';
import { ProblemError } from '../problem.ts';

/** No request of this API has more to say. */
const MAX_BODY_BYTES = 256 * 1024;

const WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** Reads the body up to a limit before anybody parses it: 413, 415 and 400 for what cannot be a request. An empty one is none. */
export function jsonBody(): MiddlewareHandler {
  return async (c, next) => {
    if (!WITH_BODY.includes(c.req.method)) return next();
    const body = await readBody(c.req.raw, { limit: MAX_BODY_BYTES });
    if (!body.ok && body.why === 'too_large')
      throw new ProblemError(413, 'Too large', `A request body has at most ${MAX_BODY_BYTES / 1024} KB.`);
    if (!body.ok) throw new ProblemError(408, 'Body incomplete', 'The body did not arrive in time; send it again.');

    const headers = new Headers(c.req.raw.headers);
    const isEmpty = body.bytes.length === 0;
    if (isEmpty) headers.delete('content-type');
    else refuseOtherThanJson(c.req.header('content-type'), body.bytes);
    const init = { method: c.req.method, headers, ...(isEmpty ? {} : { body: new Uint8Array(body.bytes) }) };
    c.req.raw = new Request(c.req.url, init);
    await next();
  };
}

function refuseOtherThanJson(contentType = '', bytes: Buffer): void {
  const type = contentType.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    const what = type ? `of type ${type.slice(0, 100)}` : 'of no type';
    throw new ProblemError(415, 'Not JSON', `The body is ${what}. Send JSON, with content-type: application/json.`);
  }
  let hasUnstorable = false;
  try {
    JSON.parse(bytes.toString('utf8'), (_, value: unknown) => {
      hasUnstorable ||= typeof value === 'string' && UNSTORABLE.test(value);
      return value;
    });
  } catch (error) {
    throw new ProblemError(400, 'Malformed JSON', `The body is not JSON: ${(error as Error).message}`);
  }
  if (!hasUnstorable) return;
  throw new ProblemError(400, 'Text cannot be kept', 'A text has NUL or half a surrogate pair in it; leave it out.');
}

/** Postgres holds neither. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;
