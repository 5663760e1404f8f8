import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/domain/failures.ts';
import { deliverySeconds } from '../../src/metrics.ts';
import { accountOf, counted, createReceiver, createSender, OWN_ID } from './receiver.ts';

const { model, payloads } = createSender();
const repository = model.add({ fullName: 'ann/Kept.Things', id: '710000042' });
const OID = 'a'.repeat(40);
const push = () => payloads.push(repository, { after: OID });
const star = (action: 'created' | 'deleted' = 'created', sender?: string) =>
  payloads.star(repository, action, sender === undefined ? {} : { sender });

const never = () => new Promise<never>(() => undefined);

describe('a delivery that is accepted', () => {
  it('is stored, dispatched, marked, and answered with 202 and the names of what was done', async () => {
    const receiver = createReceiver();

    const response = await receiver.post(push(), { 'x-github-delivery': 'guid-1' });

    expect([response.status, await response.json()]).toEqual([
      202,
      { delivery: 'guid-1', workflowId: 'mirror-github-710000042' },
    ]);
    expect(receiver.inbox.rows.get('guid-1')).toMatchObject({
      workflowId: 'mirror-github-710000042',
      delivery: { event: 'push', hookId: '109948940', repoId: '710000042', fullName: 'ann/Kept.Things' },
    });
  });

  it('carries its guid as delivery and correlation id', async () => {
    const { post, control } = createReceiver();

    await post(star(), { 'x-github-event': 'star', 'x-github-delivery': 'guid-1' });

    expect(control.events).toEqual([
      {
        kind: 'starred',
        repoId: '710000042',
        fullName: 'ann/Kept.Things',
        trigger: 'webhook',
        correlationId: 'guid-1',
        deliveryId: 'guid-1',
      },
    ]);
  });

  it.each([
    ['star', star('created'), 'starred'],
    ['star', star('deleted'), 'unstarred'],
    ['push', push(), 'changed'],
    ['public', payloads.public(repository), 'changed'],
    ['repository', payloads.repository(repository, 'renamed', { repository: { name: { from: 'old' } } }), 'changed'],
    ['repository', payloads.repository(repository, 'privatized'), 'changed'],
    ['repository', payloads.repository(repository, 'deleted'), 'changed'],
  ])('%s becomes a hint to look', async (event, payload, kind) => {
    const { post, control } = createReceiver();

    await post(payload, { 'x-github-event': event });

    expect(control.events.map((sent) => sent.kind)).toEqual([kind]);
  });

  it('keeps an id above 2^53 as it is', async () => {
    const { post, control, inbox } = createReceiver();
    const big = model.byId('9007199254740993') ?? model.add({ fullName: 'ann/big', id: '9007199254740993' });

    const response = await post(payloads.star(big, 'created'), { 'x-github-event': 'star' });

    expect(await response.json()).toMatchObject({ workflowId: 'mirror-github-9007199254740993' });
    expect(control.events[0]?.repoId).toBe('9007199254740993');
    expect([...inbox.rows.values()][0]?.delivery.repoId).toBe('9007199254740993');
  });

  it('is known by the SHA-256 of its raw bytes', async () => {
    const { post, inbox } = createReceiver();
    const body = ` ${JSON.stringify(star())}\n`;

    await post(body, { 'x-github-event': 'star', 'x-github-delivery': 'guid-1' });

    const digest = createHash('sha256').update(body).digest('hex');
    expect(inbox.rows.get('guid-1')?.delivery.bodySha256).toBe(digest);
  });

  it('may have a content type with parameters, in any case', async () => {
    const response = await createReceiver().post(push(), { 'content-type': 'Application/JSON; charset=utf-8' });

    expect(response.status).toBe(202);
  });

  it('is stored without a hook id when the header is missing or nonsense', async () => {
    const { post, inbox } = createReceiver();

    await post(push(), { 'x-github-delivery': 'guid-1', 'x-github-hook-id': null });
    await post(push(), { 'x-github-delivery': 'guid-2', 'x-github-hook-id': 'x'.repeat(5_000) });

    expect([...inbox.rows.values()].map((row) => row.delivery.hookId)).toEqual([null, null]);
  });
});

describe('a delivery seen before', () => {
  it('is answered with 200 and dispatched no second time', async () => {
    const { post, control } = createReceiver();
    await post(push(), { 'x-github-delivery': 'guid-1' });

    const response = await post(push(), { 'x-github-delivery': 'guid-1' });

    expect([response.status, await response.json()]).toEqual([200, { duplicate: true }]);
    expect(control.events).toHaveLength(1);
  });

  it('is dispatched again when it never reached Temporal', async () => {
    const { post, control, inbox } = createReceiver();
    control.isDown = true;
    await post(push(), { 'x-github-delivery': 'guid-1' });
    control.isDown = false;

    const response = await post(push(), { 'x-github-delivery': 'guid-1' });

    expect([response.status, control.events.length]).toEqual([202, 1]);
    expect(inbox.rows.get('guid-1')?.workflowId).toBe('mirror-github-710000042');
  });
});

