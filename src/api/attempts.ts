/** Failed attempts to get in, by address: the more of them, the slower the answer. */

export interface FailedAttempt {
  /** How long the answer should wait. */
  pauseMs: number;
  /** Whether this one belongs into the audit log: the first of its address within a minute, as long as not too many addresses try. */
  isNews: boolean;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** After so long without an attempt an address begins anew. */
const FORGOTTEN_AFTER_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

/** Addresses remembered; beyond that the one that was quiet for longest is forgotten. */
const MAX_ADDRESSES = 10_000;

/** News in one minute, whatever the number of addresses: a botnet must not fill the audit log. */
const MAX_NEWS = 100;

interface Attempts {
  count: number;
  lastMs: number;
  toldMs: number;
}

/** @param now epoch milliseconds */
export function createAttempts(now: () => number = Date.now): { failed(address: string): FailedAttempt } {
  const byAddress = new Map<string, Attempts>();
  let news = { sinceMs: 0, count: 0 };

  const isNews = (toldMs: number, nowMs: number): boolean => {
    if (nowMs - toldMs < MINUTE_MS) return false;
    if (nowMs - news.sinceMs >= MINUTE_MS) news = { sinceMs: nowMs, count: 0 };
    news.count += 1;
    return news.count <= MAX_NEWS;
  };

  return {
    failed(address) {
      const nowMs = now();
      const known = byAddress.get(address);
      const before = known && nowMs - known.lastMs < FORGOTTEN_AFTER_MS ? known : { count: 0, toldMs: -Infinity };
      const told = isNews(before.toldMs, nowMs);
      const count = before.count + 1;
      // A Map keeps the order of insertion, so the first key is the address that was quiet for longest.
      byAddress.delete(address);
      byAddress.set(address, { count, lastMs: nowMs, toldMs: told ? nowMs : before.toldMs });
      if (byAddress.size > MAX_ADDRESSES) byAddress.delete(byAddress.keys().next().value as string);
      return { pauseMs: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1)), isNews: told };
    },
  };
}
