import type { Totals } from './overview.ts';

/** The record in numbers, for who watches it from outside. */
export interface Figures extends Pick<Totals, 'byStatus' | 'total' | 'safe' | 'stale' | 'lastFullAt'> {
  /**
   * Since a look at the mirror that has waited longest for one ended well. A reading of the star list that saw a mirror unchanged is a look at it as long as
   * the mirror is equal; of one that never was, it counts from when it was first known. 0: no mirror waits.
   */
  oldestSuccessSeconds: number;
  /** Deletions that are not over: how many wait for the end of the grace period, and how many for a person. */
  pendingDeletions: { time: number; person: number };
  /** What GitHub last said of the hour. `null`: nobody asked it, or it has no limit. */
  budget: { limit: number; remaining: number; resetAt: string } | null;
}
