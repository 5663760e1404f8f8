import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { Failure } from '../../domain/failures.ts';
import { MIRROR_STATUSES } from '../../domain/model.ts';
import type { BudgetStore } from '../../domain/ports.ts';
import type { AccountStore, DeliveryStore, ReadingStore } from '../../domain/record-stores.ts';
import type { AlertStore, OverviewStore } from '../../domain/service-stores.ts';
import type { Authenticated } from '../auth.ts';
import { allowed, json, problems } from './answers.ts';

export interface StatsPorts {
  overview: Pick<OverviewStore, 'totals' | 'syncDays'>;
  accounts: Pick<AccountStore, 'current'>;
  readings: Pick<ReadingStore, 'held'>;
  budget: Pick<BudgetStore, 'last'>;
  deliveries: Pick<DeliveryStore, 'backlog'>;
  alerts: Pick<AlertStore, 'countOpen'>;
  /** How often the star list is read, and when it is next. */
  sweeps: {
    everyMs: number;
    /** @returns `null` when nothing is planned @throws Failure `TemporalUnavailable` soon */
    nextAt(): Promise<string | null>;
  };
}

const DAYS = 30;

const Time = z.iso.datetime();

const Stats = z
  .strictObject({
    login: z.string().nullable().openapi({ description: 'Whose stars these are; null: not known yet' }),
    mirrors: z.strictObject({
      total: z.int().openapi({ description: 'Meant to be on OneDev: neither deleted nor left out by a filter' }),
      safe: z.int().openapi({ description: 'Of these: synced at least once, not failing, not held' }),
      byStatus: z.partialRecord(z.enum(MIRROR_STATUSES), z.int()),
    }),
    failing: z.int(),
    waiting: z
      .int()
      .openapi({ description: 'Held rewrites, deletions and readings that a person has to decide about' }),
    running: z.int(),
    stale: z.int().openapi({ description: 'Should be looked at and was not for a day' }),
    sweep: z.strictObject({
      lastAt: Time.nullable(),
      lastFullAt: Time.nullable(),
      lastOutcome: z.string().nullable(),
      nextAt: Time.nullable().openapi({ description: 'null: nothing is planned, or Temporal does not answer' }),
      everyMs: z.int(),
    }),
    github: z
      .strictObject({ limit: z.int(), remaining: z.int(), resetAt: Time, seenAt: Time })
      .nullable()
      .openapi({ description: 'Requests an hour, as a worker saw them last; null: no limit, or nobody has asked yet' }),
    oldestSuccess: z.strictObject({ mirrorId: z.string(), fullName: z.string(), at: Time }).nullable(),
    inbox: z.strictObject({ waiting: z.int(), oldestSeconds: z.number() }),
    alerts: z.strictObject({ open: z.int() }),
    days: z
      .array(z.strictObject({ day: z.iso.date(), completed: z.int(), failed: z.int(), bytes: z.int() }))
      .length(DAYS)
      .openapi({ description: 'Days of UTC, the oldest first' }),
  })
  .openapi('Stats');

const stats = createRoute({
  method: 'get',
  path: '/stats',
  summary: 'How everything is, in numbers',
  ...allowed('read'),
  responses: { 200: json('As of now', Stats), ...problems() },
});

export function mountStats(app: OpenAPIHono<Authenticated>, ports: StatsPorts): void {
  app.openapi(stats, async (c) => {
    const { overview, accounts, readings, budget, deliveries, alerts, sweeps } = ports;
    const account = await accounts.current();
    const [totals, days, held, github, backlog, open, nextAt] = await Promise.all([
      overview.totals(),
      overview.syncDays(DAYS),
      account === null ? [] : readings.held(account.accountId),
      budget.last(),
      deliveries.backlog(),
      alerts.countOpen(),
      nextOf(sweeps),
    ]);
    const { byStatus, total, safe, failing, running, stale, oldestSuccess, lastSweep, lastFullAt } = totals;
    return c.json(
      {
        login: account?.login ?? null,
        mirrors: { total, safe, byStatus },
        failing,
        waiting: (byStatus['held'] ?? 0) + totals.waitingDeletions + held.length,
        running,
        stale,
        sweep: {
          lastAt: lastSweep?.at ?? null,
          lastFullAt,
          lastOutcome: lastSweep?.outcome ?? null,
          nextAt,
          everyMs: sweeps.everyMs,
        },
        github,
        oldestSuccess,
        inbox: { waiting: backlog.count, oldestSeconds: backlog.oldestSeconds },
        alerts: { open: Object.values(open).reduce((sum, count) => sum + count, 0) },
        days,
      },
      200,
    );
  });
}

/** The numbers are worth showing while Temporal is away. */
async function nextOf({ nextAt }: StatsPorts['sweeps']): Promise<string | null> {
  try {
    return await nextAt();
  } catch (error) {
    if (error instanceof Failure && error.kind === 'TemporalUnavailable') return null;
    throw error;
  }
}
