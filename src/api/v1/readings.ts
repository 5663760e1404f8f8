import { randomUUID } from 'node:crypto';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { Failure } from '../../domain/failures.ts';
import { askAboutAbsent, type HeldReadingPorts } from '../../domain/held-readings.ts';
import type { ReadingView } from '../../domain/overview.ts';
import type { ReadingStore } from '../../domain/record-stores.ts';
import type { Authenticated } from '../auth.ts';
import { ProblemError } from '../problem.ts';
import { allowed, json, problems } from './answers.ts';
import { act, type AuditingPorts } from './auditing.ts';
import { Cursor, Limit, Next, pageOf, placeOf } from './cursor.ts';

export interface ReadingPorts extends AuditingPorts {
  readings: HeldReadingPorts['readings'] & Pick<ReadingStore, 'page' | 'latest' | 'reading' | 'absentNames'>;
  /** Why the last reading that has ended failed; `null` when it did not. @throws Failure `TemporalUnavailable` soon */
  readingFailure: () => Promise<Failure | null>;
  control: HeldReadingPorts['control'];
}

/** Of the stars that a held reading lacks, so many are named. */
const NAMES_SHOWN = 50;

const Time = z.iso.datetime();

const Reading = z
  .strictObject({
    readingId: z.string(),
    kind: z.enum(['quick', 'sweep', 'list']).openapi({
      description:
        '`quick`: new stars and recent pushes · `sweep`: everything, and what is missing · `list`: everything, where a sweep cannot be had',
    }),
    correlationId: z.string().openapi({ description: 'The same as in the log' }),
    startedAt: Time,
    finishedAt: Time.nullable().openapi({ description: 'null: it is under way, or broke off' }),
    complete: z.boolean().openapi({ description: 'Only a complete one may say that something is absent' }),
    incompleteWhy: z.string().nullable(),
    trouble: z.string().nullable().openapi({ description: 'Why it was not what a reading of its kind should be' }),
    pages: z.int(),
    seen: z.int(),
    total: z.int().nullable().openapi({ description: 'How many stars there were in all, where GitHub says it' }),
    signalled: z.int().openapi({ description: 'Mirrors that were told to look' }),
    absent: z.int(),
    absentNames: z.array(z.string()).openapi({
      description: `What the absent ones of a held reading are called, by name; at most ${NAMES_SHOWN}. Empty where none is held`,
    }),
    conclusion: z.enum(['nothing', 'ask', 'hold', 'refuse']).nullable().openapi({
      description:
        'Of what is absent: nothing is · GitHub is asked about each · a person decides · it cannot be true. null: it is not over, or concludes nothing',
    }),
    reason: z.string().nullable().openapi({ description: 'Why what was absent was held back or refused' }),
    held: z.boolean().openapi({ description: 'It waits for a person: POST /readings/{id}/ask' }),
    approvedBy: z.string().nullable().openapi({ description: 'Who let the absent ones be asked about' }),
    approvedAt: Time.nullable(),
  })
  .openapi('Reading');

const ReadingId = z.string().regex(/^\d{1,18}$/, 'the id of a reading is a number');

const list = createRoute({
  method: 'get',
  path: '/readings',
  summary: 'Readings of the star list, newest first',
  ...allowed('read'),
  request: {
    query: z.strictObject({
      held: z
        .enum(['true', 'false'])
        .default('false')
        .openapi({ description: 'Only those whose absent stars wait for a person' }),
      limit: Limit,
      cursor: Cursor,
    }),
  },
  responses: {
    200: json('A page of them', z.strictObject({ readings: z.array(Reading), next: Next }).openapi('ReadingPage')),
    ...problems(),
  },
});

export const ReadingTrouble = z
  .strictObject({
    kind: z.string().openapi({ description: 'The kind of failure, as in docs/operations.md' }),
    message: z.string(),
    whatToDo: z.string(),
  })
  .openapi('ReadingTrouble');

