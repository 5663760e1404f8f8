import { describe, expect, it } from 'vitest';
import type { RepoEvent } from '../../../src/domain/events.ts';
import type { Delivery } from '../../../src/domain/record-stores.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { createDeliveryStore } from '../../../src/adapters/postgres/deliveries.ts';
import { withStore } from './test-store.ts';

const store = withStore();

function event(guid: string): RepoEvent {
  const repository = { repoId: '9007199254740993', fullName: 'ada/engine' };
  return { kind: 'changed', trigger: 'webhook', correlationId: guid, deliveryId: guid, ...repository };
}

function delivery(guid: string, changes: Partial<Delivery> = {}): Delivery {
  return {
    guid,
    hookId: '12',
    bodySha256: 'abc',
    event: 'push',
    action: null,
    repoId: '9007199254740993',
    fullName: 'ada/engine',
    correlationId: guid,
    repoEvent: event(guid),
    ignoredReason: null,
    ...changes,
  };
}

const ignored = (guid: string): Delivery => delivery(guid, { event: 'ping', repoEvent: null, ignoredReason: 'a ping' });

/** Makes a delivery look so much older. */
async function age(guid: string, seconds: number): Promise<void> {
  await store.db.query('update deliveries set received_at = received_at - make_interval(secs => $2) where guid = $1', [
    guid,
    seconds,
  ]);
}

describe('a delivery', () => {
  it('is new once; then it waits until it is dispatched; then it is done', async () => {
    const first = await store.deliveries.take(delivery('a'));
    const second = await store.deliveries.take(delivery('a'));
    await store.deliveries.markDispatched('a', 'mirror-github-1');
    const third = await store.deliveries.take(delivery('a'));

    expect([first, second, third]).toEqual(['new', 'waiting', 'done']);
  });

  it('that is ignored is kept for the record, and never waits', async () => {
    const first = await store.deliveries.take(ignored('a'));
    const second = await store.deliveries.take(ignored('a'));

    expect([first, second]).toEqual(['new', 'done']);
    expect(await store.db.query('select outcome, ignored_reason, payload from deliveries')).toEqual([
      { outcome: 'ignored', ignored_reason: 'a ping', payload: null },
    ]);
    expect(await store.deliveries.waiting(10, 0)).toEqual([]);
  });

  it('keeps what came first when the same guid comes with another content', async () => {
    await store.deliveries.take(delivery('a'));
    await store.deliveries.take(delivery('a', { bodySha256: 'other', event: 'star' }));

    expect(await store.db.query('select body_sha256, event from deliveries')).toEqual([
      { body_sha256: 'abc', event: 'push' },
    ]);
  });

  it('is known for ever: longer than the three days in which GitHub redelivers, and than anything that tidies up', async () => {
    await store.deliveries.take(delivery('g-1'));
    await store.deliveries.markDispatched('g-1', 'mirror-github-7');
    await store.db.query(`update deliveries set received_at = now() - interval '10 years'`);
    await store.alerts.tidy();

    expect(await store.deliveries.take(delivery('g-1'))).toBe('done');
  });

  it('is new for exactly one of many that bring it at once', async () => {
    const guids = Array.from({ length: 10 }, (_, index) => `guid-${index}`);

    const taken = await Promise.all(
      guids.map((guid) => Promise.all(Array.from({ length: 20 }, () => store.deliveries.take(delivery(guid))))),
    );

    for (const answers of taken) expect(answers.filter((answer) => answer === 'new')).toHaveLength(1);
    expect(await store.db.query('select count(*)::int as n from deliveries')).toEqual([{ n: 10 }]);
  });

  it('of a storm shares its statement with the others, and each gets its own answer', async () => {
    await store.deliveries.take(delivery('waits'));
    await store.deliveries.take(delivery('done'));
    await store.deliveries.markDispatched('done', 'mirror-github-1');
    let statements = 0;
    const query: Database['query'] = (text, values) => ((statements += 1), store.db.query(text, values));
    const deliveries = createDeliveryStore({ ...store.db, query });

    const taken = await Promise.all([
      deliveries.take(delivery('alone')),
      ...['waits', 'twice', 'done', 'twice'].map((guid) => deliveries.take(delivery(guid))),
      deliveries.take(ignored('ignored')),
    ]);

    expect(taken).toEqual(['new', 'waiting', 'new', 'done', 'done', 'new']);
    // The first was there alone; the others gathered meanwhile.
    expect(statements).toBe(2);
  });

  it('that cannot be stored does not spoil it for those it came with', async () => {
    const impossible = delivery('impossible', { repoEvent: null, ignoredReason: null });

    const taken = await Promise.allSettled([
      store.deliveries.take(delivery('alone')),
      store.deliveries.take(delivery('before')),
      store.deliveries.take(impossible),
      store.deliveries.take(delivery('after')),
    ]);

    expect(taken.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await store.db.query('select guid from deliveries order by guid')).toEqual(
      ['after', 'alone', 'before'].map((guid) => ({ guid })),
    );
  });

  it('is marked while it goes into the audit log, and neither waits for the other for ever', async () => {
    const guids = Array.from({ length: 60 }, (_, index) => `guid-${(index * 37) % 60}`);
    await Promise.all(guids.map((guid) => store.deliveries.take(delivery(guid))));

    const [audited] = await Promise.all([
      store.audit.takeInDeliveries(100),
      ...guids.map((guid) => store.deliveries.markDispatched(guid, 'mirror-github-1')),
    ]);

    expect(audited).toBe(60);
    expect(await store.deliveries.waiting(100, 0)).toEqual([]);
  });

  it('that another request is inserting this very moment is left to that one', async () => {
    const second = await store.db.transaction(async (tx) => {
      await tx.query(
        `insert into deliveries (guid, body_sha256, event, correlation_id, outcome, payload)
         values ('a', 'abc', 'push', 'a', 'accepted', '{}')`,
      );
      const taking = store.deliveries.take(delivery('a'));
      await untilSomebodyWaits();
      // In an object, so that the transaction does not wait for what waits for it.
      return { taking };
    });

    expect(await second.taking).toBe('done');
  });

  it('keeps the time and the workflow of its first dispatch', async () => {
    await store.deliveries.take(delivery('a'));
    await store.deliveries.markDispatched('a', 'mirror-github-1');
    await store.db.query(`update deliveries set dispatched_at = '2026-01-01'`);

    await store.deliveries.markDispatched('a', 'mirror-github-1');

    expect(await store.db.query('select dispatched_at, workflow_id from deliveries')).toEqual([
      { dispatched_at: new Date('2026-01-01T00:00:00Z'), workflow_id: 'mirror-github-1' },
    ]);
  });
});

