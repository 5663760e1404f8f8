import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { AnswerStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';

/** What is asked twice and answered once: reads that have not changed, and writes that were sent again. */

const NAME = 'Idempotency-Key';

/** Spaces at either end are not part of a header's value, so they are none of a key's. */
export const IDEMPOTENCY_KEY = /^[!-~](?:[ -~]{0,98}[!-~])?$/;

/** Answers that have a secret in them: they are not kept, and so cannot be given again. */
const SECRET_ANSWERS = new Set(['/api/v1/keys']);

/**
 * A weak ETag on every read, and 304 for whoever has it already. Streams have none: what they are is not known before they end.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match
 */
export function etags(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const isJson = c.res.headers.get('content-type')?.startsWith('application/json') ?? false;
    if (c.req.method !== 'GET' || c.res.status !== 200 || !isJson) return;
    const body = await c.res.clone().arrayBuffer();
    const etag = `W/"${createHash('sha256').update(Buffer.from(body)).digest('base64url').slice(0, 27)}"`;
    const known = (c.req.header('if-none-match') ?? '').split(',').map((one) => one.trim());
    if (!known.includes('*') && !known.some((one) => one.replace(/^W\//, '') === etag.replace(/^W\//, ''))) {
      c.res.headers.set('etag', etag);
      return;
    }
    // Hono would mix the headers of both.
    c.res = undefined;
    c.res = new Response(null, { status: 304, headers: { etag } });
  };
}

/**
 * A write that comes with the header `Idempotency-Key` is done once in a day: the same key, path and body get the first answer again, also from
 * another process. An answer of ours that says that something failed here is forgotten, so that it can be tried again.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export function repeats(answers: AnswerStore): MiddlewareHandler<Authenticated> {
  return async (c, next) => {
    const requestKey = c.req.header(NAME);
    const { keyId } = c.get('key');
    if (c.req.method !== 'POST' || requestKey === undefined || keyId === null) return next();
    if (!IDEMPOTENCY_KEY.test(requestKey)) {
      throw new ProblemError(
        400,
        'Not an idempotency key',
        `${NAME} has to be 1 to 100 printable characters of ASCII.`,
      );
    }
    const body = Buffer.from(await c.req.raw.clone().arrayBuffer());
    const digest = createHash('sha256').update(`${c.req.method} ${c.req.path}\n`).update(body).digest();
    const request = { keyId, requestKey };
    const begun = await answers.begin({ ...request, digest });
    switch (begun.state) {
      case 'answered':
        return again(begun.answer);
      case 'other': {
        const detail = `${NAME} ${requestKey} was used for another request within a day. Each request needs a key of its own.`;
        throw new ProblemError(422, 'Idempotency key used before', detail);
      }
      case 'under_way': {
        const detail = 'The same request is being answered at this moment; ask again in a second.';
        throw new ProblemError(409, 'Under way', detail);
      }
      case 'mine':
        await next();
        await answers.finish(request, await keptOf(c.res, c.req.path));
        return undefined;
    }
  };
}

async function keptOf(answer: Response, path: string): Promise<Parameters<AnswerStore['finish']>[1]> {
  const { status } = answer;
  if (status >= 500) return null;
  const isSecret = status < 400 && SECRET_ANSWERS.has(path);
  const type = answer.headers.get('content-type');
  return { status, type, body: isSecret ? null : await answer.clone().text() };
}

function again({ status, body, type }: { status: number; body: string | null; type: string | null }): Response {
  if (body === null) {
    const detail =
      'That was done already, and its answer had a secret in it, which is told once. Nothing was done again.';
    throw new ProblemError(409, 'Done already', detail);
  }
  return new Response(body, {
    status,
    headers: { ...(type === null ? {} : { 'content-type': type }), 'idempotent-replayed': 'true' },
  });
}
