import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEnteredSettings } from '../../../src/adapters/postgres/entered-settings.ts';
import { listenForChanges } from '../../../src/adapters/postgres/changes.ts';
import { createFeed, type Feed } from '../../../src/api/feed.ts';
import { eventually } from '../../support/eventually.ts';
import { withApi, type World } from './world.ts';

let feed: Feed = createFeed();
const world: World = withApi({
  feed: {
    tell: (change) => feed.tell(change),
    gap: () => feed.gap(),
    join: (by, onlooker) => feed.join(by, onlooker),
    close: () => feed.close(),
  },
});

let stop: () => Promise<void>;
let gaps = 0;
/** The alerts that were told of. */
let alerts: (string | undefined)[] = [];

beforeEach(async () => {
  feed = createFeed({ all: 3, each: 2 });
  gaps = 0;
  alerts = [];
  let isListening = false;
  const { stop: stopListening } = listenForChanges(world.store.database.url, {
    onChange: (change) => {
      isListening = true;
      alerts.push(change.ids.alertId);
      feed.tell(change);
    },
    onGap: () => ((gaps += 1), feed.gap()),
    onTrouble: () => undefined,
  });
  stop = stopListening;
  // Until it listens nothing that is told is heard.
  await eventually(async () => {
    await world.store.db.query(`select tell_change('alert', '{}')`);
    return isListening;
  });
});

afterEach(async () => {
  feed.close();
  await stop();
});

interface Event {
  id?: string;
  event?: string;
  data?: Record<string, string>;
}

/** A stream as a browser reads it. */
interface Stream {
  status: number;
  /** Reads on until an event is there, past those before it. */
  until(fits: (event: Event) => boolean): Promise<Event>;
  /** All that was read so far. */
  seen: Event[];
  /** Reads to the end. */
  rest(): Promise<void>;
  leave(): Promise<void>;
}

