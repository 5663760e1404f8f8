import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createDatabase } from '../adapters/postgres/database.ts';
import { migrate } from '../adapters/postgres/migrate.ts';
import { createStore } from '../adapters/postgres/store.ts';
import { childEnvironment, ConfigError, type Config } from '../config.ts';
import { ensureSettingsKey, loadWithEntered, unreadable } from '../entered-settings.ts';
import { adoptSettingKey, makeFirstKey } from '../domain/keys.ts';
import { POSTGRES_PORT, startPostgres, type PostgresServer } from './embedded-postgres.ts';
import { startTemporal, TEMPORAL_PORT, TEMPORAL_UI_PORT, type TemporalServer } from './embedded-temporal.ts';
import { keepAlive, type Kept } from './keep-alive.ts';
import { removeRunFile, withoutPassword, writeRunFile } from './run-file.ts';
import { lateWorker } from './late-worker.ts';
import { supervise } from './supervise.ts';
import { findTemporalBinary } from './temporal-binary.ts';

/** Everything on one machine, under one roof. The data folder is the only state. */

export interface UpOptions {
  config: Config;
  /** What `config` was read from; handed on to api and worker. */
  environment: Record<string, string | undefined>;
  /** A sentence for the person who looks on. */
  say: (sentence: string) => void;
  /** Every log line of api and worker. */
  onLogLine: (line: string) => void;
  /** Where its servers should be, when not on their usual ports: of one that is beside others. */
  ports?: { postgres: number; temporal: number; temporalUi: number };
}

export interface Installation {
  apiUrl: string;
  databaseUrl: string;
  temporalAddress: string;
  /** `null` when Temporal is not ours. */
  temporalUiUrl: string | null;
  /** The text of the first API key when it was made at this start: it is nowhere else. `null`: there was one, or it is set. */
  adminKey: string | null;
  /** What had to be set before anything can be mirrored, when it started: the web UI leads through it. */
  lacking: string[];
  /** Sentences about servers that are not on their usual port, since another program has it. */
  detours: string[];
  /** The processes of this installation, by name, for those who look on or break things. */
  pids(): Record<string, number | null>;
  /** Stops everything in order: api and worker drain, then the servers. May be repeated. */
  stop(): Promise<void>;
}

/**
 * Starts whatever is not given (Postgres, Temporal), migrates, then starts api and worker and keeps all of it running. What was
 * started is stopped again when a later part cannot start.
 */
export async function startUp(options: UpOptions): Promise<Installation> {
  const { config, say } = options;
  await refuseTakenPort(config);
  await mkdir(config.dataDir, { recursive: true });
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  try {
    const [postgres, temporal] = await startServers(options, (part) => started.push(part));
    const databaseUrl = config.databaseUrl ?? (postgres as Kept<PostgresServer>).current().url;
    const temporalAddress = config.temporal.address ?? (temporal as Kept<TemporalServer>).current().address;

    const migrations = await migrate(databaseUrl);
    if (migrations.length > 0) say(`Database brought up to date (${migrations.join(', ')})`);

    const adminKey = await firstKey(databaseUrl, config.adminKey);
    await ensureSettingsKey(config);
    const { lacking } = await completed(options, databaseUrl);

    say(lacking.length === 0 ? 'Starting the api and a worker …' : 'Starting the api …');
    const temporalUiUrl = config.temporal.uiUrl ?? temporal?.current().uiUrl ?? null;
    const environment = childEnvironment(options.environment, {
      databaseUrl,
      temporalAddress,
      temporalUiUrl,
      dataDir: config.dataDir,
    });
    const { onLogLine: onLine } = options;
    const api = supervise({ role: 'api', environment, onLine, say, drainDelayMs: config.drainDelayMs });
    const worker = lateWorker({
      start: () => supervise({ role: 'worker', environment, onLine, say }),
      isTime: async () => (await completed(options, databaseUrl)).lacking.length === 0,
      say,
    });
    started.push({ stop: async () => void (await Promise.all([api.stop(), worker.stop()])) });
    const [apiUrl = ''] = await Promise.all([api.ready, lacking.length === 0 ? worker.begin() : null]);
    if (lacking.length > 0) worker.beginLater();
    const temporalNamespace = config.temporal.namespace;
    const database =
      config.databaseUrl === undefined
        ? { databaseUrl }
        : { databaseUrl: withoutPassword(databaseUrl), needsDatabaseUrl: true };
    await writeRunFile(config.dataDir, { ...database, apiUrl, temporalAddress, temporalNamespace });
    started.push({ stop: () => removeRunFile(config.dataDir) });
    return {
      apiUrl,
      databaseUrl,
      temporalAddress,
      temporalUiUrl,
      adminKey,
      lacking,
      detours: detours(postgres?.current(), temporal?.current()),
      pids: () => ({
        api: api.pid(),
        worker: worker.pid(),
        postgres: postgres?.current().pid ?? null,
        temporal: temporal?.current().pid ?? null,
      }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The settings with what was entered. What cannot be read is as if it were not there: the api says so, and the worker waits. @throws ConfigError */
async function completed({ config, environment }: UpOptions, databaseUrl: string): Promise<{ lacking: string[] }> {
  const { config: known, unopened } = await loadWithEntered(
    { ...environment, STARKEEP_DATA_DIR: config.dataDir },
    'up',
    databaseUrl,
  );
  return { lacking: [...known.lacking, ...(unopened.length > 0 ? unreadable(unopened).problems : [])] };
}

/** If we die before the person has seen it, `starkeep keys create` makes another. */
async function firstKey(databaseUrl: string, setting: string | undefined): Promise<string | null> {
  const db = createDatabase({ url: databaseUrl, applicationName: 'starkeep up', maxConnections: 1 });
  try {
    const store = createStore(db);
    await adoptSettingKey(store, setting);
    return await makeFirstKey(store);
  } finally {
    await db.close();
  }
}

/**
 * Asked before anything is made: whoever runs two installations should hear it at once.
 * @throws ConfigError
 */
async function refuseTakenPort({ host, port }: Config): Promise<void> {
  const server = createServer();
  const failed = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(null)));
  });
  if (failed === null) return;
  const why = failed.code === 'EADDRINUSE' ? 'another program listens there' : failed.message;
  throw new ConfigError([
    `${host}:${port} cannot be listened on: ${why}. Choose another STARKEEP_PORT or STARKEEP_HOST.`,
  ]);
}

