import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Condition } from '../../src/domain/alerts.ts';
import { furnish, PATIENCE_MS, withUi } from './world.ts';

/** Deletions, held readings, batches, deliveries, alerts and the audit log: what is listed, and what a person does about it. */

const world = withUi();

beforeEach(() => furnish(world));

const query = (text: string, values: unknown[] = []) => world.store.db.query(text, values);

/** A reading of the star list that lacks so much that it waits for a person. */
async function addHeldReading(): Promise<string> {
  const { readingId } = await world.store.readings.begin(world.store.account.accountId, 'reading-1', 'sweep');
  await world.store.readings.end(readingId, {
    tally: { pages: 1, seen: 0, total: 0, flaws: [] },
    signalled: 0,
    absent: 7,
    incompleteWhy: null,
    conclusion: { kind: 'hold', reason: '7 of 7 stars are missing at once, and 1 may be' },
  });
  return readingId;
}

describe('a reading that lacks too many stars', () => {
  it('waits on the home page with what it means and which stars, and GitHub is asked about them when a person says so', async () => {
    const readingId = await addHeldReading();
    const page = await world.page();

    const waiting = page.getByRole('region', { name: 'Waiting for your decision' });
    await waiting.getByText('7 stars gone at once').waitFor();
    await waiting.getByText('Nothing is deleted for that.').waitFor();
    await waiting.getByText('ada/engine').waitFor();
    await waiting.getByRole('button', { name: 'Ask GitHub about them' }).click();
    await page.getByText('GitHub is asked about 7 repositories.').waitFor();
    await waiting.getByText('7 stars gone at once').waitFor({ state: 'detached' });

    const asked = world.control.events.map(({ kind, fullName }) => `${kind} ${fullName}`);
    expect(asked).toHaveLength(7);
    expect(asked).toContain('unstarred ada/engine');
    expect((await world.store.audit.read({ limit: 1 }))[0]).toMatchObject({
      action: 'deletions.ask',
      subject: readingId,
      actor: 'admin key',
    });
  });

  it('stands above the deletions, and only an admin decides', async () => {
    await addHeldReading();
    const page = await world.page({ as: 'operate', path: '/deletions' });

    await page.getByText('7 stars gone at once').waitFor();
    await page.getByText('It takes an admin key to decide.').waitFor();

    expect(await page.getByRole('button', { name: 'Ask GitHub about them' }).count()).toBe(0);
  });
});

