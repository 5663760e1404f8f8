import { createGithub } from '../adapters/github.ts';
import { ConfigError, type Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import { previewFilters, replacedFilters, type FilterPreview, type PreviewLine } from '../domain/filter-preview.ts';
import { size } from '../domain/filters.ts';
import type { SourceRepository } from '../domain/model.ts';
import type { SourceHost, SourceStars } from '../domain/ports.ts';
import { addPage, EMPTY_TALLY, incompleteBecause } from '../domain/sweep.ts';
import { githubOptions } from '../github-options.ts';
import { filterTexts } from './filter-options.ts';
import { counted, type Output } from './wording.ts';
import { UsageError } from './refusal.ts';

/** `starkeep sync --dry-run`: what would be kept of the stars there are now. It reads GitHub, and changes nothing anywhere. */

export interface DryRunOptions {
  /** Refused, like the two after it: what would be kept is a question about the whole star list. */
  repository?: string | undefined;
  all?: boolean;
  failed?: boolean;
  /** `NAME=VALUE`: each stands in place of the setting `STARKEEP_FILTER_NAME`; an empty value lifts it. */
  filter?: string[];
  json?: boolean;
}

interface StarList {
  repositories: SourceRepository[];
  /** Why it may lack some; `null` when it is complete. */
  incompleteWhy: string | null;
}

/** @throws ConfigError for filters that do not parse, and when it is not known whose stars these are · Failure of the reading */
export async function dryRun(config: Config, options: DryRunOptions, out: Output): Promise<void> {
  const { repository, all, failed } = options;
  if (repository !== undefined || all || failed) {
    throw new UsageError('--dry-run is about the whole star list: no repository, --all or --failed goes with it.');
  }
  const { token, login } = config.github;
  if (!token && !login)
    throw new ConfigError(['Set GITHUB_TOKEN, or GITHUB_LOGIN for the public stars of that login.']);
  const filters = replacedFilters(config.filters, filterTexts(options.filter ?? []));
  const source = createGithub(githubOptions(config.github));
  await source.account();
  const { repositories, incompleteWhy } = await readStars(source);
  const candidates = repositories.map((repository) => ({ ...repository, now: null, pinned: false }));
  const preview = previewFilters(filters, candidates);
  if (options.json) printJson(preview, incompleteWhy, out);
  else printPreview(preview, incompleteWhy, out);
}

/** Everything GitHub lists, by the reading that can prove that it is everything, or else by the plain list. */
async function readStars(source: SourceHost & SourceStars): Promise<StarList> {
  if (!source.canSweep) return readList(source);
  try {
    return await readSweep(source);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'SourceUnsupported') return readList(source);
    throw error;
  }
}

async function readSweep(source: SourceStars): Promise<StarList> {
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

async function readList(source: SourceHost): Promise<StarList> {
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

function printJson({ lines, kept, excluded }: FilterPreview, incompleteWhy: string | null, out: Output): void {
  const repositories = lines.map(({ repoId, fullName, bytes, kept: isKept, reason }) => ({
    repoId,
    fullName,
    bytes,
    kept: isKept,
    reason,
  }));
  out.print(JSON.stringify({ totals: { kept, excluded }, incompleteWhy, repositories }, null, 2));
}

function printPreview({ lines, kept, excluded }: FilterPreview, incompleteWhy: string | null, out: Output): void {
  const widest = Math.max(0, ...lines.map(({ fullName }) => fullName.length));
  const print = (line: PreviewLine) => {
    const shown = line.bytes === 0 ? '–' : bytesText(line.bytes);
    out.print(
      `  ${line.fullName.padEnd(widest)}  ${shown.padStart(7)}${line.reason === null ? '' : `  ${line.reason}`}`,
    );
  };
  out.print(`Kept: ${counted(kept.repositories, 'repository', 'repositories')}, about ${bytesText(kept.bytes)}`);
  for (const line of lines) if (line.kept) print(line);
  out.print(
    `Excluded: ${counted(excluded.repositories, 'repository', 'repositories')}, about ${bytesText(excluded.bytes)}`,
  );
  for (const line of lines) if (!line.kept) print(line);
  if (incompleteWhy !== null) out.print(`The list may lack repositories: ${incompleteWhy}.`);
  out.print("Nothing was changed. Sizes are GitHub's estimates; – means that it has none yet.");
}

function bytesText(bytes: number): string {
  return bytes === 0 ? '0 KB' : size(bytes / 1_000);
}
