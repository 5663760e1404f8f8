import { z } from 'zod';
import type { CachedAnswer, EtagCache } from '../github-cache.ts';
import type { Cache } from './cache.ts';

/** As in Postgres: an answer that was not stored anew for so long is asked for in full again. */
const KEEP_MS = 30 * 86_400_000;

/** A page of a hundred stars has about 500,000; anything much larger is cheaper to ask for again than to keep. */
const MAX_CHARACTERS = 4_000_000;

const answerShape = z.object({ etag: z.string().min(1), body: z.string(), headers: z.record(z.string(), z.string()) });

/** GitHub's answers by ETag, in a cache. What is there and is no answer is a miss. */
export function createAnswerCache(cache: Cache): EtagCache {
  return {
    async get(key) {
      const text = await cache.get(`answer ${key}`);
      return text === null ? null : read(text);
    },
    async set(key, answer) {
      if (answer.body.length > MAX_CHARACTERS) return;
      await cache.set(`answer ${key}`, JSON.stringify(answer), KEEP_MS);
    },
  };
}

function read(text: string): CachedAnswer | null {
  try {
    return answerShape.parse(JSON.parse(text));
  } catch {
    // Somebody else's, or of another version.
    return null;
  }
}
