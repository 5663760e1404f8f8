import type { Server, ServerResponse } from 'node:http';

/**
 * How a server goes without failing anybody. Told to stop, it first only says so (`/readyz`) and asks for every connection back with the answer
 * it gives on it, while whoever sends it requests may not have noticed yet. After that delay it listens no more; what is under way ends.
 */
export interface Drain {
  /** From now on every answer closes its connection, also that of a request under way. */
  begin(): void;
  /**
   * Listens no more. Connections without a request are closed at once, and all of them after `longestMs`, or when `hurry` says so.
   * @returns when nothing is open any more
   */
  finish(longestMs: number, hurry: AbortSignal): Promise<void>;
}

/** Watches the server from now on: before it answers anything. */
export function createDrain(server: Server): Drain {
  const underWay = new Set<ServerResponse>();
  let draining = false;
  const last = (response: ServerResponse) => {
    // One that streams has told its headers already, and ends by itself.
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  // Before those who answer.
  server.prependListener('request', (_, response) => {
    if (draining) return last(response);
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  return {
    begin() {
      draining = true;
      underWay.forEach(last);
    },
    async finish(longestMs, hurry) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const closeIdle = () => server.closeIdleConnections();
      closeIdle();
      // Where an answer ended that could not say so any more, its connection would wait for a next request.
      underWay.forEach((response) => response.once('close', () => setImmediate(closeIdle)));
      const closeAll = () => server.closeAllConnections();
      const timer = setTimeout(closeAll, longestMs);
      hurry.addEventListener('abort', closeAll, { once: true });
      if (hurry.aborted) closeAll();
      await closed;
      clearTimeout(timer);
    },
  };
}
