import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Flood, Flooded } from './flooding.ts';
import { createSender, signed } from './receiver.ts';

/** More than we can hold, from somebody who does not have the secret, while GitHub wants to deliver. */

const FLOOD = 1_000;

/**
 * Of 25 GB that want in: what bodies may take by their two rooms (132 MB) and a thousand connections (100 KB each), and as much again for what the
 * runtime has not collected yet, which is its own affair. Seen were 322 MB with Node 20, 354 to 427 with Node 26.
 */
const MOST_GROWTH_BYTES = 512 * 1024 * 1024;

const { model, payloads } = createSender();
const push = payloads.push(model.add({ fullName: 'ann/kept' }), { after: 'a'.repeat(40) });
/** As large as a delivery gets, nearly. */
const largePush = { ...push, padding: 'x'.repeat(20 * 1024 * 1024) };

let api: ChildProcess;
let others: ChildProcess;
let port: number;

const started = (script: string) =>
  fork(fileURLToPath(new URL(script, import.meta.url)), { execArgv: ['--import', 'tsx'] });

beforeAll(async () => {
  others = started('flooding.ts');
  api = started('flooded.ts');
  [{ port }] = (await once(api, 'message')) as [{ port: number }];
});
afterAll(async () => {
  const ended = [api, others].map((child) => once(child, 'exit'));
  for (const child of [api, others]) child.disconnect();
  await Promise.all(ended);
});

describe(`${FLOOD} bodies of 25 MB with wrong signatures at once`, () => {
  it('take no more memory than there is room for, and keep out nobody who has the secret', async () => {
    expect(await deliver(push)).toBe(202);
    const before = await said();

    const answered = flood();
    await answered.any;
    const small = Array.from({ length: 20 }, () => deliver(push));
    const genuine = await Promise.all([...small, deliver(largePush)]);
    const answers = await answered.all;
    const after = await said();

    // One for which there was no room, or whose body was not there, within nine of the ten seconds that GitHub waits would be a 408.
    expect(genuine).toEqual(genuine.map(() => 202));
    // Wrong, or still without room when its time was over; who goes on sending then may meet the end of the connection before he hears it.
    expect(answers.filter((status) => status !== 401 && status !== 408 && status !== null)).toEqual([]);
    // How many of them had room in time is a matter of how fast the machine is.
    expect(answers.some((status) => status !== null)).toBe(true);
    expect(after.mostBytes - before.mostBytes).toBeLessThan(MOST_GROWTH_BYTES);
    expect(after.taken).toBe(genuine.length + 1);
    expect(await deliver(push)).toBe(202);
  });
});

async function said(): Promise<{ mostBytes: number; taken: number }> {
  const answer = once(api, 'message');
  api.send('how much?');
  const [said] = (await answer) as [{ mostBytes: number; taken: number }];
  return said;
}

/** @returns the status */
async function deliver(payload: unknown): Promise<number> {
  const { body, headers } = signed(payload, { 'x-forwarded-for': '192.0.2.1' });
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/github`, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}

/** @returns settled when the first body is answered, and when all are, with the status of each */
function flood(): { any: Promise<unknown>; all: Promise<(number | null)[]> } {
  const any = once(others, 'message');
  const all = new Promise<(number | null)[]>((resolve) => {
    others.on('message', (flooded: Flooded) => {
      if ('statuses' in flooded) resolve(flooded.statuses);
    });
  });
  others.send({ port, bodies: FLOOD } satisfies Flood);
  return { any, all };
}
