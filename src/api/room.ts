import type { Standing } from './attempts.ts';

/**
 * Room in memory for bodies whose sender is not known yet. A body is not read before there is room for all of it; until then it stays with its
 * sender, since a socket that is not read from fills up and stops. So what strangers can make us hold is bounded, however many there are.
 */
export interface Room {
  /**
   * Waits for room, runs `work` with the time that is left, and gives the room back.
   * @returns what `work` returns; `null` when there was no room in time
   */
  hold<T>(
    asked: { bytes: number; address: string },
    timeoutMs: number,
    work: (leftMs: number) => Promise<T>,
  ): Promise<T | null>;
}

/** Nearly every delivery is smaller than this, and those have room of their own: a few large bodies cannot stand in their way. */
const SMALL_BYTES = 256 * 1024;
const SMALL_ROOM_BYTES = 32 * 1024 * 1024;

/** Four bodies of the largest kind. */
const LARGE_ROOM_BYTES = 100 * 1024 * 1024;

/** Who comes first when there is not room for all: whoever sent something genuine before, then strangers, then who has failed. */
const TURNS: Record<Standing, number> = { good: 0, unknown: 1, failing: 2 };

interface Waiting {
  bytes: number;
  address: string;
  begin: () => void;
}

/** @param standing looked at when room comes free, not when the request comes: by then more may be known */
export function createRoom(standing: (address: string) => Standing): Room {
  const small = createHall(SMALL_ROOM_BYTES, standing);
  const large = createHall(LARGE_ROOM_BYTES, standing);
  return {
    async hold(asked, timeoutMs, work) {
      const deadline = performance.now() + timeoutMs;
      const leave = await (asked.bytes <= SMALL_BYTES ? small : large).enter(asked, timeoutMs);
      if (leave === null) return null;
      try {
        const leftMs = deadline - performance.now();
        // Where much is to be done a timer comes late, and somebody may be let in whose time is over.
        return leftMs > 0 ? await work(leftMs) : null;
      } finally {
        leave();
      }
    },
  };
}

/** @param capacityBytes at least the largest body, or that one waits for ever */
function createHall(capacityBytes: number, standing: (address: string) => Standing) {
  const waiting = new Set<Waiting>();
  const held = new Map<string, number>();
  let freeBytes = capacityBytes;

  const take = ({ address, bytes }: Waiting) => {
    freeBytes -= bytes;
    held.set(address, (held.get(address) ?? 0) + bytes);
  };
  const give = ({ address, bytes }: Waiting) => {
    freeBytes += bytes;
    const left = (held.get(address) ?? 0) - bytes;
    if (left > 0) held.set(address, left);
    else held.delete(address);
  };
  /** Of the same standing, the address that holds least, then the one that waits longest: one address cannot crowd out the others. */
  const next = (): Waiting | null => {
    let best: { one: Waiting; turn: number; bytes: number } | null = null;
    for (const one of waiting) {
      const turn = TURNS[standing(one.address)];
      const bytes = held.get(one.address) ?? 0;
      if (best === null || turn < best.turn || (turn === best.turn && bytes < best.bytes)) best = { one, turn, bytes };
    }
    return best && best.one;
  };
  // Nobody overtakes the next one by being smaller, or a large body would never have its turn.
  const admit = () => {
    for (let one = next(); one !== null && one.bytes <= freeBytes; one = next()) {
      waiting.delete(one);
      take(one);
      one.begin();
    }
  };

  return {
    enter: ({ bytes, address }: { bytes: number; address: string }, timeoutMs: number): Promise<(() => void) | null> =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          waiting.delete(one);
          resolve(null);
          // Whoever stood behind this one may fit.
          admit();
        }, timeoutMs);
        const one: Waiting = {
          bytes,
          address,
          begin: () => {
            clearTimeout(timer);
            resolve(() => {
              give(one);
              admit();
            });
          },
        };
        waiting.add(one);
        admit();
      }),
  };
}
