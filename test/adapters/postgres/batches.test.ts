import { describe, expect, it } from 'vitest';
import { filterSelection, type BatchSelection } from '../../../src/domain/batches.ts';
import {
  mirrorIdOf,
  type MirrorId,
  type MirrorStatus,
  type SourceRepository,
  type SyncReport,
} from '../../../src/domain/model.ts';
import type { RecordEntry } from '../../../src/domain/record.ts';
import { report, repository, withStore } from './test-store.ts';

const store = withStore();

const WEEK_MS = 7 * 86_400_000;

async function mirrors(count: number, changes: (n: number) => Partial<SourceRepository> = () => ({})): Promise<void> {
  const page = Array.from({ length: count }, (_, n) => repository(String(n + 1), changes(n + 1)));
  await store.mirrors.saveStarPage(store.account.accountId, page);
}

const become = (repoId: string, status: MirrorStatus) =>
  store.db.query('update mirrors set status = $2 where mirror_id = $1', [mirrorIdOf(repoId), status]);

async function begin(selection: BatchSelection = { kind: 'all' }, driftEveryMs = WEEK_MS): Promise<string> {
  const request = { selection, by: 'ann', correlationId: 'batch-test' };
  const { batch } = await store.batches.create(store.account.accountId, request);
  await store.batches.plan(batch.batchId, driftEveryMs);
  return batch.batchId;
}

const progress = async (batchId: string) => store.batches.get(batchId);

/** Takes what fits, and tells it. */
async function step(batchId: string, window = 20): Promise<string[]> {
  const repoIds = (await store.batches.take(batchId, window)).map(({ repoId }) => repoId);
  await store.batches.markAsked(batchId, repoIds);
  return repoIds;
}

let runs = 0;
function ids(repoId: string, batches: string[]) {
  const common = { mirrorId: mirrorIdOf(repoId), correlationId: 'c', workflowId: 'w', runId: `run-${(runs += 1)}` };
  return { ...common, batches, repoId, fullName: `ada/repo-${repoId}`, trigger: 'batch', attempt: 1 } as const;
}

const write = (entry: RecordEntry) => store.record.write(store.account.accountId, entry);

const STARTED = '2026-03-04T05:06:07.000Z';

const synced = (repoId: string, batches: string[], changes: Partial<SyncReport> = {}) =>
  write({ kind: 'synced', report: report(changes), ...ids(repoId, batches), startedAt: STARTED });

const failed = (repoId: string, batches: string[], kind = 'TargetError') =>
  write({
    kind: 'failed',
    failure: { kind, message: 'it did not' },
    retryCount: 1,
    nextAttemptAt: STARTED,
    ...ids(repoId, batches),
    startedAt: STARTED,
  });

