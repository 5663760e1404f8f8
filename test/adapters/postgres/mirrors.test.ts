import { describe, expect, it } from 'vitest';
import { createMirrorStore } from '../../../src/adapters/postgres/mirrors.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { type MirrorStatus, mirrorIdOf, type SourceRepository } from '../../../src/domain/model.ts';
import { report, repository, withStore } from './test-store.ts';

const store = withStore();

/** @returns the ids of the repositories that have something to do */
async function savePage(...repositories: SourceRepository[]): Promise<string[]> {
  const changes = await store.mirrors.saveStarPage(store.account.accountId, repositories);
  return changes.map(({ repoId }) => repoId);
}

async function setStatus(repoId: string, status: MirrorStatus): Promise<void> {
  await store.db.query('update mirrors set status = $2, last_checked_at = now() where repo_id = $1', [repoId, status]);
}

/** A mirror that needs nothing: seen, synced, kept equal. */
async function settled(found: SourceRepository): Promise<void> {
  await savePage(found);
  await store.mirrors.markInProgress(mirrorIdOf(found.repoId));
  await recordSync(found.repoId);
}

async function recordSync(repoId: string): Promise<void> {
  const { mirrorId, fullName } = await store.mirror(repoId);
  const ids = { mirrorId, repoId, fullName, correlationId: 'c', workflowId: 'w', runId: `run-${repoId}` };
  const attempt = { trigger: 'webhook', attempt: 1, startedAt: new Date().toISOString() } as const;
  await store.record.write(null, { kind: 'synced', report: report({ outcome: 'unchanged' }), ...ids, ...attempt });
}

