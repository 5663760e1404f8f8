import { describe, expect, it } from 'vitest';
import { auditOf, withApi, type AskOptions } from './world.ts';

const world = withApi();

describe('a read', () => {
  it('has an ETag, and is 304 for whoever has it already', async () => {
    await world.addMirror('7', 'ada/engine');

    const first = await world.ask('GET', '/mirrors/github-7');
    const etag = first.headers.get('etag') ?? '';
    const again = await world.ask('GET', '/mirrors/github-7', { headers: { 'if-none-match': `"x", ${etag}` } });
    await world.store.db.query(`update mirrors set description = 'another'`);
    const changed = await world.ask('GET', '/mirrors/github-7', { headers: { 'if-none-match': etag } });

    expect(etag).toMatch(/^W\/"/);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
    expect(again.headers.get('cache-control')).toBe('no-store');
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });
});

describe('a write with a key of its own', () => {
  const send = (key: string, body: unknown = { full: true }, options: AskOptions = {}) =>
    world.ask('POST', '/reconcile', { body, headers: { 'idempotency-key': key }, ...options });

  it('is done once, and answered the same again', async () => {
    const first = await send('one');
    const second = await send('one');

    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(world.readings).toHaveLength(1);
  });

  it('is another one with another key, or of somebody else', async () => {
    await send('one');
    await send('two');
    await send('one', { full: true }, { as: 'operate', headers: { 'idempotency-key': 'one' } });

    expect(world.readings).toHaveLength(3);
  });

  it('is refused when the key was used for something else', async () => {
    await send('one');

    const { status, body } = await send('one', { full: false });

    expect([status, body.title, world.readings.length]).toEqual([422, 'Idempotency key used before', 1]);
  });

  it('is not done twice at once', async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => send('one')));

    expect(world.readings).toHaveLength(1);
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
  });

  it('that failed here may be tried again; that was refused is refused again', async () => {
    world.control.isDown = true;
    const failed = await send('one');
    world.control.isDown = false;
    const done = await send('one');
    const refused = await world.ask('POST', '/mirrors/github-8/pause', { headers: { 'idempotency-key': 'three' } });
    await world.addMirror('8', 'ada/late');
    const still = await world.ask('POST', '/mirrors/github-8/pause', { headers: { 'idempotency-key': 'three' } });

    expect([failed, done, refused, still].map(({ status }) => status)).toEqual([503, 202, 404, 404]);
  });

  it('whose sender died is done by whoever sends it again a while later', async () => {
    await send('one');
    await world.store.db.query(`update answered_requests set status = null, begun_at = now() - interval '5 minutes'`);

    expect((await send('one')).status).toBe(202);
    expect(world.readings).toHaveLength(2);
  });

  it('is forgotten after a day', async () => {
    await send('one');
    await world.store.db.query(`update answered_requests set begun_at = now() - interval '25 hours'`);

    expect((await send('one', { full: false })).status).toBe(202);
    await world.store.db.query(`update answered_requests set begun_at = now() - interval '25 hours'`);
    await world.store.answers.forgetOld();
    expect(await world.store.db.query('select from answered_requests')).toEqual([]);
  });

  it('never has the text of a key kept, nor told twice', async () => {
    const make = () =>
      world.ask('POST', '/keys', { body: { name: 'robot', scope: 'read' }, headers: { 'idempotency-key': 'one' } });

    const first = await make();
    const second = await make();

    expect([first.status, second.status, second.body.title]).toEqual([201, 409, 'Done already']);
    expect(JSON.stringify(await world.store.db.query('select * from answered_requests'))).not.toContain(first.body.key);
    expect((await auditOf(world, 5)).filter(([, action]) => action === 'key.created')).toHaveLength(1);
  });

  it.each(['', ' ', 'x'.repeat(101), 'a\tb'])('takes no key such as %j', async (key) => {
    const { status } = await send(key);

    expect(status).toBe(400);
    expect(world.readings).toEqual([]);
  });
});
