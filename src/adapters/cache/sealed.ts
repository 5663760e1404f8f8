import { createHash } from 'node:crypto';
import type { PayloadKey } from '../../domain/payload-keys.ts';
import { open, seal } from '../sealing.ts';
import type { Cache } from './cache.ts';

/**
 * A cache that whoever can read it learns nothing from, and whoever can write to it cannot make us believe anything: each value is sealed, bound to its key.
 * What cannot be opened (another worker's key, a change) is a miss. Keys are fingerprints, so that they tell nothing either.
 * @param keys the first seals, all open; at least one
 */
export function sealedCache(cache: Cache, keys: readonly PayloadKey[]): Cache {
  const [first] = keys;
  if (first === undefined) throw new Error('a sealed cache needs a key');
  return {
    async get(key) {
      const sealed = await cache.get(fingerprint(key));
      const opened = sealed === null ? null : open(keys, purposeOf(key), sealed);
      return opened?.opened ? opened.text : null;
    },
    set: (key, value, ttlMs) => cache.set(fingerprint(key), seal(first, purposeOf(key), value), ttlMs),
    close: () => cache.close(),
  };
}

const purposeOf = (key: string) => `starkeep cache ${key}`;

function fingerprint(key: string): string {
  const [name = ''] = key.split(' ');
  return `${name}:${createHash('sha256').update(key).digest('base64url')}`;
}
