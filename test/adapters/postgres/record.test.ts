import { beforeEach, describe, expect, it } from 'vitest';
import type { MirrorStatus, SyncReport } from '../../../src/domain/model.ts';
import type { Recorded, RecordEntry } from '../../../src/domain/record.ts';
import { report, repository, withStore } from './test-store.ts';

const store = withStore();

const IDS = {
  mirrorId: 'github-7',
  correlationId: 'delivery-1',
  workflowId: 'mirror-github-7',
  runId: 'run-1',
} as const;
const ATTEMPT = {
  repoId: '7',
  fullName: 'ada/repo-7',
  trigger: 'webhook',
  attempt: 1,
  startedAt: '2026-03-04T05:06:07.000Z',
} as const;
const DUE = '2026-05-01T00:00:00.000Z';

beforeEach(async () => {
  await store.mirrors.saveStarPage(store.account.accountId, [repository('7')]);
  await store.mirrors.markInProgress('github-7');
});

const write = (entry: RecordEntry): Promise<Recorded> => store.record.write(store.account.accountId, entry);

function synced(changes: Partial<SyncReport> = {}, attempt = 1): RecordEntry {
  return { kind: 'synced', report: report(changes), ...IDS, ...ATTEMPT, attempt };
}

function failed(changes: { nextAttemptAt?: string | null; attempt?: number; retryCount?: number } = {}): RecordEntry {
  const failure = { kind: 'TargetError', message: 'OneDev did not' };
  return { kind: 'failed', failure, retryCount: 1, nextAttemptAt: DUE, ...IDS, ...ATTEMPT, ...changes };
}

function status(to: MirrorStatus, note: string | null = null): RecordEntry {
  return { kind: 'status', status: to, note, ...IDS };
}

function requested(dueAt: string | null = DUE): RecordEntry {
  return { kind: 'deletion_requested', policy: 'delete', proof: 'seen', dueAt, ...IDS };
}

function ended(deletionId: string, keep = false): RecordEntry {
  return { kind: 'deletion_ended', deletionId, state: 'cancelled', by: 'ann', reason: 'I need it', keep, ...IDS };
}

const rows = (table: 'syncs' | 'deletions' | 'mirrors') => store.db.query(`select * from ${table} order by 1`);

/** The whole record but the times at which rows were touched. */
async function contents(): Promise<unknown> {
  const untouched = (list: Record<string, unknown>[]) => list.map(({ updated_at: _, ...row }) => row);
  return [untouched(await rows('mirrors')), await rows('syncs'), await rows('deletions')];
}

async function openDeletion(): Promise<string> {
  const { deletion } = await write(requested());
  return deletion?.deletionId ?? '';
}

describe('a sync that changed something', () => {
  it('is a row with all it did, and settles the mirror', async () => {
    await write(failed({ attempt: 1 }));
    const declined = [{ name: 'refs/tags/v1+k3s1', reason: 'a plus sign' }];

    await write(synced({ declined, refs: { ...report().refs, declined: 60 } }, 2));

    const [, row] = await rows('syncs');
    expect(row).toMatchObject({
      mirror_id: 'github-7',
      account_id: 'github-41',
      trigger: 'webhook',
      workflow_id: 'mirror-github-7',
      run_id: 'run-1',
      attempt: 2,
      correlation_id: 'delivery-1',
      started_at: new Date(ATTEMPT.startedAt),
      outcome: 'completed',
      transport: 'clone',
      refs: { source: 3, created: 2, updated: 1, forced: 0, deleted: 0, archived: 0, declined: 60 },
      declined,
      phases: [{ name: 'fetching', durationMs: 12 }],
      bytes: '5000000000',
      objects: '10',
      source_digest: 'digest-1',
      error_kind: null,
    });
    expect(await store.mirror('7')).toMatchObject({
      status: 'completed',
      statusNote: null,
      retryCount: 0,
      nextAttemptAt: null,
      lastErrorKind: null,
      lastErrorMessage: null,
      sourceDigest: 'digest-1',
      sourceRefs: 3,
      declinedCount: 60,
      lastSyncedAt: expect.any(String),
      lastCheckedAt: expect.any(String),
    });
  });

  it('with branches that wait for a person is held, and says which', async () => {
    await write(synced({ held: ['refs/heads/main'] }));

    expect(await store.mirror('7')).toMatchObject({
      status: 'held',
      statusNote: expect.stringContaining('refs/heads/main'),
    });
  });

  it('with branches that wait for a person is looked at in full the next time, and stays held', async () => {
    await write(synced({ held: ['refs/heads/main'] }));
    const { sourceDigest } = await store.mirror('7');

    await write(synced({ outcome: 'unchanged', held: ['refs/heads/main'] }, 2));

    expect(sourceDigest).toBeNull();
    expect(await store.mirror('7')).toMatchObject({ status: 'held', sourceDigest: null });
  });

  it('names a few of many branches that wait', async () => {
    await write(synced({ held: Array.from({ length: 9 }, (_, index) => `refs/heads/b${index}`) }));

    expect((await store.mirror('7')).statusNote).toContain('refs/heads/b4 and 4 more; a person has to decide');
  });
});

