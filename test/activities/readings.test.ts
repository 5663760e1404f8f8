import { describe, expect, it } from 'vitest';
import { parseFilters } from '../../src/domain/filters.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { ReadingSummary } from '../../src/domain/record.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import type { reconcileStars } from '../../src/workflows/stars.ts';
import { devServerEnvironment, uniqueName } from '../support/temporal.ts';
import type { StandinRepository } from '../standins/github.ts';
import { withWorld } from './world.ts';

/** The whole of a reading: its workflow on a real Temporal, its activities on Postgres and the GitHub stand-in. */

const world = withWorld();
const { store } = world;
const temporal = devServerEnvironment();

type Changes = Parameters<typeof world.activities>[0];

async function reconcile(full = false, changes: Changes = {}): Promise<ReadingSummary> {
  const taskQueue = uniqueName('readings');
  const stop = await temporal.workers({ activities: world.activities(changes) }, [taskQueue, TASK_QUEUES.github]);
  return temporal.client.workflow
    .execute<typeof reconcileStars>('reconcileStars', {
      taskQueue,
      workflowId: uniqueName('reconcile'),
      args: [{ full }],
    })
    .finally(stop);
}

/** What was signalled since the last call: `starred 7`, `unstarred 8`, sorted. */
const signalled = (): string[] =>
  world.control.events
    .splice(0)
    .map(({ kind, fullName }) => `${kind} ${fullName}`)
    .sort();

/** So many stars, read completely and synced. */
async function settled(count: number): Promise<StandinRepository[]> {
  const repositories = Array.from({ length: count }, (_, index) => world.star(`ada/r${index}`));
  await reconcile();
  await store.db.query(`update mirrors set status = 'completed', last_checked_at = now()`);
  signalled();
  world.githubRequests();
  return repositories;
}

const lastReading = async () =>
  (await store.db.query('select * from star_readings order by reading_id desc limit 1'))[0];

describe('the first reading', () => {
  it('is complete, and reaches every star', async () => {
    for (let index = 0; index < 130; index += 1) world.star(`ada/r${index}`);

    const summary = await reconcile();

    expect(summary).toMatchObject({ kind: 'sweep', incompleteWhy: null, seen: 130, signalled: 130, absent: 0 });
    expect(signalled()).toHaveLength(130);
    expect(await lastReading()).toMatchObject({ complete: true, seen: 130, total: 130, pages: 2 });
  });

  it('without a token is the plain public list, which proves no absence', async () => {
    world.star('ada/engine');

    const summary = await reconcile(false, { source: world.source({ login: 'keeper' }) });

    expect(summary).toMatchObject({ kind: 'list', seen: 1, signalled: 1, conclusion: null });
  });
});

describe('a quiet interval', () => {
  it('costs two requests, whatever the number of stars, and reaches nobody', async () => {
    await settled(350);

    const summary = await reconcile();

    expect(summary).toMatchObject({ kind: 'quick', signalled: 0 });
    // Beside GET /user, which a worker asks once in its life.
    expect(world.githubRequests().filter((request) => request !== 'GET /user')).toHaveLength(2);
  });

  it('of a complete reading costs a request a hundred stars, and reaches nobody', async () => {
    await settled(350);

    const summary = await reconcile(true);

    expect(summary).toMatchObject({ kind: 'sweep', signalled: 0, absent: 0, conclusion: 'nothing' });
    expect(world.githubRequests().filter((request) => request.includes('graphql'))).toHaveLength(4);
  });
});

describe('a quick reading', () => {
  it('finds new stars, and pushes to old ones', async () => {
    const [old] = await settled(250);
    world.star('grace/new');
    if (old) old.pushedAt = '2031-01-01T00:00:00Z';

    await reconcile();

    expect([...new Set(signalled())]).toEqual(['starred ada/r0', 'starred grace/new']);
  });

  it('concludes nothing from what it does not see', async () => {
    const [gone] = await settled(5);
    if (gone) world.github.unstar(gone);

    await reconcile();

    expect(signalled()).toEqual([]);
  });
});

describe('a complete reading', () => {
  it('asks about the one that is missing', async () => {
    const [, gone] = await settled(130);
    if (gone) world.github.unstar(gone);

    const summary = await reconcile(true);

    expect(summary).toMatchObject({ absent: 1, conclusion: 'ask' });
    expect(signalled()).toEqual(['unstarred ada/r1']);
  });

  it('follows a rename by the id: one mirror, under its new name', async () => {
    const [renamed] = await settled(3);
    if (renamed) world.github.renameRepository(renamed, 'grace/other-name');

    await reconcile(true);

    expect(signalled()).toEqual(['starred grace/other-name']);
    expect((await store.overview.totals()).byStatus).toMatchObject({ pending: 1, completed: 2 });
  });

  it('asks once about what is kept although it is unstarred, and then counts it as missing no more', async () => {
    const [gone] = await settled(3);
    if (gone) world.github.unstar(gone);
    const keeping: Changes = { rules: { unstarPolicy: 'keep' } };

    const first = await reconcile(true, keeping);
    await store.db.query('update mirrors set last_checked_at = now() where repo_id = $1', [gone?.id]);
    const second = await reconcile(true, keeping);
    const deleting = await reconcile(true);

    expect([first, second]).toMatchObject([
      { absent: 1, conclusion: 'ask' },
      { absent: 0, conclusion: 'nothing' },
    ]);
    // Whoever changes the policy is asked about it again.
    expect(deleting).toMatchObject({ absent: 1, conclusion: 'ask' });
    expect(signalled()).toEqual(['unstarred ada/r0', 'unstarred ada/r0']);
  });

  it('does not ask twice about what is settled already', async () => {
    const [gone] = await settled(3);
    if (gone) world.github.unstar(gone);
    await reconcile(true);
    await store.db.query(`update mirrors set status = 'pending_deletion' where repo_id = $1`, [gone?.id]);
    signalled();

    await reconcile(true);

    expect(signalled()).toEqual([]);
  });
});

