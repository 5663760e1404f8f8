import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCache, RecentEntries } from '../../../src/adapters/cache/cache.ts';
import { createPostgresCache } from '../../../src/adapters/cache/postgres.ts';
import { createTokenCache } from '../../../src/adapters/cache/tokens.ts';
import { createDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { withDatabase } from '../../support/postgres.ts';

const MINUTE = 60_000;
const database = withDatabase();
let db: Database;
let told: string[];

beforeAll(() => {
  db = createDatabase({ url: database.url, applicationName: 'test' });
});

beforeEach(async () => {
  told = [];
  await db.query('truncate remembered');
});

afterAll(() => db.close());

const onTrouble = (reason: string) => void told.push(reason);

describe('what is remembered in Postgres', () => {
  it('is there for every worker, and replaced', async () => {
    const [one, other] = [createPostgresCache(db, { onTrouble }), createPostgresCache(db, { onTrouble })];
    await one.set('a', 'first', MINUTE);
    await other.set('a', 'é\u2028', MINUTE);

    expect(await one.get('a')).toBe('é\u2028');
    expect([await one.get('b'), told]).toEqual([null, []]);
  });

  it('ends, is removed when an hour has passed since that was looked for, and takes nothing else with it', async () => {
    let now = Date.now();
    const cache = createPostgresCache(db, { onTrouble, now: () => now });
    await cache.set('a', 'x', MINUTE);
    await db.query(`update remembered set ends_at = now() - interval '1 second'`);
    const ended = await cache.get('a');
    await cache.set('b', 'x', MINUTE);
    const before = await db.query('select key from remembered order by key');
    now += 3_600_000;

    await cache.set('c', 'x', 2 * 3_600_000);

    expect(ended).toBeNull();
    expect(before).toEqual([{ key: 'a' }, { key: 'b' }]);
    expect(await db.query('select key from remembered order by key')).toEqual([{ key: 'b' }, { key: 'c' }]);
  });

  it('is nothing where somebody else wrote, and that is no outage', async () => {
    const cache = createPostgresCache(db, { onTrouble });
    await db.query(`insert into remembered values ('a', 'no json', now() + interval '1 day')`);

    expect([await cache.get('a'), told]).toEqual([null, []]);
  });

  it('is nothing while Postgres is away, told once however often it is asked', async () => {
    const away = createDatabase({ url: 'postgres://nobody@127.0.0.1:9/none' });
    let errors = 0;
    const cache = createPostgresCache(away, { onTrouble, onError: () => (errors += 1), deadlineMs: 20_000 });

    const got = await cache.get('a');
    await cache.set('a', 'x', MINUTE);
    await away.close();

    expect([got, told.length, errors]).toEqual([null, 1, 2]);
  });
});

describe('what is remembered in memory', () => {
  it('is bounded: what was used longest ago goes first', async () => {
    const cache = createCache(new RecentEntries(2), { onTrouble });
    await cache.set('a', '1', MINUTE);
    await cache.set('b', '2', MINUTE);
    await cache.get('a');

    await cache.set('c', '3', MINUTE);

    expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toEqual(['1', null, '3']);
  });
});

describe('an installation token', () => {
  const token = (expiresAt: Date) => `ghs_1.a.b|2026-01-01T00:00:00Z|${expiresAt.toISOString()}|all|contents|`;
  const inAnHour = () => new Date(Date.now() + 3_600_000);

  it('that another worker has is taken, and one that is about to end is not', async () => {
    const shared = createPostgresCache(db, { onTrouble });
    const outcomes: string[] = [];
    let now = Date.now();
    const [one, other] = ['one', 'other'].map(() =>
      createTokenCache({ shared, scope: 's', now: () => now, onOutcome: (outcome) => outcomes.push(outcome) }),
    );
    const value = token(inAnHour());
    await one?.set('1', value);

    const taken = await other?.get('1');
    now += 3_600_000 - 30_000;
    const late = [await one?.get('1'), await other?.get('1')];

    expect(taken).toBe(value);
    expect(late).toEqual(['', '']);
    expect(outcomes).toEqual(['hit', 'miss', 'miss']);
  });

  it('is no token when somebody wrote something else in its place', async () => {
    const shared = createPostgresCache(db, { onTrouble });
    const tokens = createTokenCache({ shared, scope: 's' });
    for (const [index, text] of ['', 'ghs_x', 'ghs_x|y', `|a|${inAnHour().toISOString()}|`, 'a|b|no time|'].entries()) {
      await shared.set(`token s ${index}`, text, MINUTE);
      expect(await tokens.get(String(index))).toBe('');
    }
  });

  it('of this worker is what is left where nothing is shared', async () => {
    const tokens = createTokenCache({ shared: null, scope: 's' });
    const value = token(inAnHour());
    await tokens.set('1', value);

    expect(await tokens.get('1')).toBe(value);
  });
});
