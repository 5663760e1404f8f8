import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AuditStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';

const Chain = z
  .discriminatedUnion('intact', [
    z.strictObject({
      intact: z.literal(true),
      checkedAt: z.iso.datetime(),
      events: z.int(),
      head: z
        .string()
        .openapi({ description: 'Noted elsewhere, it shows later that nothing up to it was written anew' }),
    }),
    z.strictObject({
      intact: z.literal(false),
      checkedAt: z.iso.datetime(),
      eventId: z.string().openapi({ description: 'The first entry that is not as it was written' }),
      problem: z.string(),
    }),
  ])
  .openapi('AuditChain');

const check = createRoute({
  method: 'get',
  path: '/audit/chain',
  summary: 'Whether the audit log is as it was written',
  description: 'Every entry is computed anew, which takes a while where there are many.',
  ...allowed('admin'),
  responses: { 200: json('The verdict', Chain), ...problems() },
});

type Verdict = z.infer<typeof Chain>;

export function mountAuditChain(
  app: OpenAPIHono<Authenticated>,
  { audit }: { audit: Pick<AuditStore, 'verify'> },
): void {
  // Who asks while it is computed waits for that one: it reads the whole log.
  let underWay: Promise<Verdict> | null = null;
  const verify = async (): Promise<Verdict> => ({ ...(await audit.verify()), checkedAt: new Date().toISOString() });
  app.openapi(check, async (c) => {
    underWay ??= verify().finally(() => (underWay = null));
    return c.json(await underWay, 200);
  });
}
