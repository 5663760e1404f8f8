import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { createStore } from '../../src/adapters/postgres/store.ts';
import { clientAddress, contains } from '../../src/api/addresses.ts';
import { peerAddress, type ApiPorts } from '../../src/api/app.ts';
import { loadConfig } from '../../src/config.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { deliver } from '../standins/github-webhooks.ts';
import { createReceiver, createSender, OWN_ID, SECRET, signed } from './receiver.ts';
import { served } from './serve.ts';

/** The receiver over real sockets, with the real record; only Temporal is a double. */

const MB = 1024 * 1024;

const database = withDatabase();
let db: Database;

const { model, payloads } = createSender();
const repository = model.add({ fullName: 'ann/kept', id: '710000042' });
const push = payloads.push(repository, { after: 'a'.repeat(40) });

beforeAll(async () => {
  db = createDatabase({ url: database.url });
  await createStore(db).accounts.save({ externalId: OWN_ID, login: 'ann' });
});

afterAll(() => db.close());

/** Ports on a Postgres at this address. */
function recordAt(own: Database): Partial<ApiPorts> {
  const { deliveries, accounts, mirrors } = createStore(own);
  return { deliveries, accounts, mirrors };
}

async function start(changes: Partial<ApiPorts> = {}) {
  const receiver = createReceiver({ ...recordAt(db), ...changes });
  const url = `${await served(receiver.app)}/webhooks/github`;
  return { ...receiver, url };
}

async function rowOf(guid: string) {
  const [row] = await db.query('select * from deliveries where guid = $1', [guid]);
  return row;
}

/** The row once it is marked, a moment after the answer. */
async function dispatchedRowOf(guid: string) {
  await eventually(async () => (await rowOf(guid))?.['dispatched_at'] != null);
  return rowOf(guid);
}

/** Somebody who takes connections and never says a word. */
async function silentServer(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => open.delete(socket));
  });
  const open = new Set<Socket>();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a delivery over the wire', () => {
  it('is a row before it is answered, and marked as dispatched', async () => {
    const { url, control } = await start();

    const { status, json, guid } = await deliver(url, 'push', push, { secret: SECRET });

    expect([status, json]).toEqual([202, { delivery: guid, workflowId: 'mirror-github-710000042' }]);
    expect(await dispatchedRowOf(guid)).toMatchObject({
      event: 'push',
      outcome: 'accepted',
      repo_id: '710000042',
      full_name: 'ann/kept',
      correlation_id: guid,
      workflow_id: 'mirror-github-710000042',
      payload: { kind: 'changed', deliveryId: guid },
      dispatched_at: expect.any(Date) as Date,
    });
    expect(control.events).toHaveLength(1);
  });

  it('keeps nothing of the payload but what a replay needs', async () => {
    const { url } = await start();

    const { guid } = await deliver(url, 'push', { ...push, note: 'only-in-the-body' }, { secret: SECRET });

    expect(JSON.stringify(await rowOf(guid))).not.toContain('only-in-the-body');
  });

  it('redelivered is a duplicate: one row, one event', async () => {
    const { url, control } = await start();
    const { guid } = await deliver(url, 'push', push, { secret: SECRET });

    const again = await deliver(url, 'push', push, { secret: SECRET, guid });

    expect([again.status, again.json, control.events.length]).toEqual([200, { duplicate: true }, 1]);
  });

  it('sent a hundred times at once is one row, and never refused', async () => {
    const { url, control } = await start();

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => deliver(url, 'push', push, { secret: SECRET, guid: 'at-once' })),
    );

    const [row] = await db.query(`select count(*)::int as rows from deliveries where guid = 'at-once'`);
    expect(row).toEqual({ rows: 1 });
    expect(answers.filter(({ status }) => status !== 200 && status !== 202)).toEqual([]);
    // One that comes between the insert and the mark is dispatched as well: harmless, and better than none.
    expect(control.events.length).toBeGreaterThanOrEqual(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(control.events.length);
  });

  it('with an id above 2^53 is stored with that id', async () => {
    const { url } = await start();
    const big = model.add({ fullName: 'ann/big', id: '9007199254740993' });

    const { guid } = await deliver(url, 'star', payloads.star(big, 'created'), { secret: SECRET });

    expect(await rowOf(guid)).toMatchObject({ repo_id: '9007199254740993', payload: { repoId: '9007199254740993' } });
  });

  it.each([
    ['ping', payloads.ping(repository), 'ping'],
    ['star', payloads.star(repository, 'created', { sender: 'mallory' }), "the star is mallory's, not ours"],
    ['issues', { action: 'opened' }, 'the event issues is not used'],
  ])('of %s that is ignored is a row with the reason', async (event, payload, reason) => {
    const { url } = await start();

    const { status, guid } = await deliver(url, event, payload, { secret: SECRET });

    expect([status, await rowOf(guid)]).toMatchObject([
      200,
      { event, outcome: 'ignored', ignored_reason: reason, payload: null, dispatched_at: null },
    ]);
  });

  it.each([
    ['form-encoded', 415, { secret: SECRET, contentType: 'application/x-www-form-urlencoded' as const }],
    ['unsigned', 401, { secret: null }],
    ['signed with another secret', 401, { secret: 'another secret' }],
  ])('that is %s is a %i and no row', async (_, expected, options) => {
    const { url } = await start();

    const { status, guid } = await deliver(url, 'push', push, options);

    expect([status, await rowOf(guid)]).toEqual([expected, undefined]);
  });
});