describe('a delivery that is ignored', () => {
  it.each([
    ['ping', payloads.ping(repository), 'ping'],
    ['meta', payloads.meta(repository), 'the webhook was deleted at GitHub'],
    ['watch', { action: 'started' }, 'the event watch is not used'],
    ['an_event_of_tomorrow', {}, 'the event an_event_of_tomorrow is not used'],
    ['star', star('created', 'mallory'), "the star is mallory's, not ours"],
    ['star', star('deleted', 'mallory'), "the star is mallory's, not ours"],
    [
      'repository',
      { ...payloads.repository(repository, 'created'), action: 'polished' },
      'the action polished is not used',
    ],
  ])('%s is recorded, answered with 200 and the reason, and not dispatched', async (event, payload, reason) => {
    const { post, control, inbox } = createReceiver();

    const response = await post(payload, { 'x-github-event': event, 'x-github-delivery': 'guid-1' });

    expect([response.status, await response.json()]).toEqual([200, { ignored: reason }]);
    expect(inbox.rows.get('guid-1')?.delivery).toMatchObject({ repoEvent: null, ignoredReason: reason });
    expect(control.events).toEqual([]);
  });

  it('is reported as an error when it says that our hook is gone', async () => {
    const { post, logged } = createReceiver();

    await post(payloads.meta(repository), { 'x-github-event': 'meta' });

    expect(logged).toContainEqual(expect.objectContaining({ level: 50, msg: 'our webhook was deleted at GitHub' }));
  });
});

describe('whose star it is', () => {
  it("does not matter for a push: other people's pushes change our mirrors", async () => {
    const { post, control } = createReceiver();

    await post(payloads.push(repository, { after: OID, sender: 'mallory' }));

    expect(control.events).toHaveLength(1);
  });

  it('is decided by the id and not by the login', async () => {
    const { post, control } = createReceiver({ accounts: accountOf('999') });

    const response = await post(star(), { 'x-github-event': 'star' });

    expect([await response.json(), control.events]).toEqual([{ ignored: "the star is ann's, not ours" }, []]);
  });

  it.each([
    ['before GitHub was ever asked who we are', async () => null],
    [
      'while Postgres is down',
      async () => {
        throw new Failure('DatabaseUnavailable', 'Postgres: connection refused');
      },
    ],
    [
      'when the record cannot be read at all',
      async () => {
        throw new Error('relation "accounts" does not exist');
      },
    ],
  ])('is not known %s, and it is taken as a hint', async (_, current) => {
    const { post, control } = createReceiver({ accounts: { ...accountOf(OWN_ID), current } });

    const response = await post(star('created', 'mallory'), { 'x-github-event': 'star' });

    expect([response.status, control.events.length]).toEqual([202, 1]);
  });
});

