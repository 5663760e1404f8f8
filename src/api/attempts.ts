import { networkOf } from './addresses.ts';

/** Failed attempts to get in, by address: the more of them, the slower the answer. */

export interface FailedAttempt {
  /** Of this address, this one included, since it was quiet for a quarter of an hour. */
  count: number;
  /** How long the answer should wait. */
  pauseMs: number;
  /** Whether this one belongs into the audit log: the first of its address within a minute, as long as not too many addresses try. */
  isNews: boolean;
  /** Of news: how many of this address there were since the last that was news, which nobody was told of. */
  untold: number;
}

/** `good`: let in within a day · `failing`: failed within a quarter of an hour, and not let in · `unknown`: neither. */
export type Standing = 'good' | 'unknown' | 'failing';

export interface AttemptLog {
  failed(address: string): FailedAttempt;
  succeeded(address: string): void;
  standing(address: string): Standing;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** After so long without an attempt an address begins anew. */
const FORGOTTEN_AFTER_MS = 15 * 60_000;
const MINUTE_MS = 60_000;
const GOOD_FOR_MS = 24 * 3_600_000;

/** Addresses remembered of each kind; beyond that those that were quiet for longest are forgotten, a thousand at a time. */
const MAX_ADDRESSES = 10_000;
const FORGOTTEN_AT_ONCE = 1_000;

/** News in one minute, whatever the number of addresses: a botnet must not fill the audit log. */
const MAX_NEWS = 100;

interface Attempts {
  count: number;
  lastMs: number;
  toldMs: number;
  untold: number;
}

/**
 * Of IPv6 a whole /64 is one address here, since that is what one machine has at least.
 * @param now epoch milliseconds
 */
export function createAttempts(now: () => number = Date.now): AttemptLog {
  const failing = new Map<string, Attempts>();
  // Apart from the others: however many strangers fail, who was let in is remembered.
  const good = new Map<string, number>();
  let news = { sinceMs: 0, count: 0 };

  const isNews = (toldMs: number, nowMs: number): boolean => {
    if (nowMs - toldMs < MINUTE_MS) return false;
    if (nowMs - news.sinceMs >= MINUTE_MS) news = { sinceMs: nowMs, count: 0 };
    news.count += 1;
    return news.count <= MAX_NEWS;
  };
  const lately = (network: string): Attempts | null => {
    const known = failing.get(network);
    return known && now() - known.lastMs < FORGOTTEN_AFTER_MS ? known : null;
  };

  return {
    failed(address) {
      const nowMs = now();
      const network = networkOf(address);
      const before = lately(network) ?? { count: 0, toldMs: -Infinity, untold: 0 };
      const told = isNews(before.toldMs, nowMs);
      const count = before.count + 1;
      const untold = told ? 0 : before.untold + 1;
      remember(failing, network, { count, lastMs: nowMs, toldMs: told ? nowMs : before.toldMs, untold });
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
      return { count, pauseMs, isNews: told, untold: told ? before.untold : 0 };
    },
    succeeded(address) {
      remember(good, networkOf(address), now());
    },
    standing(address) {
      const network = networkOf(address);
      if (now() - (good.get(network) ?? -Infinity) < GOOD_FOR_MS) return 'good';
      return lately(network) === null ? 'unknown' : 'failing';
    },
  };
}

/** A Map keeps the order of insertion, so its first keys are those that were quiet for longest. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_ADDRESSES) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    if (map.size <= MAX_ADDRESSES - FORGOTTEN_AT_ONCE) return;
  }
}
