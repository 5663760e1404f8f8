import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { watchGithubRanges } from '../adapters/github-ranges.ts';
import { listenForChanges } from '../adapters/postgres/changes.ts';
import { createDatabase, type Database } from '../adapters/postgres/database.ts';
import { createEnteredSettings } from '../adapters/postgres/entered-settings.ts';
import { refuseOutdated } from '../adapters/postgres/migrate.ts';
import { createReplica, type Replica } from '../adapters/postgres/replica.ts';
import { createStore, lookingAt, type Store } from '../adapters/postgres/store.ts';
import { createTurns } from '../adapters/postgres/turns.ts';
import { createMirrorControl, openTemporal } from '../adapters/temporal.ts';
import { traced } from '../adapters/tracing.ts';
import { ConfigError, required, type Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import { adoptSettingKey, makeFirstKey } from '../domain/keys.ts';
import { settingsKeysOf, unreadable, watchEntered, type WithEntered } from '../entered-settings.ts';
import { type Log, withLogFields } from '../log.ts';
import { collectProcessMetrics, readReplicaLag, readReplicaReadsTotal } from '../metrics.ts';
import { onStop, tellReady } from '../parent.ts';
import { patiently } from '../patiently.ts';
import { withTelemetry } from '../telemetry.ts';
import { USER_AGENT } from '../version.ts';
import { type Watch, watchEvery } from '../watch.ts';
import { noteSettings } from '../seen-settings.ts';
import { clientAddress, contains, outerOrigin, type AddressCheck } from './addresses.ts';
import { createApp, forwardedHeaders, peerAddress } from './app.ts';
import { watchAudit } from './audit-watch.ts';
import { within } from '../deadline.ts';
import { watchInbox } from './inbox-watch.ts';
import { createLooks } from './looks.ts';
import { createDrain, type Drain } from './drain.ts';
import { createFeed, type Feed } from './feed.ts';
import { openServer } from './server.ts';
import { holdPlace, ownTurn } from './turn.ts';
import { createV1, type V1Ports } from './v1/app.ts';
import { temporalPorts, v1Ports } from './v1-ports.ts';

/** How long the first look at the database may take before the api listens without it. */
const FIRST_LOOK_MS = 3_000;

/** How long requests under way may take once it does not listen any more. */
const DRAIN_MS = 15_000;

/** Builds the api's adapters, serves, and drains on SIGTERM, or when settings were entered that it does not run by. @returns when it has stopped, and why */
export function runApi(settings: WithEntered): Promise<'told to' | 'settings were entered'> {
  return withTelemetry('api', settings.config, (log) => work(settings, log));
}

async function work(
  { config, stamp, unopened }: WithEntered,
  { logger, redact }: Log,
): Promise<'told to' | 'settings were entered'> {
  collectProcessMetrics();
  const db = createDatabase({
    url: required(config.databaseUrl),
    applicationName: 'starkeep api',
    ...(config.databasePool ? { maxConnections: config.databasePool } : {}),
    onError: (error) => logger.warn({ reason: error.message }, 'database connection lost'),
  });
  const temporal = openTemporal({ ...config.temporal, address: required(config.temporal.address), traced: true });
  const control = createMirrorControl(temporal);
  const store = createStore(db);
  const looks = createLooks(() => replica?.changed());
  const replica = replicaOf(config, db, looks.underWay, logger);
  const { addresses, stop: stopRanges } = addressCheck(config, logger);
  const inbox = watchInbox({ deliveries: store.deliveries, control, log: logger });
  const watches: Pick<Watch, 'stop'>[] = [inbox];
  const feed = createFeed();
  const afterwards = new Set<Promise<void>>();
  let draining = false;
  const stopping = new AbortController();
  const hurry = new AbortController();
  let why: 'told to' | 'settings were entered' = 'told to';
  onStop(
    (signal) => {
      logger.info({ reason: signal }, 'api drains');
      why = 'told to';
      stopping.abort();
    },
    (signal) => (logger.warn({ reason: signal }, 'api is told again: it ends without waiting'), hurry.abort()),
  );

  const shared: Pick<V1Ports, 'control' | 'clientAddress' | 'outerOrigin' | 'log'> = {
    control,
    clientAddress: (c) => clientAddress(peerAddress(c), c.req.header('x-forwarded-for'), config.trustedProxies),
    outerOrigin: (c) => outerOrigin(peerAddress(c), forwardedHeaders(c), config.trustedProxies),
    log: logger,
  };
  const app = createApp({
    ...shared,
    control,
    deliveries: store.deliveries,
    accounts: store.accounts,
    audit: store.audit,
    mirrors: store.mirrors,
    alerts: store.alerts,
    figures: store.figures,
    pool: () => db.use(),
    secrets: config.github.webhookSecrets,
    addresses,
    redact,
    withLogFields,
    ...(config.telemetry.traces ? { traced } : {}),
    onWaiting: () => inbox.nudge(),
    afterwards: (work) => {
      const done = work.finally(() => afterwards.delete(done));
      afterwards.add(done);
    },
    draining: () => draining,
  });
  const settleKeys = settlingKeys(store, config.adminKey);
  const entered = createEnteredSettings(db, await settingsKeysOf(config));
  const settings = { stamp, entered };
  const shown = replica === null ? store : lookingAt(store, replica);
  const v1 = { ...v1Ports(config, shown, temporalPorts(temporal), settings), ...shared, settleKeys, feed };
  app.use('/api/v1/*', looks.apart);
  app.route('/api/v1', createV1(v1));
  if (unopened.length > 0) logger.error({ problems: unreadable(unopened).problems }, 'entered settings cannot be read');
  try {
    await soon(async () => {
      await refuseOutdated(db);
      await settleKeys();
      await tellOfFirstKey(store, logger);
    });
    watches.push(
      watchChanges({
        url: required(config.databaseUrl),
        feed,
        replica,
        changes: store.changes,
        answers: store.answers,
        log: logger,
      }),
    );
    if (replica !== null)
      watches.push(watchEvery(REPLICA_EVERY_MS, replica.look, 'the replica is not looked at', logger));
    watches.push(watchAudit({ audit: store.audit, log: logger }));
    watches.push(noteSettings({ settings: store.settings, log: logger }, 'api', config));
    if (stopping.signal.aborted) return why;
    const { server, drain } = await listen(app, config);
    const url = urlOf(config.host, server);
    logger.info({ url }, 'api listens');
    tellReady(url);

    const turns = createTurns(required(config.databaseUrl));
    watches.push(holdPlace(turns, logger));
    const takeOver = async () => {
      // All apis see it at once, and one of them has to be there for what GitHub sends.
      await ownTurn(turns, stopping.signal);
      if (stopping.signal.aborted) return;
      logger.info('settings were entered: api drains and starts again');
      why = 'settings were entered';
      stopping.abort();
    };
    watches.push(watchEntered(entered, stamp, () => void takeOver(), logger));
    await aborted(stopping.signal);
    draining = true;
    drain.begin();
    await patiently(config.drainDelayMs, hurry.signal);
    // Not before: who comes back is sent elsewhere by now.
    feed.close();
    await drain.finish(DRAIN_MS, hurry.signal);
    return why;
  } finally {
    // What still has a timer or a connection keeps the process alive, also when it could not listen.
    stopRanges();
    await Promise.all([...afterwards, ...watches.map((watch) => watch.stop())]);
    await Promise.all([replica?.close(), db.close(), temporal.close()]);
    logger.info('api stopped');
  }
}

const REPLICA_EVERY_MS = 5_000;

/** @returns `null` where everything is read from the primary */
function replicaOf(config: Config, primary: Database, isLook: () => boolean, log: Logger): Replica | null {
  if (config.databaseReadUrl === undefined) return null;
  // From the start, so that the first of each kind is an increase too.
  for (const from of ['replica', 'primary']) readReplicaReadsTotal.inc({ from }, 0);
  return createReplica({
    url: config.databaseReadUrl,
    primary,
    applicationName: 'starkeep api reads',
    ...(config.databasePool ? { maxConnections: config.databasePool } : {}),
    isLook,
    onRead: (from) => readReplicaReadsTotal.inc({ from }),
    onLag: (seconds) => readReplicaLag.set(seconds ?? Number.NaN),
    onTrouble: (reason) => log.warn({ reason }, 'everything is read from the primary: the read replica cannot be used'),
    onBack: () => log.info('the read replica is used again'),
  });
}

const FORGET_EVERY_MS = 60_000;

/** Passes on what changes, and forgets what is old. */
function watchChanges(
  ports: Pick<Store, 'changes' | 'answers'> & { url: string; feed: Feed; replica: Replica | null; log: Logger },
): Pick<Watch, 'stop'> {
  const { url, feed, replica, changes, answers, log } = ports;
  // The replica first: whoever is told of a change asks at once.
  const listening = listenForChanges(url, {
    onListening: () => replica?.hears(),
    onChange: (change) => {
      replica?.changed();
      feed.tell(change);
    },
    onGap: feed.gap,
    onTrouble: (reason) => {
      replica?.isDeaf();
      log.warn({ reason }, 'changes are not seen as they happen');
    },
  });
  const forget = async () => void (await Promise.all([changes.forgetOld(), answers.forgetOld()]));
  const forgetting = watchEvery(FORGET_EVERY_MS, forget, 'old changes and answers are not forgotten', log);
  return { stop: async () => void (await Promise.all([listening.stop(), forgetting.stop()])) };
}

function addressCheck({ webhookAllow, github }: Config, log: Logger): { addresses: AddressCheck; stop: () => void } {
  if (webhookAllow === 'any') return { addresses: { allows: () => true }, stop: () => undefined };
  if (webhookAllow !== 'github') {
    return { addresses: { allows: (address) => contains(webhookAllow, address) }, stop: () => undefined };
  }
  const ranges = watchGithubRanges({ apiUrl: github.apiUrl, userAgent: USER_AGENT }, (reason) =>
    log.warn({ reason }, "GitHub's addresses could not be read"),
  );
  const allows = (address: string) => {
    const list = ranges.current();
    return list === null || contains(list, address);
  };
  return { addresses: { allows }, stop: () => ranges.stop() };
}

/** @throws ConfigError when the address cannot be listened on */
async function listen({ fetch }: Hono, { host, port }: Config): Promise<{ server: Server; drain: Drain }> {
  const server = openServer({ fetch, hostname: host, port });
  const drain = createDrain(server);
  try {
    await once(server, 'listening');
    return { server, drain };
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? 'another program listens there'
        : (error as Error).message;
    throw new ConfigError([
      `STARKEEP_HOST and STARKEEP_PORT say ${host}:${port}, which cannot be listened on: ${why}.`,
    ]);
  }
}

function urlOf(host: string, server: Server): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** @returns what has the record agree with STARKEEP_ADMIN_KEY, and does nothing once that is so */
function settlingKeys(store: Store, adminKey: string | undefined): () => Promise<void> {
  let isSettled = false;
  return async () => {
    if (isSettled) return;
    await adoptSettingKey(store, adminKey);
    isSettled = true;
  };
}

/** Without a key nobody can use the API. A new one is shown to a person at a terminal, and never to a log. */
async function tellOfFirstKey(store: Store, log: Logger): Promise<void> {
  if (await store.keys.hasAdmin()) return;
  if (!process.stderr.isTTY) {
    log.warn('no api key exists; set STARKEEP_ADMIN_KEY, or make one with starkeep keys create');
    return;
  }
  const text = await makeFirstKey(store);
  if (text !== null) process.stderr.write(`The first API key, shown only this once: ${text}\n`);
}

/** A database that does not answer in time is no reason not to listen: deliveries can still go to Temporal. */
async function soon(look: () => Promise<void>): Promise<void> {
  try {
    await within(FIRST_LOOK_MS, 'DatabaseUnavailable', look);
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'DatabaseUnavailable') throw error;
  }
}
