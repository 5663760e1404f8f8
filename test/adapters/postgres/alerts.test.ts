import { beforeEach, describe, expect, it } from 'vitest';
import { createAlertStore, type AlertPolicy } from '../../../src/adapters/postgres/alerts.ts';
import { createRecordStore } from '../../../src/adapters/postgres/record.ts';
import type { Condition } from '../../../src/domain/alerts.ts';
import type { RecordEntry } from '../../../src/domain/record.ts';
import { report, repository, withStore } from './test-store.ts';

const store = withStore();

const BOTH: AlertPolicy = { channels: ['mail', 'webhook'], atLeast: 'info' };

/** The store as a worker with these channels has it. */
const alertsOf = (policy: AlertPolicy = BOTH) =>
  createAlertStore({ ...store.db, query: (text, values) => store.db.query(text, values) }, policy);

const backlog: Condition = {
  kind: 'inbox_backlog',
  subject: '',
  fullName: null,
  summary: 'three wait',
  advice: 'look',
  command: 'starkeep list',
};

const over = { kind: 'inbox_backlog', subject: '', because: 'nothing waits' } as const;

const open = () => store.alerts.page({ before: null, limit: 100, openOnly: true });
const all = () => store.alerts.page({ before: null, limit: 100, openOnly: false });

async function messages(): Promise<string[]> {
  const rows = await store.db.query(
    `select channel || ' ' || transition as text from alert_messages where sent_at is null and dropped_at is null order by message_id`,
  );
  return rows.map((row) => String(row['text']));
}

describe('an alert', () => {
  it('is raised once, however often and by however many at once, and has its newest words', async () => {
    const { accountId } = store.account;

    await Promise.all([1, 2, 3, 4, 5].map(() => alertsOf().raise(accountId, backlog)));
    await alertsOf().raise(accountId, { ...backlog, summary: 'four wait' });

    expect(await open()).toMatchObject([{ kind: 'inbox_backlog', level: 'warning', summary: 'four wait' }]);
    expect((await messages()).sort()).toEqual(['mail raised', 'webhook raised']);
  });

  it('that is over is told to whoever was told of it, once, and may be raised again', async () => {
    const { accountId } = store.account;
    await alertsOf().raise(accountId, backlog);

    await Promise.all([1, 2, 3].map(() => alertsOf().clear(accountId, over)));
    await alertsOf().raise(accountId, backlog);

    expect(await messages()).toHaveLength(6);
    expect(await all()).toMatchObject([
      { clearedAt: null },
      { clearedAt: expect.any(String) as string, clearedWhy: 'nothing waits' },
    ]);
  });

  it('from before it was known whose stars these are is over too, and there is one of it', async () => {
    const alerts = alertsOf();
    await alerts.raise(null, backlog);
    await alerts.raise(null, backlog);

    await alerts.clear(store.account.accountId, over);

    expect(await open()).toEqual([]);
    expect(await all()).toHaveLength(1);
  });

  it('below the level is in the record and sent to nobody, raised or cleared', async () => {
    const alerts = alertsOf({ ...BOTH, atLeast: 'error' });

    await alerts.raise(store.account.accountId, backlog);
    await alerts.clear(store.account.accountId, over);

    expect([(await all()).length, await messages()]).toEqual([1, []]);
  });

  it('is news once when it is raised and once when it is cleared', async () => {
    const alerts = alertsOf();
    await alerts.raise(store.account.accountId, backlog);
    const [first, second] = await Promise.all([alerts.takeNews(), alerts.takeNews()]);
    await alerts.clear(store.account.accountId, over);
    const third = await alerts.takeNews();

    expect([...first, ...second]).toMatchObject([
      { kind: 'inbox_backlog', transition: 'raised', channels: ['mail', 'webhook'] },
    ]);
    expect(third).toMatchObject([{ transition: 'cleared' }]);
    expect(await alerts.takeNews()).toEqual([]);
  });

  it('is counted while it is open', async () => {
    const before = await store.alerts.countOpen();
    await store.alerts.raise(null, backlog);
    const during = await store.alerts.countOpen();
    await store.alerts.clear(null, over);

    expect([before, during, await store.alerts.countOpen()]).toEqual([{}, { inbox_backlog: 1 }, {}]);
  });

  it('comes in pages, newest first, of one kind where it is asked for', async () => {
    for (const subject of ['a', 'b', 'c']) await store.alerts.raise(null, { ...backlog, subject });
    await store.alerts.raise(null, { ...backlog, kind: 'audit_broken' });

    const first = await store.alerts.page({ before: null, limit: 2, openOnly: true, kind: 'inbox_backlog' });
    const before = first.at(-1)?.alertId ?? null;
    const second = await store.alerts.page({ before, limit: 2, openOnly: true, kind: 'inbox_backlog' });

    expect([first, second].map((page) => page.map(({ subject }) => subject))).toEqual([['c', 'b'], ['a']]);
  });
});

