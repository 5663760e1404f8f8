import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { Failure } from '../../domain/failures.ts';
import { type Queryable, saysUnavailable, translated } from './database.ts';

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any number that is nobody else's: the advisory lock under which migrations run. */
const LOCK = 7_284_190_422;

/** Half a minute and more in all: longer than any statement of ours may take, so only somebody else's transaction holds out. */
const TABLE_ATTEMPTS = 12;

/** Between two attempts everybody who waited behind us has his turn. */
const TABLE_PAUSE_MS = 500;

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';

export interface MigrateOptions {
  /** Only the first so many, for a backup of an older version. */
  upTo?: number;
  /** How long a statement may wait for a table, and everybody behind it with it. Default 3,000. */
  tableWaitMs?: number;
}

/**
 * Brings the database up to this version's schema. Safe to run from several processes at once: the others wait for the first and then
 * find nothing to do. Safe while the old version runs: a statement that waits for a table has all others wait behind it, so it gives up soon and
 * is tried again. Each file is one transaction: if we die here, the next run begins with the first file that was not committed.
 * @returns the names of the migrations that were run now
 * @throws Failure `DatabaseUnavailable`, also when a table is in use all the time; the error of the failing statement otherwise
 */
export async function migrate(
  databaseUrl: string,
  { upTo, tableWaitMs = 3_000 }: MigrateOptions = {},
): Promise<string[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'starkeep migrate',
    connectionTimeoutMillis: 5_000,
  });
  let lost: Error | undefined;
  client.on('error', (error) => (lost = error));
  await translated(() => client.connect());
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await client.query(`select set_config('lock_timeout', $1, false)`, [String(tableWaitMs)]);
    return await inTurn(client, upTo);
  } catch (error) {
    // The server's last word may come before the connection is seen to be lost.
    if (!lost && !saysUnavailable(error)) throw error;
    const { message } = lost ?? (error as Error);
    throw new Failure('DatabaseUnavailable', `Postgres went away: ${message}`, { cause: error });
  } finally {
    await client.end();
  }
}

/** Those that have not been run, up to so many in all. */
async function inTurn(client: pg.Client, upTo: number | undefined): Promise<string[]> {
  const names: string[] = [];
  for (let attempt = 1; ;) {
    try {
      if (upTo !== undefined && (await countRun(client)) >= upTo) return names;
      const [next] = await runner({
        dbClient: client,
        dir: MIGRATIONS,
        direction: 'up',
        migrationsTable: 'migrations',
        // One at a time, so that what was done is known when a later one has to wait.
        count: 1,
        // Ours is held already, and waits where the library's would give up.
        noLock: true,
        checkOrder: true,
        singleTransaction: false,
        log: () => undefined,
      });
      if (next === undefined) return names;
      names.push(next.name);
      attempt = 1;
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
      if (attempt === TABLE_ATTEMPTS) {
        throw new Failure(
          'DatabaseUnavailable',
          `Postgres: a table is in use all the time: ${(error as Error).message}`,
          {
            cause: error,
          },
        );
      }
      attempt += 1;
      // The library leaves the failed transaction open.
      await client.query('rollback');
      await new Promise((resolve) => setTimeout(resolve, TABLE_PAUSE_MS));
    }
  }
}

async function countRun(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('public.migrations') is not null as there`,
  );
  if (!rows[0]?.there) return 0;
  return Number((await client.query('select count(*) as run from migrations')).rows[0]?.run);
}

/** @returns the names of this version's migrations, in their order */
export async function migrationNames(): Promise<string[]> {
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql'));
  return files.map((name) => name.slice(0, -4)).sort();
}

/** @returns the names of the migrations that a database has, in the order they were run; none where it has no tables */
export async function migrationsRun(db: Queryable): Promise<string[]> {
  const [found] = await db.query(`select to_regclass('public.migrations') is not null as there`);
  if (found?.['there'] !== true) return [];
  return (await db.query('select name from migrations order by id')).map(({ name }) => String(name));
}

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
const UNDEFINED_TABLE = '42P01';

/**
 * A process on a database that lacks a migration would fail statement by statement. A database that cannot be reached now is no reason not to
 * start: it is looked at again with every query.
 * @throws Failure `DatabaseOutdated` when migrations of this version have not been run
 */
export async function refuseOutdated(db: Queryable): Promise<void> {
  const files = await migrationNames();
  const run = await namesRun(db);
  const missing = run && files.filter((name) => !run.includes(name)).sort();
  if (!missing || missing.length === 0) return;
  throw new Failure('DatabaseOutdated', `the database lacks ${missing.join(', ')}`);
}

/** @returns `null` when the database cannot be reached */
async function namesRun(db: Queryable): Promise<string[] | null> {
  try {
    return (await db.query<{ name: string }>('select name from migrations')).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Failure) return null;
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  }
}
