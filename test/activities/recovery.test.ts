import { Hono } from 'hono';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import type { DeliveriesRead, RecoverySummary } from '../../src/domain/record.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import type { recoverDeliveries } from '../../src/workflows/recovery.ts';
import { createReceiver, SECRET } from '../api/receiver.ts';
import { served } from '../api/serve.ts';
import type { StandinDelivery } from '../standins/github.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, uniqueName } from '../support/temporal.ts';
import { died, failureOf, withMethods, withWorld } from './world.ts';

/** The activities on Postgres, against GitHub's log of deliveries and our own receiver behind a socket; once with the workflow on a real Temporal. */

const world = withWorld();
const { store } = world;
const temporal = devServerEnvironment();

const HOUR_MS = 3_600_000;

const { hookDeliveries } = world;

type Changes = Parameters<typeof world.activities>[0];

/** What the workflow does, without Temporal. */
async function recover(changes: Changes = {}): Promise<RecoverySummary> {
  const activities = world.activities({ hookDeliveries: hookDeliveries(), ...changes });
  const correlationId = uniqueName('recover');
  const plan = await world.run(activities.beginRecovery, { correlationId });
  const tally = { pages: 0, seen: 0, missed: 0 };
  let cursor: string | null = null;
  do {
    const request = { correlationId, until: plan.until, cursor };
    const page: DeliveriesRead = await world.run(activities.readDeliveries, request);
    tally.pages += 1;
    tally.seen += page.seen;
    tally.missed += page.missed;
    cursor = page.next;
  } while (cursor !== null);
  while ((await world.run(activities.requestRedeliveries, { ...plan, correlationId })).requested > 0);
  return world.run(activities.endRecovery, { correlationId, runId: plan.runId, ...tally });
}

async function recoverByWorkflow(): Promise<RecoverySummary> {
  const taskQueue = uniqueName('recovery');
  const activities = world.activities({ hookDeliveries: hookDeliveries() });
  const stop = await temporal.workers({ activities }, [taskQueue, TASK_QUEUES.github]);
  const workflowId = uniqueName('recover');
  return temporal.client.workflow
    .execute<typeof recoverDeliveries>('recoverDeliveries', { taskQueue, workflowId })
    .finally(stop);
}

/** Our receiver, as GitHub reaches it; what arrives before it is `opened` waits at the door, and goes in one by one. */
async function receiver(secret = SECRET, opened: Promise<void> = Promise.resolve()): Promise<string> {
  const { deliveries, accounts } = store;
  const { app } = createReceiver({ deliveries, accounts, control: world.control, secrets: [secret] });
  const door = new Hono();
  const oneByOne = pLimit(1);
  door.use((_, next) =>
    oneByOne(async () => {
      await opened;
      await next();
    }),
  );
  door.route('/', app);
  return `${await served(door)}/webhooks/github`;
}

const push = (fullName = 'ada/engine') => {
  const repository =
    world.github.repositories.find((one) => one.fullName === fullName) ?? world.github.addRepository({ fullName });
  return world.github.payloads.push(repository, { after: 'a'.repeat(40) });
};

/** Nothing answered; the receiver is at `url` by now. */
const miss = (url: string, guid: string): StandinDelivery =>
  world.github.missDelivery(url, 'push', push(), { secret: SECRET, guid });

const inbox = async (): Promise<unknown[]> =>
  (await store.db.query('select guid from deliveries order by guid')).map(({ guid }) => guid);

const recoveries = () => store.db.query('select guid, requests, ended_as from recoveries order by guid');

const requests = () => world.github.log.filter(({ method }) => method === 'POST').length;

/** Makes everything that was asked for look so much older. */
const later = (hours: number) =>
  store.db.query('update recoveries set requested_at = requested_at - make_interval(hours => $1)', [hours]);

