/** What a reading of the star list may conclude. Pure, because this is where mirroring tools destroy data. */

/** A reading so far. Plain JSON: it is carried through a workflow. */
export interface Tally {
  pages: number;
  /** Distinct repositories read. */
  seen: number;
  /** What the first page said there are in all; `null` before it. */
  total: number | null;
  /** Everything that makes the reading prove nothing. */
  flaws: string[];
}

export const EMPTY_TALLY: Tally = { pages: 0, seen: 0, total: null, flaws: [] };

/** How many flaws a reading names. */
const FLAWS_KEPT = 5;

/** @param fresh repositories on the page that no page before had */
export function addPage(tally: Tally, page: { fresh: number; total: number | null; flaw: string | null }): Tally {
  const flaws = [...tally.flaws];
  if (page.flaw !== null) flaws.push(page.flaw);
  if (tally.total !== null && page.total !== tally.total) {
    flaws.push(`the number of stars changed from ${tally.total} to ${page.total ?? 'nothing'} while the list was read`);
  }
  return {
    pages: tally.pages + 1,
    seen: tally.seen + page.fresh,
    total: tally.total ?? page.total,
    flaws: flaws.slice(0, FLAWS_KEPT),
  };
}

/** Why a finished reading is not complete; `null` when it is: then, and only then, what it lacks may be asked about. */
export function incompleteBecause(tally: Tally): string | null {
  const [flaw] = tally.flaws;
  if (flaw !== undefined) return flaw;
  if (tally.total === null) return 'the list does not say how many stars there are';
  // An unstar during the reading shifts a repository across a page border, where no page shows it.
  if (tally.seen !== tally.total) return `${tally.seen} repositories were read, but there are ${tally.total} stars`;
  return null;
}

export type Conclusion =
  /** Nothing is missing. */
  | { kind: 'nothing' }
  /** Ask GitHub about each one that is missing. */
  | { kind: 'ask' }
  /** So many are missing that a person looks first. */
  | { kind: 'hold'; reason: string }
  /** This cannot be true. */
  | { kind: 'refuse'; reason: string };

/**
 * What follows from a complete reading.
 * @param absent mirrors believed starred that the reading lacks
 * @param before mirrors believed starred before it
 * @param atOnce how many may be missing in one reading before a person is asked
 */
export function conclude(facts: { seen: number; absent: number; before: number; atOnce: number }): Conclusion {
  const { seen, absent, before, atOnce } = facts;
  if (absent === 0) return { kind: 'nothing' };
  // One star taken back leaves an empty list, and so does a token that sees none. The single one is asked about; a list that was longer is not.
  if (seen === 0 && before > 1) {
    return { kind: 'refuse', reason: `the star list is empty, and it had ${before} repositories before` };
  }
  if (absent > atOnce) {
    return { kind: 'hold', reason: `${absent} of ${before} stars are missing at once, and ${atOnce} may be` };
  }
  return { kind: 'ask' };
}
