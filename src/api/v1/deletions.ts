import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { OverviewStore } from '../../domain/ports.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';

const Deletion = z
  .strictObject({
    mirrorId: z.string(),
    fullName: z.string(),
    projectPath: z.string().nullable().openapi({ description: 'On OneDev' }),
    policy: z.string().openapi({ example: 'delete' }),
    state: z.string().openapi({ example: 'pending' }),
    proof: z.string(),
    reason: z.string().nullable().openapi({ description: 'Why it waits' }),
    requestedAt: z.iso.datetime(),
    dueAt: z.iso.datetime().nullable().openapi({ description: 'null: when a person approves' }),
  })
  .openapi('Deletion');

/** One of a mirror at most, and of mirrors as many as the budget let through: no pages. */
const list = createRoute({
  method: 'get',
  path: '/deletions',
  summary: 'What is about to be deleted, the next first',
  ...allowed('read'),
  responses: { 200: json('All of it', z.strictObject({ deletions: z.array(Deletion) })), ...problems() },
});

export function mountDeletions(
  app: OpenAPIHono<Authenticated>,
  { overview }: { overview: Pick<OverviewStore, 'openDeletions'> },
): void {
  app.openapi(list, async (c) => c.json({ deletions: await overview.openDeletions() }, 200));
}
