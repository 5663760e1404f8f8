import { beforeEach, expect, it } from 'vitest';
import { mirrorIdOf } from '../../../src/domain/model.ts';
import { withStore } from './test-store.ts';

const store = withStore();

beforeEach(() => store.db.query('truncate mirrors, star_readings, source_budget cascade'));

/** A mirror that was looked at so long ago. @param changes of its row, as SQL */
async function mirror(repoId: string, checkedAgo: string | null, changes = ''): Promise<void> {
  await store.db.query(
    `insert into mirrors (mirror_id, account_id, repo_id, full_name, starred, status, created_at, last_checked_at)
     values ($1, $2, $3, 'ada/' || $1, true, 'completed', now() - interval '9 days', now() - $4::interval)`,
    [mirrorIdOf(repoId), store.account.accountId, repoId, checkedAgo],
  );
  if (changes) await store.db.query(`update mirrors set ${changes} where mirror_id = $1`, [mirrorIdOf(repoId)]);
}

const hours = async () => (await store.figures.read()).oldestSuccessSeconds / 3600;

it('an empty record is all noughts, and knows of no budget', async () => {
  expect(await store.figures.read()).toEqual({
    ...{ byStatus: {}, total: 0, safe: 0, stale: 0, lastFullAt: null, budget: null },
    ...{ oldestSuccessSeconds: 0, pendingDeletions: { time: 0, person: 0 } },
  });
});

it('the oldest success is that of the mirror that has waited longest, and goes back when it is looked at', async () => {
  await mirror('1', '3 hours');
  await mirror('2', '30 hours', `status = 'failed'`);
  const before = await hours();
  await store.db.query(`update mirrors set status = 'completed', last_checked_at = now() where repo_id = '2'`);

  expect([before, await hours()]).toEqual([expect.closeTo(30, 1), expect.closeTo(3, 1)]);
});

it.each([
  [`status = 'frozen'`],
  [`status = 'excluded'`],
  [`status = 'deleted'`],
  [`status = 'paused', paused = true`],
  [`starred = false`],
])('of what nobody is to look at (%s) no success is waited for', async (changes) => {
  await mirror('1', '3 hours');
  await mirror('2', '300 hours', changes);

  expect(await hours()).toBeCloseTo(3, 1);
});

it('a mirror that never was equal waits since it was first known', async () => {
  await mirror('1', null, `status = 'pending'`);

  expect(await hours()).toBeCloseTo(9 * 24, 1);
});

it('a reading of the star list that saw a mirror unchanged is a look at it, and at one that fails is none', async () => {
  const [reading] = await store.db.query(
    `insert into star_readings (account_id, correlation_id, kind, started_at) values ($1, 'r', 'sweep', now() - interval '1 hour')
     returning reading_id`,
    [store.account.accountId],
  );
  const seen = `seen_in = ${String(reading?.['reading_id'])}`;
  await mirror('1', '50 hours', seen);
  const equal = await hours();
  await store.db.query(`update mirrors set status = 'failed'`);

  expect([equal, await hours()]).toEqual([expect.closeTo(1, 1), expect.closeTo(50, 1)]);
});

it('deletions are counted by what they wait for, until they are over', async () => {
  await mirror('1', '1 hour', `status = 'pending_deletion'`);
  await mirror('2', '1 hour', `status = 'pending_deletion'`);
  const add = (repoId: string, state: string, due: string | null) =>
    store.db.query(
      `insert into deletions (mirror_id, account_id, full_name, policy, proof, state, due_at)
       values ($1, $2, 'ada/x', 'delete', 'proven', $3, now() + $4::interval)`,
      [mirrorIdOf(repoId), store.account.accountId, state, due],
    );
  await add('1', 'pending', '7 days');
  await add('2', 'waiting_for_approval', null);
  const before = (await store.figures.read()).pendingDeletions;
  await store.db.query(`update deletions set finished_at = now(), state = 'cancelled'`);

  expect([before, (await store.figures.read()).pendingDeletions]).toEqual([
    { time: 1, person: 1 },
    { time: 0, person: 0 },
  ]);
});

it("GitHub's budget is what was noted last", async () => {
  await store.budget.note({ limit: 5_000, remaining: 40, reset: 1_800_000_000 });

  expect((await store.figures.read()).budget).toMatchObject({
    ...{ limit: 5_000, remaining: 40, resetAt: '2027-01-15T08:00:00.000Z' },
  });
});
