import { beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../src/adapters/postgres/database.ts';
import { countStatement, listStatement, type Statement } from '../../../src/adapters/postgres/mirror-lists.ts';
import { MIRROR_SORTS, NO_FILTER, type MirrorFilter, type MirrorSort } from '../../../src/domain/overview.ts';
import { withDatabase } from '../../support/postgres.ts';

const MANY = 20_000;

describe(`of ${MANY} mirrors`, () => {
  const database = withDatabase();

  async function planOf({ text, values }: Statement): Promise<string> {
    const db = createDatabase({ url: database.url, maxConnections: 1 });
    try {
      const rows = await db.query(`explain ${text}`, values);
      return rows.map((row) => String(row['QUERY PLAN'])).join('\n');
    } finally {
      await db.close();
    }
  }

  beforeAll(async () => {
    const db = createDatabase({ url: database.url, maxConnections: 1 });
    await db.query(`insert into accounts (account_id, external_id, login) values ('github-1', '1', 'ann')`);
    // The triggers would tell of each; nobody listens.
    await db.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      await tx.query(
        `insert into mirrors (mirror_id, account_id, repo_id, full_name, language, stars, size_kb, pushed_at, last_synced_at, status,
                              last_error_kind, starred)
         select 'github-' || n, 'github-1', n::text, 'owner-' || n % 900 || '/repo-' || n, 'Language ' || n % 60, n % 5000, n * 7 % 90000,
                now() - make_interval(mins => n), now() - make_interval(secs => n),
                case when n % 50 = 0 then 'failed' else 'completed' end, case when n % 50 = 0 then 'TargetError' end, true
           from generate_series(1, $1::int) as n`,
        [MANY],
      );
    });
    await db.query('analyze mirrors');
    await db.close();
  });

  const list = (filter: Partial<MirrorFilter>, sort: MirrorSort = 'name', key: string | null = null) =>
    listStatement('mirror_id', {
      filter: { ...NO_FILTER, ...filter },
      sort,
      after: key === null ? null : { sort, key, mirrorId: 'github-10' },
      limit: 101,
    });

  /** In the middle: of the last few left, sorting them is no work. */
  const KEYS = {
    name: 'owner-5',
    pushedAt: new Date(Date.now() - MANY * 30_000).toISOString().replace('Z', '000Z'),
    lastSyncedAt: new Date(Date.now() - MANY * 500).toISOString().replace('Z', '000Z'),
    bytes: '45000',
    stars: '2500',
  };

  it.each(MIRROR_SORTS)('a page by %s comes from an index, without sorting, the first and any later', async (sort) => {
    const key = KEYS[sort.replace('-', '') as keyof typeof KEYS];
    const plans = [await planOf(list({}, sort)), await planOf(list({}, sort, key))];

    for (const plan of plans) {
      expect(plan).toMatch(/Index (?:Only )?Scan/);
      expect(plan).not.toMatch(/Sort|Seq Scan/);
    }
  });

  it.each([
    ['owner', { owner: 'Owner-7' }, 'mirrors_by_owner'],
    ['language', { language: 'Language 7' }, 'mirrors_by_language'],
    ['kind of failure', { errorKind: 'TargetError' }, 'mirrors_by_failure'],
    ['status', { statuses: ['failed'] as const }, 'mirrors_by_status'],
  ])('those of one %s, and how many they are, are found by an index', async (_, filter, index) => {
    const wanted = filter as Partial<MirrorFilter>;
    const plans = [await planOf(list(wanted)), await planOf(countStatement({ ...NO_FILTER, ...wanted }))];

    for (const plan of plans) expect(plan).toContain(index);
  });
});
