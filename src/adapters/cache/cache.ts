import { Keyv, type KeyvStoreAdapter } from 'keyv';

/**
 * What need not be asked for again, by key. An accelerator and nothing else: whatever goes wrong is a miss, it takes no longer than a moment, and it is said
 * once an outage. Neither method ever rejects.
 */
export interface Cache {
  /** @returns `null` when there is nothing, or it cannot be read now */
  get(key: string): Promise<string | null>;
  /** @param ttlMs forgotten after so long */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface CacheOptions {
  /** What every key in the store begins with, where the store is shared with others. */
  namespace?: string;
  /** Told when it stops working, and not again until it has worked. */
  onTrouble: (reason: string) => void;
  /** Told when it works again after that. */
  onRecovery?: () => void;
  /** Told of every call that came to nothing because of it. */
  onError?: () => void;
  /** How long one call may take. Default 1 s. */
  deadlineMs?: number;
  /** How long nobody is asked after a call that failed: who waits for each anew would be held up as by no cache at all. Default 10 s. */
  restMs?: number;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
  /** Lets go of what the store holds open. */
  onClose?: () => Promise<void>;
}

/** @param store one of keyv's; the keys it gets are as they come here */
export function createCache(store: KeyvStoreAdapter | Map<string, unknown>, options: CacheOptions): Cache {
  const {
    namespace = '',
    onTrouble,
    onRecovery,
    onError,
    deadlineMs = 1_000,
    restMs = 10_000,
    now = Date.now,
  } = options;
  const keyv = new Keyv<string>(store, { namespace, useKeyPrefix: false, throwOnErrors: true });
  // Every failure comes back from the call itself; an event that nobody listens to would end the process.
  keyv.on('error', () => undefined);
  let restsUntil = Number.NEGATIVE_INFINITY;
  let isWell = true;

  async function attempt<T>(work: () => Promise<T>): Promise<T | null> {
    if (now() < restsUntil) {
      onError?.();
      return null;
    }
    try {
      const value = await inTime(work(), deadlineMs);
      if (!isWell) onRecovery?.();
      isWell = true;
      return value;
    } catch (error) {
      onError?.();
      // One entry that makes no sense says nothing of the others.
      if (isNonsense(error)) return null;
      restsUntil = now() + restMs;
      if (isWell) onTrouble(error instanceof Error ? error.message || error.name : String(error));
      isWell = false;
      return null;
    }
  }

  return {
    async get(key) {
      const value = await attempt(() => keyv.get(key));
      return typeof value === 'string' ? value : null;
    },
    async set(key, value, ttlMs) {
      if (ttlMs > 0) await attempt(() => keyv.set(key, value, Math.ceil(ttlMs)));
    },
    close: () => options.onClose?.() ?? Promise.resolve(),
  };
}

/** What somebody else wrote under our name: no JSON, or another type of Redis's. */
function isNonsense(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message.startsWith('WRONGTYPE'));
}

/** The call itself goes on; what becomes of it is not looked at. */
async function inTime<T>(call: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs / 1000} s`)), deadlineMs);
  });
  try {
    return await Promise.race([call, over]);
  } finally {
    clearTimeout(timer);
    call.catch(() => undefined);
  }
}

/** A store of keyv's in this process: what was used longest ago goes first. */
export class RecentEntries extends Map<string, unknown> {
  private readonly maxEntries: number;

  /** @param maxEntries default 1,000 */
  constructor(maxEntries = 1_000) {
    super();
    this.maxEntries = maxEntries;
  }

  override get(key: string): unknown {
    const value = super.get(key);
    // A Map keeps insertion order: what is put in anew is last.
    if (value !== undefined && super.delete(key)) super.set(key, value);
    return value;
  }

  override set(key: string, value: unknown): this {
    super.delete(key);
    super.set(key, value);
    for (const oldest of this.keys()) {
      if (this.size <= this.maxEntries) break;
      super.delete(oldest);
    }
    return this;
  }
}
