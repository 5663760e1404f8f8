import { Failure } from './failures.ts';
import { type ArchivedTip, archivedTipsOf, restoredNameOf } from './refs.ts';
import type { RefListing, RefName } from './model.ts';

/** Old tips that were kept when upstream rewrote or removed what pointed at them, and the way back. */

/** An archived tip as people see it. */
export interface HistoryLine extends ArchivedTip {
  /** The branch or tag it was brought back as; `null` when it was not. */
  restoredAs: RefName | null;
}

/** @returns every archived tip of a target, oldest first */
export function historyOf(target: RefListing): HistoryLine[] {
  const names = new Set(target.refs.map(({ name }) => name));
  return archivedTipsOf(target).map((tip) => {
    const restored = restoredNameOf(tip);
    return { ...tip, restoredAs: names.has(restored) ? restored : null };
  });
}

export interface TipChoice {
  /** Short name of a branch, or `tags/NAME` of a tag. */
  branch?: string;
  /** ISO time: what the branch pointed at then. Absent: what it pointed at last before it was rewritten or removed. */
  at?: string;
}

/**
 * Which archived tip a person means. A tip is archived when its branch leaves it, so what a branch pointed at at some time is the first tip that was
 * archived then or later.
 * @throws Failure `ArchiveUnknown` with the candidates when there is none, or more than one branch to choose from
 */
export function chooseTip(history: readonly HistoryLine[], { branch, at }: TipChoice): HistoryLine {
  const wanted = branch === undefined ? null : fullNameOf(branch);
  const ofBranch = history.filter((tip) => wanted === null || tip.of === wanted);
  if (ofBranch.length === 0) {
    const known = shortNames(history);
    throw unknown(
      wanted === null
        ? 'Nothing was archived of this mirror.'
        : `Nothing was archived of ${branch}.${known.length === 0 ? '' : ` There is something of ${known.join(', ')}.`}`,
    );
  }
  const names = shortNames(ofBranch);
  if (names.length > 1) throw unknown(`Say which branch: ${names.join(', ')}.`);
  if (at === undefined) return ofBranch.at(-1) as HistoryLine;
  const found = ofBranch.find(({ archivedAt }) => archivedAt !== null && Date.parse(archivedAt) >= Date.parse(at));
  if (found) return found;
  throw unknown(`${names[0]} was last rewritten or removed before ${at}; since then it is what OneDev shows.`);
}

function fullNameOf(branch: string): RefName {
  if (branch.startsWith('refs/')) return branch;
  return branch.startsWith('tags/') ? `refs/${branch}` : `refs/heads/${branch}`;
}

/** `refs/heads/main` → `main`, `refs/tags/v1` → `tags/v1`: as {@link chooseTip} takes them. */
export function shortNameOf(name: RefName): string {
  const inHeads = name.replace(/^refs\/heads\//, '');
  // A branch that is itself called tags/… can only be told apart by its full name.
  return inHeads.startsWith('tags/') ? name : inHeads.replace(/^refs\//, '');
}

const NAMED = 10;

function shortNames(history: readonly HistoryLine[]): string[] {
  const names = [...new Set(history.map(({ of }) => shortNameOf(of)))].sort();
  return names.length > NAMED ? [...names.slice(0, NAMED), `${names.length - NAMED} more`] : names;
}

function unknown(message: string): Failure {
  return new Failure('ArchiveUnknown', message);
}