describe('a body that is too large, over the wire', () => {
  const { headers } = signed('{}');

  it.each([
    ['with a Content-Length', () => Buffer.alloc(30 * MB)],
    ['without one', () => streamOf(30)],
    ['that never ends', () => streamOf(Number.POSITIVE_INFINITY)],
  ])('%s is a 413 that the sender can read', async (_, body) => {
    const { url } = await start();

    const response = await fetch(url, { method: 'POST', headers, body: body(), duplex: 'half' } as RequestInit);

    expect([response.status, await response.json()]).toMatchObject([413, { title: 'Too large', status: 413 }]);
  });

  it('is not read further than it has to be', async () => {
    const { url } = await start();
    let sent = 0;

    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: streamOf(Number.POSITIVE_INFINITY, () => (sent += 1)),
      duplex: 'half',
    } as RequestInit);

    expect([response.status, sent < 100]).toEqual([413, true]);
  });

  it('leaves the server as it was for the next one', async () => {
    const { url } = await start();
    await Promise.all([1, 2, 3].map(() => fetch(url, { method: 'POST', headers, body: Buffer.alloc(30 * MB) })));

    const { status } = await deliver(url, 'push', push, { secret: SECRET });

    expect(status).toBe(202);
  });
});

describe('a sender that goes away in the middle', () => {
  it('leaves no row, and a server that goes on', async () => {
    const { url, logged } = await start();
    const { body, headers } = signed(push, { 'x-github-delivery': 'cut-off' });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST /webhooks/github HTTP/1.1\r\nhost: x\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n`,
    );
    await new Promise((written) => socket.write(body.subarray(0, 100), written));

    socket.destroy();

    await eventually(() => logged.some(({ outcome }) => outcome === 'slow_body'));
    expect(await rowOf('cut-off')).toBeUndefined();
    expect((await deliver(url, 'push', push, { secret: SECRET })).status).toBe(202);
  });
});

describe('with a real server away', () => {
  it('Postgres gone: Temporal alone takes it', async () => {
    const gone = createDatabase({ url: 'postgres://nobody:hidden-password@127.0.0.1:1/none' });
    const { url, control, logged } = await start(recordAt(gone));

    const { status } = await deliver(url, 'star', payloads.star(repository, 'created'), { secret: SECRET });

    expect([status, control.events.length]).toEqual([202, 1]);
    expect(JSON.stringify(logged)).toContain('DatabaseUnavailable');
    expect(JSON.stringify(logged)).not.toContain('hidden-password');
    await gone.close();
  });

  it('Postgres frozen: Temporal alone takes it, in time', async () => {
    const silent = await silentServer();
    const frozen = createDatabase({ url: `postgres://nobody@127.0.0.1:${silent.port}/none` });
    const { url, control } = await start(recordAt(frozen));

    const { status } = await deliver(url, 'star', payloads.star(repository, 'created'), { secret: SECRET });

    expect([status, control.events.length]).toEqual([202, 1]);
    await silent.close();
    await frozen.close();
  });

  it('Temporal away: the row waits, and goes with the next redelivery', async () => {
    const { url, control, nudges } = await start();
    control.isDown = true;
    const first = await deliver(url, 'push', push, { secret: SECRET });
    const waiting = await rowOf(first.guid);
    control.isDown = false;

    const second = await deliver(url, 'push', push, { secret: SECRET, guid: first.guid });

    expect([first.status, waiting, nudges()]).toMatchObject([202, { outcome: 'accepted', dispatched_at: null }, 1]);
    expect([second.status, await dispatchedRowOf(first.guid)]).toMatchObject([
      202,
      { dispatched_at: expect.any(Date) as Date },
    ]);
  });

  it('both gone: 503 with Retry-After', async () => {
    const gone = createDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' });
    const receiver = await start(recordAt(gone));
    receiver.control.isDown = true;

    const { status, headers } = await deliver(receiver.url, 'push', push, { secret: SECRET });

    expect([status, headers.get('retry-after')]).toEqual([503, '30']);
    await gone.close();
  });
});