describe('messages', () => {
  it('wait in their order until they are sent, each under an id that no other has', async () => {
    const alerts = alertsOf();
    await alerts.raise(store.account.accountId, backlog);
    await alerts.clear(store.account.accountId, over);

    const due = await alerts.due('mail', 10, null);
    await alerts.noteTrouble([due[0]?.messageId ?? ''], 'no answer');
    const [listed] = await all();
    await alerts.noteSent([due[0]?.messageId ?? '']);

    expect(due.map(({ notice }) => notice.transition)).toEqual(['raised', 'cleared']);
    expect(new Set(due.map(({ notice }) => notice.id)).size).toBe(2);
    expect(due[0]?.notice.id).toMatch(/^[0-9a-f-]{36}\.raised$/);
    expect(listed?.undelivered).toContainEqual({ channel: 'mail', reason: 'no answer' });
    expect((await alerts.due('mail', 10, null)).map(({ notice }) => notice.transition)).toEqual(['cleared']);
    expect(await alerts.channelsDue()).toEqual(['mail', 'webhook']);
  });

  it('of a channel that is no longer set up are dropped; a new one hears of what is open', async () => {
    await alertsOf().raise(store.account.accountId, backlog);

    const { dropped } = await alertsOf({ channels: ['slack'], atLeast: 'info' }).tidy();
    await alertsOf({ channels: ['slack'], atLeast: 'info' }).tidy();

    expect([dropped, await messages()]).toEqual([2, ['slack raised']]);
  });

  it('that nobody took for a week are dropped', async () => {
    await alertsOf().raise(store.account.accountId, backlog);
    await store.db.query(`update alert_messages set created_at = now() - interval '8 days' where channel = 'mail'`);

    await alertsOf().tidy();

    expect(await messages()).toEqual(['webhook raised']);
  });

  it('and alerts that are long over are forgotten, open ones never', async () => {
    await store.alerts.raise(null, backlog);
    await store.alerts.clear(null, over);
    await store.alerts.raise(null, backlog);
    await store.db.query(`update alerts set raised_at = now() - interval '1 year'`);
    await store.db.query(`update alerts set cleared_at = now() - interval '181 days' where cleared_at is not null`);

    await store.alerts.tidy();

    expect(await all()).toMatchObject([{ clearedAt: null }]);
  });
});

