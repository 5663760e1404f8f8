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
  /** Default 10. */
  maxConnections?: number;
  applicationName?: string;
  /** Told when an idle connection breaks; without a listener that would end the process. */
  onError?: (error: Error) => void;
}

/** Opens nothing yet: the first query does. */
export function createDatabase(options: DatabaseOptions): Pool {
  const max = options.maxConnections ?? 10;
  const pool = new pg.Pool({
    connectionString: options.url,
    max,
    application_name: options.applicationName ?? 'starkeep',
    connectionTimeoutMillis: 3_000,
    query_timeout: 30_000,
    statement_timeout: 30_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('error', (error) => options.onError?.(error));

  return {
    query: async (text, values) => (await translated(() => pool.query(text, storable(values)))).rows,
    async transaction(work) {
      const client = await translated(() => pool.connect());
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

/**
 * Postgres has no text with NUL in it and refuses the whole statement, each time anew. What a person or a server wrote (a reason, a message of
 * git's) is kept without it, so that nothing that has to be recorded can be kept from it for ever.
 */
function storable(values: unknown[] | undefined): unknown[] | undefined {
  return values?.map((value) => {
    if (Array.isArray(value)) return storable(value);
    return typeof value === 'string' ? value.replaceAll('\0', '') : value;
  });
}

/**
 * SQLSTATEs that say "the server is away, going, or not to be entered with these settings", as against "this query is wrong":
 * connection, wrong user or password, no such database, resources, shutdown, its disk.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE_STATE = /^(?:08|28|3D000|53|57P0|58)/;

/** Whether the server itself said so. node-postgres gives its own errors (a closed socket, a time-out) no SQLSTATE. */
export function saysUnavailable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && UNAVAILABLE_STATE.test(String(error.code));
}

/** @throws Failure `DatabaseUnavailable` for everything that is no mistake in the statement; that passes as it is */
export async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof pg.DatabaseError && !saysUnavailable(error)) throw error;
    throw new Failure('DatabaseUnavailable', `Postgres: ${describe(error)}`, { cause: error });
  }
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
