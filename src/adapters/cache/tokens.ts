import { createCache, RecentEntries, type Cache } from './cache.ts';

/** What `@octokit/auth-app` keeps installation tokens in: `TOKEN|CREATED|EXPIRES|…` by installation. Never rejects. */
export interface TokenCache {
  get(key: string): Promise<string>;
  set(key: string, value: string): Promise<void>;
}

export interface TokenCacheOptions {
  /** Sealed, and shared with other workers; `null`: each process has its own tokens. */
  shared: Cache | null;
  /** Whose tokens: the App and its server. */
  scope: string;
  onOutcome?: (outcome: 'hit' | 'miss') => void;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** A token that ends sooner than that is not handed out any more. */
const SHORTEST_LIFE_MS = 60_000;

/**
 * Others' tokens first, so that one that somebody had to renew is everybody's; this process's own are kept besides, for when the shared ones cannot be read:
 * a cache that is away must not have a token minted for every request.
 */
export function createTokenCache({ shared, scope, onOutcome, now = Date.now }: TokenCacheOptions): TokenCache {
  const own = createCache(new RecentEntries(), { onTrouble: () => undefined, now });
  const nameOf = (key: string) => `token ${scope} ${key}`;
  const usable = (value: string | null) => (value !== null && lifeOf(value, now()) > SHORTEST_LIFE_MS ? value : null);
  return {
    async get(key) {
      const name = nameOf(key);
      const found = usable((await shared?.get(name)) ?? null) ?? usable(await own.get(name));
      onOutcome?.(found === null ? 'miss' : 'hit');
      return found ?? '';
    },
    async set(key, value) {
      const lifeMs = lifeOf(value, now());
      await own.set(nameOf(key), value, lifeMs);
      await shared?.set(nameOf(key), value, lifeMs);
    },
  };
}

/** @returns milliseconds; none for what is no token */
function lifeOf(value: string, now: number): number {
  const [, expiresAt = ''] = /^[^|\s]+\|[^|]*\|([^|]+)\|/.exec(value) ?? [];
  const lifeMs = Date.parse(expiresAt) - now;
  return Number.isNaN(lifeMs) ? 0 : lifeMs;
}
