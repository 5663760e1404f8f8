import { describe, expect, it } from 'vitest';
import { repository } from '../../adapters/postgres/test-store.ts';
import { auditOf, withApi, type World } from './world.ts';

const world: World = withApi();

const namesOf = (body: { mirrors: { fullName: string }[] }) => body.mirrors.map(({ fullName }) => fullName);

async function addDeletion(repoId: string): Promise<void> {
  const ids = { mirrorId: `github-${repoId}`, correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
  const dueAt = '2026-11-23T22:05:00.000Z';
  await world.store.record.write(world.store.account.accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof: 'the token saw another star and not this one',
    dueAt,
    ...ids,
  });
}

describe('the list of mirrors', () => {
  it('comes by name, a page at a time, each mirror once', async () => {
    for (const [index, name] of ['b/two', 'A/one', 'c/three', 'a/ONE-more', 'd/four'].entries())
      await world.addMirror(String(100 + index), name);

    const first = await world.ask('GET', '/mirrors?limit=2', { as: 'read' });
    const second = await world.ask('GET', `/mirrors?limit=2&cursor=${first.body.next}`);
    const third = await world.ask('GET', `/mirrors?limit=2&cursor=${second.body.next}`);

    expect([first, second, third].map(({ body }) => namesOf(body))).toEqual([
      ['A/one', 'a/ONE-more'],
      ['b/two', 'c/three'],
      ['d/four'],
    ]);
    expect(third.body.next).toBeNull();
  });

  it('is filtered by status and searched by a part of the name, whatever is in it', async () => {
    await world.addMirror('1', 'ada/engine_one', { row: { status: 'failed' } });
    await world.addMirror('2', 'ada/engineXone');
    await world.addMirror('3', 'bob/loom', { row: { status: 'failed' } });

    const failed = await world.ask('GET', '/mirrors?status=failed');
    const found = await world.ask('GET', '/mirrors?search=ENGINE_o');
    const odd = await world.ask('GET', `/mirrors?search=${encodeURIComponent("%' or 1=1 \\")}`);
    const nul = await world.ask('GET', '/mirrors?search=engine_o%00');

    expect([failed, found, odd, nul].map(({ body }) => namesOf(body))).toEqual([
      ['ada/engine_one', 'bob/loom'],
      ['ada/engine_one'],
      [],
      ['ada/engine_one'],
    ]);
  });

  it.each(['nonsense', Buffer.from('{"name":1}').toString('base64url'), Buffer.from('"7"').toString('base64url')])(
    'begins again when the cursor is not one of its own: %s',
    async (cursor) => {
      const { status, body } = await world.ask('GET', `/mirrors?cursor=${cursor}`);

      expect([status, body.detail]).toEqual([
        400,
        'The cursor is not one of this list. Begin with the first page again: leave `cursor` out.',
      ]);
    },
  );
});

describe('one mirror', () => {
  it('says how it is, why, and what to do', async () => {
    await world.addMirror('7', 'ada/engine', {
      facts: { sizeKb: 120, topics: ['engine'], stars: 9 },
      row: { status: 'failed', last_error_kind: 'TargetUnauthorized', last_error_message: 'OneDev said 401' },
    });

    const { status, body } = await world.ask('GET', '/mirrors/github-7');

    expect(status).toBe(200);
    expect(body).toMatchObject({
      mirrorId: 'github-7',
      status: 'failed',
      bytes: 120_000,
      note: 'OneDev said 401',
      whatToDo: expect.stringContaining('set ONEDEV_TOKEN') as string,
    });
  });

  it.each(['github-404', 'nonsense', "'; drop table mirrors"])(
    'that is not known is 404 with the id: %s',
    async (id) => {
      const { status, body } = await world.ask('GET', `/mirrors/${encodeURIComponent(id)}`);

      expect([status, body.mirrorId]).toEqual([404, id]);
    },
  );

  it('has its syncs, newest first, a page at a time', async () => {
    await world.addMirror('7', 'ada/engine');
    for (const attempt of [1, 2, 3]) {
      await world.store.db.query(
        `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome,
                            refs, phases, bytes)
         values ('github-7', $1, 'webhook', 'w', 'r', $2, 'c', now(), 'completed', '{"created": 2}',
                 '[{"name": "fetching", "durationMs": 12.5}]', 5000000000)`,
        [world.store.account.accountId, attempt],
      );
    }

    const first = await world.ask('GET', '/mirrors/github-7/syncs?limit=2');
    const second = await world.ask('GET', `/mirrors/github-7/syncs?limit=2&cursor=${first.body.next}`);

    const attempts = [first, second].map(({ body }) => body.syncs.map(({ attempt }: { attempt: number }) => attempt));
    expect(attempts).toEqual([[3, 2], [1]]);
    expect([first.body.syncs[0].bytes, second.body.next]).toEqual([5_000_000_000, null]);
    expect((await world.ask('GET', '/mirrors/github-8/syncs')).status).toBe(404);
  });
});

