import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of ours, declared once. No label takes values from outside. */

export const registry = new Registry();

export const deliveriesTotal = new Counter({
  name: 'starkeep_deliveries_total',
  help: 'Webhook requests, by event and by what became of them',
  labelNames: ['event', 'outcome'],
  registers: [registry],
});

export const deliverySeconds = new Histogram({
  name: 'starkeep_delivery_ack_duration_seconds',
  help: 'Time from the first byte of a webhook request to its answer',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10],
  registers: [registry],
});

export const authFailuresTotal = new Counter({
  name: 'starkeep_auth_failures_total',
  help: 'API requests refused for want of a valid key, or of its scope',
  labelNames: ['reason'],
  registers: [registry],
});

export const connectionsDroppedTotal = new Counter({
  name: 'starkeep_connections_dropped_total',
  help: 'Connections closed at once because too many were open',
  registers: [registry],
});

export const inboxWaiting = new Gauge({
  name: 'starkeep_inbox_waiting',
  help: 'Deliveries accepted and not dispatched yet',
  registers: [registry],
});

export const inboxOldestSeconds = new Gauge({
  name: 'starkeep_inbox_oldest_seconds',
  help: 'Age of the oldest delivery that waits; 0 when none does',
  registers: [registry],
});

export const mirrors = new Gauge({
  name: 'starkeep_mirrors',
  help: 'Mirrors by status',
  labelNames: ['status'],
  registers: [registry],
});

export const cacheOperationsTotal = new Counter({
  name: 'starkeep_cache_operations_total',
  help: 'What workers looked for among answers of GitHub and tokens (hit, miss), and calls that postgres or redis failed (error)',
  labelNames: ['cache', 'outcome'],
  registers: [registry],
});

export const transferFallbacks = new Gauge({
  name: 'starkeep_transfer_fallbacks',
  help: 'Syncs of the record that were cloned because they could not be streamed, by reason',
  labelNames: ['reason'],
  registers: [registry],
});

export const alertsOpen = new Gauge({
  name: 'starkeep_alerts_open',
  help: 'Alerts that are open, by kind',
  labelNames: ['kind'],
  registers: [registry],
});

export const dependencyUp = new Gauge({
  name: 'starkeep_dependency_up',
  help: '1 when the dependency answered the last time it was asked, else 0',
  labelNames: ['dependency'],
  registers: [registry],
});

/** Node's own: memory, event loop lag, handles. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry, prefix: 'starkeep_' });
}
