import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { counted, createReceiver, createSender, SECRET, signed } from './receiver.ts';
import { served } from './serve.ts';

/** What stands between strangers and the inbox. */

const { model, payloads } = createSender();
const push = payloads.push(model.add({ fullName: 'ann/kept' }), { after: 'a'.repeat(40) });
const WRONG = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };

describe('refusals', () => {
  it.each([
    ['address', {}, { addresses: { allows: () => false } }],
    ['content_type', { 'content-type': 'text/plain' }, {}],
    ['too_large', { 'content-length': '30000000' }, {}],
    ['signature', WRONG, {}],
    ['malformed', { 'x-github-event': 'no event' }, {}],
  ] as const)(
    'for %s are counted, in the log and in the audit log, without the body',
    async (outcome, headers, ports) => {
      const event = 'x-github-event' in headers ? 'other' : 'push';
      const before = await counted(event, outcome);
      const receiver = createReceiver(ports);

      await receiver.post({ ...push, note: 'only-in-the-body' }, { ...headers, 'x-github-delivery': 'guid-1' });

      expect(await counted(event, outcome)).toBe(before + 1);
      expect(receiver.logged).toMatchObject([{ msg: 'webhook refused', outcome, address: '203.0.113.7' }]);
      expect(receiver.audited).toMatchObject([
        {
          actor: 'nobody',
          action: 'webhook.refused',
          subject: '203.0.113.7',
          details: { outcome, deliveryId: 'guid-1', detail: expect.any(String) as string },
        },
      ]);
      expect(JSON.stringify([receiver.logged, receiver.audited])).not.toContain('only-in-the-body');
    },
  );

  it('of one address are one entry a minute in the audit log, and thirty lines in the log', async () => {
    const receiver = createReceiver();

    await Promise.all(Array.from({ length: 50 }, () => receiver.post(push, { 'content-type': 'text/plain' })));

    expect(receiver.audited).toHaveLength(1);
    expect(receiver.logged.filter(({ level }) => level === 40)).toHaveLength(30);
  });

  it('are answered although the audit log cannot be written', async () => {
    const receiver = createReceiver({ audit: { append: () => Promise.reject(new Error('no disk')) } });

    const { status } = await receiver.post(push, WRONG);

    expect(status).toBe(401);
    expect(receiver.logged.map(({ msg }) => msg)).toContain('a refusal could not be audited');
  });
});

describe('an address that sent much that is not genuine', () => {
  it('has what is genuine taken as ever', async () => {
    const receiver = createReceiver();
    await Promise.all(Array.from({ length: 20 }, () => receiver.post(push, WRONG)));

    const { status } = await receiver.post(push);

    expect([status, receiver.control.events.length]).toEqual([202, 1]);
  });
});

describe('a body that no signature could fit', () => {
  it.each([
    ['without a signature', { 'x-hub-signature-256': null }, [SECRET]],
    ['with something that is no signature', { 'x-hub-signature-256': 'sha256=0' }, [SECRET]],
    ['while no secret is set', {}, []],
  ])('is not read: %s', async (_, headers, secrets) => {
    const { app } = createReceiver({ secrets });
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({ pull: () => void (pulled += 1) }, { highWaterMark: 0 });

    const response = await app.request('/webhooks/github', {
      method: 'POST',
      headers: signed(push, headers).headers,
      body,
      duplex: 'half',
    } as RequestInit);

    expect([response.status, pulled]).toEqual([401, 0]);
  });
});

describe('a body with members that objects have by themselves', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'such as %s changes nothing',
    async (name) => {
      const { post, control } = createReceiver();
      const repository = JSON.stringify(push['repository']);
      const inherited = `{"${name}":{"repository":${repository},"polluted":true,"prototype":{"polluted":true}}`;

      const without = await post(`${inherited}}`);
      const beside = await post(`${inherited},${JSON.stringify(push).slice(1)}`);
      const ping = await post(`${inherited},"zen":"z","hook":{"${name}":{"polluted":true},"config":{"${name}":{}}}}`, {
        'x-github-event': 'ping',
      });

      expect([without.status, beside.status, ping.status]).toEqual([400, 202, 200]);
      expect(control.events).toHaveLength(1);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );
});

describe('a sender that is too slow', () => {
  const limits = { headersTimeoutMs: 200, requestTimeoutMs: 400, checkEveryMs: 50 };

  it.each([
    ['with its headers', 'POST /webhooks/github HTTP/1.1\r\nhost: x\r\nx-a: '],
    [
      'with its body',
      `POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-hub-signature-256: ${WRONG['x-hub-signature-256']}\r\ncontent-length: 100\r\n\r\n{`,
    ],
  ])('%s is told so and closed, however often it sends a byte', async (_, start) => {
    const url = new URL(await served(createReceiver().app, '127.0.0.1', limits));
    const socket = connect(Number(url.port), url.hostname);
    const heard: string[] = [];
    socket.on('data', (chunk) => heard.push(String(chunk)));
    socket.on('error', (error) => heard.push(error.message));
    socket.write(start);
    const drip = setInterval(() => socket.write('a'), 20);

    await new Promise((closed) => socket.on('close', closed));

    clearInterval(drip);
    expect(heard.join('')).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a request with too many headers', () => {
  it('is a 431', async () => {
    const url = await served(createReceiver().app);

    const { status } = await fetch(`${url}/livez`, { headers: { 'x-much': 'x'.repeat(17_000) } });

    expect(status).toBe(431);
  });
});

describe('connections', () => {
  it('beyond as many as there may be are closed, and there is room again when others went', async () => {
    const url = new URL(await served(createReceiver().app, '127.0.0.1', { maxConnections: 2 }));
    const open = () => connect(Number(url.port), url.hostname).on('error', () => undefined);
    const first = [open(), open()];
    await Promise.all(first.map((socket) => new Promise((connected) => socket.on('connect', connected))));
    await new Promise((closed) => open().on('close', closed));

    for (const socket of first) socket.destroy();
    const isClosed = async (socket: (typeof first)[number]) => {
      if (!socket.closed) await new Promise((closed) => socket.on('close', closed));
    };
    await Promise.all(first.map(isClosed));

    await expect
      .poll(async () => (await fetch(`${url.href}livez`).catch(() => null))?.status, { timeout: 20_000 })
      .toBe(200);
  });
});
