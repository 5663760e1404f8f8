import { describe, expect, it } from 'vitest';
import { mirrorIdOf } from '../../../src/domain/model.ts';
import type { Deletion } from '../../../src/domain/record-stores.ts';
import { repository, withStore } from './test-store.ts';

const store = withStore();

const HOUR_MS = 3_600_000;
const TWO_A_DAY = { max: 2, windowMs: 24 * HOUR_MS };

/** An open deletion of a mirror with a project. */
async function deletionOf(repoId: string, policy: 'delete' | 'archive' = 'delete'): Promise<Deletion> {
  const mirrorId = mirrorIdOf(repoId);
  await store.mirrors.saveStarPage(store.account.accountId, [repository(repoId)]);
  const project = {
    projectId: `p${repoId}`,
    path: `github/ada/repo-${repoId}`,
    created: true,
    moved: false,
    detour: null,
  };
  await store.mirrors.saveProject(mirrorId, project);
  const ids = { mirrorId, correlationId: 'c', workflowId: 'w', runId: 'r' };
  const dueAt = new Date().toISOString();
  const { deletion } = await store.record.write(null, {
    kind: 'deletion_requested',
    policy,
    proof: 'p',
    dueAt,
    ...ids,
  });
  const open = await store.deletions.get(deletion?.deletionId ?? '');
  if (!open) throw new Error('the deletion was not recorded');
  return open;
}

/** Of the repositories 1, 2 …, in this order: their deletions are called so too. */
async function deletionsOf(count: number): Promise<Deletion[]> {
  const deletions: Deletion[] = [];
  for (let index = 1; index <= count; index += 1) deletions.push(await deletionOf(String(index)));
  return deletions;
}

/** Makes what was taken look so much older. */
async function age(deletion: Deletion, byMs: number): Promise<void> {
  await store.db.query(
    `update deletion_budgets set taken = jsonb_set(taken, array[$1],
       to_jsonb((taken ->> $1)::timestamptz - make_interval(secs => $2)))`,
    [deletion.deletionId, byMs / 1000],
  );
}

async function taken(): Promise<string[]> {
  const rows = await store.db.query<{ key: string }>('select jsonb_object_keys(taken) as key from deletion_budgets');
  return rows.map(({ key }) => key).sort();
}

describe('a deletion', () => {
  it('is found as it was recorded', async () => {
    const deletion = await deletionOf('7', 'archive');

    expect(deletion).toEqual({
      deletionId: '1',
      mirrorId: 'github-7',
      accountId: 'github-41',
      policy: 'archive',
      state: 'pending',
    });
  });

  it('that nobody recorded is null', async () => {
    expect(await store.deletions.get('404')).toBeNull();
  });
});

