import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  previewFilters,
  previewKey,
  replacedFilters,
  type PreviewCandidate,
  type PreviewLine,
} from '../../domain/filter-preview.ts';
import { FILTER_NAMES, FilterError, type FilterName, type Filters } from '../../domain/filters.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { StarList } from '../../domain/star-list.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

export interface FilterPorts {
  overview: Pick<OverviewStore, 'previewCandidates'>;
  /** Those of the settings. */
  filters: Filters;
  /** The star list as GitHub has it now; `null` where this process was not told whose stars these are. */
  starList: (() => Promise<StarList>) | null;
}

/** Names of each change that an answer has at most; the pages have all of them. */
const NAMES_SHOWN = 100;

const FilterText = z.string().max(10_000);

/** The texts of the settings, under the names they have after `STARKEEP_FILTER_`. */
export const FilterTexts = z
  .strictObject(Object.fromEntries(FILTER_NAMES.map((name) => [name, FilterText.optional()])) as FilterTextShape)
  .openapi('Filters', { example: { LANGUAGES: 'Go, !PHP', MAX_SIZE: '2GB' } });

type FilterTextShape = Record<FilterName, z.ZodOptional<z.ZodString>>;

const Request = z
  .strictObject({
    filters: FilterTexts.optional().openapi({
      description:
        'Each stands in place of the setting of that name; an empty text lifts it. Without any: the settings as they are',
    }),
    from: z.enum(['record', 'github']).optional().openapi({
      description:
        '`record`, the default: of what is recorded as starred · `github`: the star list is read there now, which takes a while; everything comes in one answer, and nothing is compared with what is kept',
    }),
    limit: Limit,
    cursor: Cursor,
  })
  .openapi('FilterPreviewRequest');

const Share = z.strictObject({ repositories: z.int(), bytes: z.int() });
const Kept = z.strictObject({
  mirrorId: z.string(),
  fullName: z.string(),
  bytes: z.int().openapi({ description: "GitHub's estimate; 0 says nothing" }),
  isNew: z.boolean().openapi({ description: 'The filters in force do otherwise' }),
});
const Excluded = Kept.extend({ reason: z.string() });
const Change = z.strictObject({
  count: z.int(),
  names: z.array(z.string()).openapi({ description: `The first ${NAMES_SHOWN}` }),
});

const Preview = z
  .strictObject({
    totals: z.strictObject({ kept: Share, excluded: Share }).openapi({ description: 'Of all pages together' }),
    changes: z
      .strictObject({ newlyKept: Change, newlyExcluded: Change })
      .openapi({ description: 'Of all pages together. What is newly excluded stays on OneDev as it is' }),
    kept: z.array(Kept),
    excluded: z.array(Excluded),
    incompleteWhy: z
      .string()
      .nullable()
      .openapi({ description: 'Of `github`: why the list may lack repositories; else null' }),
    next: Next,
  })
  .openapi('FilterPreview');

const preview = createRoute({
  method: 'post',
  path: '/filters/preview',
  summary: 'What filters would keep, exclude and change; nothing is set',
  description: 'From the record of what is starred. `limit` bounds kept and excluded together, which come by name.',
  ...allowed('read'),
  request: { body: jsonRequest(Request) },
  responses: { 200: json('What they would do', Preview), ...problems(409, 422, 502, ...BODY_PROBLEMS) },
});

export function mountFilters(app: OpenAPIHono<Authenticated>, { overview, filters, starList }: FilterPorts): void {
  app.openapi(preview, async (c) => {
    const { filters: texts = {}, from = 'record', limit = 100, cursor } = c.req.valid('json');
    const place = placeOf(z.string(), cursor);
    const wanted = parsed(() => replacedFilters(filters, withoutUndefined(texts)));
    const { candidates, incompleteWhy } =
      from === 'github'
        ? await listed(starList)
        : { candidates: await overview.previewCandidates(), incompleteWhy: null };
    const { lines, kept, excluded } = previewFilters(wanted, candidates);
    const left = place === null ? lines : lines.filter((line) => previewKey(line) > place);
    const size = from === 'github' ? Math.max(1, left.length) : limit;
    const { page, next } = pageOf(left.slice(0, size + 1), size, previewKey, from === 'github' ? Infinity : undefined);
    return c.json(
      {
        totals: { kept, excluded },
        changes: { newlyKept: changeOf(lines, 'newly_kept'), newlyExcluded: changeOf(lines, 'newly_excluded') },
        kept: page.filter((line) => line.kept).map(entryOf),
        excluded: page.filter((line) => !line.kept).map((line) => ({ ...entryOf(line), reason: line.reason ?? '' })),
        incompleteWhy,
        next,
      },
      200,
    );
  });
}

/** @throws ProblemError 409 where nobody said whose stars these are · Failure of the reading */
async function listed(
  starList: FilterPorts['starList'],
): Promise<{ candidates: PreviewCandidate[]; incompleteWhy: string | null }> {
  if (starList === null) {
    const detail =
      'Set GITHUB_TOKEN, or GITHUB_LOGIN for the public stars of that login: else nobody knows whose star list to read.';
    throw new ProblemError(409, 'GitHub is not configured', detail);
  }
  const { repositories, incompleteWhy } = await starList();
  return { candidates: repositories.map((one) => ({ ...one, now: null, pinned: false })), incompleteWhy };
}

/** @throws ProblemError 422 with setting, word and place for a filter that does not parse */
export function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const { filter, word, position } = error;
    const where = { setting: `STARKEEP_FILTER_${filter}`, filter, word, position };
    throw new ProblemError(422, 'Filter does not parse', error.message, where);
  }
}

export function withoutUndefined(texts: { [name in FilterName]?: string | undefined }): Partial<
  Record<FilterName, string>
> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
}

function entryOf({ repoId, fullName, bytes, change }: PreviewLine): z.infer<typeof Kept> {
  return { mirrorId: `github-${repoId}`, fullName, bytes, isNew: change !== null };
}

function changeOf(lines: PreviewLine[], change: PreviewLine['change']): z.infer<typeof Change> {
  const changed = lines.filter((line) => line.change === change);
  return { count: changed.length, names: changed.slice(0, NAMES_SHOWN).map(({ fullName }) => fullName) };
}