describe('a sync with nothing to do', () => {
  it('writes no row beyond "checked at", and leaves what the last one said', async () => {
    await write(
      synced({ declined: [{ name: 'refs/tags/a+b', reason: 'plus' }], refs: { ...report().refs, declined: 1 } }),
    );
    await store.db.query(`update mirrors set last_synced_at = '2026-01-01', last_checked_at = '2026-01-01'`);

    await write(synced({ outcome: 'unchanged' }, 2));

    const mirror = await store.mirror('7');
    expect(await rows('syncs')).toHaveLength(1);
    expect(mirror).toMatchObject({ status: 'completed', declinedCount: 1 });
    expect(mirror.lastSyncedAt).toBe('2026-01-01T00:00:00.000Z');
    expect(Date.parse(mirror.lastCheckedAt ?? '')).toBeGreaterThan(Date.parse('2026-01-02'));
  });

  it('although both sides were compared says what is left out: an attempt that died may have done the rest', async () => {
    const declined = [{ name: 'refs/heads/caf\ufffd', reason: 'its name is not valid UTF-8' }];

    await write(synced({ outcome: 'unchanged', compared: true, declined, refs: { ...report().refs, declined: 1 } }));

    expect(await store.mirror('7')).toMatchObject({ declinedCount: 1, declined });
  });

  it('is the first sync of an equal pair all the same', async () => {
    await write(synced({ outcome: 'unchanged' }));

    expect((await store.mirror('7')).lastSyncedAt).not.toBeNull();
    expect(await rows('syncs')).toEqual([]);
  });
});

describe('a failed attempt', () => {
  it('is a row with its kind and words, and says when the next one is', async () => {
    await write(failed());

    const [row] = await rows('syncs');
    expect(row).toMatchObject({
      outcome: 'failed',
      error_kind: 'TargetError',
      error_message: 'OneDev did not',
      refs: null,
    });
    expect(await store.mirror('7')).toMatchObject({
      status: 'failed',
      retryCount: 1,
      nextAttemptAt: DUE,
      lastErrorKind: 'TargetError',
      lastErrorMessage: 'OneDev did not',
    });
  });

  it('after which nobody tries again is permanent', async () => {
    await write(failed({ nextAttemptAt: null, retryCount: 12 }));

    expect(await store.mirror('7')).toMatchObject({ status: 'permanent_failure', retryCount: 12, nextAttemptAt: null });
  });

  it('of a repository the record does not know yet makes its row, so that it is seen', async () => {
    const stranger = { ...failed(), mirrorId: 'github-8', repoId: '8', fullName: 'eve/new' } as RecordEntry;

    await write(stranger);

    expect(await store.mirror('8')).toMatchObject({ fullName: 'eve/new', status: 'failed', starred: false });
    expect(await rows('syncs')).toHaveLength(1);
  });

  it('before anybody knows whose stars these are is no row, and no error', async () => {
    const stranger = { ...failed(), mirrorId: 'github-8', repoId: '8' } as RecordEntry;

    await store.record.write(null, stranger);

    expect(await store.mirrors.get('github-8')).toBeNull();
    expect(await rows('syncs')).toEqual([]);
  });

  it('does not make the mirror look checked', async () => {
    await write(failed());

    expect((await store.mirror('7')).lastCheckedAt).toBeNull();
  });
});