describe('a page of the star list', () => {
  it('of a hundred repositories is one statement, and answers in the order of the page', async () => {
    const statements: string[] = [];
    const counting: Database = {
      ...store.db,
      query: (text, values) => (statements.push(text), store.db.query(text, values)),
    };
    const page = Array.from({ length: 100 }, (_, index) => repository(String(9_000 - index)));

    const changes = await createMirrorStore(counting).saveStarPage(store.account.accountId, page);

    expect(statements).toHaveLength(1);
    expect(changes).toEqual(page.map(({ repoId, fullName }) => ({ repoId, fullName })));
    expect(await store.db.query('select count(*)::int as n from mirrors where starred')).toEqual([{ n: 100 }]);
  });

  it('that is empty needs nothing', async () => {
    expect(await savePage()).toEqual([]);
  });

  it('brings every fact into the record', async () => {
    const found = repository('7', { visibility: 'private', archived: true, fork: true, sizeKb: 9_876_543_210 });

    await savePage(found);

    const [row] = await store.db.query('select * from mirrors');
    expect(row).toMatchObject({
      mirror_id: 'github-7',
      account_id: 'github-41',
      repo_id: '7',
      full_name: found.fullName,
      clone_url: found.cloneUrl,
      ssh_url: found.sshUrl,
      html_url: found.htmlUrl,
      description: 'An engine',
      default_branch: 'main',
      visibility: 'private',
      archived: true,
      fork: true,
      language: 'TypeScript',
      topics: ['engine', 'analytical'],
      stars: 7,
      size_kb: '9876543210',
      pushed_at: new Date(found.pushedAt ?? ''),
      starred_at: new Date(found.starredAt ?? ''),
      starred: true,
      status: 'pending',
    });
    expect(await store.mirror('7')).toMatchObject({
      mirrorId: 'github-7',
      starred: true,
      pinned: false,
      project: null,
      upstream: {
        cloneUrl: found.cloneUrl,
        defaultBranch: 'main',
        readAt: expect.stringMatching(/Z$/),
        sizeBytes: 9_876_543_210_000,
      },
    });
  });

  it('takes facts that GitHub leaves out', async () => {
    const bare = repository('7', {
      description: null,
      defaultBranch: null,
      language: null,
      sshUrl: null,
      topics: [],
      pushedAt: null,
    });

    await settled(bare);

    expect(await savePage(bare)).toEqual([]);
    expect(await store.mirror('7')).toMatchObject({ upstream: { description: null, sshUrl: null } });
  });

  it.each(['9007199254740993', '18446744073709551615'])('keeps the id %s to the last digit', async (repoId) => {
    const changes = await savePage(repository(repoId));

    expect(changes).toEqual([repoId]);
    expect(await store.mirror(repoId)).toMatchObject({ mirrorId: `github-${repoId}`, repoId });
  });

  it.each([
    ['NUL', 'a\0b', 'ab'],
    ['half a surrogate pair', 'a\ud83db', 'ab'],
    ['a whole one', 'a😀b', 'a😀b'],
  ])('takes a description with %s, which spoils no other repository on the page', async (_, description, kept) => {
    const page = [repository('7', { description }), repository('8')];

    const changes = await savePage(...page);

    expect(changes).toEqual(['7', '8']);
    expect((await store.mirror('7')).upstream.description).toBe(kept);
    await Promise.all(['7', '8'].map((repoId) => setStatus(repoId, 'completed')));
    expect(await savePage(...page)).toEqual([]);
  });

  it('that names a repository twice, because the list moved, counts it once', async () => {
    expect(await savePage(repository('7'), repository('8'), repository('7'))).toEqual(['7', '8']);
  });

  it('returns nothing for mirrors that need nothing', async () => {
    await settled(repository('7'));
    await settled(repository('8'));

    expect(await savePage(repository('7'), repository('8'))).toEqual([]);
  });

  it('does not mind what nobody has to act on', async () => {
    await settled(repository('7'));

    expect(await savePage(repository('7', { stars: 9_999, language: 'Rust', topics: [] }))).toEqual([]);
    expect(await store.db.query('select stars, language, topics from mirrors')).toEqual([
      { stars: 9_999, language: 'Rust', topics: [] },
    ]);
  });

  it('returns only what is new or changed', async () => {
    const ids = ['1', '2', '3', '4', '5', '6'];
    for (const repoId of ids) await settled(repository(repoId));

    const changes = await savePage(
      repository('1', { pushedAt: '2026-06-01T00:00:00.000Z' }),
      repository('2', { fullName: 'ada/renamed' }),
      repository('3', { defaultBranch: 'trunk' }),
      repository('4', { description: 'Another engine' }),
      repository('5', { description: null }),
      repository('6'),
      repository('7'),
    );

    expect(changes).toEqual(['1', '2', '3', '4', '5', '7']);
  });

  it.each<[MirrorStatus, boolean]>([
    ['pending', true],
    ['failed', true],
    ['permanent_failure', true],
    ['pending_deletion', true],
    ['deleted', true],
    ['frozen', true],
    ['in_progress', false],
    ['completed', false],
    ['held', false],
    ['paused', false],
    ['excluded', true],
  ])('of a mirror that is %s returns it: %s', async (status, returned) => {
    await settled(repository('7'));
    await setStatus('7', status);

    expect(await savePage(repository('7'))).toEqual(returned ? ['7'] : []);
  });

  it('returns what was taken for unstarred, and a person no longer has to keep it', async () => {
    await settled(repository('7'));
    await store.db.query(`update mirrors set starred = false, kept_by = 'ann'`);

    expect(await savePage(repository('7'))).toEqual(['7']);
    expect(await store.mirror('7')).toMatchObject({ starred: true, keptBy: null });
  });

  it('brings a deleted mirror back under its old row', async () => {
    await settled(repository('7'));
    await store.db.query(`update mirrors set starred = false, status = 'deleted'`);

    expect(await savePage(repository('7'))).toEqual(['7']);
    expect(await store.db.query('select mirror_id, starred from mirrors')).toEqual([
      { mirror_id: 'github-7', starred: true },
    ]);
  });

  it.each<[string, Partial<SourceRepository>]>([
    ['a push', { pushedAt: '2026-06-01T00:00:00.000Z' }],
    ['a new name', { fullName: 'ada/renamed' }],
    ['a new default branch', { defaultBranch: 'trunk' }],
  ])(
    'returns %s again and again until somebody looked: the reader may die before it tells anybody',
    async (_, change) => {
      await settled(repository('7'));

      const first = await savePage(repository('7', change));
      const second = await savePage(repository('7', change));
      await store.mirrors.markInProgress('github-7');
      await recordSync('7');
      const third = await savePage(repository('7', change));

      expect([first, second, third]).toEqual([['7'], ['7'], []]);
    },
  );

  it('returns a star that came back again and again until somebody looked', async () => {
    await settled(repository('7'));
    await store.db.query('update mirrors set starred = false');

    expect([await savePage(repository('7')), await savePage(repository('7'))]).toEqual([['7'], ['7']]);
  });

  it('that shows a push while a sync is under way returns it until the next sync, not only until the end of this one', async () => {
    const pushed = repository('7', { pushedAt: '2026-06-01T00:00:00.000Z' });
    await settled(repository('7'));
    await store.mirrors.markInProgress('github-7');

    const during = await savePage(pushed);
    await recordSync('7');
    const after = await savePage(pushed);
    await store.mirrors.markInProgress('github-7');
    await recordSync('7');
    const afterTheNext = await savePage(pushed);

    expect([during, after, afterTheNext]).toEqual([['7'], ['7'], []]);
    expect((await store.mirror('7')).status).toBe('completed');
  });

  it.each<MirrorStatus>(['paused', 'frozen', 'pending_deletion', 'permanent_failure', 'failed', 'deleted'])(
    'does not say "pending" of a mirror that is %s, whatever changed',
    async (status) => {
      await settled(repository('7'));
      await setStatus('7', status);

      expect(await savePage(repository('7', { fullName: 'ada/renamed' }))).toEqual(['7']);
      expect((await store.mirror('7')).status).toBe(status);
    },
  );

  it('is saved by two readers at once without either failing', async () => {
    const page = Array.from({ length: 50 }, (_, index) => repository(String(index + 1)));
    const readers = [page, page.toReversed(), page, page.toReversed()];

    await Promise.all(readers.map((repositories) => savePage(...repositories)));

    expect(await store.db.query('select count(*)::int as n from mirrors')).toEqual([{ n: 50 }]);
  });
});

