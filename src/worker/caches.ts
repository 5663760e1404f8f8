import type { Logger } from 'pino';
import { createAnswerCache } from '../adapters/cache/answers.ts';
import type { Cache, CacheOptions } from '../adapters/cache/cache.ts';
import { createPostgresCache } from '../adapters/cache/postgres.ts';
import { sealedCache } from '../adapters/cache/sealed.ts';
import { createTokenCache, type TokenCache } from '../adapters/cache/tokens.ts';
import { createMemoryEtagCache, type EtagCache } from '../adapters/github-cache.ts';
import type { Queryable } from '../adapters/postgres/database.ts';
import { createHttpCache } from '../adapters/postgres/http-cache.ts';
import { required, type Config } from '../config.ts';
import type { PayloadKey } from '../domain/payload-keys.ts';
import type { Redact } from '../domain/redaction.ts';
import { cacheOperationsTotal } from '../metrics.ts';

export interface Caches {
  answers: EtagCache;
  /** Of the GitHub App. */
  tokens: TokenCache;
  close(): Promise<void>;
}

/**
 * What workers remember, where the settings say. Without a key nothing of it that is a secret leaves the process: tokens stay in memory, and in Redis, which
 * others may read, answers are not sealed.
 * @param keys what entered settings are sealed with
 */
export async function createCaches(
  { cache: { place, redisUrl }, github }: Pick<Config, 'cache' | 'github'>,
  { db, keys, logger, redact }: { db: Queryable; keys: readonly PayloadKey[]; logger: Logger; redact: Redact },
): Promise<Caches> {
  const said = { place, effect: 'GitHub is asked as if nothing were remembered' };
  const told: CacheOptions = {
    onTrouble: (reason) => logger.warn({ ...said, reason: redact(reason) }, 'what is remembered cannot be read'),
    onRecovery: () => logger.info({ place }, 'what is remembered can be read again'),
    onError: () => cacheOperationsTotal.inc({ cache: place, outcome: 'error' }),
  };
  const plain: Record<typeof place, () => Cache | null | Promise<Cache>> = {
    memory: () => null,
    postgres: () => createPostgresCache(db, told),
    async redis() {
      // Only here: its client is four hundred modules.
      const { createRedisCache } = await import('../adapters/cache/redis.ts');
      return createRedisCache(required(redisUrl), told);
    },
  };
  const shared = await plain[place]();
  const sealed = shared !== null && keys.length > 0 ? sealedCache(shared, keys) : null;
  const tokens = createTokenCache({
    shared: sealed,
    scope: `${github.apiUrl} ${github.app?.appId ?? ''}`,
    onOutcome: (outcome) => cacheOperationsTotal.inc({ cache: 'tokens', outcome }),
  });
  return { answers: counted(answersIn()), tokens, close: async () => void (await shared?.close()) };

  function answersIn(): EtagCache {
    if (place === 'redis' && shared !== null) return createAnswerCache(sealed ?? shared);
    if (place === 'memory') return createMemoryEtagCache();
    let toldAt = Number.NEGATIVE_INFINITY;
    return createHttpCache(db, {
      onError: ({ kind, message }) => {
        told.onError?.();
        if (Date.now() - toldAt < TELL_EVERY_MS) return;
        toldAt = Date.now();
        logger.warn({ kind, reason: redact(message) }, 'answers of GitHub are not remembered');
      },
    });
  }
}

const TELL_EVERY_MS = 60_000;

function counted(answers: EtagCache): EtagCache {
  return {
    ...answers,
    async get(key) {
      const answer = await answers.get(key);
      cacheOperationsTotal.inc({ cache: 'answers', outcome: answer === null ? 'miss' : 'hit' });
      return answer;
    },
  };
}
