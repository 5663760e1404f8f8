import { describe, expect, it } from 'vitest';
import type { AuditFilter } from '../../../src/domain/audit.ts';
import { mirrorIdOf } from '../../../src/domain/model.ts';
import type { RecordEntry } from '../../../src/domain/record.ts';
import type { EffectiveSetting } from '../../../src/domain/seen-settings.ts';
import { report, repository, withStore } from './test-store.ts';

/** What gets into the audit log by itself: deliveries, syncs, decisions, settings. */

const store = withStore();
let count = 700;

/** A mirror with a project, and what the log has of it from now on, oldest first. */
async function mirror() {
  count += 1;
  const repoId = String(count);
  const mirrorId = mirrorIdOf(repoId);
  await store.mirrors.saveUpstream(store.account.accountId, repository(repoId), true, false);
  const [last] = await store.audit.read({ limit: 1 });
  const ids = { mirrorId, correlationId: `c-${repoId}`, workflowId: `mirror-${mirrorId}`, runId: `run-${repoId}` };
  const attempt = {
    repoId,
    fullName: `ada/repo-${repoId}`,
    trigger: 'webhook',
    startedAt: new Date().toISOString(),
  } as const;
  return {
    mirrorId,
    write: (entry: Record<string, unknown>) =>
      store.record.write(store.account.accountId, { attempt: 1, ...ids, ...attempt, ...entry } as RecordEntry),
    said: () => entriesAfter(last?.eventId ?? '0', { subject: mirrorId }),
  };
}

async function entriesAfter(after: string, filter: AuditFilter = {}) {
  const events = await store.audit.read({ ...filter, after, oldestFirst: true, limit: 100 });
  return events.map(({ actor, action, details }) => ({ actor, action, details }));
}

const delivery = (guid: string, ignoredReason: string | null = null) => ({
  ...{
    guid,
    hookId: '9',
    bodySha256: `sha-${guid}`,
    event: 'push',
    action: null,
    repoId: '42',
    fullName: 'ada/engine',
  },
  correlationId: guid,
  repoEvent:
    ignoredReason === null
      ? ({ kind: 'changed', repoId: '42', fullName: 'ada/engine', trigger: 'webhook', correlationId: guid } as const)
      : null,
  ignoredReason,
});

describe('webhook deliveries', () => {
  it('get one entry each, in the order they came, accepted and ignored', async () => {
    await store.audit.takeInDeliveries(100);
    const [last] = await store.audit.read({ limit: 1 });
    await store.deliveries.take(delivery('g-1'));
    await store.deliveries.take(delivery('g-2', 'not ours'));
    await store.deliveries.take(delivery('g-1'));

    const taken = await store.audit.takeInDeliveries(100);

    expect(taken).toBe(2);
    expect(await entriesAfter(last?.eventId ?? '0')).toMatchObject([
      { actor: 'GitHub', action: 'webhook.accepted', details: { guid: 'g-1', bodySha256: 'sha-g-1', event: 'push' } },
      { actor: 'GitHub', action: 'webhook.ignored', details: { guid: 'g-2', reason: 'not ours' } },
    ]);
    expect(await store.audit.takeInDeliveries(100)).toBe(0);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });

  it('get one entry each when several processes look at once, a few at a time', async () => {
    await store.audit.takeInDeliveries(100);
    const [last] = await store.audit.read({ limit: 1 });
    for (let n = 0; n < 12; n += 1) await store.deliveries.take(delivery(`many-${n}`));

    const taken = await Promise.all([1, 2, 3, 4].map(() => store.audit.takeInDeliveries(5)));

    expect(taken.reduce((sum, one) => sum + one, 0)).toBe(12);
    expect(await entriesAfter(last?.eventId ?? '0')).toHaveLength(12);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });

  it('are taken without waiting for the log, and are in it once it can be had', async () => {
    const taken = await store.db.transaction(async (tx) => {
      await tx.query('select from audit_head for update');
      return store.deliveries.take(delivery('while-taken'));
    });

    await store.audit.takeInDeliveries(100);

    expect(taken).toBe('new');
    expect(await store.audit.read({ limit: 1 })).toMatchObject([{ details: { guid: 'while-taken' } }]);
  });
});

