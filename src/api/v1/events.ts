import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { type Change, CHANGE_KINDS } from '../../domain/changes.ts';
import type { ChangeStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import type { Feed, Onlooker } from '../feed.ts';
import { ProblemError } from '../problem.ts';
import { allowed, problems } from './answers.ts';

export interface EventPorts {
  feed: Feed;
  changes: Pick<ChangeStore, 'newest' | 'since'>;
}

/** Proxies close what is silent for a minute, and browsers take it for dead. */
const COMMENT_EVERY_MS = 15_000;

/** A stream ends after so long, and the browser comes back: with a key or session that still counts. */
const LONGEST_MS = 600_000;

/** What was missed is sent again up to so many; who missed more looks at everything. */
const MAX_MISSED = 500;

/** Pieces that somebody slow has not taken yet; then the stream ends, and goes on where it was when they come back. */
const MAX_WAITING = 1_000;

const RECONNECT_MS = 2_000;

const EVENT_STREAM = 'text/event-stream';

const Id = z.string().regex(/^\d{1,18}$/, 'an id is the `id` of an event of this stream');

const Event = z
  .strictObject({
    id: z.string().optional().openapi({ description: 'To go on from; the last one of the stream counts' }),
    event: z.enum([...CHANGE_KINDS, 'reset']),
    data: z.string().openapi({
      description: 'JSON: the ids of what changed; of `reset` there are none',
      example: '{"mirrorId":"github-2325298"}',
    }),
  })
  .openapi('Event', { description: 'One event of the stream, as EventSource hands it over' });

const content: Record<string, { schema: z.ZodType }> = { [EVENT_STREAM]: { schema: Event } };

const stream = createRoute({
  method: 'get',
  path: '/events',
  summary: 'What changes, as it happens (server-sent events)',
  description: `Events ${CHANGE_KINDS.map((kind) => `\`${kind}\``).join(', ')}, whose data has the ids of what changed and nothing else: ask for it again. What came while you were away follows when you come back with the header \`Last-Event-ID\`; where that is too long ago the event \`reset\` says that anything may have changed. One event may come twice.`,
  ...allowed('read'),
  request: {
    query: z.strictObject({ lastEventId: Id.optional().openapi({ description: 'In place of the header' }) }),
    headers: z.object({ 'last-event-id': Id.optional() }),
  },
  responses: { 200: { description: 'Until you go, or for ten minutes: come back then', content }, ...problems() },
});

export function mountEvents(app: OpenAPIHono<Authenticated>, { feed, changes }: EventPorts): void {
  app.openapi(stream, async (c) => {
    const last = c.req.valid('header')['last-event-id'] ?? c.req.valid('query').lastEventId ?? null;
    const outlet = createOutlet();
    // Before the past is read, or what happens in between would be lost.
    const leave = feed.join(c.get('key').keyId ?? '', outlet.onlooker);
    if (leave === null) {
      const detail = 'So many streams are open that there is no room for another; close some, or ask again in a while.';
      throw new ProblemError(503, 'Too many streams', detail);
    }
    try {
      const newest = await changes.newest();
      const missed = last === null ? [] : await changes.since(last, MAX_MISSED);
      const headers = { 'content-type': EVENT_STREAM, 'x-accel-buffering': 'no' };
      return c.body(outlet.open(missed, newest, leave), 200, headers);
    } catch (error) {
      leave();
      throw error;
    }
  });
}

/** One stream: holds back what happens until the past was sent. */
function createOutlet(): {
  onlooker: Onlooker;
  open(missed: Change[] | null, newest: string, leave: () => void): ReadableStream<Uint8Array>;
} {
  const encoder = new TextEncoder();
  const held: string[] = [];
  let write = (piece: string): void => void held.push(piece);
  let end = (): void => undefined;
  const onlooker: Onlooker = {
    onChange: (change) => write(eventOf(change)),
    onGap: () => write(RESET),
    onClose: () => end(),
  };
  return {
    onlooker,
    open(missed, newest, leave) {
      let timers: NodeJS.Timeout[] = [];
      const stop = () => {
        leave();
        timers.forEach((timer) => clearTimeout(timer));
      };
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            let isOpen = true;
            end = () => {
              if (!isOpen) return;
              isOpen = false;
              stop();
              controller.close();
            };
            write = (piece) => {
              if (!isOpen) return;
              controller.enqueue(encoder.encode(piece));
              if ((controller.desiredSize ?? 0) <= 0) end();
            };
            timers = [setInterval(() => write(':\n\n'), COMMENT_EVERY_MS), setTimeout(() => end(), LONGEST_MS)];
            write(`retry: ${RECONNECT_MS}\n\n`);
            if (missed === null) write(`id: ${newest}\n${RESET}`);
            else missed.forEach((change) => write(eventOf(change)));
            // Whoever leaves before anything happens comes back to here.
            if (missed?.length === 0) write(`id: ${newest}\n\n`);
            held.forEach((piece) => write(piece));
          },
          cancel: stop,
        },
        new CountQueuingStrategy({ highWaterMark: MAX_WAITING }),
      );
    },
  };
}

const RESET = 'event: reset\ndata: {}\n\n';

function eventOf({ id, kind, ids }: Change): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(ids)}\n\n`;
}
