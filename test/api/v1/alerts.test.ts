import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/domain/alerts.ts';
import { withApi } from './world.ts';

const world = withApi();

const raise = (subject: string, changes: Partial<Condition> = {}) =>
  world.store.alerts.raise(world.store.account.accountId, {
    kind: 'mirror_failed',
    subject,
    fullName: 'ada/engine',
    summary: 'ada/engine is not mirrored',
    advice: 'Mend it.',
    command: 'starkeep show ada/engine',
    ...changes,
  });

const subjects = (body: { alerts: { subject: string }[] }) => body.alerts.map(({ subject }) => subject);

describe('GET /alerts', () => {
  it('has what is open, with what happened and what to do', async () => {
    await raise('github-1');

    const { status, body } = await world.ask('GET', '/alerts', { as: 'read' });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      alerts: [{ kind: 'mirror_failed', level: 'error', subject: 'github-1', advice: 'Mend it.', clearedAt: null }],
      next: null,
    });
  });

  it('has what is over only when it is asked for', async () => {
    await raise('github-1');
    const because = 'it is mirrored again';
    await world.store.alerts.clear(null, { kind: 'mirror_failed', subject: 'github-1', because });
    await world.store.alerts.clear(world.store.account.accountId, {
      kind: 'mirror_failed',
      subject: 'github-1',
      because,
    });

    const open = await world.ask('GET', '/alerts');
    const all = await world.ask('GET', '/alerts?state=all');

    expect([subjects(open.body), subjects(all.body)]).toEqual([[], ['github-1']]);
    expect(all.body.alerts[0]).toMatchObject({ clearedWhy: because });
  });

  it('comes in pages, newest first, of one kind', async () => {
    for (const subject of ['github-1', 'github-2', 'github-3']) await raise(subject);
    await raise('', { kind: 'audit_broken' });

    const first = await world.ask('GET', '/alerts?kind=mirror_failed&limit=2');
    const second = await world.ask('GET', `/alerts?kind=mirror_failed&limit=2&cursor=${first.body.next}`);

    expect([subjects(first.body), subjects(second.body)]).toEqual([['github-3', 'github-2'], ['github-1']]);
    expect(second.body.next).toBeNull();
  });

  it.each(['state=closed', 'kind=nonsense', 'cursor=x', 'limit=0'])('refuses %s', async (query) => {
    expect((await world.ask('GET', `/alerts?${query}`)).status).toBe(400);
  });

  it('needs a key', async () => {
    expect((await world.ask('GET', '/alerts', { as: null })).status).toBe(401);
  });
});
