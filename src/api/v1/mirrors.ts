import { randomUUID } from 'node:crypto';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { addMirror, FULL_NAME, type AddingPorts } from '../../domain/adding.ts';
import { obstacleTo } from '../../domain/decisions.ts';
import { FAILURES, isFailureKind } from '../../domain/failures.ts';
import type { KeyScope } from '../../domain/keys.ts';
import { MIRROR_STATUSES } from '../../domain/model.ts';
import { fitsOrder, MIRROR_SORTS, type MirrorFilter, type MirrorView } from '../../domain/overview.ts';
import type { MirrorControl, MirrorDecision } from '../../domain/ports.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { Cursor, cursorNotUsable, cursorOf, Limit, Next, pageOf, placeOf } from './cursor.ts';
import { CSV, mirrorsCsv } from './mirrors-csv.ts';

export interface MirrorPorts extends AuditingPorts, Pick<AddingPorts, 'mirrors' | 'source'> {
  overview: Pick<
    OverviewStore,
    'mirrors' | 'countMirrors' | 'mirrorNames' | 'facets' | 'mirror' | 'syncs' | 'openDeletions'
  >;
  control: Pick<MirrorControl, 'decide' | 'repoEvent'>;
}

const Time = z.iso.datetime();

const Lfs = z
  .strictObject({
    objects: z.int(),
    transferred: z.int(),
    bytes: z.int(),
    skipped: z.int().openapi({ description: 'On OneDev already' }),
    failed: z.int(),
    failures: z.array(z.strictObject({ oid: z.string(), size: z.int(), problem: z.string(), reason: z.string() })),
    again: z.boolean().openapi({ description: 'Something was interrupted, and is tried again' }),
    unreadable: z.string().optional().openapi({ description: 'Why the objects could not even be counted' }),
  })
  .openapi('Lfs');

const Mirror = z
  .strictObject({
    mirrorId: z.string().openapi({ example: 'github-2325298' }),
    fullName: z.string().openapi({ example: 'torvalds/linux' }),
    htmlUrl: z.string().nullable(),
    description: z.string().nullable(),
    language: z.string().nullable(),
    topics: z.array(z.string()),
    stars: z.int(),
    bytes: z.int().openapi({ description: "GitHub's estimate; 0 says nothing" }),
    visibility: z.enum(['public', 'private', 'internal']).nullable(),
    archived: z.boolean(),
    fork: z.boolean(),
    defaultBranch: z.string().nullable(),
    pushedAt: Time.nullable(),
    starred: z.boolean(),
    pinned: z.boolean().openapi({ description: 'Added by hand or kept for ever: whatever the star list says' }),
    keptBy: z.string().nullable().openapi({ description: 'Who called its deletion off' }),
    paused: z.boolean(),
    status: z.enum(MIRROR_STATUSES),
    note: z.string().nullable().openapi({ description: 'Why it is as it is' }),
    errorKind: z.string().nullable(),
    whatToDo: z.string().nullable().openapi({ description: 'About the last failure' }),
    retryCount: z.int(),
    nextAttemptAt: Time.nullable(),
    deleteAt: Time.nullable(),
    projectPath: z.string().nullable().openapi({ description: 'On OneDev' }),
    refs: z.int().nullable(),
    declinedCount: z.int(),
    declined: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
    lfs: Lfs.nullable().openapi({ description: 'Its Git LFS objects at the last look; null when it uses none' }),
    lastSyncedAt: Time.nullable(),
    lastCheckedAt: Time.nullable(),
  })
  .openapi('Mirror');

export const Sync = z
  .strictObject({
    syncId: z.string(),
    trigger: z.string(),
    outcome: z.string(),
    attempt: z.int(),
    workflowId: z.string(),
    runId: z.string(),
    correlationId: z.string(),
    startedAt: Time,
    finishedAt: Time,
    refs: z.record(z.string(), z.int()).nullable(),
    bytes: z.int().nullable(),
    objects: z.int().nullable(),
    phases: z.array(z.strictObject({ name: z.string(), durationMs: z.number() })),
    errorKind: z.string().nullable(),
    errorMessage: z.string().nullable(),
  })
  .openapi('Sync');

