import { answerOf, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { filterTexts } from './filter-options.ts';
import { PAGE } from './pages.ts';
import { UsageError } from './refusal.ts';
import { bytesText, counted, printJson, type Output } from './wording.ts';

/** `starkeep sync --dry-run`: what would be kept of the stars there are now. GitHub is read, and nothing changed anywhere. */

export interface DryRunOptions {
  /** Refused, like the two after it: what would be kept is a question about the whole star list. */
  repository?: string | undefined;
  all?: boolean;
  failed?: boolean;
  /** `NAME=VALUE`: each stands in place of the setting `STARKEEP_FILTER_NAME`; an empty value lifts it. */
  filter?: string[];
  json?: boolean;
}

type Preview = Schemas['FilterPreview'];

/** @throws UsageError for filters that do not parse */
export async function dryRun(config: Config, options: DryRunOptions, out: Output): Promise<void> {
  const { repository, all, failed } = options;
  if (repository !== undefined || all || failed) {
    throw new UsageError('--dry-run is about the whole star list: no repository, --all or --failed goes with it.');
  }
  const body = { from: 'github' as const, limit: PAGE, filters: filterTexts(options.filter ?? []) };
  const preview = await withApi(config, (api) => answerOf(api.POST('/filters/preview', { body })));
  if (options.json) return printJson(out, preview);
  printPreview(preview, out);
}

function printPreview({ totals, kept, excluded, incompleteWhy }: Preview, out: Output): void {
  const widest = Math.max(0, ...[...kept, ...excluded].map(({ fullName }) => fullName.length));
  const print = (line: Preview['kept'][number], reason: string) => {
    const shown = line.bytes === 0 ? '–' : bytesText(line.bytes);
    out.print(`  ${line.fullName.padEnd(widest)}  ${shown.padStart(7)}${reason === '' ? '' : `  ${reason}`}`);
  };
  const about = ({ repositories, bytes }: Preview['totals']['kept']) =>
    `${counted(repositories, 'repository', 'repositories')}, about ${bytesText(bytes)}`;
  out.print(`Kept: ${about(totals.kept)}`);
  for (const line of kept) print(line, '');
  out.print(`Excluded: ${about(totals.excluded)}`);
  for (const line of excluded) print(line, line.reason);
  if (incompleteWhy !== null) out.print(`The list may lack repositories: ${incompleteWhy}.`);
  out.print("Nothing was changed. Sizes are GitHub's estimates; – means that it has none yet.");
}
