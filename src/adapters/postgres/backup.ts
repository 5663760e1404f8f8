import { Failure } from '../../domain/failures.ts';
import type { AuditVerdict } from '../../domain/audit.ts';
import { STARKEEP } from '../../domain/audit.ts';
import { appendAll, verifyChain } from './audit.ts';
import type { Database, Queryable } from './database.ts';
import { migrate, migrationNames, migrationsRun } from './migrate.ts';

/**
 * The whole record as lines of text, and back. The first line says what it is; each table is a line with its name and the number of its rows, and then
 * so many lines, each a row as Postgres writes it in JSON. Only Postgres reads the values again, so none of them loses anything on the way. The
 * last line says that nothing is missing.
 */

const FORMAT = 1;

/** Rows fetched at once. */
const FETCHED = 200;

/** Rows inserted in one statement: so many, or so much text. */
const INSERTED = 500;
const INSERTED_CHARS = 4_000_000;

interface Head {
  starkeepBackup: number;
  version: string;
  madeAt: string;
  migrations: string[];
}

interface Table {
  table: string;
  columns: string[];
  rows: number;
}

interface End {
  end: true;
  rows: number;
}

/**
 * Everything in the record at one moment, whatever is written meanwhile. What Starkeep can do without (answers of GitHub remembered) is left out.
 * @param each told each line, without a line break
 * @returns how many rows
 */
export function writeBackup(
  db: Database,
  version: string,
  each: (line: string) => Promise<void>,
): Promise<{ rows: number; tables: number }> {
  return db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    const head: Head = {
      starkeepBackup: FORMAT,
      version,
      madeAt: new Date().toISOString(),
      migrations: await migrationsRun(tx),
    };
    await each(JSON.stringify(head));
    const tables = await tablesInOrder(tx);
    let rows = 0;
    for (const table of tables) rows += await writeTable(tx, table, each);
    await each(JSON.stringify({ end: true, rows } satisfies End));
    return { rows, tables: tables.length };
  });
}

async function writeTable(tx: Queryable, table: string, each: (line: string) => Promise<void>): Promise<number> {
  const [counted] = await tx.query(`select count(*) as rows from ${quoted(table)}`);
  const rows = Number(counted?.['rows']);
  await each(JSON.stringify({ table, columns: await columnsOf(tx, table), rows } satisfies Table));
  await tx.query(`declare backup_rows no scroll cursor for select row_to_json(t)::text as row from ${quoted(table)} t`);
  for (;;) {
    const page = await tx.query<{ row: string }>(`fetch ${FETCHED} from backup_rows`);
    for (const { row } of page) await each(row);
    if (page.length < FETCHED) break;
  }
  await tx.query('close backup_rows');
  return rows;
}

export interface Restored {
  version: string;
  madeAt: string;
  rows: number;
  /** Deletions that were pending: called off, since nothing is proven any more. */
  cancelled: number;
  /** Of the audit log, as it was in the backup. */
  audit: AuditVerdict;
}

/**
 * Puts a backup into an empty database, in one transaction: if we die here, it is as empty as before, and the next run begins anew. A backup of an older
 * version is put into that version's tables, and then brought up to date.
 *
 * What the record says of GitHub and OneDev may be out of date by as much as the backup is. So every mirror is compared in full again, and a deletion
 * that was pending begins with a proof again, and its whole grace period.
 * @param by who asked, for the audit log
 * @throws Failure `BackupUnusable` when the file is not whole, is of a newer version, or the database is not empty
 */
export async function restoreBackup(
  db: Database,
  databaseUrl: string,
  lines: AsyncIterator<string>,
  by: string,
): Promise<Restored> {
  const head = headIn((await lines.next()).value);
  const count = await migrationsToRun(head);
  await refuseFilled(db, head);
  await migrate(databaseUrl, { upTo: count });
  const restored = await db.transaction(async (tx) => {
    const rows = await insertTables(tx, lines);
    await continueSequences(tx);
    const audit = await verifyChain(tx);
    const cancelled = await distrust(tx);
    const { version, madeAt } = head;
    await appendAll(tx, [
      ...cancelled.map(({ accountId, deletionId, mirrorId, fullName }) => ({
        ...{ accountId, actor: STARKEEP, action: 'deletion.cancelled', subject: mirrorId },
        details: { fullName, deletionId, reason: RESTORED },
      })),
      { actor: by, action: 'backup.restored', subject: null, details: { version, madeAt, rows, audit } },
    ]);
    return { version, madeAt, rows, cancelled: cancelled.length, audit };
  });
  await migrate(databaseUrl);
  return restored;
}

const RESTORED = 'the record was restored from a backup, so the proof is none any more';

/** Nothing that follows from an old look at GitHub or OneDev may be taken for true. */
async function distrust(
  tx: Queryable,
): Promise<{ accountId: string; deletionId: string; mirrorId: string; fullName: string }[]> {
  const cancelled = await tx.query(
    `update deletions set state = 'cancelled', decided_by = $1, decision_reason = $2, decided_at = now(), finished_at = now()
      where finished_at is null returning deletion_id, mirror_id, account_id, full_name`,
    [STARKEEP, RESTORED],
  );
  // Starred until the contrary is proven: only what the record takes for starred is asked about when a complete star list lacks it.
  await tx.query('update mirrors set starred = true, absent_since = null where mirror_id = any($1)', [
    cancelled.map((row) => row['mirror_id']),
  ]);
  await tx.query(
    `update mirrors set source_digest = null, last_compared_at = null, delete_at = null, next_attempt_at = null, retry_count = 0,
            status = case when status in ('paused', 'deleted', 'frozen', 'excluded') then status else 'pending' end,
            status_note = case when status in ('paused', 'deleted', 'frozen', 'excluded') then status_note end`,
  );
  return cancelled.map((row) => ({
    accountId: String(row['account_id']),
    deletionId: String(row['deletion_id']),
    mirrorId: String(row['mirror_id']),
    fullName: String(row['full_name']),
  }));
}