describe('which mirrors a batch goes over', () => {
  const named = async (batchId: string) => {
    const rows = await store.db.query('select mirror_id from batch_items where batch_id = $1 order by item_id', [
      batchId,
    ]);
    return rows.map((row) => String(row['mirror_id']).replace('github-', ''));
  };

  it('are all but the deleted ones, the small ones first', async () => {
    await mirrors(4, (n) => ({ sizeKb: 100 - n }));
    await become('2', 'deleted');

    expect(await named(await begin())).toEqual(['4', '3', '1']);
  });

  it('are the failed ones, those that were given up among them', async () => {
    await mirrors(4);
    await become('1', 'failed');
    await become('2', 'permanent_failure');
    await become('3', 'completed');

    expect(await named(await begin({ kind: 'failed' }))).toEqual(['1', '2']);
  });

  it('are those a filter would keep', async () => {
    await mirrors(4, (n) => ({ language: n % 2 ? 'Go' : 'Rust', stars: n }));

    const selection = filterSelection({ LANGUAGES: 'Go', MIN_STARS: '2' });

    expect(await named(await begin(selection))).toEqual(['3']);
  });

  it('are those that are named, as far as they exist', async () => {
    await mirrors(3);

    expect(await named(await begin({ kind: 'mirrors', mirrorIds: ['github-3', 'github-1', 'github-9'] }))).toEqual([
      '1',
      '3',
    ]);
  });

  it('are for a drift check the longest uncompared, and no more of them than keeps the load even', async () => {
    await mirrors(84);
    await store.db.query(`update mirrors set project_id = repo_id, project_path = full_name, status = 'completed',
      last_compared_at = now() - make_interval(days => 8 + repo_id::int)`);

    const batchId = await begin({ kind: 'drift' });

    // Twice the 84th part that is an even share of a week's 168 hours.
    expect(await named(batchId)).toEqual(['84']);
    expect(await store.batches.driftDue(store.account.accountId, WEEK_MS)).toBe(1);
  });

  it('are for a drift check neither those compared lately nor those without a project', async () => {
    await mirrors(3);
    await store.db.query(`update mirrors set project_id = repo_id, project_path = full_name, status = 'completed',
      last_compared_at = now() - interval '1 hour' where repo_id in ('1', '2')`);
    await store.db.query(`update mirrors set last_compared_at = now() - interval '8 days' where repo_id = '2'`);

    expect(await named(await begin({ kind: 'drift' }))).toEqual(['2']);
  });

  it('are for a drift check the next ones, where the oldest was tried and could not be compared', async () => {
    await mirrors(84);
    await store.db.query(`update mirrors set project_id = repo_id, project_path = full_name, status = 'completed',
      last_compared_at = now() - make_interval(days => 8 + repo_id::int)`);
    const first = await begin({ kind: 'drift' });
    await step(first);
    await failed('84', [first]);
    await store.batches.end(first, 'completed', null);

    expect(await named(await begin({ kind: 'drift' }))).toEqual(['83']);
  });
});

