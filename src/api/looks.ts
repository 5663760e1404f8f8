import { AsyncLocalStorage } from 'node:async_hooks';
import type { MiddlewareHandler } from 'hono';

/** Which requests merely look, so that a replica of the record may answer them. */
export interface Looks {
  /** Whether what runs now was begun by a request that merely looks; false wherever that is not known. */
  underWay: () => boolean;
  /** For all of `/api/v1`. */
  apart: MiddlewareHandler;
}

/** @param onChange told when a request that may have changed something was carried out, and before it is answered: who is answered may look at once */
export function createLooks(onChange: () => void): Looks {
  const looking = new AsyncLocalStorage<true>();
  return {
    underWay: () => looking.getStore() === true,
    apart: async (c, next) => {
      if (c.req.method === 'GET' || c.req.method === 'HEAD') return looking.run(true, next);
      try {
        await next();
      } finally {
        onChange();
      }
    },
  };
}
