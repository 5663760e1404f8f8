import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { type AuditEvent as EventOfAudit, type AuditFilter, everyEntry } from '../../domain/audit.ts';
import type { AuditStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, problems } from './answers.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';
import { streamOf } from './streams.ts';

const AuditEvent = z
  .strictObject({
    eventId: z.string(),
    at: z.iso.datetime(),
    accountId: z.string().nullable(),
    actor: z.string(),
    action: z.string().openapi({ example: 'mirror.pause' }),
    subject: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    prevHash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEvent');

const NDJSON = 'application/x-ndjson';

/** Typed by no name: the library's types take every media type that ends in `json` for JSON, and allow no stream for it. */
const content: Record<string, { schema: z.ZodType }> = {
  'application/json': { schema: z.strictObject({ events: z.array(AuditEvent), next: Next }) },
  [NDJSON]: { schema: z.string() },
};

const Time = z.iso.datetime({ offset: true }).optional();
const Word = z.string().min(1).max(300).optional();

const list = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'The audit log, newest first',
  description: `With \`Accept: ${NDJSON}\` everything that fits comes in one answer, oldest first, one entry a line; \`limit\` and \`cursor\` do not count then. An answer that breaks off is not closed properly.`,
  ...allowed('admin'),
  request: {
    query: z.strictObject({
      since: Time,
      until: Time,
      actor: Word,
      action: Word.openapi({
        description: 'The whole action, or with `*` at the end its beginning',
        example: 'deletion.*',
      }),
      subject: Word,
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: {
    200: { description: 'A page of it, or all of it', content },
    ...problems(),
  },
});

export function mountAudit(app: OpenAPIHono<Authenticated>, { audit }: { audit: Pick<AuditStore, 'read'> }): void {
  app.openapi(list, async (c) => {
    const { since, until, actor, action, subject, limit, cursor } = c.req.valid('query');
    const filter: AuditFilter = {
      since: since === undefined ? null : new Date(since),
      until: until === undefined ? null : new Date(until),
      actor: actor ?? null,
      action: action ?? null,
      subject: subject ?? null,
    };
    if (
      accepts(c, { supports: ['application/json', NDJSON], default: 'application/json', header: 'Accept' }) === NDJSON
    ) {
      return c.body(await streamOf(lines(everyEntry(audit, filter))), 200, { 'content-type': NDJSON });
    }
    const before = placeOf(z.string().regex(/^\d{1,18}$/), cursor);
    const found = await audit.read({ ...filter, before, limit: limit + 1 });
    const { page, next } = pageOf(found, limit, ({ eventId }) => eventId);
    return c.json({ events: page, next }, 200);
  });
}

async function* lines(events: AsyncGenerator<EventOfAudit, void, undefined>): AsyncGenerator<string, void, undefined> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}
