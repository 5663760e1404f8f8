import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { ask, shown } from '../checks.ts';
import type { Figures } from '../domain/figures.ts';
import type { MirrorControl } from '../domain/ports.ts';
import type { DeliveryStore, MirrorStore } from '../domain/record-stores.ts';
import type { AlertStore, FiguresStore } from '../domain/service-stores.ts';
import {
  alertsOpen,
  apiRegistry,
  githubBudgetLimit,
  githubBudgetRemaining,
  githubBudgetReset,
  inboxOldestSeconds,
  inboxWaiting,
  metricsText,
  mirrorsKept,
  mirrorsSafe,
  mirrorsStale,
  oldestSuccessAge,
  pendingDeletions,
  setMirrors,
  setPool,
  starListReadTimestamp,
  transferFallbacks,
} from '../metrics.ts';
import { ALERT_KINDS } from '../domain/alerts.ts';

export interface OpsPorts {
  control: MirrorControl;
  deliveries: DeliveryStore;
  mirrors: Pick<MirrorStore, 'countFallbacks'>;
  alerts: Pick<AlertStore, 'countOpen'>;
  figures: FiguresStore;
  /** How this process uses its connections to Postgres; absent where there are none. */
  pool?: () => Parameters<typeof setPool>[0];
  /** True once the process is on its way out: it finishes what it has and takes nothing new. */
  draining: () => boolean;
  log: Logger;
}

/** `/health`, `/livez`, `/readyz`, `/metrics`. */
export function mountOps(app: Hono, ports: OpsPorts): void {
  const { deliveries, control, log } = ports;
  const temporal = () => ask(log, 'temporal', () => control.ping());
  const checks = async () => {
    const postgres = ask(log, 'postgres', () => deliveries.backlog());
    const [first, second] = await Promise.all([postgres, temporal()]);
    return { postgres: shown(first), temporal: shown(second) };
  };

  app.get('/livez', (c) => c.json({ status: 'ok' }));

  app.get('/health', async (c) => {
    const dependencies = await checks();
    const ok = Object.values(dependencies).every((dependency) => dependency.ok);
    return c.json({ status: ok ? 'ok' : 'unhealthy', dependencies }, ok ? 200 : 503);
  });

  app.get('/readyz', async (c) => {
    if (ports.draining()) return c.json({ status: 'draining' }, 503);
    const dependencies = await checks();
    // One of the two is enough to take a delivery without losing it.
    const ready = Object.values(dependencies).some((dependency) => dependency.ok);
    return c.json({ status: ready ? 'ready' : 'not ready', dependencies }, ready ? 200 : 503);
  });

  app.get('/metrics', async (c) => {
    await Promise.all([refreshGauges(ports), temporal()]);
    const { text, contentType } = await metricsText(apiRegistry);
    return c.body(text, 200, { 'content-type': contentType });
  });
}

/** Gauges are read when they are asked for, so they go back by themselves when things do. What cannot be read is no number. */
async function refreshGauges({ log, deliveries, mirrors, alerts, figures, pool }: OpsPorts): Promise<void> {
  const answer = await ask(log, 'postgres', () =>
    Promise.all([deliveries.backlog(), mirrors.countFallbacks(), alerts.countOpen(), figures.read()]),
  );
  const [backlog, fallbacks, open, read] = answer.ok ? answer.value : [null, null, null, null];
  inboxWaiting.set(backlog?.count ?? Number.NaN);
  inboxOldestSeconds.set(backlog?.oldestSeconds ?? Number.NaN);
  transferFallbacks.reset();
  for (const [reason, count] of Object.entries(fallbacks ?? {})) transferFallbacks.set({ reason }, count);
  for (const kind of ALERT_KINDS) alertsOpen.set({ kind }, open ? (open[kind] ?? 0) : Number.NaN);
  setFigures(read, Date.now());
  if (pool) setPool(pool());
}

function setFigures(read: Figures | null, nowMs: number): void {
  setMirrors(read?.byStatus ?? null);
  mirrorsKept.set(read?.total ?? Number.NaN);
  mirrorsSafe.set(read?.safe ?? Number.NaN);
  mirrorsStale.set(read?.stale ?? Number.NaN);
  oldestSuccessAge.set(read?.oldestSuccessSeconds ?? Number.NaN);
  pendingDeletions.set({ waits_for: 'time' }, read?.pendingDeletions.time ?? Number.NaN);
  pendingDeletions.set({ waits_for: 'person' }, read?.pendingDeletions.person ?? Number.NaN);
  starListReadTimestamp.set(secondsOf(read?.lastFullAt));
  const budget = read?.budget;
  const resetSeconds = secondsOf(budget?.resetAt);
  // Nobody may have asked GitHub since that hour ended, and until somebody does all of it is there.
  const isWholeAgain = resetSeconds * 1000 <= nowMs;
  githubBudgetLimit.set(budget?.limit ?? Number.NaN);
  githubBudgetRemaining.set((isWholeAgain ? budget?.limit : budget?.remaining) ?? Number.NaN);
  githubBudgetReset.set(resetSeconds);
}

/** @returns epoch seconds; no number for no time */
function secondsOf(iso: string | null | undefined): number {
  return iso ? Date.parse(iso) / 1000 : Number.NaN;
}
