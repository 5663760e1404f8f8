import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CachedAnswer } from '../../src/adapters/github-cache.ts';
import { createGithub } from '../../src/adapters/github.ts';
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { createHttpCache } from '../../src/adapters/postgres/http-cache.ts';
import type { Failure } from '../../src/domain/failures.ts';
import { createGithubStandin } from '../standins/github.ts';
import { withDatabase } from '../support/postgres.ts';

const database = withDatabase();
let db: Database;
let trouble: Failure[];

beforeAll(() => {
  db = createDatabase({ url: database.url, applicationName: 'test' });
});

beforeEach(async () => {
  trouble = [];
  await db.query('truncate http_cache');
});

afterAll(() => db.close());

const onError = (failure: Failure) => void trouble.push(failure);
const answer = (body = '[]'): CachedAnswer => ({ etag: 'W/"1"', body, headers: { link: '<x>; rel="next"' } });

async function keys(): Promise<unknown[]> {
  return (await db.query('select key from http_cache order by key')).map(({ key }) => key);
}

describe('answers remembered in Postgres', () => {
  it('come back as they were, to every process, and are replaced', async () => {
    const [one, other] = [createHttpCache(db, { onError }), createHttpCache(db, { onError })];
    await one.set('a', answer('{"é":"\u2028"}'));
    const first = await other.get('a');
    await other.set('a', { ...answer('{}'), etag: '"2"', headers: {} });

    expect(first).toEqual(answer('{"é":"\u2028"}'));
    expect(await one.get('a')).toEqual({ etag: '"2"', body: '{}', headers: {} });
    expect([await one.get('b'), trouble]).toEqual([null, []]);
  });

  it('are removed after 30 days, when an hour has passed since that was looked for', async () => {
    let now = 0;
    const cache = createHttpCache(db, { onError, now: () => now });
    await cache.set('first', answer());
    const age = (days: number) =>
      db.query(`update http_cache set stored_at = now() - make_interval(days => $1) where key = 'first'`, [days]);
    await age(31);
    now += 3_599_999;
    await cache.set('second', answer());
    const before = await keys();
    now += 1;

    await cache.set('third', answer());

    expect(before).toEqual(['first', 'second']);
    expect(await keys()).toEqual(['second', 'third']);
  });

  it('stay for 29 days', async () => {
    await createHttpCache(db, { onError }).set('old', answer());
    await db.query(`update http_cache set stored_at = now() - make_interval(days => 29)`);

    await createHttpCache(db, { onError }).set('new', answer());

    expect(await keys()).toEqual(['new', 'old']);
  });

  it('are not kept when they are very large', async () => {
    const cache = createHttpCache(db, { onError });

    await cache.set('large', answer('x'.repeat(4_000_001)));

    expect([await cache.get('large'), trouble]).toEqual([null, []]);
  });

  it('are told twice at once without trouble', async () => {
    const cache = createHttpCache(db, { onError });

    await Promise.all(Array.from({ length: 20 }, () => cache.set('a', answer())));

    expect([await keys(), trouble]).toEqual([['a'], []]);
  });

  it('are none while Postgres is away, which is told and nothing more', async () => {
    const away = createDatabase({ url: 'postgres://nobody@127.0.0.1:9/none' });
    const cache = createHttpCache(away, { onError });

    const got = await cache.get('a');
    await cache.set('a', answer());
    await away.close();

    expect(got).toBeNull();
    expect(trouble.map(({ kind }) => kind)).toEqual(['DatabaseUnavailable', 'DatabaseUnavailable']);
  });

  it('are none when Postgres cannot store them, which is told', async () => {
    const cache = createHttpCache(db, { onError });

    // The table wants a key.
    await cache.set('', answer('x'));

    expect([await cache.get(''), trouble.length]).toEqual([null, 1]);
  });

  it('spare the next process a reading of the star list, and hold no token', async () => {
    const standin = await createGithubStandin();
    standin.star(standin.addRepository({ fullName: 'ann/x' }));
    const github = () =>
      createGithub({
        apiUrl: standin.apiUrl,
        webUrl: standin.url,
        userAgent: 'test',
        token: standin.token,
        etagCache: createHttpCache(db, { onError }),
      });
    const page = await github().starPage(null);

    const again = await github().starPage(null);
    const statuses = standin.log.map(({ status }) => status);
    await standin.close();

    expect(again).toEqual(page);
    expect(statuses).toEqual([200, 304]);
    expect(JSON.stringify(await db.query('select * from http_cache'))).not.toContain(standin.token);
    expect(trouble).toEqual([]);
  });
});
