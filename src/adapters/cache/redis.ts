import KeyvRedis, { createClient } from '@keyv/redis';
import { trusted } from '../trust.ts';
import { createCache, type Cache, type CacheOptions } from './cache.ts';

/** Every key of ours in a Redis begins so: it may be shared with others, and nothing of theirs is ever read, changed or counted. */
export const KEY_PREFIX = 'starkeep';

const CONNECT_TIMEOUT_MS = 2_000;
const LONGEST_RECONNECT_PAUSE_MS = 5_000;

/** Commands that wait for a Redis that is slow; one more is a miss. */
const MAX_WAITING = 1_000;

/**
 * Connects in the background, for as long as it takes: a Redis that is away, stands still or refuses us is no cache until it is one again.
 * @param url `redis://` or `rediss://`; with TLS its certificate is verified, by the CAs of {@link trusted} too
 */
export function createRedisCache(url: string, options: CacheOptions): Cache {
  const client = createClient({
    url,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (attempts) => Math.min(2 ** attempts * 100, LONGEST_RECONNECT_PAUSE_MS),
      ...(url.startsWith('rediss:') ? { tls: true as const, ...trusted() } : {}),
    },
    // What cannot be sent now is a miss now.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING,
  });
  let lastError: Error | null = null;
  let tried: () => void = () => undefined;
  const firstTry = new Promise<void>((resolve) => (tried = resolve));
  client.on('error', (error: Error) => {
    lastError = error;
    tried();
  });
  client.on('ready', () => {
    lastError = null;
    tried();
  });
  const store = new KeyvRedis(client, { namespace: KEY_PREFIX, keyPrefixSeparator: ':', throwOnErrors: true });
  // The same errors come back from the calls.
  store.on('error', () => undefined);
  // It goes on trying by itself; what it failed with is told by the first call that needed it.
  const connecting = client.connect().catch((error: Error) => {
    lastError = error;
    tried();
  });
  return createCache(
    explained(store, firstTry, () => lastError),
    {
      ...options,
      namespace: KEY_PREFIX,
      onClose: async () => {
        if (client.isOpen) client.destroy();
        await connecting;
      },
    },
  );
}

/** Writes and reads one entry. @returns what went wrong, in a sentence; `null`: nothing */
export async function troubleOfRedis(url: string): Promise<string | null> {
  let trouble: string | null = null;
  const cache = createRedisCache(url, { onTrouble: (reason) => (trouble = reason), deadlineMs: 3_000 });
  try {
    const written = new Date().toISOString();
    await cache.set('doctor', written, 60_000);
    const read = await cache.get('doctor');
    return trouble ?? (read === written ? null : 'it does not give back what it was given');
  } finally {
    await cache.close();
  }
}

/** Waits for how the first try to connect ends, and says why there is no connection: "The client is offline" tells nobody. */
function explained(
  store: KeyvRedis<unknown>,
  firstTry: Promise<void>,
  whyOffline: () => Error | null,
): KeyvRedis<unknown> {
  const { get, set } = store;
  const because = async <T>(call: () => Promise<T>): Promise<T> => {
    await firstTry;
    try {
      return await call();
    } catch (error) {
      throw whyOffline() ?? error;
    }
  };
  store.get = <T>(key: string) => because(() => get.call(store, key) as Promise<T | undefined>);
  store.set = (key: string, value: unknown, ttl?: number) => because(() => set.call(store, key, value as string, ttl));
  return store;
}
