import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Authenticated } from '../auth.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';

export interface ReconcilePorts extends AuditingPorts {
  /** Starts a reading of the star list, or finds the one that was started this way. @throws Failure `TemporalUnavailable` */
  startReading: (options: { full: boolean }) => Promise<{ workflowId: string; joined: boolean }>;
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

const reconcile = createRoute({
  method: 'post',
  path: '/reconcile',
  summary: 'Read the star list now',
  ...allowed('operate'),
  request: { body: jsonRequest(Request) },
  responses: { 202: json('The reading runs', Started), ...problems(...BODY_PROBLEMS) },
});

export function mountReconcile(app: OpenAPIHono<Authenticated>, ports: ReconcilePorts): void {
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
