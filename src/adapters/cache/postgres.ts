import type { KeyvStoreAdapter } from 'keyv';
import type { Queryable } from '../postgres/database.ts';
import { createCache, type Cache, type CacheOptions } from './cache.ts';

/** How often what is over is looked for, by each process, when it stores something. */
const PRUNE_EVERY_MS = 3_600_000;

/** Remembers in the table `remembered`, so that it outlives the process and all workers share it. */
export function createPostgresCache(db: Queryable, options: CacheOptions): Cache {
  const now = options.now ?? Date.now;
  let prunedAt = Number.NEGATIVE_INFINITY;

  async function prune(): Promise<void> {
    if (now() - prunedAt < PRUNE_EVERY_MS) return;
    prunedAt = now();
    await db.query('delete from remembered where ends_at < now()');
  }

  const store: KeyvStoreAdapter = {
    opts: {},
    async get<T>(key: string) {
      const [row] = await db.query('select value from remembered where key = $1 and ends_at > now()', [key]);
      return row?.['value'] as T | undefined;
    },
    async set(key: string, value: string, ttlMs = 0) {
      await db.query(
        `insert into remembered (key, value, ends_at) values ($1, $2, now() + $3::float8 * interval '1 millisecond')
         on conflict (key) do update set value = excluded.value, ends_at = excluded.ends_at`,
        [key, value, ttlMs],
      );
      await prune();
    },
    async delete(key: string) {
      return (await db.query('delete from remembered where key = $1 returning key', [key])).length > 0;
    },
    // Nobody asks for it, and it is not only ours to empty.
    clear: () => Promise.reject(new Error('what is remembered ends by itself')),
    on() {
      return this;
    },
  };
  return createCache(store, options);
}