describe('with something down', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('Temporal: the delivery is accepted, left waiting, and somebody is told', async () => {
    const { post, control, inbox, nudges } = createReceiver();
    control.isDown = true;

    const response = await post(push(), { 'x-github-delivery': 'guid-1' });

    expect([response.status, await response.json()]).toEqual([
      202,
      { delivery: 'guid-1', workflowId: 'mirror-github-710000042' },
    ]);
    expect([await inbox.waiting(10, 0), nudges()]).toMatchObject([[{ guid: 'guid-1' }], 1]);
  });

  it('Postgres: Temporal alone is enough', async () => {
    const receiver = createReceiver();
    receiver.inbox.take = () => Promise.reject(new Failure('DatabaseUnavailable', 'Postgres: connection refused'));

    const response = await receiver.post(push());

    expect([response.status, receiver.control.events.length]).toEqual([202, 1]);
  });

  it('both: 503 with a time to come back', async () => {
    const receiver = createReceiver();
    receiver.control.isDown = true;
    receiver.inbox.take = () => Promise.reject(new Failure('DatabaseUnavailable', 'Postgres: connection refused'));

    const response = await receiver.post(push());

    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await response.json()).toMatchObject({ status: 503, title: 'Nothing to keep it in' });
  });

  it('a delivery that cannot be marked is accepted all the same', async () => {
    const receiver = createReceiver();
    receiver.inbox.markDispatched = () => Promise.reject(new Failure('DatabaseUnavailable', 'gone in between'));

    const response = await receiver.post(push());

    expect(response.status).toBe(202);
    expect(receiver.logged).toContainEqual(expect.objectContaining({ msg: 'delivery could not be marked' }));
  });

  it('the answer does not wait for the mark', async () => {
    const receiver = createReceiver({ afterwards: (work) => void marks.push(work) });
    const marks: Promise<void>[] = [];
    let marked = () => {};
    receiver.inbox.markDispatched = () => new Promise((resolve) => (marked = resolve));

    const response = await receiver.post(push());

    expect([response.status, marks.length]).toEqual([202, 1]);
    marked();
    await Promise.all(marks);
  });

  it('a delivery that comes again while it is being marked waits for that, and is a duplicate', async () => {
    const receiver = createReceiver({ afterwards: () => undefined });
    const { markDispatched } = receiver.inbox;
    let go = () => {};
    const marking = new Promise<void>((resolve) => (go = resolve));
    receiver.inbox.markDispatched = (...mark) => marking.then(() => markDispatched(...mark));
    const headers = { 'x-github-delivery': 'guid-1' };
    await receiver.post(push(), headers);

    const again = receiver.post(push(), headers);
    go();

    expect([(await again).status, receiver.control.events.length]).toEqual([200, 1]);
  });

  it('a Postgres that hangs is not waited for longer than GitHub waits for us', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const receiver = createReceiver({ accounts: { ...accountOf(OWN_ID), current: never } });
    receiver.inbox.take = never;
    receiver.inbox.markDispatched = never;

    const answer = receiver.post(star(), { 'x-github-event': 'star' });
    await vi.advanceTimersByTimeAsync(9_900);

    expect([(await answer).status, receiver.control.events.length]).toEqual([202, 1]);
  });

  it('a Temporal that hangs leaves the delivery waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const receiver = createReceiver();
    receiver.control.repoEvent = never;

    const answer = receiver.post(push(), { 'x-github-delivery': 'guid-1' });
    await vi.advanceTimersByTimeAsync(4_000);

    expect([(await answer).status, await receiver.inbox.waiting(1, 0)]).toMatchObject([202, [{ guid: 'guid-1' }]]);
  });

  it('both hanging is a 503 in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const receiver = createReceiver({ accounts: { ...accountOf(OWN_ID), current: never } });
    receiver.inbox.take = never;
    receiver.control.repoEvent = never;

    const answer = receiver.post(star(), { 'x-github-event': 'star' });
    await vi.advanceTimersByTimeAsync(9_900);

    expect((await answer).status).toBe(503);
  });
});

describe('what is left behind', () => {
  it('is a log line with the ids, without body and secrets', async () => {
    const { post, logged } = createReceiver();
    const marked = { ...push(), note: 'only-in-the-body' };

    await post(marked, { 'x-github-delivery': 'guid-1' });

    expect(logged).toEqual([
      expect.objectContaining({
        msg: 'delivery accepted',
        deliveryId: 'guid-1',
        correlationId: 'guid-1',
        event: 'push',
        repoId: '710000042',
        dispatched: true,
      }),
    ]);
    expect(JSON.stringify(logged)).not.toMatch(/only-in-the-body|Secret to Everybody|sha256=/);
  });

  it.each([
    ['accepted', push(), {}, 'push', 'accepted'],
    ['malformed', {}, { 'x-github-event': 'ping' }, 'ping', 'malformed'],
    ['of an unknown event', {}, { 'x-github-event': 'made_up_by_a_stranger' }, 'other', 'ignored'],
    ['refused', push(), { 'x-hub-signature-256': null }, 'push', 'signature'],
    ['of the wrong type', push(), { 'content-type': 'text/plain' }, 'push', 'content_type'],
  ])('is a count of one more when it was %s', async (_, body, headers, event, outcome) => {
    const before = await counted(event, outcome);

    await createReceiver().post(body, headers);

    expect(await counted(event, outcome)).toBe(before + 1);
  });

  it('is the time it took, also when something unforeseen happens', async () => {
    const receiver = createReceiver({
      clientAddress: () => {
        throw new Error('unforeseen');
      },
    });
    const answers = async () => (await deliverySeconds.get()).values.find((one) => one.metricName?.endsWith('_count'));
    const before = { seconds: (await answers())?.value ?? 0, errors: await counted('push', 'error') };

    const response = await receiver.post(push());

    expect(response.status).toBe(500);
    expect((await answers())?.value).toBe(before.seconds + 1);
    expect(await counted('push', 'error')).toBe(before.errors + 1);
  });
});

describe('something unforeseen', () => {
  it('is a 500 that tells the caller nothing, and the log everything', async () => {
    const { post, logged } = createReceiver({
      clientAddress: () => {
        throw new Error('the inner workings of it');
      },
    });

    const response = await post(push());

    const text = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
    expect(text).not.toMatch(/inner workings| at .*\.ts|node_modules/);
    expect(JSON.stringify(logged)).toContain('the inner workings of it');
  });

  it('in Postgres does not lose the delivery while Temporal takes it', async () => {
    const receiver = createReceiver();
    receiver.inbox.take = () => Promise.reject(new Error('relation "deliveries" does not exist'));

    const response = await receiver.post(push());

    expect([response.status, receiver.control.events.length]).toEqual([202, 1]);
  });
});
