import { describe, expect, it } from 'vitest';
import { createStore } from '../../src/adapters/postgres/store.ts';
import { addMirror } from '../../src/domain/adding.ts';
import { beginBatch, cancelBatch } from '../../src/domain/batches.ts';
import { replayDelivery } from '../../src/domain/replay.ts';
import { createLife, type Life, mortalControl, mortalDatabase } from '../activities/mortal.ts';
import { outsideOf } from '../activities/outside.ts';
import { withWorld, type World } from '../activities/world.ts';
import { createReceiver, SECRET } from './receiver.ts';

/**
 * What the api does in several steps: it dies right after each of its effects, and whoever comes next (the inbox's drain, GitHub's redelivery, the
 * person who asks again) ends where an undisturbed request does. As `test/activities/crash-points.test.ts` does for activities.
 */

const world = withWorld();

/** The api's ports, as far as they change anything, for as long as it lives. */
function api(life: Life, told: string[]) {
  const store = createStore(mortalDatabase(world.store.db, life));
  return { ...store, control: mortalControl(world.control, life, told), source: world.source() };
}

type Api = ReturnType<typeof api>;

interface Row {
  what: string;
  effects: string[];
  /** @returns the request, which may be made again */
  arrange(world: World): Promise<(api: Api) => Promise<unknown>>;
  /** Who comes next. Default: the same request. */
  next?: (api: Api) => Promise<unknown>;
}

const GUID = 'g-1';

const delivered = async ({ github }: World) => {
  const repository = github.addRepository({ fullName: 'ada/engine' });
  const payload = github.payloads.push(repository, { after: 'a'.repeat(40) });
  return async ({ deliveries, accounts, control }: Api) => {
    const receiver = createReceiver({ deliveries, accounts, control, secrets: [SECRET] });
    return receiver.post(payload, { 'x-github-delivery': GUID });
  };
};

/** The receiver that died may not have it in hand any more. */
const drained = async ({ deliveries, control }: Api) => {
  await world.store.db.query(`update deliveries set received_at = received_at - interval '1 minute'`);
  return world.environment().run(world.activities({ deliveries, control }).dispatchDeliveries);
};

const DELIVERY = ['record: deliveries', 'Temporal: repoEvent', 'record: deliveries'];

const mirrors = { kind: 'mirrors' as const, mirrorIds: [] };

const TABLE: Row[] = [
  { what: 'a webhook, then the drain of the inbox', effects: DELIVERY, arrange: delivered, next: drained },
  { what: 'a webhook, then its redelivery', effects: DELIVERY, arrange: delivered },
  {
    what: 'the replay of a delivery',
    effects: ['Temporal: repoEvent', 'record: deliveries'],
    async arrange() {
      await (
        await delivered(world)
      )(api(createLife(), []));
      const stored = await world.store.overview.delivery(GUID);
      if (!stored?.repoEvent) throw new Error('the delivery was not stored');
      const delivery = { guid: GUID, dispatched: true, repoEvent: stored.repoEvent };
      return (api) => replayDelivery(api, delivery);
    },
  },
  {
    what: 'adding a mirror by hand',
    effects: ['record: mirrors', 'Temporal: repoEvent'],
    arrange({ github }) {
      github.addRepository({ fullName: 'ada/engine' });
      const request = { fullName: 'ada/engine', by: 'ann', correlationId: 'c' };
      return Promise.resolve((api: Api) => addMirror(api, request));
    },
  },
  {
    what: 'beginning a batch',
    effects: ['record: batches', 'Temporal: startBatch'],
    arrange: () =>
      Promise.resolve((api: Api) => beginBatch(api, { selection: mirrors, by: 'ann', correlationId: 'c' })),
  },
  {
    what: 'cancelling a batch',
    effects: ['record: batches', 'Temporal: cancelBatch'],
    async arrange({ store }) {
      const request = { selection: mirrors, by: 'ann', correlationId: 'c' };
      const { batch } = await store.batches.create(store.account.accountId, request);
      return (api) => cancelBatch(api, batch.batchId, 'ann');
    },
  },
];

describe.each(TABLE)('$what', ({ effects, arrange, next }) => {
  it.each(effects.map((effect, index) => ({ effect, count: index + 1 })))(
    'ends right although the api died after effect $count ($effect)',
    async ({ count }) => {
      const whole = createLife();
      const said: string[] = [];
      await (
        await arrange(world)
      )(api(whole, said));
      const expected = await outsideOf(world, said);
      await world.renew();
      const request = await arrange(world);
      const life = createLife(count);
      const told: string[] = [];

      // Nobody hears what it came to.
      await request(api(life, told)).catch(() => undefined);
      await life.settled();
      await (next ?? request)(api(createLife(), told));

      expect(whole.effects).toEqual(effects);
      expect(life.effects).toEqual(effects.slice(0, count));
      expect(await outsideOf(world, told)).toEqual(expected);
    },
  );
});
