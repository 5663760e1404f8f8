import { Hono } from 'hono';
import { pino } from 'pino';
import { createDatabase, type Database } from '../adapters/postgres/database.ts';
import { createEnteredSettings } from '../adapters/postgres/entered-settings.ts';
import { createStore } from '../adapters/postgres/store.ts';
import { openTemporal } from '../adapters/temporal.ts';
import { asPerson } from '../api/auth.ts';
import { createFeed } from '../api/feed.ts';
import { createV1 } from '../api/v1/app.ts';
import { temporalPorts, v1Ports, type TemporalPorts } from '../api/v1-ports.ts';
import { ConfigError, type Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import { settingsKeysOf } from '../entered-settings.ts';
import { databaseUrlOf, temporalSettings } from './installation.ts';

/** The API on the machine itself: the api's own app, answered in this process and never listening, so whoever asks needs no key. */

/**
 * Lends what answers a request, over the servers of the settings or of the `starkeep up` with the same data folder.
 * @param name what the audit log calls whoever asks
 * @throws ConfigError at the first request that needs a server of which it is not known where it is
 */
export async function withLocalApi<T>(
  config: Config,
  name: string,
  work: (fetch: (request: Request) => Promise<Response>) => Promise<T>,
): Promise<T> {
  // Where both are not known, what is said about Temporal names the database too.
  const databaseUrl = await known(databaseUrlOf(config));
  const temporal = await known(temporalSettings(config));
  let missed: ConfigError | null = null;
  const miss = (kind: 'DatabaseUnavailable' | 'TemporalUnavailable', error: ConfigError) => () => {
    missed = error;
    return Promise.reject(new Failure(kind, error.message));
  };
  const db =
    databaseUrl instanceof ConfigError
      ? noDatabase(miss('DatabaseUnavailable', temporal instanceof ConfigError ? temporal : databaseUrl))
      : createDatabase({ url: databaseUrl, applicationName: 'starkeep', maxConnections: 4 });
  const connection = temporal instanceof ConfigError ? null : openTemporal(temporal);
  let unexpected: unknown;
  const v1 = createV1({
    ...v1Ports(
      config,
      createStore(db),
      connection === null
        ? noTemporal(miss('TemporalUnavailable', temporal as ConfigError))
        : temporalPorts(connection),
      { stamp: null, entered: createEnteredSettings(db, await settingsKeysOf(config)) },
    ),
    admission: asPerson(name),
    settleKeys: async () => undefined,
    clientAddress: () => 'this machine',
    outerOrigin: () => 'http://localhost',
    feed: createFeed(),
    log: pino({ level: 'error', hooks: { logMethod: ([fields]) => (unexpected = (fields as { err?: unknown }).err) } }),
  });
  const app = new Hono().route('/api/v1', v1);
  const answer = async (request: Request): Promise<Response> => {
    missed = null;
    const response = await app.fetch(request);
    // What the api would tell its log alone, whoever is at the machine may know.
    if (response.status === 500 && unexpected !== undefined) throw unexpected;
    if (response.status === 503 && missed !== null) throw missed as ConfigError;
    return response;
  };
  try {
    return await work(answer);
  } finally {
    await Promise.all([db.close(), connection?.close()]);
  }
}

async function known<T>(setting: Promise<T>): Promise<T | ConfigError> {
  try {
    return await setting;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

type Refuse = () => Promise<never>;

function noDatabase(refuse: Refuse): Database {
  const stats = () => ({ total: 0, idle: 0, waiting: 0, max: 0 });
  return { query: refuse, transaction: refuse, stats, close: async () => undefined };
}

function noTemporal(refuse: Refuse): TemporalPorts {
  return {
    control: {
      repoEvent: refuse,
      decide: refuse,
      reconcile: refuse,
      drainInbox: refuse,
      startBatch: refuse,
      cancelBatch: refuse,
      sendAlerts: refuse,
      ping: refuse,
    },
    startReading: refuse,
    askedReading: refuse,
    readingFailure: refuse,
    transfers: { progress: refuse },
    nextReadingAt: refuse,
  };
}
