import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
  type Pool,
} from '../../../src/adapters/postgres/database.ts';
import { createStore } from '../../../src/adapters/postgres/store.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { eventually } from '../../support/eventually.ts';
import { withDatabase } from '../../support/postgres.ts';
import { freedPort, linkTo, type Link } from './broken-link.ts';

const database = withDatabase();
const opened: Database[] = [];
let told: Error[];

beforeEach(() => {
  told = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close()));
});

function open(options: Partial<DatabaseOptions> = {}): Pool {
  const db = createDatabase({ url: database.url, onError: (error) => told.push(error), ...options });
  opened.push(db);
  return db;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    (value) => new Error(`succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

/** Ends the server's side of every connection called so. @returns how many there were */
async function terminate(applicationName: string): Promise<number> {
  const rows = await open({ applicationName: 'terminator' }).query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()',
    [applicationName],
  );
  return rows.length;
}

describe('a text with NUL in it', () => {
  it('is kept without it: what has to be recorded is never refused for it', async () => {
    const db = open();
    const select = 'select $1::text as text';

    const alone = await db.query(select, ['a\0b']);
    const inTransaction = await db.transaction((tx) => tx.query(select, ['\0c']));

    expect([alone, inTransaction]).toEqual([[{ text: 'ab' }], [{ text: 'c' }]]);
  });
});

describe('a transaction', () => {
  const save = `insert into accounts (account_id, external_id, login) values ('github-1', '1', 'ann')`;

  afterEach(() => open().query('truncate accounts cascade'));

  it('keeps nothing when its work throws, and passes the error on as it is', async () => {
    const db = open();
    const trouble = new Error('changed my mind');

    const failed = await db
      .transaction(async (tx) => {
        await tx.query(save);
        throw trouble;
      })
      .catch((error: unknown) => error);

    expect(failed).toBe(trouble);
    expect(await db.query('select * from accounts')).toEqual([]);
  });

  it('gives its connection back, whether it ends well or not', async () => {
    const db = open({ maxConnections: 1 });

    await db.transaction((tx) => tx.query(save)).catch(() => undefined);
    await db.transaction((tx) => tx.query('select nonsense')).catch(() => undefined);

    expect(await db.query('select login from accounts')).toEqual([{ login: 'ann' }]);
  });

  it('keeps nothing when its connection is killed in the middle, and the next one works', async () => {
    const db = open({ applicationName: 'victim' });

    const failure = await failureOf(
      db.transaction(async (tx) => {
        await tx.query(save);
        await terminate('victim');
        await tx.query('select 1');
      }),
    );

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(await db.transaction((tx) => tx.query('select * from accounts'))).toEqual([]);
  });

  it('that does not come as far as its commit keeps nothing', async () => {
    const db = open({ applicationName: 'victim' });

    const failure = await failureOf(
      db.transaction(async (tx) => {
        await tx.query(save);
        await terminate('victim');
      }),
    );

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(await db.query('select * from accounts')).toEqual([]);
  });
});

describe('a mistake of ours', () => {
  it.each([
    ['a statement that makes no sense', 'select nonsense'],
    ['a constraint that is broken', `insert into accounts (account_id, external_id, login) values ('a', 'b', 'c')`],
  ])('%s passes as it is: it is no outage', async (_, statement) => {
    const error = await open()
      .query(statement)
      .catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(Failure);
  });
});

describe('Postgres is DatabaseUnavailable', () => {
  it('where nobody listens, for every port of the store', async () => {
    const store = createStore(open({ url: `postgres://ann:geheim-1234@127.0.0.1:${await freedPort()}/starkeep` }));
    const status = { mirrorId: 'github-1', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;

    const failures = await Promise.all([
      failureOf(store.accounts.current()),
      failureOf(store.mirrors.get('github-1')),
      failureOf(store.mirrors.saveStarPage('github-1', [])),
      failureOf(store.record.write(null, { kind: 'status', status: 'paused', note: null, ...status })),
      failureOf(store.deletions.get('1')),
      failureOf(store.deliveries.backlog()),
    ]);

    for (const failure of failures) {
      expect(failure.kind).toBe('DatabaseUnavailable');
      expect(failure.message).toContain('ECONNREFUSED');
      expect(failure.message).not.toContain('geheim');
    }
  });

  it('where the settings name a database that is not there', async () => {
    const url = new URL(database.url);
    url.pathname = '/nowhere';

    const failure = await failureOf(open({ url: url.href }).query('select 1'));

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(failure.message).toContain('"nowhere"');
  });

  it('where the settings name a wrong password', async () => {
    const url = new URL(database.url);
    url.password = 'wrong-password';

    const failure = await failureOf(open({ url: url.href }).query('select 1'));

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(failure.message).not.toContain('wrong-password');
  });

  it('when a query is under way and its connection is killed', async () => {
    const db = open({ applicationName: 'victim' });
    const asleep = failureOf(db.query('select pg_sleep(60)'));
    const observer = open();
    await eventually(async () => {
      const rows = await observer.query(`select 1 from pg_stat_activity where query = 'select pg_sleep(60)'`);
      return rows.length === 1;
    });

    await terminate('victim');

    expect((await asleep).kind).toBe('DatabaseUnavailable');
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('while the way to it is cut, and answers again by itself once that is mended', async () => {
    const link: Link = await linkTo(database.url);
    const db = open({ url: link.url });
    await db.query('select 1');

    await link.cut();
    const failures = [
      await failureOf(db.query('select 1')),
      await failureOf(db.transaction((tx) => tx.query('select 1'))),
    ];
    await link.mend();
    const after = await db.query('select 1 as one');
    await link.cut();

    expect(failures.map(({ kind }) => kind)).toEqual(['DatabaseUnavailable', 'DatabaseUnavailable']);
    expect(after).toEqual([{ one: 1 }]);
  });
});

describe('the pool', () => {
  it('outlives idle connections that the server ends, and tells of them', async () => {
    const db = open({ applicationName: 'idler', maxConnections: 3 });
    await Promise.all([1, 2, 3].map(() => db.query('select pg_sleep(0.05)')));

    const killed = await terminate('idler');
    await eventually(() => told.length === killed);

    expect(killed).toBe(3);
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('does not end the process when nobody listens for broken connections', async () => {
    const db = createDatabase({ url: database.url, applicationName: 'unheard' });
    opened.push(db);
    await db.query('select 1');

    await terminate('unheard');

    await eventually(async () => (await db.query('select 1 as one').catch(() => [])).length === 1);
  });

  it('lets work wait for a connection instead of opening more than it may', async () => {
    const db = open({ applicationName: 'bounded', maxConnections: 2 });

    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        db.query<{ open: number }>(
          `select count(*)::int as open from pg_stat_activity
            where application_name = 'bounded' and backend_type = 'client backend'`,
        ),
      ),
    );

    expect(Math.max(...seen.flat().map((row) => row.open))).toBeLessThanOrEqual(2);
  });

  it('says how many connections there are, how many of them are lent, and who waits', async () => {
    const db = open({ maxConnections: 2 });
    const none = db.use();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const working = [1, 2].map(() => db.transaction(() => held));
    const third = db.query('select 1');
    await eventually(() => db.use().inUse === 2 && db.use().waiting === 1);

    const busy = db.use();
    release();
    await Promise.all([...working, third]);

    expect(none).toEqual({ idle: 0, inUse: 0, waiting: 0, max: 2 });
    expect(busy).toEqual({ idle: 0, inUse: 2, waiting: 1, max: 2 });
    expect(db.use()).toEqual({ idle: 2, inUse: 0, waiting: 0, max: 2 });
  });

  it('that is used up lets nobody wait for ever, and says which setting is meant', async () => {
    const db = open({ maxConnections: 1 });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const working = db.transaction(() => held);

    const failure = await failureOf(db.query('select 1'));
    release();
    await working;

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(failure.message).toMatch(/all of 1 connections.*STARKEEP_DATABASE_POOL/);
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('has the server end a transaction that stands still, and goes on with another connection', async () => {
    const db = open({ maxConnections: 1 });

    const failure = await failureOf(
      db.transaction(async (tx) => {
        const [row] = await tx.query<{ ms: string }>('show idle_in_transaction_session_timeout');
        expect(row).toEqual({ idle_in_transaction_session_timeout: '1min' });
        // The same, in less time than a minute.
        await tx.query(`set idle_in_transaction_session_timeout = '50ms'`);
        await eventually(() => told.length > 0);
        await tx.query('select 1');
      }),
    );

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});
