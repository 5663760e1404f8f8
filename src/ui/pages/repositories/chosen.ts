import { api, ask } from '../../api/client.ts';
import { queryFrom, type MirrorFilters } from '../../api/queries.ts';
import type { Mirror } from '../../api/types.ts';

/** What is chosen in the list: some by hand, or everything that fits, loaded or not. */
export type Chosen =
  { kind: 'some'; mirrors: ReadonlyMap<string, Named> } | { kind: 'fitting'; filters: MirrorFilters; count: number };

export type Named = Pick<Mirror, 'mirrorId' | 'fullName'>;

export const NONE: Chosen = { kind: 'some', mirrors: new Map() };

export function some(mirrors: readonly Named[]): Chosen {
  return { kind: 'some', mirrors: new Map(mirrors.map((mirror) => [mirror.mirrorId, mirror])) };
}

export function countOf(chosen: Chosen): number {
  return chosen.kind === 'some' ? chosen.mirrors.size : chosen.count;
}

export function isChosen(chosen: Chosen, mirrorId: string): boolean {
  return chosen.kind === 'fitting' || chosen.mirrors.has(mirrorId);
}

/** The most that the api answers at once. */
const A_PAGE = 500;

/** @returns every one that is chosen; what fits is asked for page by page, by name, so that what changes meanwhile moves none of the others */
export async function mirrorsOf(chosen: Chosen, signal: AbortSignal): Promise<Named[]> {
  if (chosen.kind === 'some') return [...chosen.mirrors.values()];
  const found: Named[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...queryFrom(chosen.filters), sort: 'name', limit: A_PAGE, cursor } as const;
    const page = await ask(api.GET('/mirrors', { params: { query }, signal }));
    found.push(...page.mirrors);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** A batch names at most so many. */
export const A_BATCH = 1_000;

/**
 * Begins what syncs the chosen ones: one batch where the api has a selection for them, or else one for each thousand.
 * @returns the ids of the batches
 */
export async function syncAll(chosen: Chosen, signal: AbortSignal): Promise<string[]> {
  const whole = chosen.kind === 'fitting' ? selectionOf(chosen.filters) : null;
  if (whole) return [(await ask(api.POST('/batches', { body: { selection: whole } }))).batch.batchId];

  const mirrors = await mirrorsOf(chosen, signal);
  const ids: string[] = [];
  for (let begin = 0; begin < mirrors.length; begin += A_BATCH) {
    signal.throwIfAborted();
    const mirrorIds = mirrors.slice(begin, begin + A_BATCH).map(({ mirrorId }) => mirrorId);
    const { batch } = await ask(api.POST('/batches', { body: { selection: { kind: 'mirrors', mirrorIds } } }));
    ids.push(batch.batchId);
  }
  return ids;
}

/** What the api has a word for: everything, and what fails. */
function selectionOf({ sort: _, ...filters }: MirrorFilters): { kind: 'all' } | { kind: 'failed' } | null {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  if (given.length === 0) return { kind: 'all' };
  const isFailing = given.length === 1 && [...(filters.status ?? [])].sort().join() === 'failed,permanent_failure';
  return isFailing ? { kind: 'failed' } : null;
}
