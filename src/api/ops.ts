import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { Failure, type FailureKind } from '../domain/failures.ts';
import type { AlertStore, DeliveryStore, MirrorControl, MirrorStore } from '../domain/ports.ts';
import {
  alertsOpen,
  dependencyUp,
  inboxOldestSeconds,
  inboxWaiting,
  mirrors as mirrorsByStatus,
  registry,
  transferFallbacks,
} from '../metrics.ts';
import { ALERT_KINDS } from '../domain/alerts.ts';
import { MIRROR_STATUSES } from '../domain/model.ts';
import { within } from './deadline.ts';

export interface OpsPorts {
  control: MirrorControl;
  deliveries: DeliveryStore;
  mirrors: MirrorStore;
  alerts: Pick<AlertStore, 'countOpen'>;
  /** True once the process is on its way out: it finishes what it has and takes nothing new. */
  draining: () => boolean;
  log: Logger;
}

/** Whoever asks for our health waits a few seconds at most, and so do we. */
const CHECK_DEADLINE_MS = 3_000;

type Answer<T> = { ok: true; value: T } | { ok: false; reason: string };

/** `/health`, `/livez`, `/readyz`, `/metrics`. */
export function mountOps(app: Hono, ports: OpsPorts): void {
  const { deliveries, control } = ports;
  const temporal = () => ask(ports, 'temporal', 'TemporalUnavailable', () => control.ping());
  const checks = async () => {
    const postgres = ask(ports, 'postgres', 'DatabaseUnavailable', () => deliveries.backlog());
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
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });
}

async function ask<T>(
  { log }: OpsPorts,
  dependency: string,
  late: FailureKind,
  work: () => Promise<T>,
): Promise<Answer<T>> {
  try {
    const value = await within(CHECK_DEADLINE_MS, late, work);
    dependencyUp.set({ dependency }, 1);
    return { ok: true, value };
  } catch (error) {
    dependencyUp.set({ dependency }, 0);
    if (error instanceof Failure) return { ok: false, reason: `${error.message}. ${error.row.hint}` };
    log.error({ err: error, dependency }, 'dependency check failed unexpectedly');
    return { ok: false, reason: 'It failed unexpectedly; the log has the details.' };
  }
}

function shown(answer: Answer<unknown>): { ok: boolean; reason?: string } {
  return answer.ok ? { ok: true } : answer;
}

/** Gauges are read when they are asked for, so they go back by themselves when things do. What cannot be read is no number. */
async function refreshGauges(ports: OpsPorts): Promise<void> {
  const { deliveries, mirrors, alerts } = ports;
  const answer = await ask(ports, 'postgres', 'DatabaseUnavailable', () =>
    Promise.all([deliveries.backlog(), mirrors.countByStatus(), mirrors.countFallbacks(), alerts.countOpen()]),
  );
  const [backlog, counts, fallbacks, open] = answer.ok ? answer.value : [null, null, null, null];
  inboxWaiting.set(backlog?.count ?? Number.NaN);
  inboxOldestSeconds.set(backlog?.oldestSeconds ?? Number.NaN);
  transferFallbacks.reset();
  for (const [reason, count] of Object.entries(fallbacks ?? {})) transferFallbacks.set({ reason }, count);
  for (const status of MIRROR_STATUSES) mirrorsByStatus.set({ status }, counts ? (counts[status] ?? 0) : Number.NaN);
  for (const kind of ALERT_KINDS) alertsOpen.set({ kind }, open ? (open[kind] ?? 0) : Number.NaN);
}
