import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AuditStore } from '../../domain/ports.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

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

const list = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'The audit log, newest first',
  ...allowed('admin'),
  request: {
    query: z.strictObject({ since: z.iso.datetime({ offset: true }).optional(), limit: Limit, cursor: Cursor }),
  },
  responses: { 200: json('A page of it', z.strictObject({ events: z.array(AuditEvent), next: Next })), ...problems() },
});

export function mountAudit(app: OpenAPIHono<Authenticated>, { audit }: { audit: Pick<AuditStore, 'read'> }): void {
  app.openapi(list, async (c) => {
    const { since, limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string().regex(/^\d{1,18}$/), cursor);
    const found = await audit.read({ before, since: since === undefined ? null : new Date(since), limit: limit + 1 });
    const { page, next } = pageOf(found, limit, ({ eventId }) => eventId);
    return c.json({ events: page, next }, 200);
  });
}
