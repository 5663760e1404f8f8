import { Failure } from './failures.ts';
import type { SourceRepository } from './model.ts';
import type { SourceHost, SourceStars } from './ports.ts';
import type { ReadingSummary } from './record.ts';
import { addPage, EMPTY_TALLY, incompleteBecause } from './sweep.ts';

/** The star list as the source has it now, for a look that goes into no record. */
export interface StarList {
  repositories: SourceRepository[];
  /** Why it may lack some; `null` when it is complete. */
  incompleteWhy: string | null;
}

/** A reading that a person asked for. */
export type AskedReading =
  { state: 'running' } | { state: 'completed'; summary: ReadingSummary } | { state: 'failed'; failure: Failure };

export type StarSource = Pick<SourceHost, 'account' | 'starPage'> & Pick<SourceStars, 'canSweep' | 'sweepPage'>;

/** Everything that is listed, by the reading that can prove that it is everything, or else by the plain list. @throws Failure of the reading */
export async function readStars(source: StarSource): Promise<StarList> {
  await source.account();
  if (!source.canSweep) return readList(source);
  try {
    return await readSweep(source);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'SourceUnsupported') return readList(source);
    throw error;
  }
}

async function readSweep(source: StarSource): Promise<StarList> {
  const found = new Map<string, SourceRepository>();
  let tally = EMPTY_TALLY;
  let next: string | null = null;
  do {
    const page = await source.sweepPage(next);
    const before = found.size;
    for (const repository of page.repositories) found.set(repository.repoId, repository);
    tally = addPage(tally, { fresh: found.size - before, total: page.total, flaw: page.flaw });
    next = page.next;
  } while (next !== null);
  return { repositories: [...found.values()], incompleteWhy: incompleteBecause(tally) };
}

async function readList(source: StarSource): Promise<StarList> {
  const found = new Map<string, SourceRepository>();
  let gap: string | null = null;
  let next: string | null = null;
  do {
    const page = await source.starPage(next);
    for (const repository of page.repositories) found.set(repository.repoId, repository);
    gap ??= page.gap;
    next = page.next;
  } while (next !== null);
  return { repositories: [...found.values()], incompleteWhy: gap };
}