async function insertTables(tx: Queryable, lines: AsyncIterator<string>): Promise<number> {
  const known = await tablesInOrder(tx);
  let total = 0;
  for (;;) {
    const next = parsed<Table | End>((await lines.next()).value);
    if ('end' in next) {
      if (next.rows === total) return total;
      throw unusable(`it says that it has ${next.rows} rows, and has ${total}`);
    }
    if (!known.includes(next.table)) throw unusable(`it has a table "${next.table}" that this version does not know`);
    await insertTable(tx, next, lines);
    total += next.rows;
  }
}

async function insertTable(
  tx: Queryable,
  { table, columns, rows }: Table,
  lines: AsyncIterator<string>,
): Promise<void> {
  const names = columns.map(quoted).join(', ');
  // Its one row is there from the beginning.
  const onConflict =
    table === 'audit_head'
      ? 'on conflict (single) do update set event_id = excluded.event_id, hash = excluded.hash'
      : '';
  const insert = `insert into ${quoted(table)} (${names}) overriding system value
    select ${names} from json_populate_recordset(null::${quoted(table)}, $1::json) ${onConflict}`;
  let waiting: string[] = [];
  let chars = 0;
  const flush = async () => {
    if (waiting.length > 0) await tx.query(insert, [`[${waiting.join(',')}]`]);
    waiting = [];
    chars = 0;
  };
  for (let row = 0; row < rows; row += 1) {
    const { value, done } = await lines.next();
    if (done) throw unusable(`it ends in the middle of the table "${table}"`);
    waiting.push(value);
    chars += value.length;
    if (waiting.length >= INSERTED || chars >= INSERTED_CHARS) await flush();
  }
  await flush();
}

/** Ids go on where the backup's ended. */
async function continueSequences(tx: Queryable): Promise<void> {
  const columns = await tx.query<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns where table_schema = 'public' and is_identity = 'YES'`,
  );
  for (const { table_name: table, column_name: column } of columns) {
    await tx.query(
      `select setval(pg_get_serial_sequence($1, $2), greatest(max(${quoted(column)}), 1), max(${quoted(column)}) is not null)
         from ${quoted(table)}`,
      [`public.${quoted(table)}`, column],
    );
  }
}

/** @returns how many migrations bring an empty database to where the backup was */
async function migrationsToRun({ migrations, version }: Head): Promise<number> {
  const names = await migrationNames();
  const unknown = migrations.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const what = `it was made by Starkeep ${version}, whose ${unknown.join(', ')} this version does not know`;
    throw unusable(`${what}. Restore it with that version or a later one`);
  }
  const missing = names.slice(0, migrations.length).filter((name) => !migrations.includes(name));
  if (missing.length === 0) return migrations.length;
  throw unusable(`it was made of a database that lacked ${missing.join(', ')}`);
}

/** Empty is one without tables, and one with nothing in them: what a restore leaves that died. */
async function refuseFilled(db: Queryable, { migrations }: Head): Promise<void> {
  const found = await db.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
  );
  if (found.length === 0) return;
  const refuse = (what: string) =>
    unusable(`${what}. A backup goes into an empty database only: create another one, or choose another data folder`);
  const run = await migrationsRun(db);
  const isAsBefore = run.length === migrations.length && run.every((name) => migrations.includes(name));
  if (!isAsBefore) throw refuse('the database has tables already, and not those of the backup');
  for (const { name } of found) {
    if (name === 'migrations') continue;
    const where = name === 'audit_head' ? 'where event_id > 0' : '';
    const [row] = await db.query(`select from ${quoted(name)} ${where} limit 1`);
    if (row) throw refuse(`the database is not empty: there is something in "${name}"`);
  }
}

/** Every table that is kept, those first that others refer to. */
async function tablesInOrder(tx: Queryable): Promise<string[]> {
  const tables = await tx.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relpersistence = 'p' and relname <> 'migrations'
      order by relname`,
  );
  const references = await tx.query<{ of: string; to: string }>(
    `select conrelid::regclass::text as of, confrelid::regclass::text as to from pg_constraint
      where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid`,
  );
  const waiting = new Set(tables.map(({ name }) => name));
  const order: string[] = [];
  while (waiting.size > 0) {
    const free = [...waiting].filter((name) => !references.some(({ of, to }) => of === name && waiting.has(to)));
    if (free.length === 0) throw new Error(`tables refer to each other in a circle: ${[...waiting].join(', ')}`);
    for (const name of free) waiting.delete(name);
    order.push(...free);
  }
  return order;
}

async function columnsOf(tx: Queryable, table: string): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `select column_name as name from information_schema.columns
      where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [table],
  );
  return rows.map(({ name }) => name);
}

function headIn(line: unknown): Head {
  const head = parsed<Partial<Head>>(line);
  if (head.starkeepBackup === undefined) throw unusable('it is no backup of Starkeep');
  if (head.starkeepBackup !== FORMAT) throw unusable('it is of a form that this version does not know');
  return head as Head;
}

function parsed<T>(line: unknown): T {
  try {
    const value: unknown = JSON.parse(String(line));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // Said below.
  }
  throw unusable(line === undefined ? 'it ends before its last line' : 'it is no backup of Starkeep, or is damaged');
}

function unusable(why: string): Failure {
  return new Failure('BackupUnusable', `The backup cannot be restored: ${why}.`);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
