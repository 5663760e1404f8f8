import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { Failure } from '../../domain/failures.ts';
import { type Queryable, saysUnavailable, translated } from './database.ts';

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/** Any number that is nobody else's: the advisory lock under which migrations run. */
const LOCK = 7_284_190_422;

/**
 * Brings the database up to this version's schema. Safe to run from several processes at once: the others wait for the first and then
 * find nothing to do. Each file is one transaction: if we die here, the next run begins with the first file that was not committed.
 * @param upTo only the first so many, for a backup of an older version
 * @returns the names of the migrations that were run now
 * @throws Failure `DatabaseUnavailable`; the error of the failing statement otherwise
 */
export async function migrate(databaseUrl: string, upTo?: number): Promise<string[]> {
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
    const has = upTo === undefined ? 0 : await countRun(client);
    if (upTo !== undefined && upTo <= has) return [];
    const run = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      direction: 'up',
      migrationsTable: 'migrations',
      count: upTo === undefined ? Number.POSITIVE_INFINITY : upTo - has,
      // Ours is held already, and waits where the library's would give up.
      noLock: true,
      checkOrder: true,
      singleTransaction: false,
      log: () => undefined,
    });
    return run.map((migration) => migration.name);
  } catch (error) {
    // The server's last word may come before the connection is seen to be lost.
    if (!lost && !saysUnavailable(error)) throw error;
    const { message } = lost ?? (error as Error);
    throw new Failure('DatabaseUnavailable', `Postgres went away: ${message}`, { cause: error });
  } finally {
    await client.end();
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
