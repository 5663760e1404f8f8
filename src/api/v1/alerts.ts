import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { ALERT_KINDS, ALERT_LEVELS } from '../../domain/alerts.ts';
import type { AlertStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

const Kind = z.enum(ALERT_KINDS).openapi({ description: 'What each means, and what to do: docs/operations.md' });

const Alert = z
  .strictObject({
    alertId: z.string(),
    kind: Kind,
    level: z.enum(ALERT_LEVELS),
    subject: z
      .string()
      .openapi({ description: 'A mirror id, or what else it is about; empty where there is only one' }),
    fullName: z.string().nullable().openapi({ description: 'Of a mirror' }),
    summary: z.string().openapi({ description: 'What happened' }),
    advice: z.string().openapi({ description: 'What to do' }),
    command: z.string().openapi({ example: 'starkeep show ada/engine' }),
    raisedAt: z.iso.datetime(),
    clearedAt: z.iso.datetime().nullable().openapi({ description: 'null: it is so still' }),
    clearedWhy: z.string().nullable(),
    undelivered: z
      .array(z.strictObject({ channel: z.string(), reason: z.string().nullable() }))
      .openapi({ description: 'Channels that have not taken a message about it yet' }),
  })
  .openapi('Alert');

const list = createRoute({
  method: 'get',
  path: '/alerts',
  summary: 'What a person should know of, newest first',
  ...allowed('read'),
  request: {
    query: z.strictObject({
      state: z.enum(['open', 'all']).default('open').openapi({ description: '`all`: also what is over' }),
      kind: Kind.optional(),
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: { 200: json('A page of it', z.strictObject({ alerts: z.array(Alert), next: Next })), ...problems() },
});

export function mountAlerts(app: OpenAPIHono<Authenticated>, { alerts }: { alerts: Pick<AlertStore, 'page'> }): void {
  app.openapi(list, async (c) => {
    const { state, kind, limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string().regex(/^\d{1,18}$/), cursor);
    const openOnly = state === 'open';
    const found = await alerts.page({ before, limit: limit + 1, openOnly, ...(kind === undefined ? {} : { kind }) });
    const { page, next } = pageOf(found, limit, ({ alertId }) => alertId);
    return c.json({ alerts: page, next }, 200);
  });
}