describe('syncs', () => {
  it('are in the log when they did something, once however often that is recorded', async () => {
    const { write, said } = await mirror();

    await write({ kind: 'synced', report: report() });
    await write({ kind: 'synced', report: report() });
    await write({ kind: 'synced', attempt: 2, report: report({ outcome: 'unchanged' }) });

    expect(await said()).toMatchObject([
      {
        actor: 'Starkeep',
        action: 'sync.completed',
        details: { trigger: 'webhook', refs: { created: 2, updated: 1 } },
      },
    ]);
  });

  it('that fail are in it when they begin to, and when they are given up', async () => {
    const { write, said } = await mirror();
    const failure = { kind: 'TargetUnreachable', message: 'away' };
    const next = new Date(Date.now() + 10_000).toISOString();

    await write({ kind: 'failed', failure, retryCount: 1, nextAttemptAt: next });
    await write({ kind: 'failed', failure, retryCount: 2, nextAttemptAt: next, attempt: 2 });
    await write({ kind: 'failed', failure, retryCount: 3, nextAttemptAt: null, attempt: 3 });

    expect((await said()).map(({ action, details }) => [action, details['givenUp']])).toEqual([
      ['sync.failed', false],
      ['sync.failed', true],
    ]);
  });

  it('that hold something back say so once', async () => {
    const { write, said } = await mirror();
    const held = report({ outcome: 'unchanged', held: ['refs/heads/main'] });

    await write({ kind: 'synced', report: held });
    await write({ kind: 'synced', report: held, attempt: 2 });

    expect(await said()).toMatchObject([{ action: 'mirror.held', details: { refs: ['refs/heads/main'] } }]);
  });
});

