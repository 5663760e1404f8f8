import { CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { Activities } from '../../src/activities/index.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { Delivery } from '../../src/domain/record-stores.ts';
import { failureOf, withMethods, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

/** A page of the whole list, outside any reading that could conclude something. */
const LIST = { correlationId: 'reconcile-1', readingId: '0', list: 'newest', pushedUntil: null } as const;

const readPage = (cursor: string | null = null, activities: Activities = world.activities()) =>
  world.run(activities.readStars, { ...LIST, cursor });

/** The ids of the repositories signalled since the last call. */
const signalled = (): string[] => world.control.events.splice(0).map(({ repoId }) => repoId);

/** Everything the star list shows is synced and equal. */
async function settleAll(): Promise<void> {
  await readPage();
  await store.db.query(`update mirrors set status = 'completed', last_checked_at = now()`);
  signalled();
}

describe('readStars', () => {
  describe('of what is left of the hour’s requests', () => {
    const left = (remaining: number, endsInSeconds: number) => {
      const budget = { limit: 5_000, remaining, reset: Math.floor(Date.now() / 1000) + endsInSeconds };
      return world.activities({ source: withMethods(world.source(), { limits: () => budget }) });
    };

    it('leaves the last 500 to webhooks, and waits until the hour is over', async () => {
      const failure = await failureOf(readPage(null, left(500, 600)));

      expect(failure).toMatchObject({ type: 'SourceRateLimited', nonRetryable: true });
      expect(world.githubRequests().filter((request) => request.includes('starred'))).toEqual([]);
    });

    it('takes the others', async () => {
      world.star('ada/engine');

      expect(await readPage(null, left(501, 600))).toMatchObject({ seen: 1 });
    });

    it('goes on when that hour is over, although nobody has asked GitHub since', async () => {
      world.star('ada/engine');

      expect(await readPage(null, left(0, -1))).toMatchObject({ seen: 1 });
    });
  });

  it('brings new stars into the record and reaches their mirrors, the newest star first', async () => {
    const [first, second] = [world.star('ada/first'), world.star('ada/second')];

    const read = await readPage();

    expect(read).toEqual({ next: null, seen: 2, signalled: 2, total: null, gap: null });
    expect(world.control.events.map(({ repoId }) => repoId)).toEqual([second.id, first.id]);
    expect(world.control.events[0]).toEqual({
      kind: 'starred',
      trigger: 'reconcile',
      repoId: second.id,
      fullName: 'ada/second',
      observedAt: expect.any(String),
      correlationId: `reconcile-1-${second.id}`,
    });
    expect(await store.mirror(first.id)).toMatchObject({ status: 'pending', starred: true });
  });

  it('says when it looked, early enough for what it wrote to count as newer', async () => {
    const repository = world.star('ada/engine');

    await readPage();

    const { upstream } = await store.mirror(repository.id);
    const observedAt = world.control.events[0]?.observedAt ?? '';
    expect(Date.parse(upstream.readAt ?? '')).toBeGreaterThanOrEqual(Date.parse(observedAt));
  });

  it('goes page by page through a long list', async () => {
    for (let index = 0; index < 150; index += 1) world.star(`ada/repo-${index}`);

    const first = await readPage();
    const second = await readPage(first.next);

    expect(first).toMatchObject({ seen: 100, signalled: 100, next: expect.any(String) });
    expect(second).toMatchObject({ seen: 50, signalled: 50, next: null });
    expect(new Set(signalled()).size).toBe(150);
    expect((await store.overview.totals()).byStatus).toEqual({ pending: 150 });
  });

  it('needs two requests for a page with a hundred stars: whose they are, and the page', async () => {
    for (let index = 0; index < 100; index += 1) world.star(`ada/repo-${index}`);

    await readPage();

    expect(world.githubRequests()).toHaveLength(2);
  });

  it('reaches nobody when nothing changed', async () => {
    world.star('ada/engine');
    await settleAll();

    expect(await readPage()).toMatchObject({ seen: 1, signalled: 0 });
    expect(signalled()).toEqual([]);
  });

  it('reaches only the mirrors with a difference', async () => {
    const repositories = Array.from({ length: 10 }, (_, index) => world.star(`ada/repo-${index}`));
    await settleAll();
    const [pushed, renamed] = repositories as [(typeof repositories)[0], (typeof repositories)[0]];
    pushed.pushedAt = '2031-01-01T00:00:00Z';
    world.github.renameRepository(renamed, 'ada/renamed');
    const added = world.star('ada/new');

    const read = await readPage();

    expect(read).toMatchObject({ seen: 11, signalled: 3 });
    expect(signalled().sort()).toEqual([pushed.id, renamed.id, added.id].sort());
  });

  it('says nothing of what is missing from the list', async () => {
    const [kept, unstarred] = [world.star('ada/kept'), world.star('ada/unstarred')];
    await settleAll();
    world.github.unstar(unstarred);

    expect(await readPage()).toMatchObject({ seen: 1, signalled: 0 });
    expect(await store.mirror(unstarred.id)).toMatchObject({ starred: true, status: 'completed' });
    expect((await store.mirror(kept.id)).starred).toBe(true);
  });

  it('says why the list may be incomplete', async () => {
    world.star('ada/engine');
    world.star('corp/secret');
    world.github.switches.ssoHidden = ['corp'];

    const read = await readPage();

    expect(read).toMatchObject({ seen: 1, gap: expect.stringContaining('organisation') });
  });

  it('reads the public stars of a login without a token', async () => {
    const repository = world.star('ada/engine');
    const activities = world.activities({ source: world.source({ login: 'keeper' }) });

    expect(await readPage(null, activities)).toMatchObject({ seen: 1, signalled: 1 });
    expect(signalled()).toEqual([repository.id]);
  });

  it('died between the record and the signals: the next attempt reaches all of them', async () => {
    const [changed, fresh] = [world.star('ada/changed'), world.star('ada/new')];
    await settleAll();
    changed.pushedAt = '2031-01-01T00:00:00Z';
    await store.db.query(`delete from mirrors where repo_id = $1`, [fresh.id]);
    world.control.awayFrom = 1;
    await failureOf(readPage());
    signalled();
    world.control.awayFrom = Number.POSITIVE_INFINITY;

    const read = await readPage();

    expect(read.signalled).toBe(2);
    expect(signalled().sort()).toEqual([changed.id, fresh.id].sort());
  });

  it('died after it wrote a page of news: the next attempt goes on to the page behind it all the same', async () => {
    for (let index = 0; index < 101; index += 1) world.star(`ada/repo-${index}`);
    world.control.awayFrom = 1;
    await failureOf(readPage());
    world.control.awayFrom = Number.POSITIVE_INFINITY;
    const again = world.environment(2);

    const read = await again.run(world.activities().readStars, { ...LIST, cursor: null });

    expect(read).toMatchObject({ seen: 100, signalled: 100, next: expect.any(String) });
  });

  it('tries again later when Temporal is away, and calls on nobody after it gave up', async () => {
    for (let index = 0; index < 100; index += 1) world.star(`ada/repo-${index}`);
    world.control.awayFrom = 5;

    const failure = await failureOf(readPage());
    const asked = world.control.events.length;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));

    expect(failure).toMatchObject({ type: 'TemporalUnavailable', nonRetryable: false });
    expect(world.control.events.length).toBe(asked);
    expect(asked).toBeLessThan(30);
  });

  it('never has more than ten signals on their way', async () => {
    for (let index = 0; index < 40; index += 1) world.star(`ada/repo-${index}`);
    let under = 0;
    let most = 0;
    world.control.delay = async () => {
      most = Math.max(most, (under += 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
      under -= 1;
    };

    await readPage();

    expect(most).toBe(10);
  });

  it('stops when it is cancelled', async () => {
    for (let index = 0; index < 100; index += 1) world.star(`ada/repo-${index}`);
    const env = world.environment();
    world.control.delay = () => Promise.resolve(env.cancel());

    const ended = await env
      .run(world.activities().readStars, { ...LIST, cursor: null })
      .catch((error: unknown) => error);

    expect(ended).toBeInstanceOf(CancelledFailure);
    expect(world.control.events.length).toBeLessThan(30);
  });

  it('tells Temporal that it lives, signal by signal', async () => {
    for (let index = 0; index < 7; index += 1) world.star(`ada/repo-${index}`);
    const env = world.environment();
    let beats = 0;
    env.on('heartbeat', () => (beats += 1));

    await env.run(world.activities().readStars, { ...LIST, cursor: null });

    expect(beats).toBe(7);
  });

  it('that fails in the middle of a list changes nothing beyond its page', async () => {
    for (let index = 0; index < 150; index += 1) world.star(`ada/repo-${index}`);
    const { next } = await readPage();
    world.github.switches.truncateJson = true;

    const failure = await failureOf(readPage(next));

    expect(failure).toMatchObject({ type: 'SourceBadResponse', nonRetryable: false });
    expect((await store.overview.totals()).byStatus).toEqual({ pending: 100 });
  });
});

describe('dispatchDeliveries', () => {
  const dispatch = (activities: Activities = world.activities()) =>
    world.environment().run(activities.dispatchDeliveries);

  function event(guid: string): RepoEvent {
    return {
      kind: 'changed',
      repoId: '7',
      fullName: 'ada/engine',
      trigger: 'webhook',
      correlationId: guid,
      deliveryId: guid,
    };
  }

  /** Takes deliveries in, each a minute older than the next. */
  async function waiting(...guids: string[]): Promise<void> {
    for (const [index, guid] of guids.entries()) {
      const repository = { repoId: '7', fullName: 'ada/engine' };
      const delivery: Delivery = {
        guid,
        hookId: null,
        bodySha256: guid,
        event: 'push',
        action: null,
        correlationId: guid,
        repoEvent: event(guid),
        ignoredReason: null,
        ...repository,
      };
      await store.deliveries.take(delivery);
      await store.db.query('update deliveries set received_at = now() - make_interval(mins => $2) where guid = $1', [
        guid,
        guids.length - index,
      ]);
    }
  }

  const dispatched = (): string[] => world.control.events.map(({ deliveryId }) => deliveryId ?? '');

  it('delivers what waited, in the order it came, and marks it', async () => {
    await waiting('c', 'a', 'b');

    const result = await dispatch();

    expect(result).toEqual({ taken: 3 });
    expect(world.control.events).toEqual([event('c'), event('a'), event('b')]);
    expect(await store.deliveries.backlog()).toMatchObject({ count: 0 });
    expect(await store.db.query('select distinct workflow_id from deliveries')).toEqual([
      { workflow_id: 'mirror-github-7' },
    ]);
    expect(await dispatch()).toEqual({ taken: 0 });
  });

  it('leaves alone what a receiver may have in hand', async () => {
    await waiting('settled', 'fresh');
    await store.db.query(`update deliveries set received_at = now() where guid = 'fresh'`);

    await dispatch();

    expect(dispatched()).toEqual(['settled']);
  });

  it('stops where Temporal goes away; the next attempt begins there', async () => {
    await waiting('a', 'b', 'c', 'd');
    world.control.awayFrom = 3;

    const failure = await failureOf(dispatch());
    const left = await store.deliveries.waiting(10, 0);
    world.control.events.splice(0);
    world.control.awayFrom = Number.POSITIVE_INFINITY;
    await dispatch();

    expect(failure).toMatchObject({ type: 'TemporalUnavailable', nonRetryable: false });
    expect(left.map(({ guid }) => guid)).toEqual(['c', 'd']);
    expect(dispatched()).toEqual(['c', 'd']);
  });

  it('died between a signal and its mark: the next attempt signals it again, and nothing is lost', async () => {
    await waiting('a', 'b');
    const dying = withMethods(store.deliveries, { markDispatched: () => Promise.reject(new Error('killed')) });

    await failureOf(dispatch(world.activities({ deliveries: dying })));
    await dispatch();

    expect(dispatched()).toEqual(['a', 'a', 'b']);
    expect(await store.deliveries.backlog()).toMatchObject({ count: 0 });
  });

  it('works a long backlog off in steps', async () => {
    await store.db.query(
      `insert into deliveries (guid, body_sha256, event, correlation_id, outcome, payload, received_at)
       select 'g' || n, 's', 'push', 'c', 'accepted', $1, now() - interval '1 hour' from generate_series(1, 250) n`,
      [JSON.stringify(event('g'))],
    );

    expect([await dispatch(), await dispatch(), await dispatch()]).toEqual([
      { taken: 200 },
      { taken: 50 },
      { taken: 0 },
    ]);
  });

  it('stops when it is cancelled', async () => {
    await waiting('a', 'b', 'c');
    const env = world.environment();
    world.control.delay = () => Promise.resolve(env.cancel());

    const ended = await env.run(world.activities().dispatchDeliveries).catch((error: unknown) => error);

    expect(ended).toBeInstanceOf(CancelledFailure);
    expect(dispatched()).toEqual(['a']);
  });
});

describe('record', () => {
  const entry = {
    kind: 'failed',
    failure: { kind: 'SourceGone', message: 'it is' },
    retryCount: 1,
    nextAttemptAt: null,
    mirrorId: mirrorIdOf('7'),
    correlationId: 'delivery-1',
    workflowId: 'mirror-github-7',
    runId: 'run-1',
    repoId: '7',
    fullName: 'ada/engine',
    trigger: 'webhook',
    attempt: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
  } as const;

  it('writes under the account the record knows, without asking GitHub', async () => {
    world.github.switches.serverError = true;

    await world.run(world.activities().record, entry);

    expect(await store.mirror('7')).toMatchObject({ accountId: store.account.accountId, status: 'permanent_failure' });
    expect(world.githubRequests()).toEqual([]);
  });

  it('says which deletion is open', async () => {
    const repository = await world.mirror('ada/engine');
    const ids = { mirrorId: mirrorIdOf(repository.id), correlationId: 'c', workflowId: 'w', runId: 'r' };
    const asked = { kind: 'deletion_requested', policy: 'delete', proof: 'p', dueAt: null, ...ids } as const;

    expect(await world.run(world.activities().record, asked)).toEqual({ deletion: { deletionId: '1', dueAt: null } });
  });

  it('died after it was written: the next attempt says the same and changes nothing', async () => {
    const rows = () => store.db.query('select * from syncs');
    const dying = withMethods(store.record, {
      write: async (accountId, written) => {
        await store.record.write(accountId, written);
        throw new Error('killed');
      },
    });
    await failureOf(world.run(world.activities({ record: dying }).record, entry));
    const before = await rows();

    await world.run(world.activities().record, entry);

    expect(before).toHaveLength(1);
    expect(await rows()).toEqual(before);
  });
});
