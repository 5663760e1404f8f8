import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { DeliveryDetail as DeliveryDetailView } from '../../domain/overview.ts';
import type { MirrorControl } from '../../domain/ports.ts';
import type { DeliveryStore } from '../../domain/record-stores.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import { replayDelivery } from '../../domain/replay.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, json, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

export interface DeliveryPorts extends AuditingPorts {
  overview: Pick<OverviewStore, 'deliveries' | 'delivery'>;
  deliveries: Pick<DeliveryStore, 'markDispatched'>;
  control: Pick<MirrorControl, 'repoEvent'>;
}

const Delivery = z
  .strictObject({
    guid: z.string(),
    event: z.string(),
    action: z.string().nullable(),
    fullName: z.string().nullable(),
    receivedAt: z.iso.datetime(),
    dispatchedAt: z.iso.datetime().nullable(),
    workflowId: z.string().nullable(),
    outcome: z.enum(['accepted', 'ignored']),
    ignoredReason: z.string().nullable(),
  })
  .openapi('Delivery');

/** What a workflow is told. @see RepoEvent in src/domain/events.ts */
const Event = z
  .strictObject({
    kind: z.enum(['starred', 'unstarred', 'changed', 'requested']),
    repoId: z.string(),
    fullName: z.string().openapi({ description: 'As the sender called it' }),
    trigger: z.string(),
    correlationId: z.string(),
    deliveryId: z.string().optional(),
    observedAt: z.iso.datetime().optional(),
    compare: z.enum(['repair', 'report']).optional(),
    batchId: z.string().optional(),
    by: z.string().optional(),
  })
  .openapi('RepoEvent');

// Not `extend`, which the document would have as two descriptions that each forbid the fields of the other.
const DeliveryDetail = z
  .strictObject({
    ...Delivery.shape,
    correlationId: z.string().openapi({ description: 'Follows the work through log, workflow and syncs' }),
    repoEvent: Event.nullable().openapi({ description: 'What is dispatched of it; null: it was ignored' }),
  })
  .openapi('DeliveryDetail');

const Guid = z.strictObject({ guid: z.string().max(200) });

const list = createRoute({
  method: 'get',
  path: '/deliveries',
  summary: 'Webhook deliveries, newest first',
  ...allowed('read'),
  request: {
    query: z.strictObject({
      event: z.string().max(100).optional().openapi({ example: 'push' }),
      outcome: z.enum(['accepted', 'ignored']).optional(),
      fullName: z.string().max(300).optional().openapi({ description: 'The whole name, in any case of letters' }),
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: {
    200: json('A page of them', z.strictObject({ deliveries: z.array(Delivery), next: Next })),
    ...problems(),
  },
});

const one = createRoute({
  method: 'get',
  path: '/deliveries/{guid}',
  summary: 'One delivery, and what it became',
  ...allowed('read'),
  request: { params: Guid },
  responses: { 200: json('As far as it is kept', DeliveryDetail), ...problems(404) },
});

const replay = createRoute({
  method: 'post',
  path: '/deliveries/{guid}/replay',
  summary: 'Dispatch a delivery once more',
  description: 'Harmless: a delivery only makes Starkeep look, and what it does follows from what GitHub says now.',
  ...allowed('operate'),
  request: { params: Guid },
  responses: {
    202: json('It was dispatched', z.strictObject({ guid: z.string(), workflowId: z.string() })),
    ...problems(404, 409),
  },
});

export function mountDeliveries(app: OpenAPIHono<Authenticated>, ports: DeliveryPorts): void {
  const { overview } = ports;

  app.openapi(list, async (c) => {
    const { event = null, outcome = null, fullName = null, limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string(), cursor);
    const found = await overview.deliveries({ event, outcome, fullName, before, limit: limit + 1 });
    const { page, next } = pageOf(found, limit, ({ guid }) => guid);
    return c.json({ deliveries: page, next }, 200);
  });

  app.openapi(one, async (c) => {
    return c.json(await known(ports, c.req.valid('param').guid), 200);
  });

  app.openapi(replay, async (c) => {
    const { guid } = c.req.valid('param');
    const found = await known(ports, guid);
    const { event, fullName, repoEvent, dispatchedAt, ignoredReason } = found;
    if (repoEvent === null) {
      const detail = `Delivery ${guid} (${event}) was ignored, so there is nothing to dispatch: ${ignoredReason ?? ''}.`;
      throw new ProblemError(409, 'Delivery was ignored', detail, { guid, reason: ignoredReason });
    }
    const work = () => replayDelivery(ports, { guid, repoEvent, dispatched: dispatchedAt !== null });
    const { workflowId } = await act(ports, c, {
      action: 'delivery.replay',
      subject: guid,
      details: { fullName },
      work,
    });
    return c.json({ guid, workflowId }, 202);
  });
}

/** @throws ProblemError 404 */
async function known({ overview }: DeliveryPorts, guid: string): Promise<DeliveryDetailView> {
  const found = await overview.delivery(guid);
  if (found) return found;
  const detail = `There is no delivery ${guid}. Only what was signed with our secret is kept, so one that did not verify cannot be replayed.`;
  throw new ProblemError(404, 'No such delivery', detail, { guid });
}