describe('the deletion budget', () => {
  it('gives so many and no more', async () => {
    const [first, second, third] = (await deletionsOf(3)) as [Deletion, Deletion, Deletion];

    expect(await store.deletions.takeBudget(first, TWO_A_DAY, false)).toBe(true);
    expect(await store.deletions.takeBudget(second, TWO_A_DAY, false)).toBe(true);
    expect(await store.deletions.takeBudget(third, TWO_A_DAY, false)).toBe(false);
    expect(await taken()).toEqual(['1', '2']);
  });

  it.each([1, 5, 19])('of %i is exact under twenty takers at once', async (max) => {
    const deletions = await deletionsOf(20);

    const given = await Promise.all(
      deletions.map((deletion) => store.deletions.takeBudget(deletion, { ...TWO_A_DAY, max }, false)),
    );

    expect(given.filter(Boolean)).toHaveLength(max);
    expect(await taken()).toHaveLength(max);
  });

  it('of zero gives nothing', async () => {
    const deletion = await deletionOf('7');

    expect(await store.deletions.takeBudget(deletion, { ...TWO_A_DAY, max: 0 }, false)).toBe(false);
  });

  it('costs nothing to take again for the same deletion, also when it is used up', async () => {
    const [first, second, third] = (await deletionsOf(3)) as [Deletion, Deletion, Deletion];
    const take = (deletion: Deletion) => store.deletions.takeBudget(deletion, TWO_A_DAY, false);

    const given = [await take(first), await take(first), await take(first), await take(second), await take(first)];

    expect(given).toEqual([true, true, true, true, true]);
    expect(await take(third)).toBe(false);
    expect(await taken()).toEqual(['1', '2']);
  });

  it('costs nothing to take again at the same moment from twenty places', async () => {
    const deletion = await deletionOf('7');

    const given = await Promise.all(
      Array.from({ length: 20 }, () => store.deletions.takeBudget(deletion, { ...TWO_A_DAY, max: 1 }, false)),
    );

    expect(given).toEqual(Array(20).fill(true));
  });

  it('comes back when the window has rolled past a deletion, and not before', async () => {
    const [first, second, third] = (await deletionsOf(3)) as [Deletion, Deletion, Deletion];
    await store.deletions.takeBudget(first, TWO_A_DAY, false);
    await store.deletions.takeBudget(second, TWO_A_DAY, false);

    await age(first, 23 * HOUR_MS);
    const before = await store.deletions.takeBudget(third, TWO_A_DAY, false);
    await age(first, 2 * HOUR_MS);
    const after = await store.deletions.takeBudget(third, TWO_A_DAY, false);

    expect([before, after]).toEqual([false, true]);
    expect(await taken()).toEqual(['2', '3']);
  });

  it('is not stretched by taking again: the first time counts', async () => {
    const [first, second] = (await deletionsOf(2)) as [Deletion, Deletion];
    const one = { ...TWO_A_DAY, max: 1 };
    await store.deletions.takeBudget(first, one, false);
    await age(first, 23 * HOUR_MS);

    await store.deletions.takeBudget(first, one, false);
    await age(first, 2 * HOUR_MS);

    expect(await store.deletions.takeBudget(second, one, false)).toBe(true);
  });

  it('has to be taken anew by a deletion whose first taking the window has rolled past', async () => {
    const [first, second] = (await deletionsOf(2)) as [Deletion, Deletion];
    const one = { ...TWO_A_DAY, max: 1 };
    await store.deletions.takeBudget(first, one, false);
    await store.deletions.takeBudget(second, one, true);
    await age(first, 25 * HOUR_MS);

    expect(await store.deletions.takeBudget(first, one, false)).toBe(false);
  });

  it('does not stop what a person approved, but counts it', async () => {
    const [first, second, third] = (await deletionsOf(3)) as [Deletion, Deletion, Deletion];
    const one = { ...TWO_A_DAY, max: 1 };
    await store.deletions.takeBudget(first, one, false);

    const approved = await store.deletions.takeBudget(second, one, true);
    await age(first, 25 * HOUR_MS);
    const next = await store.deletions.takeBudget(third, one, false);

    expect([approved, next]).toEqual([true, false]);
  });

  it('is one for each account', async () => {
    const [first, second] = (await deletionsOf(2)) as [Deletion, Deletion];
    await store.db.query(`insert into accounts (account_id, external_id, login) values ('github-99', '99', 'eve')`);
    const one = { ...TWO_A_DAY, max: 1 };

    await store.deletions.takeBudget(first, one, false);

    expect(await store.deletions.takeBudget({ ...second, accountId: 'github-99' }, one, false)).toBe(true);
  });
});

describe('a deletion that was carried out', () => {
  it('is closed together with its mirror, which forgets its project', async () => {
    const deletion = await deletionOf('7');

    await store.deletions.finish(deletion, null, null);

    expect(await store.db.query('select state, decided_by, finished_at is not null as done from deletions')).toEqual([
      { state: 'deleted', decided_by: 'the grace period', done: true },
    ]);
    expect(await store.mirror('7')).toMatchObject({
      status: 'deleted',
      statusNote: 'Unstarred and deleted.',
      project: null,
      sourceDigest: null,
      deleteAt: null,
    });
  });

  it('names who approved it', async () => {
    const deletion = await deletionOf('7');

    await store.deletions.finish(deletion, 'ann', null);

    expect(await store.db.query('select decided_by from deletions')).toEqual([{ decided_by: 'ann' }]);
  });

  it('as an archive keeps the project known, at its new place', async () => {
    const deletion = await deletionOf('7', 'archive');
    const archivedAs = { projectId: 'p7', path: 'github/ada/repo-7.archived-7' };

    await store.deletions.finish(deletion, null, archivedAs);

    expect(await store.deletions.get(deletion.deletionId)).toMatchObject({ state: 'archived' });
    expect(await store.mirror('7')).toMatchObject({
      status: 'deleted',
      statusNote: 'Unstarred; kept on OneDev as github/ada/repo-7.archived-7.',
      project: archivedAs,
    });
  });

  it('where there was nothing to archive is deleted, and says so', async () => {
    const deletion = await deletionOf('7', 'archive');

    await store.deletions.finish(deletion, null, null);

    expect(await store.deletions.get(deletion.deletionId)).toMatchObject({ state: 'deleted' });
    expect(await store.mirror('7')).toMatchObject({
      status: 'deleted',
      statusNote: 'Unstarred; there was no project on OneDev to archive.',
    });
  });

  it('is closed once: an attempt that comes late does not take a mirror away that was starred again', async () => {
    const deletion = await deletionOf('7');
    await store.deletions.finish(deletion, 'ann', null);
    await store.mirrors.saveStarPage(store.account.accountId, [repository('7')]);
    const project = { projectId: 'p8', path: 'github/ada/repo-7', created: true, moved: false, detour: null };
    await store.mirrors.saveProject('github-7', project);
    await store.mirrors.markInProgress('github-7');

    await store.deletions.finish(deletion, null, null);

    expect(await store.mirror('7')).toMatchObject({ status: 'in_progress', project: { projectId: 'p8' } });
    expect(await store.db.query('select decided_by from deletions')).toEqual([{ decided_by: 'ann' }]);
  });
});
