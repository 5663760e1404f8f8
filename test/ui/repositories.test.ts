import { beforeEach, describe, expect, it } from 'vitest';
import { repository } from '../adapters/postgres/test-store.ts';
import { furnish, PATIENCE_MS, withUi } from './world.ts';

/** The list of repositories: what is chosen in it, and what is done to that. */

const world = withUi();

beforeEach(() => furnish(world));

const decided = () => world.control.decisions.map(([{ fullName }, decision]) => `${decision} ${fullName}`);

const query = (text: string, values: unknown[] = []) => world.store.db.query(text, values);

/** More than the list loads at once. */
async function addMany(count: number): Promise<void> {
  await query(
    `insert into mirrors (mirror_id, account_id, repo_id, full_name, clone_url, status, starred)
     select 'github-' || n, $1, n::text, 'many/repo-' || lpad(n::text, 6, '0'), 'https://github.test/many.git', 'completed', true
       from generate_series(1000, 999 + $2::int) n`,
    [world.store.account.accountId, count],
  );
}

describe('repositories chosen by hand', () => {
  it('are paused together, and what cannot be is said', async () => {
    const page = await world.page({ path: '/repositories' });

    for (const name of ['torvalds/linux', 'sqlite/sqlite', 'quiet/paused'])
      await page.getByRole('checkbox', { name: `Choose ${name}` }).check();
    await page.getByRole('toolbar').getByRole('button', { name: 'Pause' }).click();
    await page.getByText('2 repositories paused.').waitFor();
    await page.getByText('Left unchanged: 1 repository').waitFor();
    await page.getByText('quiet/paused: quiet/paused is paused already.').waitFor();

    // They are asked for at the same time.
    expect(decided().sort()).toEqual(['pause sqlite/sqlite', 'pause torvalds/linux']);
    await page.getByRole('toolbar').waitFor({ state: 'detached' });
  });

  it('are kept for ever together', async () => {
    const page = await world.page({ path: '/repositories' });

    for (const name of ['torvalds/linux', 'old/unstarred'])
      await page.getByRole('checkbox', { name: `Choose ${name}` }).check();
    await page.getByRole('toolbar').getByRole('button', { name: 'Keep for ever' }).click();
    await page.getByText('2 repositories kept for ever.').waitFor();

    const kept = await query('select full_name from mirrors where pinned order by full_name');
    expect(kept).toEqual([{ full_name: 'old/unstarred' }, { full_name: 'torvalds/linux' }]);
    expect(decided()).toEqual(['cancelDeletion old/unstarred']);
  });
});

describe('all that fit, loaded or not', () => {
  it('are kept after a question that names how many', async () => {
    await addMany(120);
    const page = await world.page({ path: '/repositories?owner=many' });

    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).check();
    await page.getByText('100 repositories chosen').waitFor();
    await page.getByRole('checkbox', { name: 'Choose many/repo-001001' }).uncheck();
    await page.getByRole('button', { name: 'Choose all 120 that fit' }).click();
    await page.getByText('All 120 repositories that fit are chosen').waitFor();
    await page.getByRole('toolbar').getByRole('button', { name: 'Keep for ever' }).click();
    await page.getByRole('dialog').getByText('everything that fits').waitFor();
    expect(await query('select 1 from mirrors where pinned')).toEqual([]);
    await page.getByRole('button', { name: 'Keep for ever: all 120' }).click();
    await page.getByText('120 repositories kept for ever.').waitFor();

    const [kept] = await query(
      `select count(*)::int as many, count(*) filter (where full_name not like 'many/%')::int as others from mirrors where pinned`,
    );
    expect(kept).toEqual({ many: 120, others: 0 });
  });

  it('are left alone from where one says stop', async () => {
    await addMany(300);
    const page = await world.page({ path: '/repositories?owner=many' });
    // After five of them each takes until somebody has said stop.
    let isStopped: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => (isStopped = resolve));
    await page.route(/github-1(?!00[0-4])\d+\/keep$/, async (route) => {
      await stopped;
      await route.continue();
    });

    await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).check();
    await page.getByRole('button', { name: 'Choose all 300 that fit' }).click();
    await page.getByRole('toolbar').getByRole('button', { name: 'Keep for ever' }).click();
    await page.getByRole('button', { name: 'Keep for ever: all 300' }).click();
    await page.getByText('Keeping 300 repositories: 5 done').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    isStopped();
    await page.getByText('9 repositories kept for ever.').waitFor();

    expect(await query('select count(*)::int as many from mirrors where pinned')).toEqual([{ many: 9 }]);
  });

  it('are synced by one batch where it is everything, and by one for each thousand where it is not', async () => {
    await addMany(1_100);
    const page = await world.page({ path: '/repositories' });
    const sync = async (count: string) => {
      await page.getByRole('checkbox', { name: 'Choose all that are loaded' }).check();
      await page.getByRole('button', { name: `Choose all ${count} that fit` }).click();
      await page.getByRole('toolbar').getByRole('button', { name: 'Sync' }).click();
      await page.getByRole('button', { name: `Sync: all ${count}` }).click();
    };

    await sync('1,108');
    await page.getByRole('heading', { name: 'All repositories' }).waitFor();
    await page.goto('/repositories?owner=many');
    await sync('1,100');
    await page.getByText('2 batches sync 1,100 repositories.').waitFor();

    const batches = await query(
      `select selection ->> 'kind' as kind, jsonb_array_length(coalesce(selection -> 'mirrorIds', '[]')) as named from batches order by batch_id`,
    );
    expect(batches).toEqual([
      { kind: 'all', named: 0 },
      { kind: 'mirrors', named: 1_000 },
      { kind: 'mirrors', named: 100 },
    ]);
  });
});

describe('the head of the list', () => {
  it('sorts and filters, and the address keeps it over a reload', async () => {
    const page = await world.page({ path: '/repositories' });
    const names = page.locator('tbody tr a');

    await page.getByRole('button', { name: 'Stars' }).click();
    await expect.poll(() => names.first().textContent(), { timeout: PATIENCE_MS }).toBe('quiet/paused');
    await page.getByLabel('Language').first().click();
    await page.getByRole('option', { name: 'C (2)' }).click();
    await page.getByText('2 repositories fit').waitFor();
    await page.reload();
    await page.getByText('2 repositories fit').waitFor();

    expect(await names.allTextContents()).toEqual(['sqlite/sqlite', 'torvalds/linux']);
    await page.getByRole('button', { name: 'Take all filters away' }).click();
    await page.getByText('8 in all').waitFor();
  });

  it('adds a repository that is not starred, by its address', async () => {
    world.upstream.set('ada/loom', { found: 'yes', repository: repository('77', { fullName: 'ada/loom' }) });
    const page = await world.page({ path: '/repositories' });

    await page.getByRole('button', { name: 'Add one' }).click();
    await page.getByRole('textbox', { name: 'Repository' }).fill('https://github.com/ada/loom.git');
    await page.getByRole('button', { name: 'Mirror it' }).click();
    await page.getByText('ada/loom is mirrored now').waitFor();

    expect(world.control.events).toMatchObject([{ kind: 'requested', fullName: 'ada/loom', trigger: 'manual' }]);
  });
});
