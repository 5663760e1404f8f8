import { describe, expect, it } from 'vitest';
import { auditOf, withApi } from './world.ts';

const world = withApi();

async function addDelivery(
  guid: string,
  ignoredReason: string | null = null,
  { event = 'push', fullName = 'ada/engine' } = {},
): Promise<void> {
  await world.store.deliveries.take({
    guid,
    hookId: null,
    bodySha256: 'x',
    event,
    action: null,
    repoId: '7',
    fullName,
    correlationId: guid,
    repoEvent:
      ignoredReason === null
        ? { kind: 'changed', trigger: 'webhook', repoId: '7', fullName, correlationId: guid, deliveryId: guid }
        : null,
    ignoredReason,
  });
}

describe('replaying a delivery', () => {
  it('dispatches it again, so that a running workflow does not take it for a duplicate, and is audited', async () => {
    await addDelivery('guid-1');
    await world.store.deliveries.markDispatched('guid-1', 'w');

    const { status, body } = await world.ask('POST', '/deliveries/guid-1/replay', { as: 'operate' });

    expect([status, body]).toEqual([202, { guid: 'guid-1', workflowId: 'mirror-github-7' }]);
    expect(world.control.events).toEqual([
      { kind: 'changed', trigger: 'webhook', repoId: '7', fullName: 'ada/engine', correlationId: 'guid-1' },
    ]);
    expect(await auditOf(world, 1)).toEqual([['operate key', 'delivery.replay', 'guid-1']]);
  });

  it('that was never dispatched takes it out of the inbox', async () => {
    await addDelivery('stuck');

    await world.ask('POST', '/deliveries/stuck/replay');

    expect(world.control.events).toMatchObject([{ deliveryId: 'stuck' }]);
    expect(await world.store.deliveries.backlog()).toMatchObject({ count: 0 });
  });

  it('that is not known is 404, and says why one that did not verify is not', async () => {
    const { status, body } = await world.ask('POST', '/deliveries/no-such/replay');

    expect([status, body.guid]).toEqual([404, 'no-such']);
    expect(body.detail).toContain('one that did not verify cannot be replayed');
  });

  it('that was ignored is 409 with the reason', async () => {
    await addDelivery('noise', 'the star is bob’s, not ours');

    const { status, body } = await world.ask('POST', '/deliveries/noise/replay');

    expect([status, body.reason]).toEqual([409, 'the star is bob’s, not ours']);
    expect(world.control.events).toEqual([]);
  });

  it('while Temporal is down is 503, and the delivery stays where it was', async () => {
    await addDelivery('guid-1');
    world.control.isDown = true;

    const { status } = await world.ask('POST', '/deliveries/guid-1/replay');

    expect([status, (await world.store.deliveries.backlog()).count]).toEqual([503, 1]);
  });
});

describe('the list of deliveries', () => {
  it('comes newest first, a page at a time, also where several came at once', async () => {
    for (const guid of ['a', 'b', 'c', 'd']) await addDelivery(guid);
    await world.store.db.query(
      `update deliveries set received_at = '2026-11-23T22:05:00.000123Z' where guid in ('a', 'b', 'c')`,
    );
    await world.store.db.query(`update deliveries set received_at = '2026-11-23T22:05:00.000124Z' where guid = 'd'`);

    const pages: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await world.ask('GET', `/deliveries?limit=1${cursor && `&cursor=${cursor}`}`, { as: 'read' });
      pages.push(body.deliveries.map(({ guid }: { guid: string }) => guid));
      cursor = body.next as string | null;
    }

    expect(pages).toEqual([['d'], ['a'], ['b'], ['c']]);
  });
});

describe('the list of deliveries, filtered', () => {
  const found = async (query: string) => {
    const { body } = await world.ask('GET', `/deliveries?${query}`);
    return body.deliveries.map(({ guid }: { guid: string }) => guid).sort();
  };

  it('has only those of an event, an outcome, a repository', async () => {
    await addDelivery('a');
    await addDelivery('b', 'a ping', { event: 'ping' });
    await addDelivery('c', null, { fullName: 'bob/loom' });

    expect(await found('event=ping')).toEqual(['b']);
    expect(await found('outcome=accepted')).toEqual(['a', 'c']);
    expect(await found('fullName=BOB/loom')).toEqual(['c']);
    expect(await found('event=push&outcome=ignored')).toEqual([]);
    expect((await world.ask('GET', '/deliveries?outcome=lost')).status).toBe(400);
  });
});

describe('one delivery', () => {
  it('has what is dispatched of it', async () => {
    await addDelivery('guid-1');

    const { body } = await world.ask('GET', '/deliveries/guid-1', { as: 'read' });

    expect(body).toMatchObject({
      guid: 'guid-1',
      correlationId: 'guid-1',
      repoEvent: { kind: 'changed', repoId: '7', deliveryId: 'guid-1' },
    });
  });

  it('that was ignored has the reason, and nothing to dispatch', async () => {
    await addDelivery('noise', 'a ping');

    expect((await world.ask('GET', '/deliveries/noise')).body).toMatchObject({
      ignoredReason: 'a ping',
      repoEvent: null,
    });
  });

  it('that is not known is 404 with the guid', async () => {
    const { status, body } = await world.ask('GET', '/deliveries/no-such');

    expect([status, body.guid]).toEqual([404, 'no-such']);
  });
});
