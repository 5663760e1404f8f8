import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_DELIVERY_BYTES } from '../../src/api/body.ts';
import { createSender, signed } from './receiver.ts';

/** More than we can hold, from somebody who does not have the secret, while GitHub wants to deliver. */

const FLOOD = 1_000;

/** What bodies may take by their two rooms (132 MB), and what the runtime needs for a thousand connections and what it has not collected yet. */
const MOST_GROWTH_BYTES = 350 * 1024 * 1024;

/** After this GitHub gives up. */
const PATIENCE_MS = 10_000;

const { model, payloads } = createSender();
const push = payloads.push(model.add({ fullName: 'ann/kept' }), { after: 'a'.repeat(40) });
/** As large as a delivery gets, nearly. */
const largePush = { ...push, padding: 'x'.repeat(20 * 1024 * 1024) };

let api: ChildProcess;
let port: number;

beforeAll(async () => {
  api = fork(fileURLToPath(new URL('flooded.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  [{ port }] = (await once(api, 'message')) as [{ port: number }];
});
afterAll(async () => {
  const ended = once(api, 'exit');
  api.disconnect();
  await ended;
});

describe(`${FLOOD} bodies of 25 MB with wrong signatures at once`, () => {
  it('take no more memory than there is room for, and keep out nobody who has the secret', async () => {
    expect(await deliver(push)).toMatchObject({ status: 202 });
    const before = await said();

    const flood = Array.from({ length: FLOOD }, (_, index) => sendMuch(`10.9.${index >> 8}.${index & 255}`));
    await Promise.race(flood);
    const small = Array.from({ length: 20 }, () => deliver(push));
    const genuine = await Promise.all([...small, deliver(largePush)]);
    const answers = await Promise.all(flood);
    const after = await said();

    expect(genuine.map(({ status }) => status)).toEqual(genuine.map(() => 202));
    expect(Math.max(...genuine.map(({ tookMs }) => tookMs))).toBeLessThan(PATIENCE_MS);
    // Wrong, or still without room when its time was over.
    expect(answers.filter((status) => status !== 401 && status !== 408)).toEqual([]);
    expect(answers).toContain(401);
    expect(after.mostBytes - before.mostBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.taken).toBe(genuine.length + 1);
    expect(await deliver(push)).toMatchObject({ status: 202 });
  });
});

async function said(): Promise<{ mostBytes: number; taken: number }> {
  const answer = once(api, 'message');
  api.send('how much?');
  const [said] = (await answer) as [{ mostBytes: number; taken: number }];
  return said;
}

async function deliver(payload: unknown): Promise<{ status: number; tookMs: number }> {
  const start = performance.now();
  const { body, headers } = signed(payload, { 'x-forwarded-for': '192.0.2.1' });
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return { status: response.status, tookMs: performance.now() - start };
}

const PIECE = Buffer.alloc(256 * 1024, 'x');

/** As fast as it is read. @returns the status of the answer; `null` when there was none */
async function sendMuch(from: string): Promise<number | null> {
  const { headers } = signed('', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, 'x-forwarded-for': from });
  const lines = Object.entries({ ...headers, host: 'x', 'content-length': String(MAX_DELIVERY_BYTES) });
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('data', (chunk) => {
    heard.push(chunk);
    // It has been answered: there is nothing more to say.
    socket.destroy();
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  // Being closed in the middle is an answer too.
  socket.on('error', () => socket.destroy());
  socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`);
  let sent = 0;
  const more = () => {
    while (sent < MAX_DELIVERY_BYTES && !socket.destroyed) {
      const piece = PIECE.subarray(0, Math.min(PIECE.length, MAX_DELIVERY_BYTES - sent));
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', more);
  more();
  await closed;
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.concat(heard).toString('latin1')) ?? [];
  return status === undefined ? null : Number(status);
}