describe('an entry that is repeated', () => {
  it.each<[string, () => RecordEntry]>([
    ['a changed sync', () => synced()],
    ['a failure', () => failed()],
    ['a permanent failure', () => failed({ nextAttemptAt: null })],
    ['a request to delete', () => requested()],
  ])('(%s) changes nothing, however often', async (_, entry) => {
    const first = await write(entry());
    const before = await contents();

    const again = [await write(entry()), await write(entry()), await write(entry())];

    expect(again).toEqual([first, first, first]);
    expect(await contents()).toEqual(before);
  });

  it('(the end of a deletion) changes nothing, however often', async () => {
    const deletionId = await openDeletion();
    await write(ended(deletionId, true));
    const before = await contents();

    await write(ended(deletionId, true));

    expect(await contents()).toEqual(before);
  });

  it('by several at once is written once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => write(synced())));

    expect(await rows('syncs')).toHaveLength(1);
  });

  it('late, by an attempt Temporal gave up on, does not undo what came after it', async () => {
    await write(failed({ attempt: 1 }));
    await write(synced({}, 2));

    await write(failed({ attempt: 1 }));

    expect(await store.mirror('7')).toMatchObject({ status: 'completed', lastErrorKind: null, retryCount: 0 });
  });

  it('in another run is another attempt', async () => {
    await write(synced());
    await write({ ...synced({ sourceDigest: 'digest-2' }), runId: 'run-2' });

    expect(await rows('syncs')).toHaveLength(2);
    expect((await store.mirror('7')).sourceDigest).toBe('digest-2');
  });
});

describe('an entry is one transaction', () => {
  it('a failure while the sync row is written leaves the mirror as it was', async () => {
    const before = await contents();
    const impossible = { ...synced(), trigger: 'nonsense' } as unknown as RecordEntry;

    await expect(write(impossible)).rejects.toThrow(/syncs_trigger_check/);

    expect(await contents()).toEqual(before);
  });
});

describe('a status', () => {
  it('replaces the one before, with its sentence, and ends waiting times', async () => {
    await write(failed());

    await write(status('frozen', 'GitHub no longer shows it.'));

    expect(await store.mirror('7')).toMatchObject({
      status: 'frozen',
      statusNote: 'GitHub no longer shows it.',
      nextAttemptAt: null,
      deleteAt: null,
    });
  });

  it('pauses and resumes only when it says so', async () => {
    await write({ ...status('paused'), paused: true } as RecordEntry);
    const paused = (await store.mirror('7')).paused;
    await write(status('frozen'));
    const still = (await store.mirror('7')).paused;
    await write({ ...status('pending'), paused: false } as RecordEntry);

    expect([paused, still, (await store.mirror('7')).paused]).toEqual([true, true, false]);
  });
});

describe('a decision to keep a mirror', () => {
  it.each<[string, () => Promise<unknown>, MirrorStatus]>([
    ['that is equal leaves it completed', () => write(synced()), 'completed'],
    ['whose last sync failed does not make it completed', () => write(failed()), 'permanent_failure'],
    ['that never synced does not make it completed', () => Promise.resolve(), 'pending'],
  ])('%s', async (_, before, expected) => {
    await before();

    await write(status('completed', 'Kept.'));

    expect(await store.mirror('7')).toMatchObject({ status: expected, statusNote: 'Kept.' });
  });
});