export const MirrorIdParam = z.strictObject({ id: z.string().max(100).openapi({ example: 'github-2325298' }) });

const Place = z.strictObject({ sort: z.enum(MIRROR_SORTS), key: z.string(), mirrorId: z.string() });

/** `?status=failed&status=held` and `?status=failed,held` are the same. */
const Statuses = z
  .preprocess(
    (value) => (value === undefined ? [] : [value].flat().flatMap((text) => String(text).split(','))),
    z.array(z.enum(MIRROR_STATUSES)).max(50),
  )
  .openapi({
    param: { required: false, style: 'form', explode: true },
    type: 'array',
    items: { type: 'string', enum: [...MIRROR_STATUSES] },
    description: 'One of these: repeated, or with commas',
  });

const Bytes = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

const listed: Record<string, { schema: z.ZodType }> = {
  'application/json': {
    schema: z
      .strictObject({
        mirrors: z.array(Mirror),
        total: z.int().openapi({ description: 'How many fit the filter, on all pages' }),
        next: Next,
      })
      .openapi('MirrorPage'),
  },
  [CSV]: { schema: z.string() },
};

const list = createRoute({
  method: 'get',
  path: '/mirrors',
  summary: 'Mirrors, searched, filtered and in an order',
  description: `With \`Accept: ${CSV}\` everything that fits comes in one answer, one mirror a line; \`limit\` and \`cursor\` do not count then. An answer that breaks off is not closed properly.`,
  ...allowed('read'),
  request: {
    query: z.strictObject({
      status: Statuses,
      search: z.string().max(200).optional().openapi({ description: 'Part of owner/name, in any case of letters' }),
      name: z
        .string()
        .max(300)
        .optional()
        .openapi({ description: 'owner/name, or the name alone, in any case of letters' }),
      owner: z.string().max(100).optional().openapi({ description: 'The whole owner, in any case of letters' }),
      language: z.string().max(100).optional().openapi({ example: 'TypeScript' }),
      errorKind: z.string().max(100).optional().openapi({ description: 'The kind of the last failure' }),
      minBytes: Bytes.openapi({ description: "By GitHub's estimate" }),
      maxBytes: Bytes,
      stale: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'Only what should be looked at and was not for a day' }),
      sort: z
        .enum(MIRROR_SORTS)
        .default('name')
        .openapi({ description: '`-` turns it round. What never happened counts as before everything else' }),
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: { 200: { description: 'A page of them, or all of them', content: listed }, ...problems() },
});

const FACETS = 200;

const FacetCount = z.strictObject({ value: z.string(), count: z.int() }).openapi('Facet');

const facets = createRoute({
  method: 'get',
  path: '/mirrors/facets',
  summary: 'What mirrors can be filtered by, and how many there are of each',
  ...allowed('read'),
  responses: {
    200: json(
      `At most ${FACETS} of each, most first`,
      z
        .strictObject({
          owners: z.array(FacetCount),
          languages: z.array(FacetCount),
          errorKinds: z.array(
            z
              .strictObject({ value: z.string(), count: z.int(), whatToDo: z.string().nullable() })
              .openapi('FailureFacet'),
          ),
        })
        .openapi('MirrorFacets'),
    ),
    ...problems(),
  },
});

const MANY_NAMES = 100_000;

const names = createRoute({
  method: 'get',
  path: '/mirrors/names',
  summary: 'What mirrors are called, in the order of names: for completion and suggestions',
  ...allowed('read'),
  request: {
    query: z.strictObject({
      search: z.string().max(200).optional().openapi({ description: 'Part of owner/name, in any case of letters' }),
      limit: z.coerce.number().int().min(1).max(MANY_NAMES).default(1_000).openapi({ example: 1_000 }),
    }),
  },
  responses: {
    200: json('The first of them', z.strictObject({ names: z.array(z.string()) }).openapi('MirrorNames')),
    ...problems(),
  },
});

const add = createRoute({
  method: 'post',
  path: '/mirrors',
  summary: 'Mirror a repository that need not be starred',
  description: 'It is pinned: no filter and no star list takes it away again.',
  ...allowed('operate'),
  request: {
    body: {
      ...jsonRequest(
        z.strictObject({
          fullName: z
            .string()
            .regex(FULL_NAME, 'a repository is OWNER/NAME, such as torvalds/linux')
            .openapi({ example: 'torvalds/linux' }),
        }),
      ),
      required: true,
    },
  },
  responses: {
    202: json(
      'It is mirrored now, under the name it has today',
      z.strictObject({ mirrorId: z.string(), fullName: z.string(), workflowId: z.string() }),
    ),
    ...problems(404, 502, ...BODY_PROBLEMS),
  },
});

const one = createRoute({
  method: 'get',
  path: '/mirrors/{id}',
  summary: 'One mirror',
  ...allowed('read'),
  request: { params: MirrorIdParam },
  responses: { 200: json('How it is', Mirror), ...problems(404) },
});

const syncs = createRoute({
  method: 'get',
  path: '/mirrors/{id}/syncs',
  summary: 'What was done to a mirror, newest first',
  ...allowed('read'),
  request: { params: MirrorIdParam, query: z.strictObject({ limit: Limit, cursor: Cursor }) },
  responses: { 200: json('A page of it', z.strictObject({ syncs: z.array(Sync), next: Next })), ...problems(404) },
});

/** What a person may tell a mirror: the last part of the path, and the signal it becomes. Only what lets something be deleted takes an admin. */
const DECISIONS: { path: string; decision: MirrorDecision; scope: KeyScope; summary: string }[] = [
  { path: 'sync', decision: 'syncNow', scope: 'operate', summary: 'Compare it with GitHub now' },
  { path: 'pause', decision: 'pause', scope: 'operate', summary: 'Sync nothing until it is resumed' },
  { path: 'resume', decision: 'resume', scope: 'operate', summary: 'Go on with what was paused' },
  {
    path: 'approve-deletion',
    decision: 'approveDeletion',
    scope: 'admin',
    summary: 'Delete it now, if GitHub does not show it as starred',
  },
  {
    path: 'cancel-deletion',
    decision: 'cancelDeletion',
    scope: 'operate',
    summary: 'Keep it although it is not starred',
  },
];

export const Why = z
  .strictObject({
    reason: z.string().max(1_000).optional(),
    acceptRewrites: z
      .boolean()
      .optional()
      .openapi({ description: 'Of sync: follow the rewrites that are held, and archive the old tips' }),
  })
  .openapi('Decision');

export const Told = z.strictObject({ mirrorId: z.string(), workflowId: z.string() }).openapi('MirrorTold');

export function mountMirrors(app: OpenAPIHono<Authenticated>, ports: MirrorPorts): void {
  const { overview } = ports;

  app.openapi(list, async (c) => {
    const { sort, limit, cursor, ...asked } = c.req.valid('query');
    const filter = filterOf(asked);
    if (accepts(c, { supports: ['application/json', CSV], default: 'application/json', header: 'Accept' }) === CSV) {
      const headers = {
        'content-type': `${CSV}; charset=utf-8`,
        'content-disposition': 'attachment; filename="mirrors.csv"',
      };
      return c.body(await mirrorsCsv(overview, filter, sort), 200, headers);
    }
    const after = placeOf(Place, cursor);
    if (after !== null && !fitsOrder(after, sort)) throw cursorNotUsable();
    const [{ mirrors, next }, total] = await Promise.all([
      overview.mirrors({ filter, sort, after, limit }),
      overview.countMirrors(filter),
    ]);
    return c.json({ mirrors: mirrors.map(shown), total, next: cursorOf(next) }, 200);
  });

  // Before the route of one mirror, whose path it fits too.
  app.openapi(facets, async (c) => {
    const { errorKinds, ...rest } = await overview.facets(FACETS);
    return c.json(
      { ...rest, errorKinds: errorKinds.map((facet) => ({ ...facet, whatToDo: adviceOn(facet.value) })) },
      200,
    );
  });

  app.openapi(names, async (c) => {
    const { search, limit } = c.req.valid('query');
    return c.json({ names: await overview.mirrorNames({ search: search || null, limit }) }, 200);
  });

  app.openapi(add, async (c) => {
    const { fullName } = c.req.valid('json');
    const request = { fullName, by: c.get('key').name, correlationId: `add-${randomUUID()}` };
    const details = { correlationId: request.correlationId };
    const work = () => addMirror(ports, request);
    return c.json(await act(ports, c, { action: 'mirror.add', subject: fullName, details, work }), 202);
  });

  app.openapi(one, async (c) => c.json(shown(await known(ports, c.req.valid('param').id)), 200));

  app.openapi(syncs, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string().regex(/^\d{1,18}$/), cursor);
    const { mirrorId } = await known(ports, c.req.valid('param').id);
    const found = await overview.syncs(mirrorId, { before, limit: limit + 1 });
    const { page, next } = pageOf(found, limit, ({ syncId }) => syncId);
    return c.json({ syncs: page, next }, 200);
  });

  for (const told of DECISIONS) mountDecision(app, ports, told);
}

