import { createHash } from 'node:crypto';

/** An answer worth asking about again with `If-None-Match`. */
export interface CachedAnswer {
  etag: string;
  /** The body as it came, without `temp_clone_token`, which is a credential. */
  body: string;
  /** The headers that are part of the answer's meaning (`link`, `content-type`, `x-github-sso`), by lower-case name. */
  headers: Record<string, string>;
}

/**
 * Remembers answers by key. An accelerator and nothing else: an implementation that fails answers `null` and reports that itself,
 * so that a read never depends on it.
 */
export interface EtagCache {
  get(key: string): Promise<CachedAnswer | null>;
  set(key: string, answer: CachedAnswer): Promise<void>;
}

export interface MemoryCacheBounds {
  /** Default 500. */
  maxEntries?: number;
  /** Over all bodies, counted in UTF-16 code units. Default 32 Mi. */
  maxCharacters?: number;
}

/** Keeps the answers used last in this process, within both bounds. */
export function createMemoryEtagCache(bounds: MemoryCacheBounds = {}): EtagCache {
  const { maxEntries = 500, maxCharacters = 32 * 1024 * 1024 } = bounds;
  // A Map keeps insertion order: the first entry is the one used longest ago.
  const entries = new Map<string, CachedAnswer>();
  let characters = 0;

  const remove = (key: string): void => {
    characters -= entries.get(key)?.body.length ?? 0;
    entries.delete(key);
  };

  return {
    async get(key) {
      const answer = entries.get(key);
      if (!answer) return null;
      entries.delete(key);
      entries.set(key, answer);
      return answer;
    },
    async set(key, answer) {
      remove(key);
      entries.set(key, answer);
      characters += answer.body.length;
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && characters <= maxCharacters) break;
        remove(oldest);
      }
    },
  };
}

/**
 * GitHub's ETags differ per token and per media type, so both are part of the key; the token only as a fingerprint.
 * @param authorization the header as it is sent; `undefined` when nothing is
 * @see https://github.com/github/docs/issues/34689
 */
export function cacheKey(authorization: string | undefined, url: string, accept: string): string {
  const fingerprint = authorization === undefined ? 'anonymous' : sha256(authorization).slice(0, 16);
  return `${fingerprint} ${accept} ${url}`;
}

const REMEMBERED_HEADERS = ['content-type', 'link', 'x-github-sso'];

/**
 * What to remember of an answer with status 200; `null` when it has no ETag, or is no JSON: one that a proxy cut off would come again for as long
 * as the whole one stays the right answer.
 */
export function cacheable(headers: Headers, body: string): CachedAnswer | null {
  const etag = headers.get('etag');
  if (etag === null || !isJson(body)) return null;
  const kept = REMEMBERED_HEADERS.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { etag, body: withoutCloneTokens(body), headers: Object.fromEntries(kept) };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Inside a JSON string the quotes would be escaped, so this meets the property only. */
function withoutCloneTokens(json: string): string {
  return json.replace(/"temp_clone_token"\s*:\s*"(?:[^"\\]|\\.)*"/g, '"temp_clone_token":null');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
