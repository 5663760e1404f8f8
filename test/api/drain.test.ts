import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDrain, type Drain } from '../../src/api/drain.ts';
import { openServer } from '../../src/api/server.ts';

const LONG_MS = 60_000;
const never = new AbortController().signal;

let server: Server;
let drain: Drain;
let agent: Agent;
let answer: (text: string) => void;
/** A request for `/held` has come. */
let held: Promise<void>;

beforeEach(async () => {
  let reach = (): void => undefined;
  held = new Promise<void>((resolve) => (reach = resolve));
  const text = new Promise<string>((resolve) => (answer = resolve));
  const app = new Hono();
  app.get('/', (c) => c.text('here'));
  app.get('/held', async (c) => (reach(), c.text(await text)));
  app.get('/stream', (c) =>
    c.body(
      new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('begun '));
          reach();
          controller.enqueue(new TextEncoder().encode(await text));
          controller.close();
        },
      }),
    ),
  );
  server = openServer({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  drain = createDrain(server);
  agent = new Agent({ keepAlive: true });
  await once(server, 'listening');
});

afterEach(async () => {
  agent.destroy();
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
});

async function ask(path: string): Promise<{ text: string; connection: string | undefined }> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, agent }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
  return { text, connection: response.headers.connection };
}

describe('a server that drains', () => {
  it('keeps connections before', async () => {
    expect(await ask('/')).toEqual({ text: 'here', connection: 'keep-alive' });
  });

  it('still answers, and asks for every connection back', async () => {
    await ask('/');
    const { port } = server.address() as AddressInfo;

    drain.begin();

    expect(await ask('/')).toEqual({ text: 'here', connection: 'close' });
    expect((await fetch(`http://127.0.0.1:${port}/`)).headers.get('connection')).toBe('close');
  });

  it('asks for the connection of a request under way back, too', async () => {
    const answered = ask('/held');
    await held;

    drain.begin();
    answer('late');

    expect(await answered).toEqual({ text: 'late', connection: 'close' });
  });

  it('then takes no connection any more, ends those without a request, and lets the others end', async () => {
    await ask('/');
    const answered = ask('/held');
    await held;
    const { port } = server.address() as AddressInfo;

    drain.begin();
    const finished = drain.finish(LONG_MS, never);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    answer('late');

    expect((await answered).text).toBe('late');
    await finished;
  });

  it('does not wait for the next request where an answer could not say any more that it is the last', async () => {
    const answered = ask('/stream');
    await held;

    drain.begin();
    const finished = drain.finish(LONG_MS, never);
    answer('and ended');

    expect(await answered).toEqual({ text: 'begun and ended', connection: 'keep-alive' });
    const began = performance.now();
    await finished;
    // The connection would be kept for five seconds.
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  it('cuts off at once whoever is under way when it is to hurry', async () => {
    const answered = ask('/held').catch((error: Error) => error.message);
    await held;
    const hurry = new AbortController();

    drain.begin();
    const finished = drain.finish(LONG_MS, hurry.signal);
    hurry.abort();

    await finished;
    expect(await answered).toMatch(/hang up|ECONNRESET/);
  });
});
