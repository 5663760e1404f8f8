import { chown } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { Failure, toFailure } from '../domain/failures.ts';
import { launch, logTail, type ChildServer } from './child-server.ts';
import { accepts, freePort, LOOPBACK, samePort } from '../free-port.ts';
import { postgresAccount, type PostgresAccount } from './postgres-account.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { ensureCluster, ensureHome, ensurePassword, removeStaleLock, SUPERUSER } from './postgres-cluster.ts';
import { claimServer, type Claim } from './server-claim.ts';

/** Postgres as a child process, on 127.0.0.1 only, its files in the data folder. */

export interface StartPostgresOptions {
  dataDir: string;
  /** Another one is taken when it is in use; 0 for any. Default 54329. */
  port?: number;
  /** `port` and no other: its clients have its address already. */
  mustBeThere?: boolean;
  /** Postgres's own settings, as in postgresql.conf. */
  settings?: Record<string, string>;
  say: (line: string) => void;
  /** Told once, with a sentence, when Postgres ends without `stop()`. */
  onExit: (sentence: string) => void;
}

export interface PostgresServer {
  /** A superuser's address of the database `starkeep`, password included. */
  url: string;
  pid: number;
  /** Ends the server and waits for that; may be repeated. Open connections are closed by it. */
  stop(): Promise<void>;
}

const NAME = 'Postgres';
const DATABASE = 'starkeep';
/** Taken when nothing else has it. */
export const POSTGRES_PORT = 54_329;
/** Recovery after a crash replays the log, which takes its time after much writing. */
const READY_TIMEOUT_MS = 120_000;
const START_ATTEMPTS = 20;
const RETRY_PAUSE_MS = 250;

/**
 * What Postgres understands: INT rolls back and ends at once but cleanly; QUIT leaves the cleaning to the next start.
 * @see https://www.postgresql.org/docs/18/server-shutdown.html
 */
const STOP_WITH = [
  { signal: 'SIGINT', timeoutMs: 30_000 },
  { signal: 'SIGQUIT', timeoutMs: 10_000 },
] as const;

/**
 * Starts Postgres on the cluster in the data folder, which is made at the first start, and waits until the database `starkeep` is there.
 * @throws Failure `DatabaseUnavailable` · `DataFolderInUse`
 */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresServer> {
  const home = join(resolve(options.dataDir), 'postgres');
  await ensureHome(home);
  const claim = await claimServer({
    folder: join(home, 'claim'),
    name: NAME,
    failure: 'DatabaseUnavailable',
    stopSignal: STOP_WITH[0].signal,
    stopTimeoutMs: STOP_WITH[0].timeoutMs,
    say: options.say,
  });
  try {
    return await startClaimed(options, home, claim);
  } catch (error) {
    await claim.release();
    throw toFailure(error, 'DatabaseUnavailable');
  }
}

async function startClaimed(options: StartPostgresOptions, home: string, claim: Claim): Promise<PostgresServer> {
  const binaries = await postgresBinaries();
  const account = await ownedBy(
    await postgresAccount([binaries.postgres, resolve(options.dataDir)], options.say),
    home,
  );
  const password = await ensurePassword(home, account);
  await ensureCluster(home, binaries, account, options.say);
  await removeStaleLock(home);

  for (let attempt = 1; ; attempt += 1) {
    const wanted = options.port ?? POSTGRES_PORT;
    const port = await (options.mustBeThere ? samePort(wanted) : freePort(wanted));
    const logFile = join(home, 'server.log');
    const { command, args, ...ids } = account.command(binaries.postgres, serverArguments(home, port, options.settings));
    const server = await launch(
      {
        ...{ name: NAME, command, args, ...ids, cwd: '/', logFile },
        failure: 'DatabaseUnavailable',
        stopWith: [...STOP_WITH],
        onExit: options.onExit,
      },
      claim,
    );
    const url = (database: string) => `postgres://${SUPERUSER}:${password}@${LOOPBACK}:${port}/${database}`;
    try {
      await server.waitUntil(() => accepts(port), READY_TIMEOUT_MS);
      await ensureDatabase(server, url('postgres'));
    } catch (error) {
      await server.stop();
      if (attempt === START_ATTEMPTS || !isPassing(await logTail(logFile))) throw error;
      await new Promise((wake) => setTimeout(wake, RETRY_PAUSE_MS));
      continue;
    }
    let stopped: Promise<void> | undefined;
    server.watch();
    return {
      url: url(DATABASE),
      pid: server.pid,
      stop: () => (stopped ??= server.stop().then(() => claim.release())),
    };
  }
}

/**
 * Somebody took the port between our look and Postgres's; or the processes of a killed Postgres have not all noticed yet that it is gone,
 * and still hold its shared memory.
 */
function isPassing(log: string): boolean {
  return /Address already in use|shared memory block .* is still in use|lock file .* already exists/i.test(log);
}

async function ownedBy(account: PostgresAccount, home: string): Promise<PostgresAccount> {
  if (account.owner) await chown(home, account.owner.uid, account.owner.gid);
  return account;
}

function serverArguments(home: string, port: number, settings: Record<string, string> = {}): string[] {
  const all = { listen_addresses: LOOPBACK, unix_socket_directories: '', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', join(home, 'data'), '-p', String(port), ...flags];
}

async function ensureDatabase(server: ChildServer, adminUrl: string): Promise<void> {
  await server.waitUntil(async () => {
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
    // A Postgres that ends takes its connections with it, and an error without a listener would end us; the query fails besides.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
      return true;
    } catch (error) {
      if (isStartingUp(error)) return false;
      throw new Failure('DatabaseUnavailable', `Postgres runs but refuses us: ${toFailure(error).message}`, {
        cause: error,
      });
    } finally {
      await client.end();
    }
  }, READY_TIMEOUT_MS);
}

/** `cannot_connect_now`, or the connection was lost. @see https://www.postgresql.org/docs/18/errcodes-appendix.html */
function isStartingUp(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '57P03' || code === 'ECONNRESET' || code === 'ECONNREFUSED';
}
