import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AskedReading } from '../../domain/star-list.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { ReadingTrouble, troubleOf } from './readings.ts';

export interface ReconcilePorts extends AuditingPorts {
  /** Starts a reading of the star list, or finds the one that was started this way. @throws Failure `TemporalUnavailable` */
  startReading: (options: { full: boolean }) => Promise<{ workflowId: string; joined: boolean }>;
  /** How the last that was started this way is; `null` when none is known. @throws Failure `TemporalUnavailable` */
  askedReading: () => Promise<AskedReading | null>;
}

const Request = z
  .strictObject({
    full: z
      .boolean()
      .optional()
      .openapi({ description: 'Read everything, however recent the last complete reading is' }),
  })
  .openapi('Reconcile');

const Started = z
  .strictObject({
    workflowId: z.string(),
    joined: z.boolean().openapi({ description: 'One was running already, and may be a quick one' }),
  })
  .openapi('ReadingStarted');

const Summary = z
  .strictObject({
    kind: z.enum(['quick', 'sweep', 'list']),
    incompleteWhy: z.string().nullable().openapi({ description: 'null: it is complete' }),
    seen: z.int(),
    signalled: z.int().openapi({ description: 'Mirrors that were told to look' }),
    absent: z.int(),
    conclusion: z.enum(['nothing', 'ask', 'hold', 'refuse']).nullable(),
  })
  .openapi('ReadingSummary');

const asked = createRoute({
  method: 'get',
  path: '/reconcile',
  summary: 'What became of the reading that was asked for last',
  ...allowed('read'),
  responses: {
    200: json(
      'As of now',
      z
        .strictObject({
          state: z
            .enum(['none', 'running', 'completed', 'failed'])
            .openapi({ description: '`none`: nobody has asked' }),
          summary: z.union([Summary, z.null()]).openapi({ description: 'Of a completed one' }),
          failure: z.union([ReadingTrouble, z.null()]).openapi({ description: 'Of a failed one' }),
        })
        .openapi('AskedReading'),
    ),
    ...problems(),
  },
});

const reconcile = createRoute({
  method: 'post',
  path: '/reconcile',
  summary: 'Read the star list now',
  ...allowed('operate'),
  request: { body: jsonRequest(Request) },
  responses: { 202: json('The reading runs', Started), ...problems(...BODY_PROBLEMS) },
});

export function mountReconcile(app: OpenAPIHono<Authenticated>, ports: ReconcilePorts): void {
  app.openapi(asked, async (c) => {
    const found = await ports.askedReading();
    const state = found?.state ?? 'none';
    const summary = found?.state === 'completed' ? found.summary : null;
    const failure = found?.state === 'failed' ? troubleOf(found.failure) : null;
    return c.json({ state, summary, failure }, 200);
  });

  app.openapi(reconcile, async (c) => {
    const { full = false } = c.req.valid('json');
    const work = () => ports.startReading({ full });
    const { workflowId, joined } = await act(ports, c, {
      action: 'stars.read',
      subject: null,
      details: { full },
      work,
    });
    return c.json({ workflowId, joined }, 202);
  });
}
