import type { Worker } from '@temporalio/worker';
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
import type { BatchStore, MirrorControl } from '../domain/ports.ts';
import type { Redact } from '../domain/redaction.ts';
import { settingsKeysOf, watchEntered, type WithEntered } from '../entered-settings.ts';
import { githubOptions } from '../github-options.ts';
import { createLog, withLogFields } from '../log.ts';
import { onStop, tellReady } from '../parent.ts';
import { noteSettings } from '../seen-settings.ts';
import { USER_AGENT } from '../version.ts';
import type { Watch } from '../watch.ts';
import { watchBudget } from './budget-watch.ts';
import { createCaches, type Caches } from './caches.ts';
import { createWorkers } from './queues.ts';
import { connectWorker, installRuntime } from './runtime.ts';
import { createTransfer } from './transfers.ts';

/** Builds the worker's adapters and hosts workflows and activities. @returns when it has drained, and why */
export async function runWorker({ config, stamp }: WithEntered): Promise<'told to' | 'settings were entered'> {
  const { logger, redact } = await createLog({ service: 'worker', ...config.log, secrets: config.secrets });
  const stopping = new AbortController();
  let why: 'told to' | 'settings were entered' = 'told to';
  onStop((signal) => {
    logger.info({ why: signal }, 'worker drains');
    stopping.abort();
  });
  const takeOver = () => {
    logger.info('settings were entered: worker drains and starts again');
    if (!stopping.signal.aborted) why = 'settings were entered';
    stopping.abort();
  };

  installRuntime(logger);
  const settings: TemporalSettings = { ...config.temporal, address: required(config.temporal.address) };
  const connection = await connectWorker(settings, logger, stopping.signal);
  const temporal = openTemporal(settings);
  const db = createDatabase({
    url: required(config.databaseUrl),
    applicationName: 'starkeep worker',
    maxConnections: config.databasePool ?? WORKER_POOL,
    onError: (error) => logger.warn({ reason: error.message }, 'database connection lost'),
  });
  const control = createMirrorControl(temporal);
  const alertChannels = createAlertChannels(config.alerts, USER_AGENT);
  const channels = alertChannels.map(({ name }) => name);
  const store = createStore(db, { channels, atLeast: config.alerts.atLeast });
  const watches: Pick<Watch, 'stop'>[] = [];
  const closing: (() => Promise<void>)[] = [];
  const runs = createWorkflowRuns(temporal);
  const transfer = createTransfer(config, { redact, log: (message, fields) => logger.info(fields, message) });
  try {
    await refuseOutdated(db);
    watches.push(noteSettings({ settings: store.settings, log: logger }, 'worker', config));
    const keys = await settingsKeysOf(config);
    const entered = createEnteredSettings(db, keys);
    const caches = createCaches(config, { db, keys, logger, redact });
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
    const activities = createActivities({ ...ports, alertChannels, rules: rules(config), redact, withLogFields });
    const workers = await createWorkers({ connection, namespace: settings.namespace, activities }, config);
    await host(workers, ports, logger, stopping.signal);
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
    }),
    target: createOnedev({
      url: required(onedev.url),
      token: required(onedev.token),
      parent: onedev.parent,
      userAgent: USER_AGENT,
      log,
      ...(onedev.ssh ? { ssh: onedev.ssh } : {}),
    }),
    ...(github.app
      ? {
          hookDeliveries: createGithubDeliveries({
            apiUrl: github.apiUrl,
            app: github.app,
            userAgent: USER_AGENT,
            onNotice,
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

async function host(
  workers: Worker[],
  { control, batches }: { control: MirrorControl; batches: BatchStore },
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const running = Promise.all(workers.map((worker) => worker.run()));
  const shutdown = () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown());
  stopping.addEventListener('abort', shutdown, { once: true });
  log.info({ taskQueues: workers.map((worker) => worker.options.taskQueue) }, 'worker runs');
  tellReady();
  if (stopping.aborted) shutdown();
  else {
    await readStarsOnce(control, log);
    await goOnWithLostBatches(control, batches, log);
  }
  await running;
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
