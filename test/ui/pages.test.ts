import { beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { furnish, PATIENCE_MS, withUi } from './world.ts';

const world = withUi();

beforeEach(() => furnish(world));

describe('every page', () => {
  it('is served under a policy without inline anything, with a nonce of its own, and hashed files for good', async () => {
    const [first, second] = await Promise.all([fetch(world.url), fetch(`${world.url}/repositories`)]);
    const html = await first.text();
    const policies = [first, second].map(({ headers }) => headers.get('content-security-policy') ?? '');
    const nonces = policies.map((policy) => /style-src 'self' 'nonce-([\w-]{22})'/.exec(policy)?.[1]);

    expect(html).toContain(`nonce="${nonces[0]}"`);
    expect(nonces[0]).not.toBe(nonces[1]);
    expect(policies.join()).not.toContain('unsafe');
    expect(first.headers.get('cache-control')).toBe('no-store');
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? '';
    const asset = await fetch(`${world.url}${script}`);
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-encoding')).toBe('gzip');
    expect((await fetch(`${world.url}/assets/none.js`)).status).toBe(404);
    expect((await fetch(`${world.url}/api/v2`)).status).toBe(404);
  });
});

describe('the home page', () => {
  it('says in a sentence how everything is, and leads from what fails to why', async () => {
    const page = await world.page();

    await expect
      .poll(() => page.getByTestId('state').textContent(), { timeout: PATIENCE_MS })
      .toBe('5 of 8 safe · 2 failing · 1 waiting for your decision');
    await page.getByRole('link', { name: 'ada/engine' }).click();
    await page.getByText('It needs "create child projects"').first().waitFor();
    await page.getByText('What it said').first().click();
    await page.getByText('OneDev: 403 Forbidden').first().waitFor();
  });

  it('follows what happens without a reload', async () => {
    const page = await world.page();
    await page.getByText('5 of 8 safe').waitFor();

    await world.store.db.query(
      `update mirrors set status = 'completed', last_error_kind = null where mirror_id in ('github-4', 'github-5')`,
    );

    await page.getByText('7 of 8 safe').waitFor();
    await page.getByRole('link', { name: 'ada/engine' }).waitFor({ state: 'detached' });
  });

  it('leads to the first run where nothing is known of anybody', async () => {
    await world.store.db.query('truncate accounts cascade');

    const page = await world.page();

    await page.getByText('Welcome to Starkeep').waitFor();
    await page.getByText('Whose stars are kept?').waitFor();
  });
});

describe('an api that is away', () => {
  it('has a banner, keeps what was there, and is found again by itself', async () => {
    const page = await world.page();
    await page.getByText('5 of 8 safe').waitFor();

    await world.stopApi();
    await page.getByText('Starkeep does not answer').waitFor();
    expect(await page.getByTestId('state').isVisible()).toBe(true);

    await world.startApi();
    await page.getByTestId('unreachable').waitFor({ state: 'detached' });
  });
});

describe('the keyboard', () => {
  it('goes to pages, finds repositories, and says what it does', async () => {
    const page = await world.page();
    await page.getByText('5 of 8 safe').waitFor();

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page
      .getByRole('textbox', { name: 'Find a repository' })
      .or(page.getByLabel('Find a repository').last())
      .last()
      .fill('linux');
    await page.getByText('About torvalds/linux').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'torvalds/linux' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.getByRole('heading', { name: 'Repositories' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('sqlite');
    await expect.poll(() => new URL(page.url()).searchParams.get('search'), { timeout: PATIENCE_MS }).toBe('sqlite');
    await page.getByText('1 in all').waitFor();
  });
});

describe('fifty thousand repositories', () => {
  it('are fetched as one scrolls, and few of them are drawn', async () => {
    const { accountId } = world.store.account;
    await world.store.db.query(
      `insert into mirrors (mirror_id, account_id, repo_id, full_name, clone_url, status)
       select 'github-' || n, $1, n::text, 'many/repo-' || lpad(n::text, 6, '0'), 'https://github.test/many.git', 'completed'
         from generate_series(1000, 50999) n`,
      [accountId],
    );
    await world.store.db.query('analyze mirrors');

    const page = await world.page({ path: '/repositories' });
    await page.getByText('of 50,008').waitFor();
    const table = page.getByRole('region', { name: 'Repositories' });
    await eventually(async () => {
      await table.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      const said = await page.getByText('of 50,008').textContent();
      return Number(/^(\d+) of/.exec(said ?? '')?.[1]) >= 300;
    }, PATIENCE_MS);

    expect(await page.locator('tbody tr').count()).toBeLessThan(60);
  });
});
