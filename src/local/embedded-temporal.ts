import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { toFailure } from '../domain/failures.ts';
import { launch, logTail, type ChildServer } from './child-server.ts';
import { accepts, freePort, LOOPBACK, samePort } from '../free-port.ts';
import { claimServer, type Claim } from './server-claim.ts';
import { cliVersion } from './temporal-binary.ts';

/** Temporal's dev server as a child process. Its state is one SQLite file in the data folder. */

export interface StartTemporalOptions {
  /** A Temporal CLI that runs. @see findTemporalBinary */
  binary: string;
  dataDir: string;
  /** Made when it is missing. Default `default`. */
  namespace?: string;
  /** Another one is taken when it is in use; 0 for any. Default 7233. */
  port?: number;
  /** `port` and no other: its clients have its address already. */
  mustBeThere?: boolean;
  /** As `port`; another one does no harm, since only people go there. Default 8233. */
  uiPort?: number;
  /** Without the web UI. Default: with it. */
  headless?: boolean;
  /** Keep nothing on disk. Default: keep everything. */
  inMemory?: boolean;
  say: (line: string) => void;
  /** Told once, with a sentence, when the server ends without `stop()`. */
  onExit: (sentence: string) => void;
}

export interface TemporalServer {
  /** `127.0.0.1:7233` */
  address: string;
  uiUrl: string | null;
  pid: number;
  /** Ends the server and waits for that; may be repeated. */
  stop(): Promise<void>;
}

const NAME = 'Temporal';
/** Taken when nothing else has them. */
export const TEMPORAL_PORT = 7233;
export const TEMPORAL_UI_PORT = 8233;
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const START_ATTEMPTS = 3;

/** A week. */
const RETENTION_MS = 7 * 86_400_000;

/** What other files that start one for us have too. The dev server's own values add 50 ms to every step of a workflow (shared/temporal-trial.md). */
export const DYNAMIC_SETTINGS: readonly string[] = [
  ...['transfer', 'timer', 'visibility'].map((queue) => `history.${queue}ProcessorMaxPollRPS=2000`),
  // Without it one account's stars go before everything of another's that has the same priority.
  'matching.enableFairness=true',
];

/** A write-ahead log keeps what was committed when the server is killed, and spares most of the waiting for the disk. */
const SQLITE_PRAGMAS = ['journal_mode=wal', 'synchronous=normal'];

/**
 * Starts the dev server and waits until it answers and has the namespace. Never uses a server that is already there.
 *
 * The database file carries the CLI's version, since the dev server does not migrate it: after a change of version it starts with an empty
 * one, and the record in Postgres is what is left to go on from.
 * @throws Failure `TemporalUnavailable` · `DataFolderInUse`
 */
export async function startTemporal(options: StartTemporalOptions): Promise<TemporalServer> {
  const home = join(resolve(options.dataDir), 'temporal');
  await mkdir(home, { recursive: true });
  const claim = await claimServer({
    folder: join(home, 'claim'),
    name: NAME,
    failure: 'TemporalUnavailable',
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    say: options.say,
  });
  try {
    return await startClaimed(options, home, claim);
  } catch (error) {
    await claim.release();
    throw toFailure(error, 'TemporalUnavailable');
  }
}

async function startClaimed(options: StartTemporalOptions, home: string, claim: Claim): Promise<TemporalServer> {
  const database = options.inMemory ? null : await databaseFile(options, home);
  const logFile = join(home, 'server.log');
  for (let attempt = 1; ; attempt += 1) {
    const wanted = options.port ?? TEMPORAL_PORT;
    const port = await (options.mustBeThere ? samePort(wanted) : freePort(wanted));
    const uiPort = options.headless ? null : await freePort(options.uiPort ?? TEMPORAL_UI_PORT);
    const server = await launch(
      {
        name: NAME,
        command: resolve(options.binary),
        args: serverArguments(options, { port, uiPort, database }),
        cwd: home,
        logFile,
        failure: 'TemporalUnavailable',
        stopWith: [{ signal: 'SIGTERM', timeoutMs: STOP_TIMEOUT_MS }],
        onExit: options.onExit,
      },
      claim,
    );
    try {
      await untilReady(server, port, options.namespace ?? 'default');
    } catch (error) {
      await server.stop();
      // Somebody took a port between our look and the server's; there are others.
      if (attempt < START_ATTEMPTS && /address already in use/i.test(await logTail(logFile))) continue;
      throw error;
    }
    let stopped: Promise<void> | undefined;
    server.watch();
    return {
      address: `${LOOPBACK}:${port}`,
      uiUrl: uiPort === null ? null : `http://${LOOPBACK}:${uiPort}`,
      pid: server.pid,
      stop: () => (stopped ??= server.stop().then(() => claim.release())),
    };
  }
}

interface Places {
  port: number;
  uiPort: number | null;
  database: string | null;
}

function serverArguments({ namespace }: StartTemporalOptions, { port, uiPort, database }: Places): string[] {
  const repeated = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port), '--log-level', 'warn'],
    ...(uiPort === null ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(namespace === undefined || namespace === 'default' ? [] : ['--namespace', namespace]),
    ...(database === null ? [] : ['--db-filename', database, ...repeated('--sqlite-pragma', SQLITE_PRAGMAS)]),
    ...repeated('--dynamic-config-value', DYNAMIC_SETTINGS),
  ];
}

async function databaseFile({ binary, say }: StartTemporalOptions, home: string): Promise<string> {
  const file = `temporal-${await cliVersion(binary)}.db`;
  const kept = (await readdir(home)).filter((name) => name.endsWith('.db'));
  if (kept.length > 0 && !kept.includes(file)) {
    say(`${NAME}: ${kept.join(', ')} is of another version of the CLI and stays as it is; ${file} is begun`);
  }
  return join(home, file);
}

async function untilReady(server: ChildServer, port: number, namespace: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  await server.waitUntil(() => accepts(port), READY_TIMEOUT_MS);
  const connection = Connection.lazy({ address: `${LOOPBACK}:${port}` });
  try {
    const ready = () => hasNamespace(connection, namespace);
    await server.waitUntil(ready, Math.max(1_000, deadline - Date.now()));
    await ensureRetention(connection, namespace);
  } finally {
    await connection.close();
  }
}

/**
 * The dev server removes a run a day after its end, and what is over when it starts it removes at once. An hour is enough for the histories to be
 * kept while Starkeep runs; a machine that was off over a weekend needs more.
 */
async function ensureRetention(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) >= RETENTION_MS / 1000) return;
  const workflowExecutionRetentionTtl = msToTs(RETENTION_MS);
  await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
}

async function hasNamespace(connection: Connection, namespace: string): Promise<boolean> {
  try {
    const ask = () => connection.workflowService.describeNamespace({ namespace });
    await connection.withDeadline(Date.now() + 2_000, ask);
    return true;
  } catch (error) {
    // Whatever it answers while it starts, only an answer counts; the caller's own limit ends the asking.
    if (error instanceof Error) return false;
    throw error;
  }
}
