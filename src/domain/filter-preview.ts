import { filterVerdict, parseFilters, type FilterFacts, type FilterName, type Filters } from './filters.ts';
import type { RepoId } from './model.ts';

/** What filters would keep, before they are set: the same answer for `starkeep sync --dry-run` and for the API. */

export interface PreviewCandidate extends FilterFacts {
  repoId: RepoId;
  /** What the filters in force did with it; `null` where the record was not asked. */
  now: 'kept' | 'excluded' | null;
  /** No filter applies to what a person added by hand. */
  pinned: boolean;
}

export interface PreviewLine {
  repoId: RepoId;
  fullName: string;
  /** GitHub's own hourly estimate; 0 says nothing. */
  bytes: number;
  kept: boolean;
  /** Why it is excluded, in a sentence; `null` when it is kept. */
  reason: string | null;
  change: 'newly_kept' | 'newly_excluded' | null;
}

export interface PreviewShare {
  repositories: number;
  bytes: number;
}

export interface FilterPreview {
  /** By name, in any case of letters. */
  lines: PreviewLine[];
  kept: PreviewShare;
  excluded: PreviewShare;
}

/** Each filter setting's own part of what they mean together. */
const PARTS = {
  LANGUAGES: 'languages',
  TOPICS: 'topics',
  MIN_STARS: 'minStars',
  MAX_SIZE: 'maxSizeKb',
  ARCHIVED: 'archived',
  FORKS: 'forks',
  INCLUDE: 'include',
  EXCLUDE: 'exclude',
} as const satisfies Record<FilterName, keyof Filters>;

/**
 * The filters in force with some of them replaced.
 * @param texts as the settings are written; an empty text lifts the filter of that name
 * @throws FilterError for the first one that does not parse
 */
export function replacedFilters(inForce: Filters, texts: Partial<Record<FilterName, string>>): Filters {
  const given = parseFilters(texts);
  const names = Object.keys(texts) as FilterName[];
  const parts = names.map((name) => [PARTS[name], given[PARTS[name]]] as const);
  return { ...inForce, ...Object.fromEntries(parts) };
}

export function previewFilters(filters: Filters, candidates: PreviewCandidate[]): FilterPreview {
  const lines = candidates.map((candidate) => lineOf(filters, candidate)).sort(byName);
  return {
    lines,
    kept: shareOf(lines.filter((line) => line.kept)),
    excluded: shareOf(lines.filter((line) => !line.kept)),
  };
}

/** The order of the lines, and so what a page of them begins after. */
export function previewKey({ fullName, repoId }: Pick<PreviewLine, 'fullName' | 'repoId'>): string {
  return `${fullName.toLowerCase()} ${repoId}`;
}

function lineOf(filters: Filters, candidate: PreviewCandidate): PreviewLine {
  const { repoId, fullName, sizeKb, now, pinned } = candidate;
  const verdict = pinned ? ({ kept: true } as const) : filterVerdict(filters, candidate);
  const { kept } = verdict;
  const isNew = now !== null && (now === 'kept') !== kept;
  return {
    repoId,
    fullName,
    bytes: sizeKb * 1_000,
    kept,
    reason: verdict.kept ? null : verdict.reason,
    change: isNew ? (kept ? 'newly_kept' : 'newly_excluded') : null,
  };
}

function byName(one: PreviewLine, other: PreviewLine): number {
  return previewKey(one) < previewKey(other) ? -1 : 1;
}

function shareOf(lines: PreviewLine[]): PreviewShare {
  return { repositories: lines.length, bytes: lines.reduce((sum, { bytes }) => sum + bytes, 0) };
}
