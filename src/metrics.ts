import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { MIRROR_STATUSES, TRIGGERS } from './domain/model.ts';
import { VERSION } from './version.ts';

/**
 * Every metric of ours, declared once. No label takes values from outside: each is of a closed list. `docs/operations.md` has them as a table, written from
 * here.
 */

/** What the api and the worker both have. */
export const registry = new Registry();

/** What only the api has. Much of it is read from the record when it is asked for, and so is the same in every api. */
export const apiRegistry = new Registry();

/** What only a worker has, each of its own work. */
export const workerRegistry = new Registry();

// ------------------------------------------------------------------------------------------------------------------ both

export const dependencyUp = new Gauge({
  name: 'starkeep_dependency_up',
  help: '1 when the dependency answered the last time it was asked, else 0',
  labelNames: ['dependency'],
  registers: [registry],
});

export const requestSeconds = new Histogram({
  name: 'starkeep_host_request_duration_seconds',
  help: 'Requests to the APIs of GitHub and OneDev until the answer was whole; status is its class, or none',
  labelNames: ['host', 'method', 'route', 'status'],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
});

export const databaseConnections = new Gauge({
  name: 'starkeep_database_connections',
  help: 'Connections of this process to Postgres, by whether something uses them',
  labelNames: ['state'],
  registers: [registry],
});

export const databaseConnectionsMax = new Gauge({
  name: 'starkeep_database_connections_max',
  help: 'Connections to Postgres that this process may have',
  registers: [registry],
});

export const databaseQueriesWaiting = new Gauge({
  name: 'starkeep_database_queries_waiting',
  help: 'Queries that wait for a connection to Postgres',
  registers: [registry],
});

const buildInfo = new Gauge({
  name: 'starkeep_build_info',
  help: 'Always 1; the version of Starkeep is its label',
  labelNames: ['version'],
  registers: [registry],
});
buildInfo.set({ version: VERSION }, 1);

// ------------------------------------------------------------------------------------------------ the api, of its own work

export const deliveriesTotal = new Counter({
  name: 'starkeep_deliveries_total',
  help: 'Webhook requests, by event and by what became of them',
  labelNames: ['event', 'outcome'],
  registers: [apiRegistry],
});

export const deliverySeconds = new Histogram({
  name: 'starkeep_delivery_ack_duration_seconds',
  help: 'Time from the first byte of a webhook request to its answer',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10],
  registers: [apiRegistry],
});

export const authFailuresTotal = new Counter({
  name: 'starkeep_auth_failures_total',
  help: 'API requests refused for want of a valid key, or of its scope',
  labelNames: ['reason'],
  registers: [apiRegistry],
});

export const connectionsDroppedTotal = new Counter({
  name: 'starkeep_connections_dropped_total',
  help: 'Connections closed at once because too many were open',
  registers: [apiRegistry],
});

export const readReplicaReadsTotal = new Counter({
  name: 'starkeep_read_replica_reads_total',
  help: 'Reads of the API that a replica may answer, by who did; no number without DATABASE_READ_URL',
  labelNames: ['from'],
  registers: [apiRegistry],
});

export const readReplicaLag = new Gauge({
  name: 'starkeep_read_replica_lag_seconds',
  help: 'For how long the replica has lacked what the primary had, looked at every 5 s; no number while that is not known',
  registers: [apiRegistry],
});
// One that nobody sets would say 0.
readReplicaLag.set(Number.NaN);

// --------------------------------------------------------------------------------------- the api, as the record has it now

export const inboxWaiting = new Gauge({
  name: 'starkeep_inbox_waiting',
  help: 'Deliveries accepted and not dispatched yet',
  registers: [apiRegistry],
});

export const inboxOldestSeconds = new Gauge({
  name: 'starkeep_inbox_oldest_seconds',
  help: 'Age of the oldest delivery that waits; 0 when none does',
  registers: [apiRegistry],
});

export const mirrors = new Gauge({
  name: 'starkeep_mirrors',
  help: 'Mirrors by status',
  labelNames: ['status'],
  registers: [apiRegistry],
});

