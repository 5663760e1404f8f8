import { describe, expect, it } from 'vitest';
import { repository } from '../../adapters/postgres/test-store.ts';
import { auditOf, withApi, type World } from './world.ts';

const world: World = withApi();

const namesOf = (body: { mirrors: { fullName: string }[] }) => body.mirrors.map(({ fullName }) => fullName);

/** The names on all pages, in order. */
async function pagesOf(path: string): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await world.ask('GET', `${path}${cursor && `&cursor=${cursor}`}`);
    names.push(...namesOf(body));
    cursor = body.next as string | null;
  }
  return names;
}

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
  it('has pages below 100 KB, whatever is said of each mirror, and leaves none out', async () => {
    const row = { status: 'failed', last_error_message: 'x'.repeat(9_000) };
    const names = Array.from({ length: 24 }, (_, index) => `ada/${String(index).padStart(2, '0')}`);
    for (const [index, name] of names.entries()) await world.addMirror(String(200 + index), name, { row });

    const first = await world.ask('GET', '/mirrors?limit=500');

    expect(JSON.stringify(first.body).length).toBeLessThan(100_000);
    expect(first.body.mirrors.length).toBeGreaterThan(5);
    expect(first.body.next).not.toBeNull();
    expect(await pagesOf('/mirrors?limit=500')).toEqual(names);
  });

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

  describe('in another order', () => {
    it.each([
      ['stars', ['c/c', 'a/a', 'e/e', 'b/b', 'd/d']],
      ['-bytes', ['c/c', 'b/b', 'e/e', 'a/a', 'd/d']],
      ['pushedAt', ['d/d', 'b/b', 'c/c', 'a/a', 'e/e']],
      ['-lastSyncedAt', ['c/c', 'b/b', 'e/e', 'd/d', 'a/a']],
      ['-name', ['e/e', 'd/d', 'c/c', 'b/b', 'a/a']],
    ])(
      '%s comes whole, each mirror once, also where several are equal or it never happened',
      async (sort, expected) => {
        const instant = '2026-11-23T22:05:00.000123Z';
        const later = '2026-11-23T22:05:00.000124Z';
        const facts = [
          { name: 'a/a', stars: 1, sizeKb: 5, pushed: later, synced: null },
          { name: 'b/b', stars: 7, sizeKb: 900, pushed: instant, synced: instant },
          { name: 'c/c', stars: 0, sizeKb: 900, pushed: instant, synced: later },
          { name: 'd/d', stars: 7, sizeKb: 1, pushed: null, synced: null },
          { name: 'e/e', stars: 1, sizeKb: 5, pushed: later, synced: null },
        ];
        for (const [index, { name, stars, sizeKb, pushed, synced }] of facts.entries()) {
          const row = { pushed_at: pushed, last_synced_at: synced };
          await world.addMirror(String(100 + index), name, { facts: { stars, sizeKb }, row });
        }

        expect(await pagesOf(`/mirrors?sort=${sort}&limit=2`)).toEqual(expected);
      },
    );

    it('refuses the cursor of another order, and one that somebody made up', async () => {
      for (const id of ['1', '2', '3']) await world.addMirror(id, `ada/${id}`);
      const { next } = (await world.ask('GET', '/mirrors?limit=1&sort=stars')).body as { next: string };
      const made = (key: string) =>
        Buffer.from(JSON.stringify({ sort: 'pushedAt', key, mirrorId: 'github-1' })).toString('base64url');

      const other = await world.ask('GET', `/mirrors?limit=1&cursor=${next}`);
      const noDay = await world.ask('GET', `/mirrors?sort=pushedAt&cursor=${made('2026-02-31T00:00:00.000000Z')}`);
      const noTime = await world.ask('GET', `/mirrors?sort=pushedAt&cursor=${made('yesterday')}`);
      const fine = await world.ask('GET', `/mirrors?sort=pushedAt&cursor=${made('-infinity')}`);

      expect([other, noDay, noTime, fine].map(({ status }) => status)).toEqual([400, 400, 400, 200]);
    });
  });

  describe('filtered', () => {
    const found = async (query: string) => {
      const { body } = await world.ask('GET', `/mirrors?${query}`);
      expect(body.total).toBe(body.mirrors.length);
      return namesOf(body);
    };

    it('by several statuses, however they are written', async () => {
      await world.addMirror('1', 'ada/one', { row: { status: 'failed' } });
      await world.addMirror('2', 'ada/two', { row: { status: 'held' } });
      await world.addMirror('3', 'ada/three');

      expect(await found('status=failed&status=held')).toEqual(['ada/one', 'ada/two']);
      expect(await found('status=failed,held')).toEqual(['ada/one', 'ada/two']);
      expect((await world.ask('GET', '/mirrors?status=failed,mended')).status).toBe(400);
    });

    it('by owner, language, kind of failure and size', async () => {
      await world.addMirror('1', 'Ada/engine', { facts: { language: 'Go', sizeKb: 100 } });
      await world.addMirror('2', 'adam/engine', { facts: { language: 'C', sizeKb: 200 } });
      await world.addMirror('3', 'bob/loom', {
        facts: { language: 'Go', sizeKb: 300 },
        row: { status: 'failed', last_error_kind: 'TargetError' },
      });

      expect(await found('owner=ADA')).toEqual(['Ada/engine']);
      expect(await found('language=Go')).toEqual(['Ada/engine', 'bob/loom']);
      expect(await found('language=Go&errorKind=TargetError')).toEqual(['bob/loom']);
      expect(await found('minBytes=100001&maxBytes=299999')).toEqual(['adam/engine']);
      expect((await world.ask('GET', '/mirrors?minBytes=-1')).status).toBe(400);
    });

    it('by being stale: what neither its workflow nor a reading of the list has seen for a day', async () => {
      const longAgo = '2020-01-01T00:00:00Z';
      await world.addMirror('1', 'ada/forgotten', { row: { last_checked_at: longAgo } });
      await world.addMirror('2', 'ada/never');
      await world.addMirror('3', 'ada/checked', { row: { last_checked_at: new Date().toISOString() } });
      await world.addMirror('4', 'ada/paused', { row: { paused: true } });
      await world.addMirror('5', 'ada/frozen', { row: { status: 'frozen' } });
      await world.addMirror('6', 'ada/pinned', { starred: false, pinned: true });
      const { readingId } = await world.store.readings.begin(world.store.account.accountId, 'c', 'sweep');
      await world.addMirror('7', 'ada/seen', { row: { last_checked_at: longAgo, seen_in: readingId } });

      expect(await found('stale=true')).toEqual(['ada/forgotten', 'ada/never']);
    });

    it('tells how many fit on all pages', async () => {
      for (const id of ['1', '2', '3']) await world.addMirror(id, `ada/${id}`);

      const { body } = await world.ask('GET', '/mirrors?limit=1&owner=ada');

      expect([body.mirrors.length, body.total]).toEqual([1, 3]);
    });
  });

  it('comes as CSV, all of it, and nothing in it is a formula', async () => {
    await world.addMirror('1', 'ada/engine', { facts: { description: '=HYPERLINK("http://evil.test","x")' } });
    await world.addMirror('2', 'bob/loom', { facts: { description: 'plain, with\nlines', stars: 12 } });

    const { status, body, headers } = await world.ask('GET', '/mirrors?limit=1', { headers: { accept: 'text/csv' } });

    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    const text = body as string;
    expect(text.split('\r\n')).toHaveLength(4);
    expect(text).toMatch(/^mirrorId,fullName,status,/);
    expect(text).toContain(`"'=HYPERLINK(""http://evil.test"",""x"")"`);
    expect(text).toContain('github-2,bob/loom,completed');
    expect(text).toContain('"plain, with\nlines"');
  });

  it('says what it can be filtered by, most first', async () => {
    await world.addMirror('1', 'ada/one', {
      facts: { language: 'Go' },
      row: { last_error_kind: 'TargetUnauthorized' },
    });
    await world.addMirror('2', 'Ada/two', { facts: { language: 'C' } });
    await world.addMirror('3', 'bob/three', { facts: { language: 'Go' } });
    await world.addMirror('4', 'carl/four', { facts: { language: null } });

    const { body } = await world.ask('GET', '/mirrors/facets', { as: 'read' });

    expect(body.owners[0].count).toBe(2);
    expect(body.owners[0].value.toLowerCase()).toBe('ada');
    expect(body.languages).toEqual([
      { value: 'Go', count: 2 },
      { value: 'C', count: 1 },
    ]);
    expect(body.errorKinds).toMatchObject([
      { value: 'TargetUnauthorized', count: 1, whatToDo: expect.stringContaining('ONEDEV_TOKEN') as string },
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
