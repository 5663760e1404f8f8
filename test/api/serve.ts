import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Hono } from 'hono';
import { onTestFinished } from 'vitest';
import { openServer, type ServerLimits } from '../../src/api/server.ts';

/** Serves an app over a real socket until the test ends. @returns its address, without a slash at the end */
export async function served(app: Hono, hostname = '127.0.0.1', limits: Partial<ServerLimits> = {}): Promise<string> {
  const server = openServer({ fetch: app.fetch, port: 0, hostname }, limits);
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
