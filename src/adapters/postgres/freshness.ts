/**
 * How far a replica has to be so that nobody is shown what he has been told is over: a mark in the primary's log of writes (WAL), taken after the last
 * change this process heard of.
 *
 * Not the rows of `changes`, which say the same: that table is unlogged, and a standby has nothing of it. A mark is one number however much
 * changed, and covers what nobody is told of as well.
 */

/** A place in the log of writes of one database. */
export interface Mark {
  /** As Postgres writes it: `16/B374D848`. */
  position: string;
  /** Which database, of which cluster: numbers of another one mean nothing here. */
  database: string;
}

export interface FreshnessOptions {
  /** Asks the primary how far it has written. May fail. */
  ask: () => Promise<Mark>;
  /** Milliseconds. Default: the clock. */
  now?: () => number;
}

export interface Freshness {
  /** Something has changed: whoever reads from now on has to be shown it. */
  changed(): void;
  /** Changes are heard from now on. What came before is not known. */
  hears(): void;
  /** Changes are not heard any more. It begins like this. */
  isDeaf(): void;
  /** @returns how far a replica has to be for a read that begins now; `null`: nobody knows, so the primary is to be asked. Never fails */
  required(): Promise<Mark | null>;
  /** Asks the primary, whatever is known. To be called every few seconds. @returns `null` when it does not say. Never fails */
  refresh(): Promise<Mark | null>;
}

/**
 * How old a mark may be when nobody refreshes it: not all that changes is told (an entry of the audit log, a mirror that was looked at and found equal), and
 * a connection that broke unseen tells nothing.
 */
export const MARK_VALID_MS = 15_000;

export function createFreshness({ ask, now = Date.now }: FreshnessOptions): Freshness {
  let hearing = false;
  /** Counts what makes every mark that was asked for before too old. */
  let moment = 0;
  let known: { mark: Mark; moment: number; at: number } | null = null;
  let asking: { moment: number; mark: Promise<Mark | null> } | null = null;

  async function askAt(asked: number): Promise<Mark | null> {
    const at = now();
    try {
      const mark = await ask();
      // Answers may overtake each other.
      if (known === null || asked >= known.moment) known = { mark, moment: asked, at };
      return mark;
    } catch {
      return null;
    }
  }

  /** Whoever asks about the same moment shares the answer; an answer asked for earlier may lack what changed since. */
  function refresh(): Promise<Mark | null> {
    if (asking?.moment === moment) return asking.mark;
    const mine = { moment, mark: askAt(moment) };
    asking = mine;
    void mine.mark.then(() => {
      if (asking === mine) asking = null;
    });
    return mine.mark;
  }

  function changed(): void {
    moment += 1;
    // At once, and not when somebody reads: by then the replica may have got there. One at a time, however much changes.
    if (hearing && asking === null) void refresh();
  }

  return {
    changed,
    refresh,
    hears() {
      hearing = true;
      changed();
    },
    isDeaf() {
      hearing = false;
    },
    async required() {
      if (!hearing) return null;
      if (known?.moment === moment && now() - known.at < MARK_VALID_MS) return known.mark;
      return refresh();
    },
  };
}
