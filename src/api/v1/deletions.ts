import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { DELETION_STATES } from '../../domain/overview.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

const Time = z.iso.datetime();

const Deletion = z
  .strictObject({
    deletionId: z.string(),
    mirrorId: z.string(),
    fullName: z.string(),
    projectPath: z.string().nullable().openapi({ description: 'On OneDev' }),
    policy: z.string().openapi({ example: 'delete' }),
    state: z.string().openapi({ example: 'pending' }),
    proof: z.string(),
    reason: z.string().nullable().openapi({ description: 'Why it waits, or ended as it did' }),
    requestedAt: Time,
    dueAt: Time.nullable().openapi({ description: 'null: when a person approves' }),
    decidedBy: z.string().nullable().openapi({ description: 'Who decided about it last' }),
    finishedAt: Time.nullable().openapi({ description: 'null: it is not over' }),
  })
  .openapi('Deletion');

const list = createRoute({
  method: 'get',
  path: '/deletions',
  summary: 'Deletions: what is about to happen, and what was decided',
  ...allowed('read'),
  request: {
    query: z.strictObject({
      state: z.enum(DELETION_STATES).default('open').openapi({
        description: '`open`: not over yet, the next to be carried out first · `done`: over · `all`; both newest first',
      }),
      mirrorId: z.string().max(100).optional().openapi({ description: 'Only of this mirror' }),
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: {
    200: json('A page of them', z.strictObject({ deletions: z.array(Deletion), next: Next }).openapi('DeletionPage')),
    ...problems(),
  },
});

/** Each order has its own places. */
const Place = z.strictObject({ state: z.enum(DELETION_STATES), deletionId: z.string().regex(/^\d{1,18}$/) });

export function mountDeletions(
  app: OpenAPIHono<Authenticated>,
  { overview }: { overview: Pick<OverviewStore, 'deletions'> },
): void {
  app.openapi(list, async (c) => {
    const { state, mirrorId = null, limit, cursor } = c.req.valid('query');
    const place = placeOf(Place.extend({ state: z.literal(state) }), cursor);
    const found = await overview.deletions({
      states: state,
      mirrorId,
      after: place?.deletionId ?? null,
      limit: limit + 1,
    });
    const { page, next } = pageOf(found, limit, ({ deletionId }) => ({ state, deletionId }));
    return c.json({ deletions: page, next }, 200);
  });
}