async function open(
  path = '/events',
  options: { as?: 'read' | 'admin'; headers?: Record<string, string> } = {},
): Promise<Stream> {
  const { as = 'read', headers = {} } = options;
  const response = await world.app.request(`/api/v1${path}`, {
    headers: { authorization: `Bearer ${world.keys[as]}`, ...headers },
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const seen: Event[] = [];
  let text = '';
  let read = 0;
  const more = async () => {
    const { done, value } = await reader.read();
    if (done) return false;
    const blocks = (text + Buffer.from(value).toString()).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
      if ('event' in fields || 'id' in fields)
        seen.push({ ...fields, ...('data' in fields ? { data: JSON.parse(String(fields['data'])) as never } : {}) });
    }
    return true;
  };
  return {
    status: response.status,
    seen,
    async until(fits) {
      for (;;) {
        for (; read < seen.length; read += 1) if (fits(seen[read] as Event)) return seen[read++] as Event;
        if (!(await more())) throw new Error(`the stream ended before: ${fits.toString()}`);
      }
    },
    async rest() {
      while (await more());
    },
    leave: () => reader.cancel(),
  };
}

const about = (kind: string) => (event: Event) => event.event === kind;

describe('the stream of changes', () => {
  it('tells of each kind with the ids and nothing else, as it happens', async () => {
    const stream = await open();
    await stream.until(({ id }) => id !== undefined);
    const { accountId } = world.store.account;
    const { db } = world.store;

    await world.addMirror('7', 'ada/engine');
    await db.query(
      `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome)
       values ('github-7', $1, 'webhook', 'w', 'r', 1, 'c', now(), 'completed')`,
      [accountId],
    );
    await world.store.readings.begin(accountId, 'c', 'quick');
    const ids = { mirrorId: 'github-7', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
    await world.store.record.write(accountId, {
      kind: 'deletion_requested',
      policy: 'delete',
      proof: 'p',
      dueAt: null,
      ...ids,
    });

    await createEnteredSettings(db, []).change({ STARKEEP_LFS: null }, 'ann');

    expect((await stream.until(about('mirror'))).data).toEqual({ mirrorId: 'github-7' });
    expect((await stream.until(about('sync'))).data).toEqual({
      mirrorId: 'github-7',
      syncId: expect.any(String) as string,
    });
    expect((await stream.until(about('reading'))).data).toEqual({ readingId: '1' });
    expect((await stream.until(about('deletion'))).data).toEqual({ mirrorId: 'github-7', deletionId: '1' });
    expect((await stream.until(about('settings'))).data).toEqual({});
    await stream.leave();
  });

  it('says nothing of a mirror that was only looked at', async () => {
    await world.addMirror('7', 'ada/engine');
    // Told in the order of the commits: what the mirror's making told has come by then.
    await world.store.db.query(`select tell_change('alert', '{"alertId": "before"}')`);
    await eventually(() => alerts.includes('before'));
    const stream = await open();
    await stream.until(({ id }) => id !== undefined);

    await world.store.db.query('update mirrors set last_checked_at = now(), seen_in = null');
    await world.store.db.query(`select tell_change('alert', '{"alertId": "last"}')`);
    await stream.until(({ data }) => data?.['alertId'] === 'last');

    expect(stream.seen.filter(about('mirror'))).toEqual([]);
    await stream.leave();
  });

  it('goes on where it was left, by the header or the query', async () => {
    const first = await open();
    const { id = '' } = await first.until((event) => event.id !== undefined);
    await first.leave();
    await world.addMirror('7', 'ada/engine');

    const byHeader = await open('/events', { headers: { 'last-event-id': id } });
    const byQuery = await open(`/events?lastEventId=${id}`);

    for (const stream of [byHeader, byQuery]) {
      expect((await stream.until(about('mirror'))).data).toEqual({ mirrorId: 'github-7' });
      expect(stream.seen.filter(about('reset'))).toEqual([]);
      await stream.leave();
    }
  });

  it('tells what was committed after a later number, also to one that left in between', async () => {
    const { db } = world.store;
    const [row] = await db.query(`select nextval('change_numbers') as early`);
    await db.query(`select tell_change('alert', '{"alertId": "later number"}')`);
    const newest = await world.store.changes.newest();
    await db.query(`insert into changes (change_id, kind, ids) values ($1, 'alert', '{"alertId": "late"}')`, [
      row?.['early'],
    ]);

    const stream = await open(`/events?lastEventId=${newest}`);

    await stream.until(({ data }) => data?.['alertId'] === 'late');
    await stream.leave();
  });

  it.each(['1', '999999999'])(
    'that cannot know what was missed says that anything may have changed: %s',
    async (last) => {
      await world.store.db.query('delete from changes');
      await world.store.db.query(`select tell_change('alert', '{}') from generate_series(1, 3)`);

      const stream = await open(`/events?lastEventId=${last}`);

      const { id } = await stream.until(about('reset'));
      expect(id).toBe(await world.store.changes.newest());
      await stream.leave();
    },
  );

  it('says so too when the connection to Postgres broke, and goes on', async () => {
    const stream = await open();
    await stream.until(({ id }) => id !== undefined);

    await world.store.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'starkeep changes' and datname = current_database()`,
    );

    await stream.until(about('reset'));
    await world.addMirror('7', 'ada/engine');
    await stream.until(about('mirror'));
    expect(gaps).toBe(1);
    await stream.leave();
  });

  it('takes no garbage that somebody else tells', async () => {
    const stream = await open();
    await stream.until(({ id }) => id !== undefined);

    await world.store.db.query(
      `select pg_notify('starkeep_changes', payload) from (values ('{'), ('null'), ('{"id":"1","kind":"x"}')) as p(payload)`,
    );
    await world.addMirror('7', 'ada/engine');

    await stream.until(about('mirror'));
    await stream.leave();
  });

  it('is one of few: a key that has many leaves room for the others, and who leaves makes room', async () => {
    const streams = [await open(), await open()];
    const refused = await world.ask('GET', '/events', { as: 'read' });
    const another = await open('/events', { as: 'admin' });
    await streams[0]?.leave();
    const again = await open();

    expect([refused.status, another.status, again.status]).toEqual([503, 200, 200]);
  });

  it('ends when the api drains', async () => {
    const stream = await open();

    feed.close();

    await stream.rest();
    expect((await world.ask('GET', '/events')).status).toBe(503);
  });

  it('takes nothing for an id that is none', async () => {
    const { status } = await world.ask('GET', '/events?lastEventId=x', { as: 'read' });

    expect(status).toBe(400);
  });
});