describe('decisions', () => {
  it('about a deletion: proven, waiting, approved, done, each once', async () => {
    const { mirrorId, write, said } = await mirror();
    const dueAt = new Date(Date.now() + 1000).toISOString();
    const request = { kind: 'deletion_requested', policy: 'delete', proof: 'seen', dueAt };
    const recorded = await write(request);
    await write(request);
    const deletionId = recorded.deletion?.deletionId ?? '';
    const waiting = { kind: 'deletion_waiting', deletionId, reason: 'the budget is used up' };
    await write(waiting);
    await write(waiting);
    const deletion = {
      deletionId,
      mirrorId,
      accountId: store.account.accountId,
      policy: 'delete',
      state: 'pending',
    } as const;

    await store.deletions.noteApproval(deletion, 'ann');
    await store.deletions.noteApproval(deletion, 'ann');
    await store.deletions.finish(deletion, 'ann', null);
    await store.deletions.finish(deletion, 'ann', null);

    expect(await said()).toMatchObject([
      { actor: 'Starkeep', action: 'deletion.proven', details: { proof: 'seen', dueAt } },
      { actor: 'Starkeep', action: 'deletion.waiting', details: { reason: 'the budget is used up' } },
      { actor: 'ann', action: 'deletion.approved', details: { deletionId } },
      { actor: 'Starkeep', action: 'deletion.done', details: { deletionId, approvedBy: 'ann', proof: 'seen' } },
    ]);
  });

  it.each(['cancelled', 'refused'] as const)('%s, with by whom and why', async (state) => {
    const { write, said } = await mirror();
    const { deletion } = await write({ kind: 'deletion_requested', policy: 'delete', proof: 'no proof', dueAt: null });
    const deletionId = deletion?.deletionId ?? '';
    const end = { kind: 'deletion_ended', deletionId, state, by: 'bea', reason: 'needed', keep: true };

    await write(end);
    await write(end);

    expect(await said()).toMatchObject([
      { action: 'deletion.waiting' },
      { action: `deletion.${state}`, details: { by: 'bea', reason: 'needed', keep: true } },
    ]);
  });

  it('frozen once, and restored when upstream is back', async () => {
    const { mirrorId, write, said } = await mirror();
    const frozen = { kind: 'status', status: 'frozen', note: 'GitHub no longer shows it.' };

    await write(frozen);
    await write(frozen);
    await store.mirrors.markInProgress(mirrorId);
    await store.mirrors.markInProgress(mirrorId);

    expect((await said()).map(({ action }) => action)).toEqual(['mirror.frozen', 'mirror.restored']);
  });

  it('about the project: made, moved, and found again by its marker', async () => {
    const { mirrorId, said } = await mirror();
    const place = { created: false, moved: false, detour: null };

    await store.mirrors.saveProject(mirrorId, { ...place, projectId: '5', path: 'github/a/b', created: true });
    await store.mirrors.saveProject(mirrorId, { ...place, projectId: '5', path: 'github/a/c', moved: true });
    await store.mirrors.saveProject(mirrorId, { ...place, projectId: '9', path: 'github/a/c' });

    expect((await said()).map(({ action, details }) => [action, details['was']])).toEqual([
      ['project.created', null],
      ['project.moved', 'github/a/b'],
      ['project.adopted', 'github/a/c'],
    ]);
  });

  it('is not there when what it says was rolled back', async () => {
    const { said } = await mirror();
    const ids = { mirrorId: 'github-0', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
    const request = { kind: 'deletion_requested', policy: 'delete', proof: 'seen', dueAt: null } as const;
    const write = store.record.write(null, { ...request, ...ids });

    await expect(write).rejects.toThrow();

    expect(await said()).toEqual([]);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });
});

describe('settings', () => {
  const settings = (values: Record<string, string | null>, secrets: Record<string, string | null> = {}) => [
    ...Object.entries(values).map(([name, value]): EffectiveSetting => ({ name, value, secret: false })),
    ...Object.entries(secrets).map(([name, value]): EffectiveSetting => ({ name, value, secret: true })),
  ];

  it('are in the log at the first start, and then when one changed: both values, and of a secret only that it did', async () => {
    const before = settings({ GRACE: '7d', LOGIN: 'ann' }, { TOKEN: 'hush-one', KEY: 'hush-key' });
    const after = settings({ GRACE: '0s', LOGIN: null, HOST: 'h' }, { TOKEN: 'hush-two', KEY: null });
    const [last] = await store.audit.read({ limit: 1 });

    await store.settings.note('worker', '1.0.0', before);
    const same = await store.settings.note('worker', '1.0.0', before);
    const changed = await store.settings.note('worker', '1.1.0', after);

    expect(same).toEqual([]);
    expect(changed).toEqual(['GRACE', 'HOST', 'KEY', 'LOGIN', 'TOKEN']);
    const said = await entriesAfter(last?.eventId ?? '0', { subject: 'worker' });
    expect(said).toMatchObject([
      { action: 'settings.recorded', details: { changed: { GRACE: { from: null, to: '7d' }, TOKEN: 'set' } } },
      {
        action: 'settings.changed',
        details: {
          version: '1.1.0',
          changed: {
            GRACE: { from: '7d', to: '0s' },
            LOGIN: { from: 'ann', to: null },
            HOST: { from: null, to: 'h' },
            TOKEN: 'changed',
            KEY: 'unset',
          },
        },
      },
    ]);
    const kept = JSON.stringify([said, await store.db.query('select * from settings_seen')]);
    expect(kept).not.toContain('hush');
  });

  it('of processes that start together are in it once', async () => {
    const [last] = await store.audit.read({ limit: 1 });

    await Promise.all([1, 2, 3].map(() => store.settings.note('api', '1.0.0', settings({ GRACE: '7d' }))));

    expect(await entriesAfter(last?.eventId ?? '0', { subject: 'api' })).toHaveLength(1);
  });
});

describe('reading with filters', () => {
  it('by actor, action, its beginning, subject and time, in both directions', async () => {
    const append = (actor: string, action: string, subject: string) =>
      store.audit.append({ actor, action, subject, details: {} });
    const first = await append('flo', 'x.one', 'f-1');
    await append('flo', 'x.two', 'f-2');
    const third = await append('gus', 'x_two', 'f-1');
    const idsOf = async (filter: AuditFilter & { oldestFirst?: boolean }) =>
      (await store.audit.read({ after: String(Number(first.eventId) - 1), limit: 10, ...filter })).map(
        ({ eventId }) => Number(eventId) - Number(first.eventId),
      );

    expect(await idsOf({ actor: 'flo' })).toEqual([1, 0]);
    expect(await idsOf({ action: 'x.two' })).toEqual([1]);
    expect(await idsOf({ action: 'x.*' })).toEqual([1, 0]);
    expect(await idsOf({ action: 'x_*' })).toEqual([2]);
    expect(await idsOf({ subject: 'f-1', oldestFirst: true })).toEqual([0, 2]);
    expect(await idsOf({ subject: 'f-1', actor: 'gus' })).toEqual([2]);
    expect(await idsOf({ until: new Date(first.at) })).toEqual([]);
    expect(await idsOf({ since: new Date(Date.parse(third.at) + 1) })).toEqual([]);
  });
});
