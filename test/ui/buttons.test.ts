import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { furnish, withUi } from './world.ts';

const world = withUi();

beforeEach(() => furnish(world));

/** What the mirrors were told, in order. */
function told(): unknown[] {
  return world.control.decisions.map(([{ repoId }, decision]) => `${decision} ${repoId}`);
}

describe('logging in', () => {
  it('takes a key, lands where one wanted to go, and ends when one logs out', async () => {
    const page = await world.page({ as: null, path: '/deletions' });
    await page.getByText('starkeep keys create').waitFor();

    await page.getByLabel('API key').fill('not a key');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('That key is not valid').waitFor();
    await page.getByLabel('API key').fill(world.keys.admin);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('link', { name: 'old/unstarred' }).waitFor();
    await page.getByRole('button', { name: 'Logged in as admin key' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();

    await page.getByLabel('API key').waitFor();
    expect(await world.store.db.query('select * from sessions')).toEqual([]);
  });

  it('with a key that may only look shows no button that changes something', async () => {
    const page = await world.page({ as: 'read', path: '/repositories/github-4' });
    await page.getByText('The OneDev token may not do this').first().waitFor();

    for (const name of [/Retry/, /Pause/, /Keep for ever/, /Delete now/])
      expect(await page.getByRole('button', { name }).count()).toBe(0);
    await page.goto('/audit');
    await page.getByText('Your key may not see this').waitFor();
  });
});

describe('a button of a repository', () => {
  it('retries what failed, from the home page', async () => {
    const page = await world.page();

    await page.getByRole('button', { name: 'Retry now: ada/engine' }).click();
    await page.getByText('ada/engine is compared with GitHub now.').waitFor();

    expect(told()).toEqual(['syncNow 4']);
    expect((await world.store.audit.read({ limit: 1 }))[0]).toMatchObject({
      action: 'mirror.sync',
      actor: 'admin key',
    });
  });

  it('is sent once more under the same key when the way there breaks, and done once', async () => {
    const page = await world.page({ path: '/repositories/github-1' });
    const keys: (string | undefined)[] = [];
    await page.route('**/mirrors/github-1/pause', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      // The api has done it, and its answer is lost.
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('torvalds/linux is paused').waitFor();

    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), keys[0]]);
    expect(told()).toEqual(['pause 1']);
  });

  it('follows upstream where it rewrote branches', async () => {
    const page = await world.page();

    await page.getByRole('button', { name: 'Follow, keep the old tips: linus/rewritten' }).click();
    await page.getByText('linus/rewritten follows GitHub').waitFor();

    expect(world.control.decisions[0]?.[2]).toMatchObject({ acceptRewrites: true });
  });

  it('calls a planned deletion off, or approves it once its name is typed', async () => {
    const page = await world.page({ path: '/deletions' });

    await page.getByRole('button', { name: 'Delete now: old/unstarred' }).click();
    const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete now' });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel('Type old/unstarred to confirm').fill('old/unstarred');
    await confirm.click();
    await page.getByText('old/unstarred is deleted now').waitFor();
    await page.getByRole('button', { name: 'Undo, keep it: old/unstarred' }).click();
    await page.getByText('old/unstarred is kept.').waitFor();

    expect(told()).toEqual(['approveDeletion 7', 'cancelDeletion 7']);
  });

  it('pauses and resumes', async () => {
    const page = await world.page({ path: '/repositories/github-1' });

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('torvalds/linux is paused').waitFor();
    await page.goto('/repositories/github-8');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('quiet/paused goes on.').waitFor();

    expect(told()).toEqual(['pause 1', 'resume 8']);
  });
});

describe('the list of repositories', () => {
  it('filters and sorts by the address, and syncs what was chosen as a batch', async () => {
    const page = await world.page({ path: '/repositories?status=%5B%22completed%22%5D&sort=-stars' });
    await page.getByText('3 repositories fit').waitFor();
    const names = page.locator('tbody tr a');
    expect(await names.allTextContents()).toEqual(['sqlite/sqlite', 'denoland/deno', 'torvalds/linux']);

    await page.getByRole('checkbox', { name: 'Choose denoland/deno' }).check();
    await page.getByRole('checkbox', { name: 'Choose torvalds/linux' }).check();
    await page.getByText('2 repositories chosen').waitFor();
    await page.getByRole('toolbar').getByRole('button', { name: 'Sync' }).click();
    await page.getByRole('heading', { name: '2 chosen repositories' }).waitFor();

    const [batch] = await world.store.batches.list({ limit: 1 });
    expect(batch).toMatchObject({ requestedBy: 'admin key', selection: { mirrorIds: ['github-1', 'github-2'] } });
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The batch ends').waitFor();
  });

  it('is had as CSV', async () => {
    const page = await world.page({ path: '/repositories?search=linux' });
    const coming = page.waitForEvent('download');

    await page.getByRole('button', { name: 'Export CSV' }).click();

    const text = await readFile(await (await coming).path(), 'utf8');
    expect(text.trim().split(/\r?\n/)).toHaveLength(2);
    expect(text).toContain('torvalds/linux');
  });
});

describe('the settings', () => {
  it('show no secret, test a connection, and make a key that is shown once and can be revoked', async () => {
    const page = await world.page({ path: '/settings' });
    await page.getByRole('button', { name: 'Test GitHub' }).click();
    await page.getByRole('alert').first().waitFor();
    await page.goto('/settings?tab=keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('Name').fill('phone');
    await page.getByRole('button', { name: 'Make it' }).click();
    const text = await page.getByTestId('new-key').textContent();
    expect(await world.store.keys.identify(text ?? '')).toMatchObject({ name: 'phone', scope: 'read' });

    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Revoke phone' }).click();
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await page.getByText('lets nobody in any more').waitFor();

    expect(await world.store.keys.identify(text ?? '')).toBeNull();
  });
});

describe('the rest', () => {
  it('replays a delivery', async () => {
    await world.store.db.query(
      `insert into deliveries (guid, body_sha256, event, action, repo_id, full_name, correlation_id, payload, outcome, dispatched_at, workflow_id)
       values ('guid-1', 'digest', 'push', null, '1', 'torvalds/linux', 'guid-1', $1, 'accepted', now(), 'mirror-github-1')`,
      [{ kind: 'changed', repoId: '1', fullName: 'torvalds/linux', trigger: 'webhook', correlationId: 'guid-1' }],
    );
    const page = await world.page({ path: '/deliveries' });

    await page.getByRole('button', { name: 'push' }).click();
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('It was passed on once more.').waitFor();

    expect(world.control.events).toMatchObject([{ repoId: '1', kind: 'changed' }]);
  });

  it('reads the stars, checks the seals of the audit log, and previews filters as one types', async () => {
    const page = await world.page();
    await page.getByRole('button', { name: 'Read now' }).click();
    await page.getByText('Your stars are read now.').waitFor();
    expect(world.readings).toEqual([{ full: true }]);

    await page.goto('/audit');
    await page.getByRole('button', { name: 'Check the seals' }).click();
    await page.getByText('The log is intact').waitFor();
    await page.goto('/settings?tab=filters');
    await page.getByLabel('Languages').fill('C');
    await page.getByText('Keeps 2 of').waitFor();
    // Nothing can be entered in this api: it has no key to seal with.
    await page.getByText('STARKEEP_FILTER_LANGUAGES=C').waitFor();
  });
});