describe('adding a mirror', () => {
  const add = (fullName: unknown) => world.ask('POST', '/mirrors', { as: 'operate', body: { fullName } });

  it('pins it under the name it has today, has it synced, and is audited', async () => {
    world.upstream.set('old/name', { found: 'yes', repository: repository('7', { fullName: 'new/name' }) });

    const { status, body } = await add('old/name');

    expect([status, body]).toEqual([
      202,
      { mirrorId: 'github-7', fullName: 'new/name', workflowId: 'mirror-github-7' },
    ]);
    expect(await world.store.mirror('7')).toMatchObject({ pinned: true, starred: false, status: 'pending' });
    expect(world.control.events).toMatchObject([{ kind: 'requested', trigger: 'manual', by: 'operate key' }]);
    expect(await auditOf(world, 1)).toEqual([['operate key', 'mirror.add', 'old/name']]);
  });

  it('that is starred leaves it starred', async () => {
    await world.addMirror('7', 'ada/engine');
    world.upstream.set('ada/engine', { found: 'yes', repository: repository('7', { fullName: 'ada/engine' }) });

    await add('ada/engine');

    expect(await world.store.mirror('7')).toMatchObject({ pinned: true, starred: true });
  });

  it.each([
    ['gone', 404, 'SourceGone'],
    ['blocked', 404, 'SourceBlocked'],
  ] as const)('that is %s at GitHub is %i', async (found, status, kind) => {
    world.upstream.set('ada/engine', found === 'blocked' ? { found, reason: 'DMCA' } : { found });

    const answer = await add('ada/engine');

    expect([answer.status, answer.body.kind]).toEqual([status, kind]);
    expect(world.control.events).toEqual([]);
  });

  it.each(['engine', 'a/b/c', '../../etc', 'a/b?c', 'a/..', '', 7])('refuses what is no name: %j', async (fullName) => {
    expect((await add(fullName)).status).toBe(400);
  });
});

describe('a decision', () => {
  it.each([
    ['sync', 'syncNow', {}],
    ['pause', 'pause', {}],
    ['resume', 'resume', { paused: true, status: 'paused' }],
  ])('%s reaches the mirror in the name of the key, and the audit log', async (path, decision, row) => {
    await world.addMirror('7', 'ada/engine', { row });

    const { status, body } = await world.ask('POST', `/mirrors/github-7/${path}`, {
      as: 'operate',
      body: { reason: 'just so' },
    });

    expect([status, body]).toEqual([202, { mirrorId: 'github-7', workflowId: 'mirror-github-7' }]);
    expect(world.control.decisions).toEqual([
      [{ repoId: '7', fullName: 'ada/engine' }, decision, { by: 'operate key', reason: 'just so' }],
    ]);
    const [event] = await world.store.audit.read({ limit: 1 });
    expect(event).toMatchObject({
      actor: 'operate key',
      action: `mirror.${path}`,
      subject: 'github-7',
      accountId: world.store.account.accountId,
      details: { fullName: 'ada/engine', reason: 'just so' },
    });
  });

  it.each([
    ['approve-deletion', 'approveDeletion'],
    ['cancel-deletion', 'cancelDeletion'],
  ])('%s reaches the mirror that is about to be deleted', async (path, decision) => {
    await world.addMirror('7', 'ada/engine');
    await addDeletion('7');

    const { status } = await world.ask('POST', `/mirrors/github-7/${path}`);

    expect([status, world.control.decisions[0]?.[1]]).toEqual([202, decision]);
  });

  it.each([
    ['sync', { paused: true, status: 'paused' }, {}, 'ada/engine is paused.'],
    ['sync', {}, { acceptRewrites: true }, 'ada/engine holds no rewrite back; it is completed.'],
    ['pause', { paused: true }, {}, 'ada/engine is paused already.'],
    ['resume', {}, {}, 'ada/engine is not paused; it is completed.'],
    ['approve-deletion', {}, {}, 'ada/engine is not about to be deleted; it is completed.'],
  ])('%s that would do nothing is 409, and nobody is told', async (path, row, body, detail) => {
    await world.addMirror('7', 'ada/engine', { row });
    const before = await auditOf(world, 1);

    const answer = await world.ask('POST', `/mirrors/github-7/${path}`, { body });

    expect([answer.status, answer.body.detail, answer.body.status]).toEqual([409, detail, 409]);
    expect([world.control.decisions, await auditOf(world, 1)]).toEqual([[], before]);
  });
});

describe('deletions', () => {
  it('are listed with date, state and proof', async () => {
    await world.addMirror('7', 'ada/engine');
    await addDeletion('7');

    const { body } = await world.ask('GET', '/deletions', { as: 'read' });

    expect(body.deletions).toMatchObject([
      {
        mirrorId: 'github-7',
        fullName: 'ada/engine',
        state: 'pending',
        dueAt: '2026-11-23T22:05:00.000Z',
        proof: 'the token saw another star and not this one',
      },
    ]);
  });
});

describe('the audit log', () => {
  it('is read newest first, from a time on, a page at a time', async () => {
    await world.ask('POST', '/reconcile', { body: { full: true } });
    await world.ask('POST', '/reconcile');

    const first = await world.ask('GET', '/audit?limit=1');
    const second = await world.ask('GET', `/audit?limit=1&cursor=${first.body.next}`);
    const future = await world.ask('GET', `/audit?since=${encodeURIComponent('2126-01-01T00:00:00+01:00')}`);

    const fulls = [first, second].map(({ body }) => body.events[0].details.full);
    expect([fulls, future.body.events]).toEqual([[false, true], []]);
  });
});
