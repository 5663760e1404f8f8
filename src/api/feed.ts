import type { Change } from '../domain/changes.ts';

/** Changes as they happen, to everybody who looks on: one listener a process, however many streams there are. */
export interface Feed {
  /** Tells everybody. */
  tell(change: Change): void;
  /** Nobody knows what happened meanwhile: everybody looks at everything again. */
  gap(): void;
  /**
   * @param by whose streams count together
   * @returns what ends it; `null` when there is no room for another
   */
  join(by: string, onlooker: Onlooker): (() => void) | null;
  /** Ends every stream, and lets nobody join any more. */
  close(): void;
}

export interface Onlooker {
  onChange(change: Change): void;
  onGap(): void;
  onClose(): void;
}

export interface FeedLimits {
  /** Streams of a process. */
  all: number;
  /** Streams of one key: one that has many tabs open leaves room for the others. */
  each: number;
}

export const FEED_LIMITS: FeedLimits = { all: 500, each: 60 };

export function createFeed(limits: FeedLimits = FEED_LIMITS): Feed {
  const onlookers = new Map<Onlooker, string>();
  let isClosed = false;
  const countOf = (by: string) => [...onlookers.values()].filter((other) => other === by).length;
  return {
    tell(change) {
      for (const onlooker of onlookers.keys()) onlooker.onChange(change);
    },
    gap() {
      for (const onlooker of onlookers.keys()) onlooker.onGap();
    },
    join(by, onlooker) {
      if (isClosed || onlookers.size >= limits.all || countOf(by) >= limits.each) return null;
      onlookers.set(onlooker, by);
      return () => void onlookers.delete(onlooker);
    },
    close() {
      isClosed = true;
      for (const onlooker of [...onlookers.keys()]) onlooker.onClose();
      onlookers.clear();
    },
  };
}