describe('a delivery that GitHub could not hand over', () => {
  it('is asked for, arrives under its guid, and is dispatched', async () => {
    const url = await receiver();
    miss(url, 'g-1');

    const summary = await recoverByWorkflow();

    expect(summary).toEqual({ seen: 1, missed: 1, requested: 1 });
    await eventually(async () => (await inbox()).length === 1);
    expect(await inbox()).toEqual(['g-1']);
    await eventually(() => world.control.events.length > 0);
    expect(world.control.events).toMatchObject([{ kind: 'changed', deliveryId: 'g-1', fullName: 'ada/engine' }]);
  });

  it('is not asked for once it arrived, and its recovery ends', async () => {
    miss(await receiver(), 'g-1');
    await recover();
    await eventually(async () => (await inbox()).length === 1);

    const summary = await recover();

    expect(summary).toMatchObject({ missed: 0, requested: 0 });
    expect(await recoveries()).toEqual([{ guid: 'g-1', requests: 1, ended_as: 'taken' }]);
  });

  it('is asked for by one of its attempts, however many there were', async () => {
    const url = await receiver();
    for (let attempts = 0; attempts < 4; attempts += 1) miss(url, 'g-1');

    const summary = await recover();

    expect(summary).toEqual({ seen: 4, missed: 1, requested: 1 });
  });

  it('is asked for again when it failed once more, later and later, and then left to the star list', async () => {
    miss('http://127.0.0.1:9/nobody', 'g-1');
    const asked: number[] = [];
    for (let run = 0; run < 7; run += 1) {
      asked.push((await recover()).requested);
      await later(82);
    }

    expect(asked).toEqual([1, 1, 1, 1, 1, 0, 0]);
    expect(await recoveries()).toEqual([{ guid: 'g-1', requests: 5, ended_as: 'given_up' }]);
    expect(world.logged.join('\n')).toContain('missed deliveries are lost');
  });

  it('is left alone for an hour after it was asked for', async () => {
    miss('http://127.0.0.1:9/nobody', 'g-1');
    await recover();

    const summary = await recover();

    expect(summary.requested).toBe(0);
    expect(requests()).toBe(1);
  });

  it('is not asked for when an earlier copy of it was taken', async () => {
    const url = await receiver();
    await world.github.deliver(url, 'push', push(), { secret: SECRET, guid: 'g-1' });
    miss(url, 'g-1');

    const summary = await recover();

    expect(summary).toEqual({ seen: 2, missed: 0, requested: 0 });
    expect(await recoveries()).toEqual([]);
  });

  it('is asked for oldest first', async () => {
    const url = await receiver();
    miss(url, 'g-2').deliveredAt = new Date(Date.now() - HOUR_MS).toISOString();
    miss(url, 'g-1');

    await recover();

    await eventually(() => world.control.events.length === 2);
    expect(
      world.github.log.filter(({ method }) => method === 'POST').map(({ path }) => path.split('/').at(-2)),
    ).toEqual(world.github.deliveries.slice(0, 2).map(({ id }) => id));
  });

  it('is nothing any more after three days', async () => {
    miss(await receiver(), 'g-1').deliveredAt = new Date(Date.now() - 73 * HOUR_MS).toISOString();

    expect(await recover()).toEqual({ seen: 0, missed: 0, requested: 0 });
  });

  it('that GitHub forgot meanwhile is given up, and the others are asked for', async () => {
    const url = await receiver();
    miss(url, 'g-1').deliveredAt = new Date(Date.now() - HOUR_MS).toISOString();
    miss(url, 'g-2');
    world.github.answerNext(/attempts/, { status: 404, body: '{"message":"Not Found"}' });

    await recover();

    expect(await recoveries()).toMatchObject([
      { guid: 'g-1', requests: 0, ended_as: 'expired' },
      { guid: 'g-2', requests: 1 },
    ]);
  });

  it('that GitHub refuses to send again counts as asked for, and does not stand in the way of the others', async () => {
    const url = await receiver();
    miss(url, 'g-1').deliveredAt = new Date(Date.now() - HOUR_MS).toISOString();
    miss(url, 'g-2');
    world.github.answerNext(/attempts/, { status: 422, body: '{"message":"Cannot redeliver"}' });

    const { requested } = await recover();

    expect(requested).toBe(2);
    expect(await recoveries()).toMatchObject([
      { guid: 'g-1', requests: 1, ended_as: null },
      { guid: 'g-2', requests: 1 },
    ]);
  });
});

