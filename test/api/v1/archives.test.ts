import { describe, expect, it } from 'vitest';
import { historyOf } from '../../../src/domain/archives.ts';
import type { ArchivedTip } from '../../../src/domain/refs.ts';
import { withApi } from './world.ts';

const OID = 'b'.repeat(40);
const target = {
  head: 'refs/heads/main',
  refs: [
    { name: 'refs/heads/main', oid: 'a'.repeat(40) },
    { name: 'refs/starkeep/2026-11-23T142530.123Z/main', oid: OID },
    { name: 'refs/starkeep/2026-11-24T142530.123Z/wip', oid: 'c'.repeat(40) },
  ],
};

const restored: ArchivedTip[] = [];
const api = withApi({
  archives: {
    history: async () => historyOf(target),
    restore: async (_, tip) => (restored.push(tip), { name: 'refs/heads/restored/x/main', created: true }),
    gitRemote: ({ path }) => ({ url: `https://onedev.example.org/${path}.git`, auth: { kind: 'none' } }),
  },
});

/** A mirror with a project on OneDev. */
async function addMirrored(): Promise<void> {
  await api.addMirror('7', 'ada/engine');
  const project = { projectId: '7', path: 'github/ada/engine', created: true, moved: false, detour: null };
  await api.store.mirrors.saveProject('github-7', project);
}

describe('the old tips of a mirror', () => {
  it('are listed', async () => {
    await addMirrored();

    const { status, body } = await api.ask('GET', '/mirrors/github-7/history', { as: 'read' });

    expect(status).toBe(200);
    expect(body.tips).toEqual([
      {
        name: 'refs/starkeep/2026-11-23T142530.123Z/main',
        oid: OID,
        of: 'refs/heads/main',
        archivedAt: '2026-11-23T14:25:30.123Z',
        restoredAs: null,
      },
      expect.objectContaining({ of: 'refs/heads/wip' }),
    ]);
  });

  it('are brought back, and the audit log says by whom', async () => {
    await addMirrored();

    const { status, body } = await api.ask('POST', '/mirrors/github-7/restore', {
      as: 'operate',
      body: { branch: 'main', at: '2026-11-01T00:00:00+01:00' },
    });

    expect(status).toBe(200);
    expect(body).toEqual({
      ref: 'refs/heads/restored/x/main',
      oid: OID,
      of: 'refs/heads/main',
      archivedAt: '2026-11-23T14:25:30.123Z',
      created: true,
    });
    expect(restored.at(-1)?.oid).toBe(OID);
    const [event] = await api.store.db.query('select actor, action, subject from audit_events order by event_id desc');
    expect(event).toEqual({ actor: 'operate key', action: 'archive.restore', subject: 'github-7' });
  });

  it.each([
    ['github-8', {}, 404, 'There is no mirror github-8'],
    ['github-7', {}, 404, 'Say which branch: main, wip.'],
    ['github-7', { branch: 'mian' }, 404, 'Nothing was archived of mian'],
    ['github-7', { at: 'yesterday' }, 400, 'does not fit'],
  ])('of %s asked for by %j are refused with %d', async (id, body, expected, words) => {
    await addMirrored();

    const answer = await api.ask('POST', `/mirrors/${id}/restore`, { body });

    expect(answer.status).toBe(expected);
    expect(answer.body.detail).toContain(words);
  });

  it('of a mirror that is not on OneDev are a conflict, and need a key that may operate', async () => {
    await api.addMirror('7', 'ada/engine');

    const nowhere = await api.ask('GET', '/mirrors/github-7/history');
    const forbidden = await api.ask('POST', '/mirrors/github-7/restore', { as: 'read', body: {} });

    expect([nowhere.status, nowhere.body.detail]).toEqual([409, 'ada/engine has no project on OneDev.']);
    expect(forbidden.status).toBe(403);
  });
});