async function startServers(
  options: UpOptions,
  started: (part: { stop(): Promise<void> }) => void,
): Promise<[Kept<PostgresServer> | null, Kept<TemporalServer> | null]> {
  const starting = await Promise.allSettled([
    options.config.databaseUrl === undefined ? keptPostgres(options) : null,
    options.config.temporal.address === undefined ? keptTemporal(options) : null,
  ]);
  for (const part of starting) if (part.status === 'fulfilled' && part.value) started(part.value);
  const [postgres, temporal] = starting;
  if (postgres.status === 'rejected') throw postgres.reason;
  if (temporal.status === 'rejected') throw temporal.reason;
  return [postgres.value, temporal.value];
}

function detours(postgres: PostgresServer | undefined, temporal: TemporalServer | undefined): string[] {
  const detour = (name: string, usual: number, url: string | null | undefined) => {
    const port = url ? Number(new URL(url).port) : usual;
    return port === usual ? [] : [`Port ${usual} was taken, so ${name} listens on port ${port} this time.`];
  };
  return [
    ...detour('Postgres', POSTGRES_PORT, postgres?.url),
    ...detour('Temporal', TEMPORAL_PORT, temporal && `tcp://${temporal.address}`),
    ...detour("Temporal's web UI", TEMPORAL_UI_PORT, temporal?.uiUrl),
  ];
}

function keptPostgres({ config, say, ports }: UpOptions): Promise<Kept<PostgresServer>> {
  return keepAlive('Postgres', say, (before, onExit) => {
    const place = before
      ? { port: Number(new URL(before.url).port), mustBeThere: true }
      : ports && { port: ports.postgres };
    return startPostgres({ dataDir: config.dataDir, say, onExit, ...place });
  });
}

async function keptTemporal({ config, say, ports }: UpOptions): Promise<Kept<TemporalServer>> {
  const { path: binary } = await findTemporalBinary({
    kind: 'cli',
    cacheDir: join(config.dataDir, 'bin'),
    say,
    ...(config.temporal.cli ? { explicitPath: config.temporal.cli } : {}),
  });
  const { namespace } = config.temporal;
  return keepAlive('Temporal', say, (before, onExit) => {
    const place = before
      ? { port: Number(before.address.split(':').at(-1)), mustBeThere: true }
      : ports && { port: ports.temporal };
    const uiPort = before?.uiUrl ? Number(new URL(before.uiUrl).port) : ports?.temporalUi;
    return startTemporal({
      ...{ binary, dataDir: config.dataDir, namespace, say, onExit },
      ...place,
      ...(uiPort === undefined ? {} : { uiPort }),
    });
  });
}