export const mirrorsKept = new Gauge({
  name: 'starkeep_mirrors_kept',
  help: 'Mirrors that are meant to be on OneDev: neither deleted nor left out by a filter',
  registers: [apiRegistry],
});

export const mirrorsSafe = new Gauge({
  name: 'starkeep_mirrors_safe',
  help: 'Of the kept mirrors, those that are on OneDev as they were last seen: synced at least once, not failing and not held',
  registers: [apiRegistry],
});

export const mirrorsStale = new Gauge({
  name: 'starkeep_mirrors_stale',
  help: 'Starred mirrors that nobody has looked at for a day',
  registers: [apiRegistry],
});

export const oldestSuccessAge = new Gauge({
  name: 'starkeep_oldest_success_age_seconds',
  help: 'Time since a look at the mirror that has waited longest for one ended well; 0 when none waits',
  registers: [apiRegistry],
});

export const pendingDeletions = new Gauge({
  name: 'starkeep_deletions_pending',
  help: 'Deletions that are not over, by what they wait for: the end of the grace period, or a person',
  labelNames: ['waits_for'],
  registers: [apiRegistry],
});

export const starListReadTimestamp = new Gauge({
  name: 'starkeep_star_list_complete_timestamp_seconds',
  help: 'When the star list was last read whole, in epoch seconds; no number before the first time',
  registers: [apiRegistry],
});

export const githubBudgetLimit = new Gauge({
  name: 'starkeep_github_budget_limit',
  help: 'Requests an hour that GitHub allows; no number before it was asked, or where it has no limit',
  registers: [apiRegistry],
});

export const githubBudgetRemaining = new Gauge({
  name: 'starkeep_github_budget_remaining',
  help: 'Requests left of the hour by the last answer; the whole limit once that hour is over',
  registers: [apiRegistry],
});

export const githubBudgetReset = new Gauge({
  name: 'starkeep_github_budget_reset_timestamp_seconds',
  help: 'When the budget is whole again by the last answer, in epoch seconds',
  registers: [apiRegistry],
});

export const transferFallbacks = new Gauge({
  name: 'starkeep_transfer_fallbacks',
  help: 'Syncs of the record that were cloned because they could not be streamed, by reason',
  labelNames: ['reason'],
  registers: [apiRegistry],
});

export const alertsOpen = new Gauge({
  name: 'starkeep_alerts_open',
  help: 'Alerts that are open, by kind',
  labelNames: ['kind'],
  registers: [apiRegistry],
});

// ------------------------------------------------------------------------------------------------------------- the worker

const SYNC_OUTCOMES = ['changed', 'unchanged', 'failed'] as const;

export const syncsTotal = new Counter({
  name: 'starkeep_syncs_total',
  help: 'Attempts to make a mirror equal, by what set them off and how they ended',
  labelNames: ['trigger', 'outcome'],
  registers: [workerRegistry],
});
// At 0 from the start, so that the first of each kind is an increase too.
for (const trigger of TRIGGERS) for (const outcome of SYNC_OUTCOMES) syncsTotal.inc({ trigger, outcome }, 0);

/** From a listing or two to a first transfer of gigabytes. */
const SYNC_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200];

export const syncSeconds = new Histogram({
  name: 'starkeep_sync_duration_seconds',
  help: 'From the begin of an attempt until it was in the record, by how it ended',
  labelNames: ['outcome'],
  buckets: SYNC_BUCKETS,
  registers: [workerRegistry],
});

export const phaseSeconds = new Histogram({
  name: 'starkeep_sync_phase_duration_seconds',
  help: 'Phases of transfers that ended well',
  labelNames: ['phase'],
  buckets: SYNC_BUCKETS,
  registers: [workerRegistry],
});

export const receivedBytesTotal = new Counter({
  name: 'starkeep_received_bytes_total',
  help: 'Bytes of packs received from GitHub by syncs that ended well',
  registers: [workerRegistry],
});

export const lfsBytesTotal = new Counter({
  name: 'starkeep_lfs_copied_bytes_total',
  help: 'Bytes of Git LFS objects copied to OneDev',
  registers: [workerRegistry],
});

/** What may have become of a ref. */
export const REF_CHANGES = ['created', 'updated', 'forced', 'deleted', 'archived', 'declined'] as const;