describe('facts about one repository', () => {
  const save = (starred: boolean | null, pinned = false, changes: Partial<SourceRepository> = {}): Promise<void> =>
    store.mirrors.saveUpstream(store.account.accountId, repository('7', changes), starred, pinned);

  it('make a row when there is none', async () => {
    await save(true);

    expect(await store.mirror('7')).toMatchObject({ starred: true, pinned: false, status: 'pending' });
  });

  it('that say nothing of the star leave it as it is', async () => {
    await save(true);
    await save(null, false, { fullName: 'ada/renamed' });

    expect(await store.mirror('7')).toMatchObject({ starred: true, fullName: 'ada/renamed' });
  });

  it('that say nothing of the star make no starred row', async () => {
    await save(null, true);

    expect(await store.mirror('7')).toMatchObject({ starred: false, pinned: true });
  });

  it('never unpin what was added by hand', async () => {
    await save(null, true);
    await save(true, false);

    expect((await store.mirror('7')).pinned).toBe(true);
  });

  it('with a star end the keeping by a person; without one they do not', async () => {
    await save(true);
    await store.db.query(`update mirrors set kept_by = 'ann'`);

    await save(null);
    const before = (await store.mirror('7')).keptBy;
    await save(true);

    expect([before, (await store.mirror('7')).keptBy]).toEqual(['ann', null]);
  });

  it('do not forget when it was starred, where the answer does not say', async () => {
    await save(true);
    await save(true, false, { starredAt: null });

    expect(await store.db.query('select starred_at from mirrors')).toEqual([
      { starred_at: new Date('2026-02-03T04:05:06.000Z') },
    ]);
  });
});

describe('the project of a mirror', () => {
  const saveProject = (projectId: string, created: boolean): Promise<void> =>
    store.mirrors.saveProject('github-7', { projectId, path: 'github/ada/x', created, moved: false, detour: null });

  it('is remembered with the reason for its place', async () => {
    await savePage(repository('7'));

    await store.mirrors.saveProject('github-7', {
      projectId: '3',
      path: 'github/ada/x-7',
      created: true,
      moved: false,
      detour: 'somebody was there',
    });

    expect((await store.mirror('7')).project).toEqual({ projectId: '3', path: 'github/ada/x-7' });
    expect(await store.db.query('select project_note from mirrors')).toEqual([{ project_note: 'somebody was there' }]);
  });

  it.each([
    ['is new', '4', true, null],
    ['is another one, found again after it was made', '4', false, null],
    ['is the same, at another place', '3', false, 'digest-1'],
  ])('that %s makes the old digest count accordingly', async (_, projectId, created, digest) => {
    await savePage(repository('7'));
    await saveProject('3', true);
    await recordSync('7');

    await saveProject(projectId, created);

    expect((await store.mirror('7')).sourceDigest).toBe(digest);
  });
});