describe('a batch', () => {
  it('is joined by a second request for the same, in whatever order it names its mirrors', async () => {
    const request = (mirrorIds: MirrorId[]) => ({
      selection: { kind: 'mirrors', mirrorIds } as const,
      by: 'ann',
      correlationId: 'c',
    });

    const first = await store.batches.create(store.account.accountId, request(['github-1', 'github-2']));
    const second = await store.batches.create(store.account.accountId, request(['github-2', 'github-1']));

    expect([first.joined, second.joined]).toEqual([false, true]);
    expect(second.batch.batchId).toBe(first.batch.batchId);
  });

  it('is opened once when many ask at the same moment', async () => {
    const request = { selection: { kind: 'all' } as const, by: 'ann', correlationId: 'c' };

    const opened = await Promise.all(
      Array.from({ length: 8 }, () => store.batches.create(store.account.accountId, request)),
    );

    expect(new Set(opened.map(({ batch }) => batch.batchId)).size).toBe(1);
    expect(opened.filter(({ joined }) => !joined)).toHaveLength(1);
  });

  it('may name so many mirrors that no index could hold them', async () => {
    const mirrorIds = Array.from({ length: 1_000 }, (_, n) => mirrorIdOf(String(1_000_000 + n)));

    const batchId = await begin({ kind: 'mirrors', mirrorIds });

    expect(await progress(batchId)).toMatchObject({ state: 'running', total: 0 });
  });

  it('is a new one once the last of the same selection has ended', async () => {
    const first = await begin();
    await store.batches.end(first, 'completed', null);

    expect(await begin()).not.toBe(first);
  });

  it('that ended three months ago is forgotten with its mirrors once another begins', async () => {
    await mirrors(1);
    const [old, late, running] = [await begin(), await begin({ kind: 'failed' }), await begin({ kind: 'drift' })];
    for (const batchId of [old, late]) await store.batches.end(batchId, 'completed', null);
    await store.db.query(
      `update batches set requested_at = now() - interval '91 days',
              finished_at = case when batch_id = $1 then now() - interval '91 days' else finished_at end`,
      [old],
    );

    const next = await begin();

    const left = (await store.batches.list({ limit: 10 })).map(({ batchId }) => batchId);
    expect(left).toEqual([next, running, late]);
    expect(await store.db.query('select from batch_items where batch_id = $1', [old])).toEqual([]);
  });

  it('takes no more mirrors than its window holds, and the next as soon as one has ended', async () => {
    await mirrors(5);
    const batchId = await begin();

    const first = await step(batchId, 2);
    const full = await step(batchId, 2);
    await synced('1', [batchId]);
    const next = await step(batchId, 2);

    expect([first, full, next]).toEqual([['1', '2'], [], ['3']]);
    expect(await progress(batchId)).toMatchObject({ total: 5, done: 1, changed: 1, underWay: 2, waiting: 2 });
  });

  it('tells a mirror again that it took and died before telling', async () => {
    await mirrors(1);
    const batchId = await begin();

    await store.batches.take(batchId, 20);

    expect(await step(batchId)).toEqual(['1']);
    expect(await step(batchId)).toEqual([]);
  });

  it('counts how each pass ended that it asked for, and no other', async () => {
    await mirrors(6);
    const batchId = await begin();
    await step(batchId);

    await synced('1', [batchId]);
    await synced('2', [batchId], { outcome: 'unchanged' });
    await failed('3', [batchId]);
    await write({ kind: 'status', status: 'frozen', note: 'gone', ...ids('4', [batchId]) });
    await synced('5', []);
    await failed('6', [batchId], 'SourceRateLimited');

    expect(await progress(batchId)).toMatchObject({
      total: 6,
      done: 4,
      changed: 1,
      unchanged: 1,
      failed: 1,
      skipped: 1,
      underWay: 2,
      secondsLeft: expect.any(Number) as number,
    });
    expect(await store.batches.problems(batchId, 10)).toMatchObject([
      { mirrorId: 'github-3', state: 'failed', note: 'TargetError: it did not' },
      { mirrorId: 'github-4', state: 'skipped', note: 'gone' },
    ]);
  });

  it('hears only the first end of a mirror: a later one belongs to others', async () => {
    await mirrors(1);
    const batchId = await begin();
    await step(batchId);

    await failed('1', [batchId]);
    await synced('1', [batchId]);

    expect(await progress(batchId)).toMatchObject({ failed: 1, changed: 0 });
  });

  it('shares a mirror with another batch, and both hear of its end', async () => {
    await mirrors(1);
    const one = await begin();
    const other = await begin({ kind: 'mirrors', mirrorIds: ['github-1'] });
    await step(one);
    await step(other);

    await synced('1', [one, other]);

    expect([await progress(one), await progress(other)]).toMatchObject([{ changed: 1 }, { changed: 1 }]);
  });

  it.each<[MirrorStatus, string]>([
    ['paused', 'paused'],
    ['excluded', 'left out by a filter'],
    ['pending_deletion', 'about to be deleted'],
    ['frozen', 'frozen: GitHub no longer shows it'],
  ])('skips a mirror that is %s, and says why', async (status, note) => {
    await mirrors(2);
    await become('1', status);
    const batchId = await begin();

    const told = await step(batchId);

    expect(told).toEqual(['2']);
    expect(await store.batches.problems(batchId, 10)).toMatchObject([{ state: 'skipped', note }]);
  });

  it('skips a mirror that is paused although its status says something else', async () => {
    await mirrors(1);
    await store.db.query(`update mirrors set paused = true, status = 'failed'`);
    const batchId = await begin();

    expect(await step(batchId)).toEqual([]);
    expect(await progress(batchId)).toMatchObject({ skipped: 1 });
  });

  it('tells a mirror again that has not answered for long, unless it is under way', async () => {
    await mirrors(2);
    const batchId = await begin();
    await step(batchId);
    await become('2', 'in_progress');
    await store.db.query(`update batch_items set asked_at = now() - interval '31 minutes'`);

    expect(await step(batchId)).toEqual(['1']);
  });

  it('gives up on a mirror after half a day', async () => {
    await mirrors(1);
    const batchId = await begin();
    await step(batchId);
    await store.db.query(`update batch_items set taken_at = now() - interval '13 hours'`);

    await step(batchId);

    expect(await progress(batchId)).toMatchObject({ failed: 1, underWay: 0 });
  });

  it('cancelled skips what waited, and still hears of what was under way', async () => {
    await mirrors(3);
    const batchId = await begin();
    await step(batchId, 1);
    await store.batches.noteCancel(batchId, 'ann');

    await store.batches.end(batchId, 'cancelled', null);
    await synced('1', [batchId]);

    expect(await progress(batchId)).toMatchObject({
      state: 'cancelled',
      note: 'Cancelled by ann.',
      changed: 1,
      skipped: 2,
      underWay: 0,
      secondsLeft: null,
    });
  });

  it('ends once: a later end changes nothing, and nothing is taken after it', async () => {
    await mirrors(1);
    const batchId = await begin();
    await store.batches.end(batchId, 'failed', 'no luck');

    expect(await store.batches.end(batchId, 'completed', null)).toBe(false);
    expect(await step(batchId)).toEqual([]);
    expect(await progress(batchId)).toMatchObject({ state: 'failed', note: 'no luck' });
  });

  it.each(['7', 'x', '', "'; drop table batches", '9'.repeat(40)])(
    'that nobody opened (%j) is none',
    async (batchId) => {
      expect(await store.batches.get(batchId)).toBeNull();
    },
  );

  it('is listed newest first, page by page', async () => {
    const ended = await begin();
    await store.batches.end(ended, 'completed', null);
    const running = await begin();

    const page = await store.batches.list({ limit: 1 });
    const next = await store.batches.list({ limit: 1, before: running });
    const of = await store.batches.list({ limit: 9, state: 'completed' });

    expect([page, next, of].map((batches) => batches.map(({ batchId }) => batchId))).toEqual([
      [running],
      [ended],
      [ended],
    ]);
  });
});