export const refsTotal = new Counter({
  name: 'starkeep_refs_total',
  help: 'Refs that syncs changed on OneDev, by how; forced ones are counted as updated too, and declined ones OneDev did not take',
  labelNames: ['change'],
  registers: [workerRegistry],
});
for (const change of REF_CHANGES) refsTotal.inc({ change }, 0);

export const syncFailuresTotal = new Counter({
  name: 'starkeep_sync_failures_total',
  help: 'Syncs that failed, by kind of failure and by what follows: retry (by itself, later) or none (before the next event)',
  labelNames: ['kind', 'next'],
  registers: [workerRegistry],
});

export const activityFailuresTotal = new Counter({
  name: 'starkeep_activity_failures_total',
  help: 'Attempts of activities that failed, also those that Temporal made good by another, by kind of failure',
  labelNames: ['activity', 'kind'],
  registers: [workerRegistry],
});

export const workerActivities = new Gauge({
  name: 'starkeep_worker_activities',
  help: 'Activities that this worker runs now',
  labelNames: ['task_queue'],
  registers: [workerRegistry],
});

export const workerSlots = new Gauge({
  name: 'starkeep_worker_slots',
  help: 'Activities that this worker may run at a time',
  labelNames: ['task_queue'],
  registers: [workerRegistry],
});

export const dataDiskFree = new Gauge({
  name: 'starkeep_data_disk_free_bytes',
  help: 'Free space on the disk with STARKEEP_DATA_DIR',
  registers: [workerRegistry],
});

export const dataDiskSize = new Gauge({
  name: 'starkeep_data_disk_size_bytes',
  help: 'Size of the disk with STARKEEP_DATA_DIR',
  registers: [workerRegistry],
});

// ------------------------------------------------------------------------------------------------------------ what is told

/** Gauges of mirrors, by status: no number where it is not known. @param counts `null`: the record cannot be read */
export function setMirrors(counts: Readonly<Record<string, number>> | null): void {
  for (const status of MIRROR_STATUSES) mirrors.set({ status }, counts ? (counts[status] ?? 0) : Number.NaN);
}

/** How the pool of connections of this process is used now. */
export function setPool({ idle, inUse, max, waiting }: Record<'idle' | 'inUse' | 'max' | 'waiting', number>): void {
  databaseConnections.set({ state: 'idle' }, idle);
  databaseConnections.set({ state: 'in_use' }, inUse);
  databaseConnectionsMax.set(max);
  databaseQueriesWaiting.set(waiting);
}

/** Totals of what `…_handles` and `…_requests` have by type: gauges whose names say that they were counters, which promtool refuses. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `starkeep_nodejs_active_${what}_total`);

export const cacheOperationsTotal = new Counter({
  name: 'starkeep_cache_operations_total',
  help: 'What workers looked for among answers of GitHub and tokens (hit, miss), and calls that postgres or redis failed (error)',
  labelNames: ['cache', 'outcome'],
  registers: [workerRegistry],
});

export const logLinesSentTotal = new Counter({
  name: 'starkeep_log_lines_sent_total',
  help: 'Log lines that a destination besides standard output and the file has taken',
  labelNames: ['destination'],
  registers: [registry],
});

export const logLinesDroppedTotal = new Counter({
  name: 'starkeep_log_lines_dropped_total',
  help: 'Log lines that a destination did not get; standard output has them',
  labelNames: ['destination', 'reason'],
  registers: [registry],
});

export const spansSentTotal = new Counter({
  name: 'starkeep_spans_sent_total',
  help: 'Spans that the OpenTelemetry receiver has taken',
  registers: [registry],
});

export const spansDroppedTotal = new Counter({
  name: 'starkeep_spans_dropped_total',
  help: 'Spans that the OpenTelemetry receiver did not get',
  labelNames: ['reason'],
  registers: [registry],
});

/** Node's own: memory, event loop lag, handles. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry, prefix: 'starkeep_' });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** What a process answers on `/metrics`. */
export async function metricsText(own: Registry): Promise<{ text: string; contentType: string }> {
  const all = Registry.merge([registry, own]);
  return { text: await all.metrics(), contentType: all.contentType };
}
