import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { connectionsDroppedTotal } from '../metrics.ts';

/** How long a stranger may take, and how many there may be at once. */
export interface ServerLimits {
  /** From the connection to the end of the headers. */
  headersTimeoutMs: number;
  /** From the connection to the end of the body, whoever reads it; what reads a body has a shorter time of its own. */
  requestTimeoutMs: number;
  /** How often the two above are looked at. */
  checkEveryMs: number;
  /**
   * Between two requests of one connection. Longer than any usual proxy keeps its own end of an idle connection (nginx and AWS 60 s, Caddy
   * 120 s): whoever closes first may do so just as the other sends, and a POST that meets a closed connection is not repeated but lost.
   */
  keepAliveTimeoutMs: number;
  /** Of all headers together. */
  maxHeaderBytes: number;
  /** Connections beyond these are closed at once. Each holds at most some 100 KB that nobody has asked for yet. */
  maxConnections: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  checkEveryMs: 1_000,
  keepAliveTimeoutMs: 125_000,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 2_000,
};

/**
 * Begins to listen. What is too slow gets 408 and is closed, what has too many headers 431, both from Node itself.
 * @see https://nodejs.org/api/http.html#servertimeout
 */
export function openServer(
  { fetch, hostname, port }: { fetch: Hono['fetch']; hostname: string; port: number },
  limits: Partial<ServerLimits> = {},
): Server {
  const all = { ...SERVER_LIMITS, ...limits };
  const server = serve({
    fetch,
    hostname,
    port,
    serverOptions: {
      headersTimeout: all.headersTimeoutMs,
      requestTimeout: all.requestTimeoutMs,
      connectionsCheckingInterval: all.checkEveryMs,
      keepAliveTimeout: all.keepAliveTimeoutMs,
      maxHeaderSize: all.maxHeaderBytes,
    },
  }) as Server;
  server.maxConnections = all.maxConnections;
  server.on('drop', () => connectionsDroppedTotal.inc());
  return server;
}
