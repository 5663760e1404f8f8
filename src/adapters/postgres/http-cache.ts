import { toFailure, type Failure } from '../../domain/failures.ts';
import type { CachedAnswer, EtagCache } from '../github-cache.ts';
import type { Queryable } from './database.ts';

export interface HttpCacheOptions {
  /** Told what went wrong; the read that wanted the answer goes on without it. */
  onError: (failure: Failure) => void;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** An answer that was not stored anew for so long is asked for in full again. */
const KEEP_DAYS = 30;

/** How often old answers are looked for, by each process, when it stores a new one. */
const PRUNE_EVERY_MS = 3_600_000;

/** A page of a hundred stars has about 500,000; anything much larger is cheaper to ask for again than to keep. */
const MAX_CHARACTERS = 4_000_000;

/** Remembers answers in Postgres, so that they outlive the process and all workers share them. Never throws. */
export function createHttpCache(db: Queryable, { onError, now = Date.now }: HttpCacheOptions): EtagCache {
  let prunedAt = Number.NEGATIVE_INFINITY;

  async function reporting<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      onError(toFailure(error));
      return null;
    }
  }

  async function prune(): Promise<void> {
    if (now() - prunedAt < PRUNE_EVERY_MS) return;
    prunedAt = now();
    await db.query('delete from http_cache where stored_at < now() - make_interval(days => $1)', [KEEP_DAYS]);
  }

  return {
    get: (key) =>
      reporting(async () => {
        const [row] = await db.query<CachedAnswer & Record<string, unknown>>(
          'select etag, body, headers from http_cache where key = $1',
          [key],
        );
        return row ? { etag: row.etag, body: row.body, headers: row.headers } : null;
      }),
    async set(key, answer) {
      if (answer.body.length > MAX_CHARACTERS) return;
      await reporting(async () => {
        await db.query(
          `insert into http_cache (key, etag, body, headers) values ($1, $2, $3, $4)
           on conflict (key) do update
             set etag = excluded.etag, body = excluded.body, headers = excluded.headers, stored_at = now()`,
          [key, answer.etag, answer.body, JSON.stringify(answer.headers)],
        );
        await prune();
      });
    },
  };
}