describe('who may deliver, over the wire', () => {
  const allowing = (allow: string, proxies?: string): Partial<ApiPorts> => {
    const config = loadConfig({ STARKEEP_WEBHOOK_ALLOW: allow, STARKEEP_TRUSTED_PROXIES: proxies }, 'none');
    const list = config.webhookAllow;
    if (typeof list === 'string') throw new Error('not a list');
    return {
      addresses: { allows: (address) => contains(list, address) },
      clientAddress: (c) => clientAddress(peerAddress(c), c.req.header('x-forwarded-for'), config.trustedProxies),
    };
  };

  const deliverFrom = async (ports: Partial<ApiPorts>, forwardedFor?: string, hostname?: string) => {
    const receiver = createReceiver({ ...recordAt(db), ...ports });
    const url = `${await served(receiver.app, hostname)}/webhooks/github`;
    const { body, headers } = signed(push, forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor });
    return (await fetch(url, { method: 'POST', body, headers })).status;
  };

  it.each([
    ['the peer is on the list', '127.0.0.0/8', undefined, undefined, 202],
    ['the peer is not on the list', '192.0.2.0/24', undefined, undefined, 403],
    ['a stranger only claims an address on the list', '192.0.2.0/24', undefined, '192.0.2.1', 403],
    ['a trusted proxy names an address on the list', '192.0.2.0/24', '127.0.0.1', '192.0.2.1', 202],
    ['a trusted proxy names another', '192.0.2.0/24', '127.0.0.1', '198.51.100.1', 403],
    [
      'the client put one in front of what the proxy names',
      '192.0.2.0/24',
      '127.0.0.1',
      '192.0.2.1, 198.51.100.1',
      403,
    ],
    ['the proxy names something unreadable', '192.0.2.0/24', '127.0.0.1', '192.0.2.1, unknown', 403],
  ])('when %s', async (_, allow, proxies, forwardedFor, expected) => {
    const status = await deliverFrom(allowing(allow, proxies), forwardedFor);

    expect(status).toBe(expected);
  });

  it('an IPv4 peer of an IPv6 socket is that IPv4 address', async () => {
    const status = await deliverFrom(allowing('127.0.0.1'), undefined, '::');

    expect(status).toBe(202);
  });
});

/** So many megabytes without a length. */
function streamOf(megabytes: number, onChunk: () => void = () => undefined): ReadableStream<Uint8Array> {
  let left = megabytes;
  return new ReadableStream({
    pull: async (controller) => {
      await new Promise((wake) => setImmediate(wake));
      if (left-- <= 0) return controller.close();
      onChunk();
      controller.enqueue(new Uint8Array(MB));
    },
  });
}
