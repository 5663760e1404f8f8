import pg from 'pg';
import { Failure } from '../../domain/failures.ts';
import { isUntrusted } from '../trust.ts';

/** The one way to Postgres: a bounded pool, errors translated, parameters always apart from the text. */

export type Row = Record<string, unknown>;

export interface Queryable {
  /** @throws Failure `DatabaseUnavailable` when Postgres cannot be reached or lets nobody in; any other error is a bug and passes as it is */
  query<R extends Row = Row>(text: string, values?: unknown[]): Promise<R[]>;
}

export interface Database extends Queryable {
  /** Runs `work` in one transaction; it is rolled back when `work` throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** One with connections of its own. */
export interface Pool extends Database {
  /** How its connections are used now. */
  use(): PoolUse;
}

/** Connections of a pool, in numbers. */
export interface PoolUse {
  idle: number;
  inUse: number;
  max: number;
  /** Queries that wait for one. */
  waiting: number;
}

export interface DatabaseOptions {
  url: string;
  /** Default {@link API_POOL}. */
  maxConnections?: number;
  applicationName?: string;
  /** Told when an idle connection breaks; without a listener that would end the process. */
  onError?: (error: Error) => void;
  /** Default {@link CONNECT_TIMEOUT_MS}. */
  connectTimeoutMs?: number;
  /** Default {@link QUERY_TIMEOUT_MS}. */
  queryTimeoutMs?: number;
}

/** What one process opens where the settings name no number: an api waits for few queries at a time, a worker has dozens of activities. */
export const API_POOL = 10;
export const WORKER_POOL = 20;

/** How long a connection may take, a new one as well as one that others have to give back first. */
const CONNECT_TIMEOUT_MS = 3_000;

/** How long a statement may take. */
const QUERY_TIMEOUT_MS = 30_000;

/**
 * How long a transaction may do nothing: a process that stands still (suspended, out of memory) would keep its locks, and with them everybody else, for
 * as long as its machine answers.
 */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Opens nothing yet: the first query does. */
export function createDatabase(options: DatabaseOptions): Pool {
  const pool = openPool(options);
  const { max } = pool.options;

  return {
    query: async (text, values) => (await translated(() => pool.query(text, storable(values)), max)).rows,
    async transaction(work) {
      const client = await translated(() => pool.connect(), max);
      // A connection that breaks in the middle is reported by the query that was running, and by an event.
      const onError = (error: Error) => options.onError?.(error);
      client.on('error', onError);
      let broken: Error | undefined;
      try {
        await translated(() => client.query('begin'));
        const result = await work({
          query: async (text, values) => (await translated(() => client.query(text, storable(values)))).rows,
        });
        await translated(() => client.query('commit'));
        return result;
      } catch (error) {
        await client.query('rollback').catch((rollback: Error) => (broken = rollback));
        throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },
    use: () => ({
      idle: pool.idleCount,
      inUse: pool.totalCount - pool.idleCount,
      max,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  };
}

/** The connections themselves, for whoever has to know which of them is asked. Opens nothing yet, and translates no error. */
export function openPool(options: DatabaseOptions): pg.Pool {
  const { queryTimeoutMs = QUERY_TIMEOUT_MS } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? API_POOL,
    application_name: options.applicationName ?? 'starkeep',
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: queryTimeoutMs,
    statement_timeout: queryTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('error', (error) => options.onError?.(error));
  return pool;
}

/**
 * Postgres has no text with NUL in it and refuses the whole statement, each time anew. What a person or a server wrote (a reason, a message of
 * git's) is kept without it, so that nothing that has to be recorded can be kept from it for ever.
 */
export function storable(values: unknown[] | undefined): unknown[] | undefined {
  return values?.map((value) => {
    if (Array.isArray(value)) return storable(value);
    return typeof value === 'string' ? value.replaceAll('\0', '') : value;
  });
}

/**
 * SQLSTATEs that say "the server is away, going, or not to be entered with these settings", as against "this query is wrong":
 * connection, a transaction that stood still, wrong user or password, no such database, resources, shutdown, its disk.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_STATE = /^(?:08|25P03|28|3D000|53|57P0|58)/;

/** Whether the server itself said so. node-postgres gives its own errors (a closed socket, a time-out) no SQLSTATE. */
export function saysUnavailable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && UNAVAILABLE_STATE.test(String(error.code));
}

/**
 * @param max of the pool that `run` takes a connection from
 * @throws Failure `DatabaseUnavailable` for everything that is no mistake in the statement; that passes as it is
 */
export async function translated<T>(run: () => Promise<T>, max?: number): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof pg.DatabaseError && !saysUnavailable(error)) throw error;
    const reason = max !== undefined && isUsedUp(error) ? usedUp(max) : describe(error);
    throw new Failure('DatabaseUnavailable', `Postgres: ${reason}`, { cause: error });
  }
}

/** What pg-pool says when nobody gave a connection back in time; it is no error of Postgres's, and has no code. */
export function isUsedUp(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect';
}

function usedUp(max: number): string {
  const seconds = CONNECT_TIMEOUT_MS / 1000;
  return `all of ${max} connections of this process were in use for ${seconds} s: Postgres is slow, or STARKEEP_DATABASE_POOL is small`;
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  if (isUntrusted(error)) return untrusted(error as NodeJS.ErrnoException);
  // hostssl in pg_hba.conf, and we came without; the server says so in other words in every version.
  if (error instanceof pg.DatabaseError && /no encryption|SSL off/.test(error.message)) {
    return `${error.message} (the server wants TLS: add ?sslmode=verify-full to DATABASE_URL)`;
  }
  return error instanceof Error ? error.message || error.name : String(error);
}

function untrusted({ code, message }: NodeJS.ErrnoException): string {
  const remedy =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'use the host name that the certificate is made for'
      : "name its CA's certificate with sslrootcert=FILE in DATABASE_URL";
  return `its certificate is not trusted, so nothing was sent (${message}): ${remedy}`;
}
