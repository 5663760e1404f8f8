import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../src/adapters/postgres/database.ts';
import { migrate, refuseOutdated } from '../../../src/adapters/postgres/migrate.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { eventually } from '../../support/eventually.ts';
import { withDatabase } from '../../support/postgres.ts';
import { freedPort } from './broken-link.ts';

const TABLES = ['accounts', 'deletion_budgets', 'deletions', 'deliveries', 'migrations', 'mirrors', 'syncs'];

const database = withDatabase('empty');
let observer: pg.Client;
/** Holds statements up: what it made and did not commit, others wait for. */
let blocker: pg.Client;

beforeEach(async () => {
  observer = new pg.Client({ connectionString: database.url, application_name: 'observer' });
  blocker = new pg.Client({ connectionString: database.url, application_name: 'blocker' });
  await Promise.all([observer.connect(), blocker.connect()]);
  await observer.query('drop schema public cascade; create schema public');
});

afterEach(() => Promise.all([observer.end(), blocker.end()]));

async function tables(): Promise<string[]> {
  const { rows } = await observer.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = 'public' order by tablename`,
  );
  return rows.map((row) => row.tablename);
}

/** What the migrating connections wait for: `advisory` is the lock, everything else is a statement. */
async function waits(): Promise<string[]> {
  const { rows } = await observer.query<{ wait: string }>(
    `select wait_event as wait from pg_stat_activity
      where application_name = 'starkeep migrate' and wait_event_type = 'Lock' and datname = current_database()
      order by wait_event`,
  );
  return rows.map((row) => row.wait);
}

interface Migrating {
  process: ChildProcess;
  /** The names of the migrations it ran. */
  ran: Promise<string[]>;
}

function migrateInAnotherProcess(): Migrating {
  const script = join(import.meta.dirname, 'migrate-once.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, database.url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran = Promise.all([text(child.stdout), text(child.stderr)]).then(([output, complaint]) => {
    if (output === '') throw new Error(`it ended without a word: ${complaint}`);
    return JSON.parse(output) as string[];
  });
  // Awaited by the test; a process that is killed on purpose is not.
  ran.catch(() => undefined);
  return { process: child, ran };
}

describe('migrate', () => {
  it('makes every table, and finds nothing to do the second time', async () => {
    const first = await migrate(database.url);
    const second = await migrate(database.url);

    expect(first[0]).toBe('0001_record');
    expect(second).toEqual([]);
    expect(await tables()).toEqual(expect.arrayContaining(TABLES));
  });

  it('keeps what is in the record when it runs again', async () => {
    await migrate(database.url);
    await observer.query(`insert into accounts (account_id, external_id, login) values ('github-1', '1', 'ann')`);

    await migrate(database.url);

    expect((await observer.query('select login from accounts')).rows).toEqual([{ login: 'ann' }]);
  });

  it('runs once when two processes start at the same time: the other waits and finds nothing to do', async () => {
    await blocker.query('begin; create table accounts (in_the_way int)');
    const processes = [migrateInAnotherProcess(), migrateInAnotherProcess()];
    await eventually(async () => (await waits()).length === 2);
    const waitingFor = await waits();

    await blocker.query('rollback');
    const ran = await Promise.all(processes.map((one) => one.ran));

    expect(waitingFor[0]).toBe('advisory');
    expect(waitingFor[1]).not.toBe('advisory');
    expect(ran.filter((names) => names.length === 0)).toHaveLength(1);
    expect(ran.flat()[0]).toBe('0001_record');
    expect(await tables()).toEqual(expect.arrayContaining(TABLES));
  });

  it('is taken over by the next process when one dies in the middle', async () => {
    await blocker.query('begin; create table deliveries (in_the_way int)');
    const dying = migrateInAnotherProcess();
    await eventually(async () => (await waits()).length === 1);
    const heir = migrateInAnotherProcess();
    await eventually(async () => (await waits()).includes('advisory'));

    dying.process.kill('SIGKILL');
    await blocker.query('rollback');

    expect((await heir.ran)[0]).toBe('0001_record');
    expect(await tables()).toEqual(expect.arrayContaining(TABLES));
  });

  it('gives up a table that is in use soon, so that nobody waits behind it, and gets it later', async () => {
    await migrate(database.url, { upTo: 9 });
    await blocker.query('begin; select from deliveries');

    const migrating = migrate(database.url, { tableWaitMs: 300 });
    await eventually(async () => (await waits()).includes('relation'));
    // Whoever reads the table meanwhile is held up for a moment at most.
    await observer.query(`set statement_timeout = '20s'; select from deliveries; reset statement_timeout`);
    await eventually(async () => (await waits()).length === 0);
    await blocker.query('commit');

    expect((await migrating)[0]).toBe('0010_audit_of_everything');
    expect(await migrate(database.url)).toEqual([]);
  });

  it('says so when a table is in use all the time', async () => {
    await migrate(database.url, { upTo: 9 });
    await blocker.query('begin; select from deliveries');

    const failed = await migrate(database.url, { tableWaitMs: 10 }).catch((error: unknown) => error);
    await blocker.query('rollback');

    expect(failed).toMatchObject({
      kind: 'DatabaseUnavailable',
      message: expect.stringContaining('in use all the time'),
    });
  });

  it('that fails leaves nothing of the failing file behind, names the trouble, and works once that is gone', async () => {
    await observer.query('create table deliveries (in_the_way int)');

    const failed = await migrate(database.url).catch((error: unknown) => error);
    const left = await tables();
    await observer.query('drop table deliveries');
    const ran = await migrate(database.url);

    expect(String(failed)).toContain('relation "deliveries" already exists');
    expect(left.filter((table) => table !== 'migrations')).toEqual(['deliveries']);
    expect(ran[0]).toBe('0001_record');
  });

  it('is DatabaseUnavailable where nobody listens', async () => {
    const url = `postgres://ann:geheim-1234@127.0.0.1:${await freedPort()}/starkeep`;

    const failure = await migrate(url).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ kind: 'DatabaseUnavailable', message: expect.stringContaining('ECONNREFUSED') });
    expect(String(failure)).not.toContain('geheim');
  });

  it('is DatabaseUnavailable when the server ends the connection in the middle', async () => {
    await blocker.query('begin; create table accounts (in_the_way int)');
    const migrating = migrate(database.url).catch((error: unknown) => error);
    await eventually(async () => (await waits()).length === 1);

    await observer.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'starkeep migrate' and datname = current_database()`,
    );
    const failure = await migrating;
    await blocker.query('rollback');

    expect(failure).toMatchObject({ name: 'Failure', kind: 'DatabaseUnavailable' });
  });
});

describe('the schema refuses', () => {
  beforeEach(async () => {
    await migrate(database.url);
    await observer.query(`
      insert into accounts (account_id, external_id, login) values ('github-1', '1', 'ann');
      insert into mirrors (mirror_id, account_id, repo_id, full_name) values ('github-7', 'github-1', '7', 'ada/engine');
      insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome)
        values ('github-7', 'github-1', 'webhook', 'w', 'run-1', 1, 'c', now(), 'completed');
      insert into deletions (mirror_id, account_id, full_name, policy, proof)
        values ('github-7', 'github-1', 'ada/engine', 'delete', 'seen')`);
  });

  it.each([
    ['an account whose id does not say who it is', `update accounts set external_id = '2'`],
    ['a second row for one account', `insert into accounts values ('github-1', 'github', '1', 'eve')`],
    ['an account without a login', `update accounts set login = ''`],
    ['a mirror whose id is not its repository', `update mirrors set repo_id = '8'`],
    ['a repository id that is no number', `update mirrors set repo_id = '7a', mirror_id = 'github-7a'`],
    ['a mirror of nobody', `update mirrors set account_id = 'github-2'`],
    ['a name without an owner', `update mirrors set full_name = 'engine'`],
    ['a status nobody knows', `update mirrors set status = 'done'`],
    ['a negative retry count', `update mirrors set retry_count = -1`],
    ['a project without a path', `update mirrors set project_id = '3'`],
    ['a path without a project', `update mirrors set project_path = 'github/ada/engine'`],
    ['a visibility nobody knows', `update mirrors set visibility = 'secret'`],
    ['removing a mirror that has a history', `delete from mirrors`],
    [
      'the same attempt twice',
      `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome)
         select mirror_id, account_id, trigger, 'other', run_id, attempt, 'other', now(), 'failed' from syncs`,
    ],
    ['an attempt before the first', `update syncs set attempt = 0`],
    ['an outcome nobody knows', `update syncs set outcome = 'maybe'`],
    ['a sync of a mirror that is not there', `update syncs set mirror_id = 'github-9'`],
    [
      'a second open deletion of one mirror',
      `insert into deletions (mirror_id, account_id, full_name, policy, proof)
         select mirror_id, account_id, full_name, 'delete', 'again' from mirrors`,
    ],
    ['a deletion in a state nobody knows', `update deletions set state = 'perhaps'`],
    ['a deletion by a policy that keeps', `update deletions set policy = 'keep'`],
    ['a deletion without a proof', `update deletions set proof = null`],
    [
      'an accepted delivery with nothing to dispatch',
      `insert into deliveries (guid, body_sha256, event, correlation_id, outcome) values ('g', 's', 'star', 'c', 'accepted')`,
    ],
    [
      'an ignored delivery without a reason',
      `insert into deliveries (guid, body_sha256, event, correlation_id, outcome) values ('g', 's', 'star', 'c', 'ignored')`,
    ],
    ['a budget of nobody', `insert into deletion_budgets (account_id) values ('github-2')`],
  ])('%s', async (_, statement) => {
    const refusal = await observer.query(statement).catch((error: unknown) => error);

    // Class 23: the constraint itself, not a mistake in the statement.
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^23/) });
  });

  it('nothing of a closed deletion: a later one may be opened', async () => {
    await observer.query(`update deletions set state = 'cancelled', finished_at = now()`);

    await observer.query(
      `insert into deletions (mirror_id, account_id, full_name, policy, proof) values ('github-7', 'github-1', 'a/b', 'delete', 'p')`,
    );

    expect((await observer.query('select count(*)::int as n from deletions')).rows).toEqual([{ n: 2 }]);
  });
});

describe('a process on a database', () => {
  async function startOn(url: string): Promise<unknown> {
    const db = createDatabase({ url, applicationName: 'starting' });
    try {
      return await refuseOutdated(db).catch((error: unknown) => error);
    } finally {
      await db.close();
    }
  }

  it('that was never migrated refuses to start, and says what to run', async () => {
    const refusal = await startOn(database.url);

    expect(refusal).toMatchObject({ kind: 'DatabaseOutdated', message: expect.stringContaining('0001_record') });
  });

  it('that lacks the last migration names it', async () => {
    const run = await migrate(database.url);
    await observer.query('delete from migrations where name = $1', [run.at(-1)]);

    expect(await startOn(database.url)).toMatchObject({ message: `the database lacks ${run.at(-1)}` });
  });

  it('that is up to date starts', async () => {
    await migrate(database.url);

    expect(await startOn(database.url)).toBeUndefined();
  });

  it('that cannot be reached now starts: it may come back', async () => {
    expect(await startOn(`postgres://nobody@127.0.0.1:${await freedPort()}/nothing`)).toBeUndefined();
  });
});
