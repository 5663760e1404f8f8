import type { Oid, Ref } from '../../domain/model.ts';
import { commitsOf, type PackLimits, UnreadablePack } from './pack.ts';
import type { FetchAnswer, FetchRequest } from './protocol-read.ts';

/**
 * Questions about history that are answered without having it: by small packs of commits alone (`filter tree:0`), read in memory and thrown away.
 */
export interface History {
  /** Sends a fetch and hands the answer to `read`, which must read the pack or leave the connection to be broken. */
  fetch<Result>(request: FetchRequest, read: (answer: FetchAnswer) => Promise<Result>): Promise<Result>;
  /** Which features of `fetch` the source has. */
  offers(feature: string): boolean;
}

/**
 * A commit is about 300 bytes in a pack, so both bounds are about the same. What is larger costs more to find out than the archive of an old tip
 * that a "cannot tell" leads to.
 */
const LIMITS: PackLimits = { maxBytes: 32 * 1024 * 1024, maxObjects: 100_000 };

/** One branch that moved. */
export interface Move {
  tip: Oid;
  old: Oid;
}

/** Moves asked about together. */
const MOVES_AT_ONCE = 100;

/** Of those that shadow each other, how many are asked about one by one. */
const SINGLE_MOVES = 100;

export function moveKey({ tip, old }: Move): string {
  return `${tip} ${old}`;
}

/**
 * Which new tips contain their old ones. The source sends the commits that the new tips reach and the old do not: an old tip is contained if, and only
 * if, one of them on the way from its new tip has it as a parent. In an answer for many, one old tip may hide what lies behind it; then that one is
 * asked about alone.
 *
 * A wrong "no" costs an archived tip too many; a wrong "yes" would lose history, so nothing counts as "yes" that was not walked.
 * @returns by {@link moveKey}; a missing entry means that nobody can tell
 */
export async function containment(history: History, moves: readonly Move[]): Promise<Map<string, boolean>> {
  const known = new Map<string, boolean>();
  if (!history.offers('filter')) return known;
  const unclear: Move[] = [];
  for (let at = 0; at < moves.length; at += MOVES_AT_ONCE) {
    const batch = moves.slice(at, at + MOVES_AT_ONCE);
    const verdicts = await verdictsOn(history, batch);
    for (const move of batch) {
      const verdict = verdicts(move);
      if (verdict === undefined) unclear.push(move);
      else known.set(moveKey(move), verdict);
    }
  }
  if (moves.length === 1) return known;
  for (const move of unclear.slice(0, SINGLE_MOVES)) {
    const verdict = (await verdictsOn(history, [move]))(move);
    // Too large by itself: so will others be.
    if (verdict === undefined) break;
    known.set(moveKey(move), verdict);
  }
  return known;
}

/** Commits by id, with their parents. */
type Commits = ReadonlyMap<Oid, readonly Oid[]>;

/** @returns what is known of each of the moves; `undefined`: not from this answer */
async function verdictsOn(history: History, moves: readonly Move[]): Promise<(move: Move) => boolean | undefined> {
  const known = await knownOf(history, moves);
  // What the source does not have, it cannot have built upon.
  const open = moves.filter(({ old }) => known.acknowledged.has(old));
  const commits = known.commits ?? (await commitsBetween(history, open));
  return (move) => {
    if (move.tip === move.old) return true;
    if (!known.acknowledged.has(move.old)) return false;
    return commits === null ? undefined : walked(move, commits, open.length === 1);
  };
}

/**
 * Asks which old tips the source knows. Where all new tips have something in common with them, which is nearly always, it sends the commits at once.
 */
async function knownOf(history: History, moves: readonly Move[]) {
  return history.fetch({ ...ends(moves), done: false, commitsOnly: true }, async ({ acknowledged, pack }) => ({
    acknowledged,
    commits: pack === null ? undefined : await readCommits(pack),
  }));
}

async function commitsBetween(history: History, moves: readonly Move[]): Promise<Commits | null> {
  if (moves.length === 0) return new Map();
  return history.fetch({ ...ends(moves), done: true, commitsOnly: true }, async ({ pack }) =>
    pack === null ? null : readCommits(pack),
  );
}

function ends(moves: readonly Move[]): Pick<FetchRequest, 'wants' | 'haves'> {
  return { wants: [...new Set(moves.map(({ tip }) => tip))], haves: [...new Set(moves.map(({ old }) => old))] };
}

/** @param alone no other old tip can hide anything */
function walked({ tip, old }: Move, commits: Commits, alone: boolean): boolean | undefined {
  const seen = new Set<Oid>();
  const open = [tip];
  let metEdge = false;
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (oid === old) return true;
    if (seen.has(oid)) continue;
    seen.add(oid);
    const parents = commits.get(oid);
    if (parents === undefined) metEdge = true;
    else open.push(...parents);
  }
  return metEdge && !alone ? undefined : false;
}

/** @returns `null` when there are too many, or they come in a form that we cannot read */
async function readCommits(pack: AsyncIterable<Buffer>): Promise<Commits | null> {
  try {
    const commits = await commitsOf(pack, LIMITS);
    return commits && new Map(commits.map(({ oid, parents }) => [oid, parents]));
  } catch (error) {
    if (error instanceof UnreadablePack) return null;
    throw error;
  }
}

// ------------------------------------------------------------------------------------------------------------------ tags

/** Tags asked about together: 10,000 commits are about 3 MB. */
const TAGS_AT_ONCE = 10_000;

/**
 * Says of tags whether they point at a commit in the end. The listing does not say. So the ends are fetched, each without its parents and without trees:
 * what comes as a commit is one. Everything else that was wanted is a tree or a blob.
 * @returns the ids that are no commits; `null` when nobody can tell
 */
export async function endsThatAreNoCommits(history: History, tags: readonly Ref[]): Promise<Set<Oid> | null> {
  const ends = [...new Set(tags.map(({ oid, peeled }) => peeled ?? oid))];
  const others = new Set<Oid>();
  if (ends.length > 0 && !(history.offers('filter') && history.offers('shallow'))) return null;
  for (let at = 0; at < ends.length; at += TAGS_AT_ONCE) {
    const wants = ends.slice(at, at + TAGS_AT_ONCE);
    const request: FetchRequest = { wants, haves: [], done: true, commitsOnly: true, tipsOnly: true };
    const commits = await history.fetch(request, async ({ pack }) => (pack === null ? null : readCommits(pack)));
    if (commits === null) return null;
    for (const oid of wants) if (!commits.has(oid)) others.add(oid);
  }
  return others;
}
