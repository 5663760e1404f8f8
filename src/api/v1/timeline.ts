import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AuditEvent } from '../../domain/audit.ts';
import type { SyncView } from '../../domain/overview.ts';
import { PAGE_BYTES } from '../../domain/pages.ts';
import type { AuditStore, OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';
import { Cursor, cursorOf, Limit, Next, placeOf } from './cursor.ts';
import { known, MirrorIdParam, Sync } from './mirrors.ts';

export interface TimelinePorts {
  overview: Pick<OverviewStore, 'mirror' | 'syncs'>;
  audit: Pick<AuditStore, 'read'>;
}

const Time = z.iso.datetime();

const Entry = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('sync'), at: Time, sync: Sync }),
    z.strictObject({
      kind: z.literal('event'),
      at: Time,
      action: z.string().openapi({ example: 'project.created' }),
      actor: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  ])
  .openapi('TimelineEntry');

const timeline = createRoute({
  method: 'get',
  path: '/mirrors/{id}/timeline',
  summary: 'What happened to a mirror, newest first: its syncs, and what the audit log has about it',
  ...allowed('read'),
  request: { params: MirrorIdParam, query: z.strictObject({ limit: Limit, cursor: Cursor }) },
  responses: {
    200: json('A page of it', z.strictObject({ entries: z.array(Entry), next: Next }).openapi('Timeline')),
    ...problems(404),
  },
});

const Id = z
  .string()
  .regex(/^\d{1,18}$/)
  .nullable();

/** How far each of the two lists was read. */
const Place = z.strictObject({ sync: Id, event: Id });

export function mountTimeline(app: OpenAPIHono<Authenticated>, { overview, audit }: TimelinePorts): void {
  app.openapi(timeline, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const place = placeOf(Place, cursor) ?? { sync: null, event: null };
    const { mirrorId } = await known({ overview }, c.req.valid('param').id);
    // Whatever the page takes of each, that many are enough.
    const [syncs, events] = await Promise.all([
      overview.syncs(mirrorId, { before: place.sync, limit: limit + 1 }),
      audit.read({ subject: mirrorId, before: place.event, limit: limit + 1 }),
    ]);
    const entries: z.infer<typeof Entry>[] = [];
    let [usedSyncs, usedEvents, bytes] = [0, 0, 0];
    while (entries.length < limit) {
      const sync = syncs[usedSyncs];
      const event = events[usedEvents];
      const isSync = sync !== undefined && (!event || sync.finishedAt >= event.at);
      const entry = isSync ? syncEntry(sync) : event && eventEntry(event);
      if (entry === undefined) break;
      bytes += Buffer.byteLength(JSON.stringify(entry));
      if (bytes > PAGE_BYTES && entries.length > 0) break;
      entries.push(entry);
      if (isSync) usedSyncs += 1;
      else usedEvents += 1;
    }
    const isLast = usedSyncs === syncs.length && usedEvents === events.length;
    const next = {
      sync: syncs[usedSyncs - 1]?.syncId ?? place.sync,
      event: events[usedEvents - 1]?.eventId ?? place.event,
    };
    return c.json({ entries, next: isLast ? null : cursorOf(next) }, 200);
  });
}

function syncEntry(sync: SyncView): z.infer<typeof Entry> {
  return { kind: 'sync', at: sync.finishedAt, sync };
}

/** With which key or session, and from where, is for those who may read the audit log. */
const FOR_ADMINS = ['keyId', 'sessionId', 'address'];

function eventEntry({ at, action, actor, details }: AuditEvent): z.infer<typeof Entry> {
  const shown = Object.entries(details).filter(([name]) => !FOR_ADMINS.includes(name));
  return { kind: 'event', at, action, actor, details: Object.fromEntries(shown) };
}