describe('waiting deliveries', () => {
  it('come back oldest first, with the event as it was taken', async () => {
    for (const guid of ['young', 'old', 'older']) await store.deliveries.take(delivery(guid));
    await age('old', 60);
    await age('older', 120);

    const waiting = await store.deliveries.waiting(10, 0);

    expect(waiting.map(({ guid }) => guid)).toEqual(['older', 'old', 'young']);
    expect(waiting[0]?.repoEvent).toEqual(event('older'));
  });

  it('have one order also when they came at the same moment', async () => {
    for (const guid of ['c', 'a', 'b']) await store.deliveries.take(delivery(guid));
    await store.db.query(`update deliveries set received_at = '2026-01-01'`);

    expect((await store.deliveries.waiting(10, 0)).map(({ guid }) => guid)).toEqual(['a', 'b', 'c']);
  });

  it('are no more than asked for', async () => {
    for (const guid of ['a', 'b', 'c']) await store.deliveries.take(delivery(guid));

    expect(await store.deliveries.waiting(2, 0)).toHaveLength(2);
  });

  it('are only those old enough that no receiver has them in hand', async () => {
    await store.deliveries.take(delivery('settled'));
    await store.deliveries.take(delivery('fresh'));
    await age('settled', 10);

    expect((await store.deliveries.waiting(10, 5_000)).map(({ guid }) => guid)).toEqual(['settled']);
  });

  it('end when they are dispatched', async () => {
    await store.deliveries.take(delivery('a'));
    await store.deliveries.take(delivery('b'));

    await store.deliveries.markDispatched('a', 'mirror-github-1');

    expect((await store.deliveries.waiting(10, 0)).map(({ guid }) => guid)).toEqual(['b']);
  });
});

describe('the backlog', () => {
  it('is nothing when everything was dispatched', async () => {
    await store.deliveries.take(ignored('a'));
    await store.deliveries.take(delivery('b'));
    await store.deliveries.markDispatched('b', 'mirror-github-1');

    expect(await store.deliveries.backlog()).toEqual({ count: 0, oldestSeconds: 0 });
  });

  it('counts what waits, and tells the age of the oldest', async () => {
    for (const guid of ['a', 'b', 'c']) await store.deliveries.take(delivery(guid));
    await age('b', 90);

    const { count, oldestSeconds } = await store.deliveries.backlog();

    expect(count).toBe(3);
    expect(oldestSeconds).toBeGreaterThanOrEqual(90);
    expect(oldestSeconds).toBeLessThan(120);
  });
});

async function untilSomebodyWaits(): Promise<void> {
  const waiting = () =>
    store.db.query(
      `select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into deliveries%'`,
    );
  while ((await waiting()).length === 0);
}
