import { randomUUID } from 'node:crypto';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  beginBatch,
  cancelBatch,
  filterSelection,
  MAX_NAMED_MIRRORS,
  type BatchItem,
  type BatchPorts as BatchWorkflowPorts,
  type BatchProgress,
  type BatchSelection,
} from '../../domain/batches.ts';
import { Failure } from '../../domain/failures.ts';
import type { MirrorId } from '../../domain/model.ts';
import type { BatchStore } from '../../domain/record-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, BODY_PROBLEMS, json, jsonRequest, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';
import { FilterTexts, parsed, withoutUndefined } from './filters.ts';

export interface BatchPorts extends AuditingPorts, Omit<BatchWorkflowPorts, 'accounts' | 'batches'> {
  batches: Pick<BatchStore, keyof BatchWorkflowPorts['batches'] | 'list' | 'problems'>;
}

/** How many of the mirrors that failed or were skipped an answer names. */
const PROBLEMS_SHOWN = 100;

const MirrorIds = z.array(z.string().regex(/^github-\d{1,20}$/, 'a mirror id is github-<number>'));

const Selection = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('all') }),
    z.strictObject({ kind: z.literal('failed') }),
    z.strictObject({ kind: z.literal('filter'), filters: FilterTexts }),
    z.strictObject({ kind: z.literal('mirrors'), mirrorIds: MirrorIds.min(1).max(MAX_NAMED_MIRRORS) }),
  ])
  .openapi('BatchSelection', { description: 'What is paused, excluded or about to be deleted is skipped and counted' });

const Batch = z
  .strictObject({
    batchId: z.string(),
    selection: z.looseObject({ kind: z.string() }),
    state: z.enum(['running', 'completed', 'cancelled', 'failed']),
    requestedBy: z.string(),
    correlationId: z.string(),
    planned: z.boolean().openapi({ description: 'false: the mirrors are still being counted' }),
    total: z.int(),
    done: z.int(),
    changed: z.int(),
    unchanged: z.int(),
    failed: z.int(),
    skipped: z.int(),
    underWay: z.int(),
    waiting: z.int(),
    secondsLeft: z.number().nullable().openapi({ description: 'By the pace so far' }),
    requestedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    note: z.string().nullable().openapi({ description: 'Why it failed, or who cancelled it' }),
  })
  .openapi('Batch');

const BatchProblem = z.strictObject({
  mirrorId: z.string(),
  fullName: z.string(),
  state: z.string(),
  note: z.string().nullable(),
});

const IdParam = z.strictObject({ id: z.string().max(100) });

const begin = createRoute({
  method: 'post',
  path: '/batches',
  summary: 'Sync many mirrors',
  ...allowed('operate'),
  request: { body: { ...jsonRequest(z.strictObject({ selection: Selection })), required: true } },
  responses: {
    202: json('It runs', z.strictObject({ batch: Batch, joined: z.boolean() })),
    ...problems(422, ...BODY_PROBLEMS),
  },
});

const list = createRoute({
  method: 'get',
  path: '/batches',
  summary: 'Batches, newest first',
  ...allowed('read'),
  request: { query: z.strictObject({ limit: Limit, cursor: Cursor }) },
  responses: { 200: json('A page of them', z.strictObject({ batches: z.array(Batch), next: Next })), ...problems() },
});

const one = createRoute({
  method: 'get',
  path: '/batches/{id}',
  summary: 'How far a batch is',
  ...allowed('read'),
  request: { params: IdParam },
  responses: {
    200: json(
      'How far it is',
      z.strictObject({
        batch: Batch,
        problems: z.array(BatchProblem).openapi({
          description: `What failed or was skipped, the failed first; at most ${PROBLEMS_SHOWN}`,
        }),
      }),
    ),
    ...problems(404),
  },
});

const cancel = createRoute({
  method: 'post',
  path: '/batches/{id}/cancel',
  summary: 'End a batch; what is under way goes on to its end',
  ...allowed('operate'),
  request: { params: IdParam },
  responses: { 202: json('It is told to end', z.strictObject({ batch: Batch })), ...problems(404, 409) },
});

export function mountBatches(app: OpenAPIHono<Authenticated>, ports: BatchPorts): void {
  const { batches } = ports;

  app.openapi(begin, async (c) => {
    const selection = selectionOf(c.req.valid('json').selection);
    const request = { selection, by: c.get('key').name, correlationId: `batch-${randomUUID()}` };
    const { correlationId } = request;
    const details = { kind: selection.kind, correlationId };
    const work = () => beginBatch(ports, request);
    const { batch, joined } = await act(ports, c, { action: 'batch.begin', subject: null, details, work });
    return c.json({ batch: shown(batch), joined }, 202);
  });

  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const before = placeOf(z.string().regex(/^\d{1,18}$/), cursor);
    const found = await batches.list({ limit: limit + 1, ...(before === null ? {} : { before }) });
    const { page, next } = pageOf(found, limit, ({ batchId }) => batchId);
    return c.json({ batches: page.map(shown), next }, 200);
  });

  app.openapi(one, async (c) => {
    const batch = await known(ports, c.req.valid('param').id);
    const items = await batches.problems(batch.batchId, PROBLEMS_SHOWN);
    return c.json({ batch: shown(batch), problems: items.map(problemOf) }, 200);
  });

  app.openapi(cancel, async (c) => {
    const { batchId } = await known(ports, c.req.valid('param').id);
    const work = () => cancelBatch(ports, batchId, c.get('key').name);
    const batch = await act(ports, c, { action: 'batch.cancel', subject: batchId, work });
    return c.json({ batch: shown(batch) }, 202);
  });
}

function selectionOf(asked: z.infer<typeof Selection>): BatchSelection {
  if (asked.kind === 'filter') return parsed(() => filterSelection(withoutUndefined(asked.filters)));
  if (asked.kind === 'mirrors') return { kind: 'mirrors', mirrorIds: asked.mirrorIds as MirrorId[] };
  return asked;
}

/** @throws Failure `BatchUnknown` */
async function known({ batches }: BatchPorts, batchId: string): Promise<BatchProgress> {
  const found = await batches.get(batchId);
  if (!found) throw new Failure('BatchUnknown', `There is no batch ${batchId}.`);
  return found;
}

function shown(batch: BatchProgress): z.infer<typeof Batch> {
  return { ...batch, selection: { ...batch.selection } };
}

function problemOf({ mirrorId, fullName, state, note }: BatchItem): z.infer<typeof BatchProblem> {
  return { mirrorId, fullName, state, note };
}