describe('a reading that is not complete asks about nothing', () => {
  it.each<[string, () => void]>([
    ['errors at status 200', () => (world.github.switches.graphql.errors = 'partial')],
    ['a list that GitHub cut off', () => (world.github.switches.graphql.overLimit = true)],
    ['a total that does not fit', () => (world.github.switches.graphql.extraTotal = 1)],
    ['an organisation hidden by single sign-on', () => (world.github.switches.ssoHidden = ['ada'])],
    ['pages that cannot be had', () => (world.github.switches.graphql.timeout = 502)],
    ['no complete reading at all', () => (world.github.switches.graphql.absent = true)],
  ])('with %s', async (_, breakIt) => {
    const [gone] = await settled(130);
    if (gone) world.github.unstar(gone);
    breakIt();

    const summary = await reconcile(true);

    expect(signalled()).not.toContain('unstarred ada/r0');
    if (summary.conclusion !== 'ask') expect(summary.conclusion).toBeNull();
    expect((await store.mirror(gone?.id ?? '')).status).toBe('completed');
  });

  it('with an unstar while the pages are read, which shifts another one between them', async () => {
    const repositories = await settled(150);
    const last = repositories.at(-1);
    let page = 0;
    const source = world.source();
    const sweepPage: typeof source.sweepPage = async (next) => {
      if ((page += 1) === 2 && last) world.github.unstar(last);
      return source.sweepPage(next);
    };

    const summary = await reconcile(true, { source: { ...source, sweepPage } });

    expect(summary.conclusion).toBeNull();
    expect(signalled()).toEqual([]);
  });
});

describe('absences that cannot be true, or are too many', () => {
  it('refuses an empty list after a full one', async () => {
    const repositories = await settled(5);
    for (const repository of repositories) world.github.unstar(repository);

    const summary = await reconcile(true);

    expect(summary).toMatchObject({ absent: 5, conclusion: 'refuse' });
    expect(signalled()).toEqual([]);
    expect(await lastReading()).toMatchObject({
      conclusion_why: expect.stringContaining('it had 5 repositories before'),
    });
  });

  it('holds more absences than the budget back for a person, in one item', async () => {
    const repositories = await settled(20);
    for (const repository of repositories.slice(0, 11)) world.github.unstar(repository);

    const summary = await reconcile(true);

    expect(summary).toMatchObject({ absent: 11, conclusion: 'hold' });
    expect(signalled()).toEqual([]);
    expect(await store.readings.held(store.account.accountId)).toMatchObject([{ absent: 11 }]);
  });

  it('held back are not asked about by another way either, until a person lets them be', async () => {
    const repositories = await settled(20);
    for (const repository of repositories.slice(0, 11)) world.github.unstar(repository);
    await reconcile(true);
    const { verifyUnstar } = world.activities();
    const ids = { mirrorId: mirrorIdOf(repositories[0]?.id ?? ''), correlationId: 'drift-check' };

    const before = await world.run(verifyUnstar, ids);
    const [held] = await store.readings.held(store.account.accountId);
    await store.readings.absentOnes(held?.readingId ?? '');
    const after = await world.run(verifyUnstar, ids);

    expect(before).toEqual({ verdict: 'unproven', reason: expect.stringContaining('wait for a person') as string });
    expect(after).toMatchObject({ verdict: 'unstarred' });
  });

  it('does not count as missing what a later reading saw, even one that broke off', async () => {
    const repositories = await settled(20);
    for (const repository of repositories.slice(0, 11)) world.github.unstar(repository);
    await reconcile(true);
    world.github.switches.graphql.extraTotal = 1;
    await reconcile(true);

    const [held] = await store.readings.held(store.account.accountId);
    const absent = await store.readings.absentOnes(held?.readingId ?? '');

    expect(absent).toHaveLength(11);
  });

  it('refuses the token of another account', async () => {
    await settled(3);
    await store.db.query(`update accounts set external_id = '999', account_id = 'github-999'`).catch(() => undefined);
    const account = async () => ({ externalId: '31337', login: 'somebody-else' });

    const failing = reconcile(true, { source: { ...world.source(), account } });

    await expect(failing).rejects.toMatchObject({ cause: { cause: { type: 'AccountMismatch' } } });
    expect(signalled()).toEqual([]);
  });
});

describe('filters', () => {
  const rules = (filters: Record<string, string>): { rules: Partial<ActivityPorts['rules']> } => ({
    rules: { filters: parseFilters(filters) },
  });

  it('leave a star out with a reason, and reach nobody about it', async () => {
    world.star('ada/kept');
    world.star('grace/left-out');

    await reconcile(true, rules({ EXCLUDE: 'grace/*' }));

    expect(signalled()).toEqual(['starred ada/kept']);
    expect((await store.overview.totals()).byStatus).toEqual({ pending: 1, excluded: 1 });
  });

  it('that change take a mirror out and bring it back, and never delete it', async () => {
    await settled(2);

    await reconcile(true, rules({ EXCLUDE: 'ada/r0' }));
    const without = (await store.overview.totals()).byStatus;
    await reconcile(true);

    expect(without).toEqual({ completed: 1, excluded: 1 });
    expect(signalled()).toEqual(['starred ada/r0']);
  });
});