const latest = createRoute({
  method: 'get',
  path: '/readings/latest',
  summary: 'When everything that is starred was read last, and what stands in the way',
  description: 'Quick readings, which look only at what is new, do not count.',
  ...allowed('read'),
  responses: {
    200: json(
      'Of the readings that are over',
      z
        .strictObject({
          last: z.union([Reading, z.null()]),
          complete: z.union([Reading, z.null()]).openapi({ description: 'The last that was complete' }),
          failure: z.union([ReadingTrouble, z.null()]).openapi({
            description:
              'Why the last one failed before it had anything to record; null also where Temporal does not answer',
          }),
        })
        .openapi('LatestReadings'),
    ),
    ...problems(),
  },
});

const ask = createRoute({
  method: 'post',
  path: '/readings/{id}/ask',
  summary: 'Ask GitHub about the stars that a held reading lacks',
  description: 'Only what is proven unstarred is going to be deleted, each at the end of its grace period.',
  ...allowed('admin'),
  request: { params: z.strictObject({ id: ReadingId }) },
  responses: {
    202: json(
      'They are asked about',
      z.strictObject({ readingId: z.string(), asked: z.int() }).openapi('AbsentAskedAbout'),
    ),
    ...problems(404, 409),
  },
});

export function mountReadings(app: OpenAPIHono<Authenticated>, ports: ReadingPorts): void {
  const { accounts, readings } = ports;

  app.openapi(list, async (c) => {
    const { held, limit, cursor } = c.req.valid('query');
    const before = placeOf(ReadingId, cursor);
    const account = await accounts.current();
    if (account === null) return c.json({ readings: [], next: null }, 200);
    const query = { before, limit: limit + 1, heldOnly: held === 'true' };
    const found = await readings.page(account.accountId, query);
    const { page, next } = pageOf(found, limit, ({ readingId }) => readingId);
    return c.json({ readings: await Promise.all(page.map(shown)), next }, 200);
  });

  app.openapi(latest, async (c) => {
    const account = await accounts.current();
    const found = account === null ? { last: null, complete: null } : await readings.latest(account.accountId);
    const last = found.last && (await shown(found.last));
    const complete = found.complete && (await shown(found.complete));
    return c.json({ last, complete, failure: await failureOf(ports) }, 200);
  });

  app.openapi(ask, async (c) => {
    const { id: readingId } = c.req.valid('param');
    await refuseUnlessHeld(readingId);
    const correlationId = `ask-${readingId}-${randomUUID()}`;
    const asked = await act(ports, c, {
      action: 'deletions.ask',
      subject: readingId,
      details: { correlationId },
      work: () => askAboutAbsent(ports, { readingId, by: c.get('key').name, correlationId }),
    });
    return c.json({ readingId, asked }, 202);
  });

  async function shown(reading: ReadingView): Promise<z.infer<typeof Reading>> {
    const absentNames = reading.held ? await readings.absentNames(reading.readingId, NAMES_SHOWN) : [];
    return { ...reading, absentNames };
  }

  /** @throws ProblemError 404 and 409, with those that are held */
  async function refuseUnlessHeld(readingId: string): Promise<void> {
    const account = await accounts.current();
    const found = account && (await readings.reading(account.accountId, readingId));
    if (found?.held) return;
    const held = account
      ? await readings.page(account.accountId, { before: null, limit: NAMES_SHOWN, heldOnly: true })
      : [];
    const ids = held.map((one) => one.readingId);
    const advice = ids.length === 0 ? 'No reading waits for a person.' : `Held: ${ids.join(', ')}.`;
    if (!found) throw new ProblemError(404, 'No such reading', `There is no reading ${readingId}. ${advice}`);
    throw new ProblemError(409, 'Nothing to do', `Reading ${readingId} does not wait for a person. ${advice}`);
  }
}

/** What the record says is worth showing while Temporal is away. */
async function failureOf({ readingFailure }: ReadingPorts): Promise<z.infer<typeof ReadingTrouble> | null> {
  try {
    const failure = await readingFailure();
    return failure && troubleOf(failure);
  } catch (error) {
    if (error instanceof Failure && error.kind === 'TemporalUnavailable') return null;
    throw error;
  }
}

export function troubleOf({ kind, message, row }: Failure): z.infer<typeof ReadingTrouble> {
  return { kind, message, whatToDo: row.hint };
}
