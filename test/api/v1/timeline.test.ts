import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failures.ts';
import type { RunningTransfers } from '../../../src/domain/ports.ts';
import { withApi } from './world.ts';

const world = withApi();

async function addSync(attempt: number, finishedAt: string): Promise<void> {
  await world.store.db.query(
    `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, finished_at, outcome)
     values ('github-7', $1, 'webhook', 'w', 'r', $2, 'c', now(), $3, 'completed')`,
    [world.store.account.accountId, attempt, finishedAt],
  );
}

async function append(action: string, details: Record<string, unknown> = {}): Promise<string> {
  const { at } = await world.store.audit.append({ actor: 'ann', action, subject: 'github-7', details });
  return at;
}

describe('the timeline of a mirror', () => {
  it('has its syncs and what the audit log says of it in the order they were, page by page', async () => {
    await world.addMirror('7', 'ada/engine');
    await addSync(1, '2020-01-01T00:00:00Z');
    await append('project.created');
    await append('mirror.paused');
    await addSync(2, '2100-01-01T00:00:00Z');
    await addSync(3, '2100-01-02T00:00:00Z');

    const pages: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await world.ask('GET', `/mirrors/github-7/timeline?limit=2${cursor && `&cursor=${cursor}`}`, {
        as: 'read',
      });
      pages.push(
        body.entries.map((entry: { kind: string; action?: string; sync?: { attempt: number } }) =>
          entry.kind === 'sync' ? `sync ${entry.sync?.attempt}` : entry.action,
        ),
      );
      cursor = body.next as string | null;
    }

    const ofThisTest = pages.flat().filter((entry) => entry.startsWith('sync') || /created|paused/.test(entry));
    expect(ofThisTest.slice(0, 5)).toEqual(['sync 3', 'sync 2', 'mirror.paused', 'project.created', 'sync 1']);
    expect(pages.every((page, index) => page.length === 2 || index === pages.length - 1)).toBe(true);
  });

  it('says who did something, and leaves to admins with which key and from where', async () => {
    await world.addMirror('7', 'ada/engine');
    await append('mirror.pause', { keyId: '3', address: '203.0.113.7', fullName: 'ada/engine' });

    const { body } = await world.ask('GET', '/mirrors/github-7/timeline');

    expect(body.entries[0]).toMatchObject({
      actor: 'ann',
      action: 'mirror.pause',
      details: { fullName: 'ada/engine' },
    });
    expect(Object.keys(body.entries[0].details as object)).toEqual(['fullName']);
  });

  it('of one that is not known is 404; another list’s cursor is 400', async () => {
    await world.addMirror('7', 'ada/engine');

    const unknown = await world.ask('GET', '/mirrors/github-8/timeline');
    const stale = await world.ask(
      'GET',
      `/mirrors/github-7/timeline?cursor=${Buffer.from('"7"').toString('base64url')}`,
    );

    expect([unknown.status, unknown.body.mirrorId, stale.status]).toEqual([404, 'github-8', 400]);
  });
});

describe('deletions', () => {
  it('are open, done or all; those that are over with who decided and why', async () => {
    const ids = { correlationId: 'c', workflowId: 'w', runId: 'r' };
    const { accountId } = world.store.account;
    const request = async (repoId: string, dueAt: string | null) => {
      await world.addMirror(repoId, `ada/${repoId}`);
      const mirrorId = `github-${repoId}` as const;
      await world.store.record.write(accountId, {
        kind: 'deletion_requested',
        policy: 'delete',
        proof: 'p',
        dueAt,
        mirrorId,
        ...ids,
      });
    };
    await request('1', null);
    await request('2', '2100-01-02T00:00:00.000Z');
    await request('3', '2100-01-01T00:00:00.000Z');
    await request('4', '2100-01-01T00:00:00.000Z');
    await world.store.record.write(accountId, {
      kind: 'deletion_ended',
      deletionId: '4',
      state: 'refused',
      by: 'Starkeep',
      reason: 'the project lost its marker',
      keep: false,
      mirrorId: 'github-4',
      ...ids,
    });
    const idsOf = async (query: string) => {
      const found: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body } = await world.ask('GET', `/deletions?limit=1${query}${cursor && `&cursor=${cursor}`}`, {
          as: 'read',
        });
        found.push(...body.deletions.map(({ mirrorId }: { mirrorId: string }) => mirrorId));
        cursor = body.next as string | null;
      }
      return found;
    };

    expect(await idsOf('')).toEqual(['github-3', 'github-2', 'github-1']);
    expect(await idsOf('&state=done')).toEqual(['github-4']);
    expect(await idsOf('&state=all')).toEqual(['github-4', 'github-3', 'github-2', 'github-1']);
    const { body } = await world.ask('GET', '/deletions?state=done');
    expect(body.deletions[0]).toMatchObject({
      deletionId: '4',
      state: 'refused',
      decidedBy: 'Starkeep',
      reason: 'the project lost its marker',
      finishedAt: expect.any(String) as string,
    });
    const { next } = (await world.ask('GET', '/deletions?limit=1')).body as { next: string };
    expect((await world.ask('GET', `/deletions?state=all&cursor=${next}`)).status).toBe(400);
  });
});

describe('what runs', () => {
  const answers = new Map<string, Awaited<ReturnType<RunningTransfers['progress']>>>();
  let isDown = false;
  const running = withApi({
    transfers: {
      progress: async (repoId) => {
        if (isDown) throw new Failure('TemporalUnavailable', 'connection refused');
        return answers.get(repoId) ?? null;
      },
    },
  });

  it('says how far it is, as far as Temporal knows', async () => {
    isDown = false;
    await running.addMirror('7', 'ada/engine', { row: { status: 'in_progress' } });
    await running.addMirror('8', 'ada/loom', { row: { status: 'in_progress' } });
    await running.addMirror('9', 'ada/still');
    const latest = {
      phase: 'fetching',
      objects: 3,
      bytes: 5_000_000_000,
      bytesPerSecond: 1.5,
      refsDone: 0,
      refsTotal: 2,
    } as const;
    answers.set('7', { startedAt: '2026-11-25T18:00:00.000Z', attempt: 2, latest });

    const { body } = await running.ask('GET', '/running', { as: 'read' });

    const byName = Object.fromEntries(body.transfers.map((one: { fullName: string }) => [one.fullName, one]));
    expect(Object.keys(byName).sort()).toEqual(['ada/engine', 'ada/loom']);
    expect(byName['ada/engine']).toEqual({
      mirrorId: 'github-7',
      fullName: 'ada/engine',
      startedAt: '2026-11-25T18:00:00.000Z',
      phase: 'fetching',
      bytes: 5_000_000_000,
      bytesPerSecond: 1.5,
      attempt: 2,
    });
    expect(byName['ada/loom']).toMatchObject({ phase: null, bytes: null, attempt: 1 });
  });

  it('is named while Temporal is away too', async () => {
    isDown = true;
    await running.addMirror('7', 'ada/engine', { row: { status: 'in_progress' } });

    const { status, body } = await running.ask('GET', '/running');

    expect([status, body.transfers[0].phase]).toEqual([200, null]);
  });
});