describe('deletions', () => {
  type End =
    | { kind: 'deletion_waiting'; reason: string }
    | { kind: 'deletion_ended'; state: 'refused'; by: string; reason: string; keep: boolean };

  /** What became of the one that is open, as its workflow writes it down. */
  const record = async (end: End) => {
    const [open] = await query(`select deletion_id from deletions where mirror_id = 'github-7'`);
    const about = { mirrorId: 'github-7', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
    await world.store.record.write(world.store.account.accountId, {
      ...end,
      ...about,
      deletionId: String(open?.['deletion_id']),
    });
  };

  it('that were decided are listed with how they ended and why', async () => {
    await record({
      kind: 'deletion_ended',
      state: 'refused',
      by: 'starkeep',
      reason: 'The project does not carry our mark',
      keep: false,
    });
    const page = await world.page({ path: '/deletions' });

    await page.getByText('Nothing is about to be deleted').waitFor();
    await page.getByText('Decided').click();

    const decided = page.getByRole('article').filter({ hasText: 'old/unstarred' });
    await decided.getByText('Refused').waitFor();
    await decided.getByText('The project does not carry our mark').waitFor();
    expect(new URL(page.url()).search).toBe('?state=done');
  });

  it('that wait for a person are on the home page, and can be approved there', async () => {
    await record({ kind: 'deletion_waiting', reason: 'Over the budget of 10 a day' });
    const page = await world.page();

    await page.getByText('Over the budget of 10 a day').waitFor();
    await page.getByRole('button', { name: 'Delete now: old/unstarred' }).click();
    await page.getByLabel('Type old/unstarred to confirm').fill('old/unstarred');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete now' }).click();
    await page.getByText('old/unstarred is deleted now').waitFor();

    expect(world.control.decisions.map(([, decision]) => decision)).toEqual(['approveDeletion']);
  });
});

describe('a batch', () => {
  it('is begun, goes on through a reload, shows how far it is, and is cancelled', async () => {
    const page = await world.page({ path: '/batches' });

    await page.getByRole('button', { name: 'Sync everything' }).click();
    await page.getByRole('heading', { name: 'All repositories' }).waitFor();
    await page.getByText('The repositories are being counted').first().waitFor();
    const batchId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await world.store.batches.plan(batchId, null);
    await query(
      `update batch_items set state = 'failed', note = 'GitHub did not answer', ended_at = now() where batch_id = $1 and mirror_id = 'github-1'`,
      [batchId],
    );
    await page.getByText('1 of 8 repositories').waitFor();
    await page.reload();
    await page.getByText('1 of 8 repositories').waitFor();
    await page.getByRole('row', { name: 'torvalds/linux Failed GitHub did not answer' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The batch ends').waitFor();

    expect(await query('select batch_id::text, state, cancelled_by from batches')).toEqual([
      { batch_id: batchId, state: 'running', cancelled_by: 'admin key' },
    ]);
    // As its workflow does a moment later.
    await world.store.batches.end(batchId, 'cancelled', null);
    await page.getByText('Cancelled by admin key.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
  });

  it('of what failed is begun where something fails', async () => {
    const page = await world.page({ path: '/batches' });

    await page.getByRole('button', { name: 'Sync what failed' }).click();
    await page.getByRole('heading', { name: 'Everything that failed' }).waitFor();

    expect(await query(`select selection from batches`)).toEqual([{ selection: { kind: 'failed' } }]);
  });
});

describe('deliveries', () => {
  const deliver = (guid: string, event: string, ignored: string | null) =>
    query(
      `insert into deliveries (guid, body_sha256, event, repo_id, full_name, correlation_id, payload, outcome, ignored_reason, dispatched_at, workflow_id)
       values ($1, 'digest', $2, '1', 'torvalds/linux', $1, $3, $4, $5, $6, 'mirror-github-1')`,
      [
        guid,
        event,
        ignored === null
          ? { kind: 'changed', repoId: '1', fullName: 'torvalds/linux', trigger: 'webhook', correlationId: guid }
          : null,
        ignored === null ? 'accepted' : 'ignored',
        ignored,
        ignored === null ? new Date() : null,
      ],
    );

  it('are filtered, open to what became of them, and one that was ignored cannot be replayed', async () => {
    await deliver('guid-push', 'push', null);
    await deliver('guid-star', 'star', 'somebody else starred it');
    const page = await world.page({ path: '/deliveries' });
    await page.getByText('2 in all').waitFor();

    await page.getByLabel('What became of it').first().click();
    await page.getByRole('option', { name: 'Ignored' }).click();
    await page.getByText('1 in all').waitFor();
    await page.getByRole('button', { name: 'star' }).click();
    await page.getByText('somebody else starred it').waitFor();
    expect(await page.getByRole('button', { name: 'Replay' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.goto('/deliveries?guid=guid-push');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('It was passed on once more.').waitFor();

    expect(world.control.events).toMatchObject([{ repoId: '1', kind: 'changed', correlationId: 'guid-push' }]);
    expect((await world.store.audit.read({ limit: 1 }))[0]).toMatchObject({
      action: 'delivery.replay',
      subject: 'guid-push',
    });
  });
});

describe('alerts', () => {
  const raise = (changes: Partial<Condition>) =>
    world.store.alerts.raise(world.store.account.accountId, {
      kind: 'mirror_failed',
      subject: 'github-4',
      fullName: 'ada/engine',
      summary: 'ada/engine is not mirrored',
      advice: 'Give the OneDev token the right to create projects.',
      command: 'starkeep show ada/engine',
      ...changes,
    });

  it('say what happened and what to do, lead there, and appear and go by themselves', async () => {
    await raise({});
    const page = await world.page({ path: '/alerts' });

    await page.getByText('Give the OneDev token the right').waitFor();
    await raise({ kind: 'token_expiring', subject: '', fullName: null, summary: 'The token ends in 3 days' });
    await page.getByText('The token ends in 3 days').waitFor();
    await world.store.alerts.clear(world.store.account.accountId, {
      kind: 'token_expiring',
      subject: '',
      because: 'there is a new token',
    });
    await page.getByText('The token ends in 3 days').waitFor({ state: 'detached' });
    await page.getByText('Also over').click();
    await page.getByText('(there is a new token)').waitFor();
    await page.getByRole('link', { name: 'ada/engine' }).click();

    await page.getByRole('heading', { name: 'ada/engine' }).waitFor();
  });
});

describe('the audit log', () => {
  it('is searched by the address, opens to its entry, and is had as a file', async () => {
    const page = await world.page({ path: '/repositories/github-1' });
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('torvalds/linux is paused').waitFor();
    await page.goto('/audit');

    await page.getByRole('textbox', { name: 'What' }).fill('mirror.*');
    await page.getByRole('textbox', { name: 'About' }).fill('github-1');
    await expect
      .poll(() => new URL(page.url()).search, { timeout: PATIENCE_MS })
      .toBe('?action=mirror.*&subject=github-1');
    await page.getByRole('cell', { name: 'torvalds/linux' }).first().click();
    await page.getByRole('dialog').getByText('mirror.pause').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();

    const lines = (await readFile(await (await coming).path(), 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { action: string }).action)).toContain('mirror.pause');
  });
});

describe('light and dark', () => {
  it('are a press away, and kept', async () => {
    const page = await world.page();
    const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');

    await page.getByRole('button', { name: 'Dark colours' }).click();
    await expect.poll(scheme, { timeout: PATIENCE_MS }).toBe('dark');
    await page.reload();
    await page.getByRole('button', { name: 'Light colours' }).waitFor();

    expect(await scheme()).toBe('dark');
    await page.getByRole('button', { name: 'Light colours' }).click();
    await expect.poll(scheme, { timeout: PATIENCE_MS }).toBe('light');
  });
});
