import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { onTestFinished } from 'vitest';

/** Serves an app over a real socket until the test ends. @returns its address, without a slash at the end */
export async function served(app: Hono, hostname = '127.0.0.1'): Promise<string> {
  const server = serve({ fetch: app.fetch, port: 0, hostname }) as Server;
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://${hostname === '::' ? '127.0.0.1' : hostname}:${port}`;
}