describe('a delivery that was answered', () => {
  it('and is not in the inbox is not asked for: without Postgres it went straight to Temporal', async () => {
    const { deliveries } = store;
    const take = () => Promise.reject(new Error('Postgres is away'));
    const { app } = createReceiver({ deliveries: { ...deliveries, take }, control: world.control });
    await world.github.deliver(`${await served(app)}/webhooks/github`, 'push', push(), { secret: SECRET, guid: 'g-1' });

    const summary = await recover();

    expect(summary).toEqual({ seen: 1, missed: 1, requested: 0 });
    expect(await recoveries()).toEqual([{ guid: 'g-1', requests: 0, ended_as: 'unrecorded' }]);
    expect(world.logged.join('\n')).toContain('are not in the inbox');
  });

  it('with a refusal names what is wrong with the hook, and is asked for in case it is mended', async () => {
    const refusing = await receiver('another secret');
    await world.github.deliver(refusing, 'push', push(), { secret: SECRET, guid: 'g-1' });

    const summary = await recover();

    expect(summary).toMatchObject({ missed: 1, requested: 1 });
    expect(world.logged.join('\n')).toMatch(/our receiver refuses.*GITHUB_WEBHOOK_SECRET/);
  });

  it('as malformed is not asked for: the same bytes stay malformed', async () => {
    const options = { secret: SECRET, guid: 'g-1' };
    await world.github.deliver(await receiver(), 'push', { nothing: 'of a push' }, options);

    const summary = await recover();

    expect(summary).toMatchObject({ missed: 1, requested: 0 });
    expect(await recoveries()).toEqual([{ guid: 'g-1', requests: 0, ended_as: 'refused' }]);
  });
});

describe('reading GitHub’s list', () => {
  it('reads every page of three days the first time, and one page after it', async () => {
    const url = await receiver();
    for (let number = 0; number < 230; number += 1) {
      await store.db.query(
        `insert into deliveries (guid, body_sha256, event, correlation_id, outcome, ignored_reason) values ($1, '', 'push', $1, 'ignored', 'test')`,
        [miss(url, `g-${number}`).guid],
      );
    }
    for (const delivery of world.github.deliveries.slice(0, 220)) {
      (delivery as { deliveredAt: string }).deliveredAt = new Date(Date.now() - HOUR_MS).toISOString();
    }
    world.githubRequests();

    const first = await recover();
    const firstRequests = world.githubRequests().length;
    const second = await recover();

    expect([first.seen, firstRequests]).toEqual([230, 3]);
    expect([second.seen, world.githubRequests().length]).toEqual([10, 1]);
  });

  it('that failed is read from the same place by the next run, and what was asked for stays asked for', async () => {
    miss(await receiver(), 'g-1').deliveredAt = new Date(Date.now() - HOUR_MS).toISOString();
    const broken = withMethods(hookDeliveries(), { redeliver: async () => died() });
    await recover({ hookDeliveries: broken }).catch(() => undefined);

    const summary = await recover();

    expect(summary).toMatchObject({ seen: 1, missed: 0, requested: 1 });
  });

  it('begins anew with another App', async () => {
    const old = new Date(Date.now() - HOUR_MS).toISOString();
    miss(await receiver(), 'g-1').deliveredAt = old;
    await recover({ hookDeliveries: { ...hookDeliveries(), appId: 'another', redeliver: async () => undefined } });

    const summary = await recover();

    expect(summary.seen).toBe(1);
  });

  it('needs App credentials, and says so', async () => {
    const activities = world.activities();

    const failure = await failureOf(world.run(activities.beginRecovery, { correlationId: 'c' }));

    expect(failure).toMatchObject({ type: 'SourceForbidden', nonRetryable: true });
    expect(failure.message).toContain('GITHUB_APP_ID');
  });
});

describe('dying', () => {
  it('between a request and its note asks once more, and the delivery is taken once', async () => {
    // Were the first one taken before the next run looks, there would be nothing left to ask for.
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    miss(await receiver(SECRET, opened), 'g-1');
    const recovery = withMethods(store.recoveries, { noteRequest: async () => died() });
    const { beginRecovery } = world.activities({ hookDeliveries: hookDeliveries() });
    const plan = await world.run(beginRecovery, { correlationId: 'c' });
    const dying = world.activities({ hookDeliveries: hookDeliveries(), recoveries: recovery });
    await world.run(dying.readDeliveries, { correlationId: 'c', until: plan.until, cursor: null });
    await failureOf(world.run(dying.requestRedeliveries, { ...plan, correlationId: 'c' }));
    const living = world.activities({ hookDeliveries: hookDeliveries() });

    await world.run(living.requestRedeliveries, { ...plan, correlationId: 'c' });

    open();
    await eventually(() => world.github.deliveries.filter(({ redelivery }) => redelivery).length === 2);
    expect(await inbox()).toEqual(['g-1']);
    expect(world.control.events).toHaveLength(1);
  });

  it('and beginning again is the same run, which reads as far back as the first said', async () => {
    const { beginRecovery } = world.activities({ hookDeliveries: hookDeliveries() });

    const first = await world.run(beginRecovery, { correlationId: 'c' });
    const second = await world.run(beginRecovery, { correlationId: 'c' });

    expect(second).toEqual(first);
  });
});
