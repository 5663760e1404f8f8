import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { DeliveryStore, MirrorControl, OverviewStore } from '../../domain/ports.ts';
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

const list = createRoute({
  method: 'get',
  path: '/deliveries',
  summary: 'Webhook deliveries, newest first',
  ...allowed('read'),
  request: { query: z.strictObject({ limit: Limit, cursor: Cursor }) },
  responses: {
    200: json('A page of them', z.strictObject({ deliveries: z.array(Delivery), next: Next })),
    ...problems(),
  },
});

const replay = createRoute({
  method: 'post',
  path: '/deliveries/{guid}/replay',
  summary: 'Dispatch a delivery once more',
  description: 'Harmless: a delivery only makes Starkeep look, and what it does follows from what GitHub says now.',
  ...allowed('operate'),
  request: { params: z.strictObject({ guid: z.string().max(200) }) },
  responses: {
    202: json('It was dispatched', z.strictObject({ guid: z.string(), workflowId: z.string() })),
    ...problems(404, 409),
  },
});

export function mountDeliveries(app: OpenAPIHono<Authenticated>, ports: DeliveryPorts): void {
  const { overview } = ports;

  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string(), cursor);
    const found = await overview.deliveries({ before, limit: limit + 1 });
    const { page, next } = pageOf(found, limit, ({ guid }) => guid);
    return c.json({ deliveries: page, next }, 200);
  });

  app.openapi(replay, async (c) => {
    const { guid } = c.req.valid('param');
    const found = await overview.delivery(guid);
    if (!found) {
      const detail = `There is no delivery ${guid}. Only what was signed with our secret is kept, so one that did not verify cannot be replayed.`;
      throw new ProblemError(404, 'No such delivery', detail, { guid });
    }
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