describe('a comparison of both sides', () => {
  const ofMirror = async () => {
    const [row] = await store.db.query('select last_compared_at, drift_note, status from mirrors');
    return row;
  };

  it('is dated, and its finding is shown until the next one', async () => {
    await mirrors(1);
    const drift = { refs: 7, names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `refs/heads/${name}`) };

    await synced('1', [], { outcome: 'unchanged', compared: true, drift });
    const found = await ofMirror();
    await synced('1', [], { outcome: 'unchanged' });
    const kept = await ofMirror();
    await synced('1', [], { outcome: 'unchanged', compared: true });

    expect(found).toMatchObject({ last_compared_at: expect.any(Date) as Date });
    expect(found?.['drift_note']).toMatch(
      /^OneDev differs in 7 refs: refs\/heads\/a, .*\/e and 2 more \(found on .*UTC\)\. `starkeep sync ada\/repo-1` repairs it\.$/,
    );
    expect(kept?.['drift_note']).toBe(found?.['drift_note']);
    expect((await ofMirror())?.['drift_note']).toBeNull();
  });

  it('that repaired something says so, and the sync keeps what', async () => {
    await mirrors(1);

    await synced('1', [], { compared: true, drift: { refs: 1, names: [] } });

    expect((await ofMirror())?.['drift_note']).toMatch(/^OneDev differed in 1 ref although .* was repaired on /);
    expect(await store.db.query('select drift from syncs')).toEqual([{ drift: { refs: 1, names: [] } }]);
  });

  it('that found the project missing names it', async () => {
    await mirrors(1);

    await synced('1', [], {
      outcome: 'unchanged',
      compared: true,
      drift: { refs: 3, names: [], projectMissing: true },
    });

    expect((await ofMirror())?.['drift_note']).toMatch(/^The project is missing on OneDev \(found/);
  });
});
