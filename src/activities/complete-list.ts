import { Failure } from '../domain/failures.ts';
import type { SourceStars } from '../domain/ports.ts';
import { addPage, EMPTY_TALLY, incompleteBecause } from '../domain/sweep.ts';

/** What a complete reading of the star list says of one repository. */
export type Listed = { listed: boolean } | { unknown: string };

/** Asking again would bring the same: this server, or this token, has no such reading. */
const NOT_TO_BE_HAD: readonly string[] = ['SourceUnsupported', 'SourceForbidden', 'SourceBadResponse'];

/**
 * Reads the whole star list once more, only to see whether it has one repository: a point of the hourly budget a hundred stars, spent before
 * anything is deleted. Nothing is remembered from it.
 * @returns `unknown` with the reason when the reading proves nothing: incomplete, or not to be had from this server
 */
export async function completeListHas(source: SourceStars, repoId: string, onPage: () => void): Promise<Listed> {
  if (!source.canSweep) return { unknown: 'there is no complete reading of the star list without a token' };
  const seen = new Set<string>();
  let tally = EMPTY_TALLY;
  let next: string | null = null;
  try {
    do {
      const page = await source.sweepPage(next);
      const before = seen.size;
      for (const repository of page.repositories) seen.add(repository.repoId);
      tally = addPage(tally, { fresh: seen.size - before, total: page.total, flaw: page.flaw });
      next = page.next;
      onPage();
    } while (next !== null);
  } catch (error) {
    if (!(error instanceof Failure) || !NOT_TO_BE_HAD.includes(error.kind)) throw error;
    return { unknown: `the complete star list is not to be had (${error.message})` };
  }
  if (seen.has(repoId)) return { listed: true };
  const incomplete = incompleteBecause(tally);
  return incomplete === null
    ? { listed: false }
    : { unknown: `the star list could not be read completely: ${incomplete}` };
}