function mountDecision(
  app: OpenAPIHono<Authenticated>,
  ports: MirrorPorts,
  { path, decision, scope, summary }: (typeof DECISIONS)[number],
): void {
  const route = createRoute({
    method: 'post',
    path: `/mirrors/{id}/${path}`,
    summary,
    ...allowed(scope),
    request: { params: MirrorIdParam, body: jsonRequest(Why) },
    responses: { 202: json('The mirror was told', Told), ...problems(404, 409, ...BODY_PROBLEMS) },
  });
  app.openapi(route, async (c) => {
    const { reason, acceptRewrites } = c.req.valid('json');
    const { mirrorId, fullName, status, paused } = await known(ports, c.req.valid('param').id);
    const hasDeletion = (await ports.overview.openDeletions(mirrorId)).length > 0;
    const obstacle = obstacleTo(decision, { status, paused, hasDeletion }, acceptRewrites);
    if (obstacle !== null)
      throw new ProblemError(409, 'Nothing to do', `${fullName} ${obstacle}`, { mirrorId, mirrorStatus: status });

    const said = { ...(reason ? { reason } : {}), ...(acceptRewrites ? { acceptRewrites } : {}) };
    const repoId = mirrorId.replace(/^github-/, '');
    const { workflowId } = await act(ports, c, {
      action: `mirror.${path}`,
      subject: mirrorId,
      details: { fullName, ...said },
      work: () => ports.control.decide({ repoId, fullName }, decision, { by: c.get('key').name, ...said }),
    });
    return c.json({ mirrorId, workflowId }, 202);
  });
}

