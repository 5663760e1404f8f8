import type { MirrorFilter, MirrorPlace, MirrorSort, MirrorView } from '../../domain/overview.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import { streamOf } from './streams.ts';

/** A list of mirrors for a spreadsheet. */

export const CSV = 'text/csv';

/** Mirrors read at once. */
const PAGE = 500;

const COLUMNS = [
  'mirrorId',
  'fullName',
  'status',
  'note',
  'errorKind',
  'starred',
  'pinned',
  'paused',
  'language',
  'stars',
  'bytes',
  'archived',
  'fork',
  'visibility',
  'defaultBranch',
  'projectPath',
  'refs',
  'pushedAt',
  'lastSyncedAt',
  'lastCheckedAt',
  'deleteAt',
  'htmlUrl',
  'description',
] as const satisfies (keyof MirrorView)[];

/**
 * All that fits, a header line first, as fast as it is taken.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function mirrorsCsv(
  overview: Pick<OverviewStore, 'mirrors'>,
  filter: MirrorFilter,
  sort: MirrorSort,
): Promise<ReadableStream<Uint8Array>> {
  return streamOf(pages(overview, filter, sort));
}

async function* pages(
  overview: Pick<OverviewStore, 'mirrors'>,
  filter: MirrorFilter,
  sort: MirrorSort,
): AsyncGenerator<string, void, undefined> {
  let after: MirrorPlace | null = null;
  let head = `${COLUMNS.join(',')}\r\n`;
  do {
    const { mirrors, next }: Awaited<ReturnType<OverviewStore['mirrors']>> = await overview.mirrors({
      filter,
      sort,
      after,
      limit: PAGE,
    });
    yield head + mirrors.map((mirror) => `${COLUMNS.map((column) => field(mirror[column])).join(',')}\r\n`).join('');
    head = '';
    after = next;
  } while (after !== null);
}

/**
 * What others wrote (a description, a name) must not be a formula to whoever opens the file.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
function field(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
