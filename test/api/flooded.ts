import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { openServer } from '../../src/api/server.ts';
import { createReceiver } from './receiver.ts';

/**
 * The api as a process of its own, so that its memory is its own: says its port, and, whenever it is told anything, the most memory it ever had.
 * Whose address a request has, it says itself.
 */

const address = (header: string | undefined) => header ?? '203.0.113.7';
const { app, control } = createReceiver({ clientAddress: (c) => address(c.req.header('x-forwarded-for')) });

const server = openServer({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
process.on('message', () => {
  // maxRSS is in kilobytes.
  process.send?.({ mostBytes: process.resourceUsage().maxRSS * 1024, taken: control.events.length });
});
process.on('disconnect', () => process.exit(0));