describe('a request to delete', () => {
  it('opens a deletion with its proof and what it is about, and the mirror shows when', async () => {
    await store.mirrors.saveProject('github-7', {
      projectId: '3',
      path: 'github/ada/repo-7',
      created: true,
      moved: false,
      detour: null,
    });

    const { deletion } = await write(requested());

    expect(deletion).toEqual({ deletionId: '1', dueAt: DUE });
    expect(await rows('deletions')).toMatchObject([
      {
        mirror_id: 'github-7',
        account_id: 'github-41',
        project_id: '3',
        proof: 'seen',
        state: 'pending',
        policy: 'delete',
      },
    ]);
    expect(await store.mirror('7')).toMatchObject({ status: 'pending_deletion', starred: false, deleteAt: DUE });
  });

  it('without a date waits for a person', async () => {
    const { deletion } = await write(requested(null));

    expect(deletion?.dueAt).toBeNull();
    expect(await store.deletions.get(deletion?.deletionId ?? '')).toMatchObject({ state: 'waiting_for_approval' });
    expect(await store.mirror('7')).toMatchObject({ deleteAt: null, statusNote: expect.stringContaining('approve') });
  });

  it('that comes again keeps the open one and its date', async () => {
    const first = await write(requested());

    const second = await write({ ...requested('2027-01-01T00:00:00.000Z'), runId: 'run-2' });

    expect(second).toEqual(first);
    expect(await rows('deletions')).toHaveLength(1);
    expect((await store.mirror('7')).deleteAt).toBe(DUE);
  });

  it('by several at once opens one', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => write(requested())));

    expect(new Set(all.map(({ deletion }) => deletion?.deletionId)).size).toBe(1);
    expect(await rows('deletions')).toHaveLength(1);
  });

  it('after the last one ended opens a new one, with a grace period of its own', async () => {
    await write(ended(await openDeletion()));

    const { deletion } = await write(requested('2027-01-01T00:00:00.000Z'));

    expect(deletion?.dueAt).toBe('2027-01-01T00:00:00.000Z');
    expect(await rows('deletions')).toHaveLength(2);
  });

  it.each<[string, RecordEntry]>([
    ['a sync', synced()],
    ['a sync with nothing to do', synced({ outcome: 'unchanged' })],
    ['a status that keeps it', status('completed', 'kept')],
    ['being frozen', status('frozen')],
  ])(
    'that a terminated workflow left open is called off by %s: its date never counts for a later one',
    async (_, entry) => {
      await write(requested('2026-01-01T00:00:00.000Z'));

      await write(entry);
      const { deletion } = await write({ ...requested(), runId: 'run-2' });

      expect(deletion?.dueAt).toBe(DUE);
      expect(await rows('deletions')).toMatchObject([
        { state: 'cancelled', finished_at: expect.any(Date) },
        { state: 'pending' },
      ]);
    },
  );

  it('stays open, with its date, when a look at it fails', async () => {
    await write(requested());

    await write(failed());
    const { deletion } = await write({ ...requested('2027-01-01T00:00:00.000Z'), runId: 'run-2' });

    expect(deletion?.dueAt).toBe(DUE);
  });

  it('that a terminated workflow left open is called off by a new star, also when the sync after it fails', async () => {
    await write(requested('2026-01-01T00:00:00.000Z'));
    await store.db.query('update mirrors set starred = true');

    await write(failed());
    const { deletion } = await write({ ...requested(), runId: 'run-2' });

    expect(deletion?.dueAt).toBe(DUE);
  });

  it('of something that is not in the record is refused', async () => {
    await expect(write({ ...requested(), mirrorId: 'github-404' })).rejects.toThrow(/no mirror github-404/);
  });
});

describe('a deletion', () => {
  it('that waits for a person has no date any more, and says why', async () => {
    const deletionId = await openDeletion();

    await write({ kind: 'deletion_waiting', deletionId, reason: 'the budget is used up', ...IDS });

    expect(await store.deletions.get(deletionId)).toMatchObject({ state: 'waiting_for_approval' });
    expect(await rows('deletions')).toMatchObject([{ due_at: null, finished_at: null }]);
    expect(await store.mirror('7')).toMatchObject({
      status: 'pending_deletion',
      deleteAt: null,
      statusNote: 'The deletion waits for approval: the budget is used up',
    });
  });

  it('that is cancelled says by whom and why, and the mirror has work again', async () => {
    const deletionId = await openDeletion();

    await write(ended(deletionId));

    expect(await rows('deletions')).toMatchObject([
      { state: 'cancelled', decided_by: 'ann', decision_reason: 'I need it', finished_at: expect.any(Date) },
    ]);
    expect(await store.mirror('7')).toMatchObject({ status: 'pending', deleteAt: null, keptBy: null });
  });

  it('that a person cancels may keep the mirror although it is unstarred', async () => {
    await write(ended(await openDeletion(), true));

    expect(await store.mirror('7')).toMatchObject({ keptBy: 'ann', starred: false });
  });

  it('that was carried out is not cancelled afterwards', async () => {
    const deletionId = await openDeletion();
    const deletion = await store.deletions.get(deletionId);
    if (deletion) await store.deletions.finish(deletion, null, null);

    await write(ended(deletionId));

    expect(await store.deletions.get(deletionId)).toMatchObject({ state: 'deleted' });
  });
});