describe('the other stars to compare with', () => {
  it('are of the same account, and only those that still say something', async () => {
    for (const repoId of ['1', '2', '3', '4', '5', '6', '7']) await savePage(repository(repoId));
    await setStatus('2', 'frozen');
    await setStatus('3', 'deleted');
    await setStatus('4', 'pending_deletion');
    await store.db.query(`update mirrors set starred = false where repo_id = '5'`);
    await store.db.query(`insert into accounts (account_id, external_id, login) values ('github-99', '99', 'eve')`);
    await store.db.query(`update mirrors set account_id = 'github-99' where repo_id = '6'`);
    await savePage(repository('1'));

    const others = await store.mirrors.starredOthers('github-7', 5);

    expect(others).toEqual(['ada/repo-1']);
    expect(await store.mirrors.starredOthers('github-1', 5)).toEqual(['ada/repo-7']);
  });

  it('are no more than asked for', async () => {
    for (const repoId of ['1', '2', '3', '4']) await savePage(repository(repoId));

    expect(await store.mirrors.starredOthers('github-1', 2)).toEqual(['ada/repo-2', 'ada/repo-3']);
  });

  it('are not those that are missing themselves, or were just asked about like it', async () => {
    for (const repoId of ['1', '2', '3', '4']) await savePage(repository(repoId));
    await store.db.query(`update mirrors set absent_since = now() where repo_id = '2'`);
    await store.mirrors.saveUpstream(store.account.accountId, repository('3'), null, false);

    expect(await store.mirrors.starredOthers('github-1', 5)).toEqual(['ada/repo-4', 'ada/repo-3']);
  });

  it.each(['SourceGone', 'SourceBlocked'])(
    'are not those that vanished before they were mirrored (%s)',
    async (kind) => {
      for (const repoId of ['1', '2', '3']) await savePage(repository(repoId));
      await store.db.query(
        `update mirrors set status = 'permanent_failure', last_error_kind = $1, last_error_message = 'gone' where repo_id = '2'`,
        [kind],
      );

      expect(await store.mirrors.starredOthers('github-1', 5)).toEqual(['ada/repo-3']);
    },
  );

  it('are first those that the last reading saw', async () => {
    const { accountId } = store.account;
    for (const repoId of ['1', '2', '3']) await savePage(repository(repoId));
    const { readingId } = await store.readings.begin(accountId, 'sweep-1', 'sweep');
    await store.mirrors.saveStarPage(accountId, [repository('3')], readingId);

    expect(await store.mirrors.starredOthers('github-1', 1)).toEqual(['ada/repo-3']);
  });
});

describe('mirrors', () => {
  it('that are not in the record are null', async () => {
    expect(await store.mirrors.get('github-404')).toBeNull();
  });

  it('are counted by status', async () => {
    for (const repoId of ['1', '2', '3']) await savePage(repository(repoId));
    await setStatus('3', 'completed');

    expect((await store.overview.totals()).byStatus).toEqual({ pending: 2, completed: 1 });
  });
});

describe('a filter', () => {
  const exclusion = 'it is a fork';
  const excluded = (repoId: string) =>
    store.mirrors.saveStarPage(store.account.accountId, [{ ...repository(repoId), exclusion }]);

  it('leaves a row that says why, and nobody is told', async () => {
    const changes = await excluded('7');

    expect(changes).toEqual([]);
    expect(await store.mirror('7')).toMatchObject({ status: 'excluded', statusNote: exclusion, starred: true });
  });

  it('takes a mirror out that was kept, and keeps what it has', async () => {
    await settled(repository('7'));
    await store.db.query(`update mirrors set project_id = '12', project_path = 'github/a/b'`);

    const changes = await excluded('7');

    expect(changes).toEqual([]);
    expect(await store.mirror('7')).toMatchObject({ status: 'excluded', project: { projectId: '12' } });
  });

  it('that lets it in again brings it back, until somebody looked', async () => {
    await settled(repository('7'));
    await excluded('7');

    const again = [await savePage(repository('7')), await savePage(repository('7'))];

    expect(again).toEqual([['7'], ['7']]);
    expect(await store.mirror('7')).toMatchObject({ status: 'pending', statusNote: null });
  });

  it.each<MirrorStatus>(['paused', 'frozen', 'pending_deletion', 'deleted', 'in_progress'])(
    'does not touch a mirror that is %s',
    async (status) => {
      await settled(repository('7'));
      await setStatus('7', status);

      await excluded('7');

      expect((await store.mirror('7')).status).toBe(status);
    },
  );

  it('has nothing to say about what a person asked for', async () => {
    await settled(repository('7'));
    await store.db.query('update mirrors set pinned = true');

    await excluded('7');

    expect((await store.mirror('7')).status).toBe('completed');
  });
});
