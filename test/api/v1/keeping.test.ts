import { describe, expect, it } from 'vitest';
import { auditOf, withApi } from './world.ts';

const world = withApi();

async function addDeletion(): Promise<void> {
  const ids = { mirrorId: 'github-7', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
  await world.store.record.write(world.store.account.accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof: 'p',
    dueAt: null,
    ...ids,
  });
}

describe('keeping for ever', () => {
  const keep = () => world.ask('POST', '/mirrors/github-7/keep', { as: 'operate', body: { reason: 'dear to me' } });

  it('pins it, is audited, and may be repeated', async () => {
    await world.addMirror('7', 'ada/engine');

    const answers = [await keep(), await keep()];

    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      [1, 2].map(() => [202, { mirrorId: 'github-7', workflowId: 'mirror-github-7' }]),
    );
    expect(await world.store.mirror('7')).toMatchObject({ pinned: true });
    expect([world.control.decisions, world.control.events]).toEqual([[], []]);
    expect((await auditOf(world, 1))[0]).toEqual(['operate key', 'mirror.keep', 'github-7']);
  });

  it('calls an open deletion off', async () => {
    await world.addMirror('7', 'ada/engine', { starred: false });
    await addDeletion();

    await keep();

    expect(world.control.decisions).toMatchObject([
      [{ repoId: '7' }, 'cancelDeletion', { by: 'operate key', reason: 'dear to me' }],
    ]);
  });

  it('has what a filter left out mirrored', async () => {
    await world.addMirror('7', 'ada/engine', { row: { status: 'excluded' } });

    await keep();

    expect(world.control.events).toMatchObject([{ kind: 'requested', repoId: '7', by: 'operate key' }]);
  });

  it('comes too late for what was deleted, and is 404 for what nobody knows', async () => {
    await world.addMirror('7', 'ada/engine', { row: { status: 'deleted' } });

    const late = await keep();
    const unknown = await world.ask('POST', '/mirrors/github-8/keep');

    expect([late.status, late.body.detail.includes('POST /mirrors'), unknown.status]).toEqual([409, true, 404]);
  });
});

describe('deleting', () => {
  const remove = (confirm: unknown = 'ada/engine', as: 'operate' | 'admin' = 'admin') =>
    world.ask('POST', '/mirrors/github-7/delete', { as, body: { confirm } });

  it('approves the deletion that waits', async () => {
    await world.addMirror('7', 'ada/engine', { starred: false });
    await addDeletion();

    const { status } = await remove();

    expect([status, world.control.decisions[0]?.[1]]).toEqual([202, 'approveDeletion']);
    expect(await auditOf(world, 1)).toEqual([['admin key', 'mirror.delete', 'github-7']]);
  });

  it('of what is not starred begins with the proof, also where somebody kept it', async () => {
    await world.addMirror('7', 'ada/engine', { starred: false, pinned: true, row: { kept_by: 'ann' } });

    const { status } = await remove();

    expect(status).toBe(202);
    expect(world.control.events).toMatchObject([{ kind: 'unstarred', trigger: 'manual', repoId: '7' }]);
    expect(await world.store.mirror('7')).toMatchObject({ pinned: false, keptBy: null });
  });

  it.each([
    [{ starred: true }, {}, 'is starred'],
    [{ starred: false }, { status: 'frozen' }, 'may be the last'],
    [{ starred: false }, { status: 'deleted' }, 'was deleted already'],
    [{ starred: false }, { paused: true, status: 'paused' }, 'is paused'],
  ])('of what is %j and %j is 409 with the reason, and nobody is told', async (how, row, words) => {
    await world.addMirror('7', 'ada/engine', { ...how, row });

    const { status, body } = await remove();

    expect([status, body.detail.includes(words)]).toEqual([409, true]);
    expect([world.control.events, world.control.decisions]).toEqual([[], []]);
  });

  it('takes its whole name, and a key that may', async () => {
    await world.addMirror('7', 'ada/engine', { starred: false });

    const answers = [await remove('ada/Engine'), await remove(undefined, 'operate'), await remove(7)];

    expect(answers.map(({ status }) => status)).toEqual([400, 403, 400]);
    expect(world.control.events).toEqual([]);
  });
});