/** @throws ProblemError 404 */
export async function known(
  { overview }: { overview: Pick<OverviewStore, 'mirror'> },
  mirrorId: string,
): Promise<MirrorView> {
  const found = await overview.mirror(mirrorId);
  if (found) return found;
  const detail = `There is no mirror ${mirrorId}. Ids are github-<number>; GET /api/v1/mirrors?search=NAME finds them.`;
  throw new ProblemError(404, 'No such mirror', detail, { mirrorId });
}

function shown(mirror: MirrorView): z.infer<typeof Mirror> {
  return { ...mirror, whatToDo: adviceOn(mirror.errorKind) };
}

function adviceOn(errorKind: string | null): string | null {
  return isFailureKind(errorKind) ? FAILURES[errorKind].hint : null;
}

type AskedFilter = Omit<z.infer<NonNullable<typeof list.request.query>>, 'sort' | 'limit' | 'cursor'>;

function filterOf({
  status,
  stale,
  search,
  name,
  owner,
  language,
  errorKind,
  minBytes,
  maxBytes,
}: AskedFilter): MirrorFilter {
  return {
    statuses: [...new Set(status)],
    search: search || null,
    name: name || null,
    owner: owner ?? null,
    language: language ?? null,
    errorKind: errorKind ?? null,
    minBytes: minBytes ?? null,
    maxBytes: maxBytes ?? null,
    stale: stale === 'true',
  };
}
