import { IllegalStateError } from '@temporalio/common';
import { GracefulShutdownPeriodExpiredError, type MetricsExporterConfig, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities/index.ts';
import type { ActivityPorts } from '../activities/ports.ts';
import { createAlertChannels } from '../adapters/alerts/channels.ts';
import { createGithubDeliveries } from '../adapters/github-deliveries.ts';
import { createGithub } from '../adapters/github.ts';
import { createOnedev } from '../adapters/onedev.ts';
import { createDatabase, WORKER_POOL } from '../adapters/postgres/database.ts';
import { createEnteredSettings } from '../adapters/postgres/entered-settings.ts';
import { refuseOutdated } from '../adapters/postgres/migrate.ts';
import { createStore } from '../adapters/postgres/store.ts';
import {
  ensureAlertSchedule,
  ensureArchiveSchedule,
  ensureDriftSchedule,
  ensureReconcileSchedule,
  ensureRecoverySchedule,
} from '../adapters/schedules.ts';
import { ensureSearchAttributes } from '../adapters/search-attributes.ts';
import { createWorkflowRuns } from '../adapters/temporal-histories.ts';
import { createMirrorControl, openTemporal, type TemporalSettings } from '../adapters/temporal.ts';
import { required, type Config } from '../config.ts';
import { goOnWithBatches } from '../domain/batches.ts';
import { Failure } from '../domain/failures.ts';
import type { MirrorControl } from '../domain/ports.ts';
import type { BatchStore } from '../domain/record-stores.ts';
import type { Redact } from '../domain/redaction.ts';
import { settingsKeysOf, watchEntered, type WithEntered } from '../entered-settings.ts';
import { githubOptions } from '../github-options.ts';
import { type Log, withLogFields } from '../log.ts';
import { meter, onExchange } from '../meter.ts';
import { collectProcessMetrics } from '../metrics.ts';
import { EXIT_START_AGAIN, onStop, tellReady } from '../parent.ts';
import { noteSettings } from '../seen-settings.ts';
import { withTelemetry } from '../telemetry.ts';
import { USER_AGENT } from '../version.ts';
import type { Watch } from '../watch.ts';
import { watchBudget } from './budget-watch.ts';
import { createCaches, type Caches } from './caches.ts';
import { type Hosted, openWorkerOps } from './ops.ts';
import { createWorkers, slotsOf } from './queues.ts';
import { connectWorker, installRuntime } from './runtime.ts';
import { createSdkMetrics } from './sdk-metrics.ts';
import { createTransfer } from './transfers.ts';

/** As a shell says it of what Ctrl-C ended. */
const EXIT_HURRIED = 130;

/** Builds the worker's adapters and hosts workflows and activities. @returns when it has drained, and why */
export function runWorker(given: WithEntered): Promise<'told to' | 'settings were entered'> {
  return withTelemetry('worker', given.config, (log) => answering(given, log));
}

/** Works, and answers about itself meanwhile where that is wanted. */
async function answering(given: WithEntered, log: Log): Promise<'told to' | 'settings were entered'> {
  const { config } = given;
  const stopping = new AbortController();
  let hosted: Hosted | null = null;
  const sdk = config.workerOps && (await createSdkMetrics());
  if (config.workerOps) collectProcessMetrics();
  const ops =
    config.workerOps &&
    (await openWorkerOps(config.workerOps, {
      hosted: () => hosted,
      draining: () => stopping.signal.aborted,
      sdkText: async () => (await sdk?.text()) ?? '',
      dataDir: config.dataDir,
      log: log.logger,
    }));
  if (ops) log.logger.info({ url: ops.url }, 'worker answers about itself');
  const onHosted = (now: Hosted) => (hosted = now);
  try {
    return await work(given, log, { stopping, exporter: sdk?.exporter, opsUrl: ops?.url, onHosted });
  } finally {
    // Last, so that it says that it drains for as long as it does.
    await ops?.close();
  }
}

interface Watched {
  stopping: AbortController;
  /** Where the numbers of Temporal's SDK go. */
  exporter: MetricsExporterConfig | undefined;
  opsUrl: string | undefined;
  onHosted: (now: Hosted) => void;
}

async function work(
  { config, stamp }: WithEntered,
  { logger, redact }: Log,
  { stopping, exporter, opsUrl, onHosted }: Watched,
): Promise<'told to' | 'settings were entered'> {
  let why: 'told to' | 'settings were entered' = 'told to';
  onStop(
    (signal) => {
      logger.info({ reason: signal }, 'worker drains');
      why = 'told to';
      stopping.abort();
    },
    (signal) => {
      logger.warn({ reason: signal }, 'worker is told again: it ends without waiting');
      process.exit(EXIT_HURRIED);
    },
  );
  const takeOver = () => {
    logger.info('settings were entered: worker drains and starts again');
    if (!stopping.signal.aborted) why = 'settings were entered';
    stopping.abort();
  };

  installRuntime(logger, 'INFO', exporter);
  const settings: TemporalSettings = { ...config.temporal, address: required(config.temporal.address) };
  const connection = await connectWorker(settings, logger, stopping.signal);
  if (connection === null) return why;
  const temporal = openTemporal(settings);
  const db = createDatabase({
    url: required(config.databaseUrl),
    applicationName: 'starkeep worker',
    maxConnections: config.databasePool ?? WORKER_POOL,
    onError: (error) => logger.warn({ reason: error.message }, 'database connection lost'),
  });
  const control = createMirrorControl(temporal);
  const slots = slotsOf(config);
  onHosted({ db, control, slots, workers: null });
  const alertChannels = createAlertChannels(config.alerts, USER_AGENT);
  const channels = alertChannels.map(({ name }) => name);
  const store = createStore(db, { channels, atLeast: config.alerts.atLeast });
  const watches: Pick<Watch, 'stop'>[] = [];
  const closing: (() => Promise<void>)[] = [];
  const runs = createWorkflowRuns(temporal);
  const transfer = createTransfer(config, {
    redact,
    log: (message, fields) => logger.info(fields, message),
    onText: (said) => logger.debug(said, 'git said'),
  });
  try {
    await refuseOutdated(db);
    watches.push(noteSettings({ settings: store.settings, log: logger }, 'worker', config));
    const keys = await settingsKeysOf(config);
    const entered = createEnteredSettings(db, keys);
    const caches = await createCaches(config, { db, keys, logger, redact });
    closing.push(() => caches.close());
    watches.push(watchEntered(entered, stamp, takeOver, logger));
    await ensureSearchAttributes(temporal.connection, settings.namespace);
    await ensureReconcileSchedule(temporal.client, config.reconcileEveryMs);
    await ensureDriftSchedule(temporal.client, config.drift.everyMs);
    await ensureRecoverySchedule(temporal.client, config.github.app !== undefined);
    await ensureAlertSchedule(temporal.client);
    await ensureArchiveSchedule(temporal.client);
    await transfer.sweep();
    const ports = { ...adapters(config, caches, logger, redact), ...store, transfer, control, runs };
    watches.push(watchBudget({ source: ports.source, budget: store.budget, log: logger }));
    const activities = createActivities({
      ...ports,
      alertChannels,
      rules: rules(config),
      meter,
      redact,
      withLogFields,
    });
    if (stopping.signal.aborted) return why;
    const workers = await createWorkers({ connection, namespace: settings.namespace, activities }, config);
    onHosted({ db, control, slots, workers });
    if ((await host(workers, ports, logger, stopping.signal, opsUrl)) === 'left') {
      // Whatever it waits for would keep the process; closing what it uses would only fail it, and nobody could be told.
      logger.warn('worker stopped; what did not end in time is done by another once its heartbeats are missed');
      process.exit(why === 'told to' ? 0 : EXIT_START_AGAIN);
    }
  } finally {
    transfer.close();
    await Promise.all(watches.map((watch) => watch.stop()));
    await Promise.all([...closing.map((close) => close()), db.close(), temporal.close()]);
    await connection.close();
  }
  logger.info('worker stopped');
  return why;
}

function adapters(
  config: Config,
  caches: Caches,
  logger: Logger,
  redact: Redact,
): Pick<ActivityPorts, 'source' | 'target' | 'hookDeliveries'> {
  const { github, onedev } = config;
  const log = (message: string, fields: Record<string, unknown>) => logger.info(fields, redact(message));
  const onNotice = (notice: string) => logger.debug({ notice }, 'notice from GitHub');
  return {
    source: createGithub({
      ...githubOptions(github),
      // Shared by all workers, and there after a restart: what has not changed costs nothing of the hourly quota.
      etagCache: caches.answers,
      tokenCache: caches.tokens,
      onNotice,
      onExchange,
    }),
    target: createOnedev({
      url: required(onedev.url),
      token: required(onedev.token),
      parent: onedev.parent,
      userAgent: USER_AGENT,
      log,
      onExchange,
      ...(onedev.ssh ? { ssh: onedev.ssh } : {}),
    }),
    ...(github.app
      ? {
          hookDeliveries: createGithubDeliveries({
            apiUrl: github.apiUrl,
            app: github.app,
            userAgent: USER_AGENT,
            onNotice,
            onExchange,
          }),
        }
      : {}),
  };
}

function rules(config: Config): ActivityPorts['rules'] {
  return {
    unstarPolicy: config.unstar.policy,
    graceMs: config.unstar.graceMs,
    deleteBudget: config.deleteBudget,
    rewritePolicy: config.rewritePolicy,
    archiveRetentionMs: config.archiveRetentionMs,
    historyRetentionMs: config.historyRetentionMs,
    filters: config.filters,
    reconcileEveryMs: config.reconcileEveryMs,
    drift: config.drift,
  };
}

/**
 * Runs them until they are told to stop.
 * @returns `left`: something did not end within the time it had
 */
async function host(
  workers: Worker[],
  { control, batches }: { control: MirrorControl; batches: BatchStore },
  log: Logger,
  stopping: AbortSignal,
  opsUrl: string | undefined,
): Promise<'drained' | 'left'> {
  const shutdown = () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown());
  stopping.addEventListener('abort', shutdown, { once: true });
  // One that fails takes the others along: half a worker would look like a whole one.
  const running = Promise.allSettled(workers.map((worker) => worker.run().finally(shutdown)));
  log.info({ taskQueues: workers.map((worker) => worker.options.taskQueue) }, 'worker runs');
  tellReady(opsUrl);
  if (stopping.aborted) shutdown();
  else {
    await readStarsOnce(control, log);
    await goOnWithLostBatches(control, batches, log);
  }
  const failures = (await running).flatMap((run) => (run.status === 'rejected' ? [run.reason as unknown] : []));
  const unexpected = failures.find((failure) => !ranOutOfTime(failure));
  if (unexpected !== undefined) throw unexpected;
  return failures.length > 0 ? 'left' : 'drained';
}

/** The SDK's own word for it; or, since it ends a worker all the same, its core's that this worker is still in use, which then takes that word's place. */
function ranOutOfTime(failure: unknown): boolean {
  if (failure instanceof GracefulShutdownPeriodExpiredError) return true;
  return failure instanceof IllegalStateError && failure.message.startsWith('Worker still in use');
}

/** A Temporal that is away is no reason not to work: the next worker that starts looks again. */
async function goOnWithLostBatches(control: MirrorControl, batches: BatchStore, log: Logger): Promise<void> {
  try {
    await goOnWithBatches({ control, batches });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn({ kind: error.kind, reason: error.message }, 'batches could not be started again');
  }
}

/** At every start the star list is read, without waiting for the Schedule; several workers starting together read it once between them. */
async function readStarsOnce(control: MirrorControl, log: Logger): Promise<void> {
  try {
    await control.reconcile();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn({ kind: error.kind, reason: error.message }, 'reading of the star list could not be started');
  }
}