describe('the alerts of a mirror', () => {
  const record = () => createRecordStore(store.db, BOTH);
  let runs = 0;

  const attempt = () => ({
    mirrorId: 'github-1' as const,
    repoId: '1',
    fullName: 'ada/repo-1',
    correlationId: 'c',
    workflowId: 'w',
    runId: `run-${(runs += 1)}`,
    trigger: 'webhook' as const,
    attempt: 1,
    startedAt: new Date().toISOString(),
  });
  const write = (entry: RecordEntry) => record().write(store.account.accountId, entry);
  const fail = (nextAttemptAt: string | null, kind = 'TargetUnreachable') =>
    write({ kind: 'failed', failure: { kind, message: 'no answer' }, retryCount: 1, nextAttemptAt, ...attempt() });
  const sync = (changes = {}) => write({ kind: 'synced', report: report(changes), ...attempt() });
  const kinds = async () => (await open()).map(({ kind }) => kind);

  beforeEach(() => store.mirrors.saveUpstream(store.account.accountId, repository('1'), true, false));

  it('are raised when it is given up, not at each attempt, and cleared when it is synced', async () => {
    await fail(new Date().toISOString());
    const trying = await kinds();
    await fail(null);
    await fail(null);
    const givenUp = await open();
    await store.mirrors.markInProgress('github-1');
    await fail(new Date().toISOString());
    const again = await kinds();
    await sync();

    expect([trying, again, await kinds()]).toEqual([[], ['mirror_failed'], []]);
    expect(givenUp).toMatchObject([{ kind: 'mirror_failed', subject: 'github-1', fullName: 'ada/repo-1' }]);
    expect((await messages()).sort()).toEqual(['mail cleared', 'mail raised', 'webhook cleared', 'webhook raised']);
    expect((await all())[0]?.clearedWhy).toBe('it is mirrored again');
  });

  it('are raised when the record of a failure is written late or twice', async () => {
    const entry: RecordEntry = {
      kind: 'failed',
      failure: { kind: 'TargetPathTaken', message: 'taken' },
      retryCount: 1,
      nextAttemptAt: null,
      ...attempt(),
    };

    await write(entry);
    await write(entry);

    expect([await kinds(), (await messages()).length]).toEqual([['mirror_failed'], 2]);
  });

  it('that OneDev refuses with every token are one, which any sync clears', async () => {
    await store.mirrors.saveUpstream(store.account.accountId, repository('2'), true, false);
    await fail(null, 'TargetUnauthorized');
    await write({
      kind: 'failed',
      failure: { kind: 'TargetUnauthorized', message: 'no' },
      retryCount: 1,
      nextAttemptAt: null,
      ...attempt(),
      mirrorId: 'github-2',
      repoId: '2',
    });
    const refused = await open();
    await sync();

    expect(refused).toMatchObject([{ kind: 'token_refused', subject: 'OneDev' }]);
    expect(await kinds()).toEqual([]);
  });

  it('say that a rewrite is held, and that it is no longer', async () => {
    await store.mirrors.markInProgress('github-1');
    await sync({ held: ['refs/heads/main'] });
    const held = await open();
    await sync();

    expect(held).toMatchObject([
      { kind: 'transfer_held', summary: expect.stringContaining('refs/heads/main') as string },
    ]);
    expect(await kinds()).toEqual([]);
  });

  it('say that upstream is gone, once, and that it is back', async () => {
    const frozen: RecordEntry = { kind: 'status', status: 'frozen', note: 'GitHub no longer shows it.', ...attempt() };
    await write(frozen);
    await write({ ...frozen, runId: 'another' });
    const gone = await open();
    await sync();

    expect(gone).toMatchObject([{ kind: 'upstream_gone', level: 'info' }]);
    expect((await messages()).sort()).toEqual(['mail cleared', 'mail raised', 'webhook cleared', 'webhook raised']);
  });

  it('say that a deletion waits for a person, with the reason, until somebody decides', async () => {
    const { deletion } = await write({
      kind: 'deletion_requested',
      policy: 'delete',
      proof: 'seen',
      dueAt: new Date().toISOString(),
      ...attempt(),
    });
    const pending = await kinds();
    const { deletionId } = deletion ?? { deletionId: '' };
    await write({ kind: 'deletion_waiting', deletionId, reason: 'the budget is used up', ...attempt() });
    const waiting = await open();
    await write({
      kind: 'deletion_ended',
      deletionId,
      state: 'cancelled',
      by: 'ann',
      reason: null,
      keep: true,
      ...attempt(),
    });

    expect(pending).toEqual([]);
    expect(waiting).toMatchObject([
      { kind: 'deletion_waiting', summary: 'The deletion of ada/repo-1 waits for a person: the budget is used up' },
    ]);
    expect(await kinds()).toEqual([]);
  });

  it('of a deletion that was carried out after all are over', async () => {
    const { deletion } = await write({
      kind: 'deletion_requested',
      policy: 'delete',
      proof: 'no proof: no token',
      dueAt: null,
      ...attempt(),
    });
    const waiting = await kinds();
    const found = await store.deletions.get(deletion?.deletionId ?? '');
    if (found) await store.deletions.finish(found, 'ann', null);

    expect([waiting, await kinds()]).toEqual([['deletion_waiting'], []]);
  });

  it('are undone with the rest when the entry cannot be written', async () => {
    const broken = { ...attempt(), trigger: 'nonsense' } as unknown as ReturnType<typeof attempt>;

    await expect(
      write({
        kind: 'failed',
        failure: { kind: 'TargetPathTaken', message: 'taken' },
        retryCount: 1,
        nextAttemptAt: null,
        ...broken,
      }),
    ).rejects.toThrow();

    expect(await all()).toEqual([]);
  });

  it('are made for what failed before there were alerts, and ended for what a filter took out', async () => {
    await fail(null);
    await store.db.query('delete from alerts');
    await alertsOf().tidy();
    const made = await kinds();
    await store.db.query(`update mirrors set status = 'excluded'`);
    await alertsOf().tidy();

    expect([made, await kinds()]).toEqual([['mirror_failed'], []]);
  });
});

describe('facts', () => {
  const deliver = (guid: string, ago: string) =>
    store.db.query(
      `insert into deliveries (guid, body_sha256, event, correlation_id, outcome, ignored_reason, received_at)
       values ($1, 'x', 'ping', $1, 'ignored', 'ping', now() - $2::interval)`,
      [guid, ago],
    );

  beforeEach(() => store.db.query('truncate deliveries'));

  it('of deliveries: on how many days of the thirty before the last one they came, and the longest pause', async () => {
    for (const [guid, ago] of [
      ['1', '60 days'],
      ['2', '10 days'],
      ['3', '8 days'],
      ['4', '5 days'],
      ['5', '5 days'],
    ] as const)
      await deliver(guid, ago);

    const lastAt = (await store.alerts.lastDeliveryAt()) ?? '';
    const rhythm = await store.alerts.deliveryRhythm(lastAt);

    expect(rhythm.activeDays).toBe(3);
    expect(rhythm.longestPauseMs / 86_400_000).toBeCloseTo(3, 2);
  });

  it('of an installation without webhooks: none', async () => {
    expect(await store.alerts.lastDeliveryAt()).toBeNull();
  });

  it('of readings: how many had trouble in a row, of each kind by itself', async () => {
    const { accountId } = store.account;
    const read = async (id: string, kind: 'quick' | 'sweep', trouble: string | null) => {
      const { readingId } = await store.readings.begin(accountId, id, kind);
      const tally = { pages: 1, seen: 1, total: 1, flaws: [] };
      await store.readings.end(readingId, {
        tally,
        signalled: 0,
        absent: 0,
        incompleteWhy: trouble,
        conclusion: null,
        trouble,
      });
    };
    await read('a', 'sweep', 'a gap');
    await read('b', 'sweep', null);
    await read('c', 'sweep', 'a gap');
    await read('d', 'quick', null);
    await read('e', 'sweep', 'a gap');

    expect([
      await store.alerts.troublesInARow(accountId, 'sweep'),
      await store.alerts.troublesInARow(accountId, 'quick'),
    ]).toEqual([2, 0]);
  });
});
