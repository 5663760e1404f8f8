import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failures.ts';
import { withApi, type World } from './world.ts';

const world: World = withApi();

async function addSync(mirrorId: string, attempt: number, values: { ago: string; outcome: string; bytes?: number }) {
  await world.store.db.query(
    `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, finished_at, outcome, bytes)
     values ($1, $2, 'webhook', 'w', 'r', $3, 'c', now(), now() - $4::interval, $5, $6)`,
    [mirrorId, world.store.account.accountId, attempt, values.ago, values.outcome, values.bytes ?? null],
  );
}

describe('the numbers', () => {
  it('of nothing at all are zeros, and 30 days of them', async () => {
    const { status, body } = await world.ask('GET', '/stats', { as: 'read' });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      login: 'ann',
      mirrors: { total: 0, safe: 0, byStatus: {} },
      failing: 0,
      waiting: 0,
      sweep: {
        lastAt: null,
        lastFullAt: null,
        lastOutcome: null,
        nextAt: '2026-11-25T18:00:00.000Z',
        everyMs: 900_000,
      },
      oldestSuccess: null,
      inbox: { waiting: 0, oldestSeconds: 0 },
      alerts: { open: 0 },
    });
    expect(body.days).toHaveLength(30);
    expect(body.days.at(-1)).toEqual({ day: new Date().toISOString().slice(0, 10), completed: 0, failed: 0, bytes: 0 });
  });

  it('say what is safe, what fails, and what a person has to decide about', async () => {
    const synced = '2026-11-01T00:00:00.000Z';
    await world.addMirror('1', 'ada/safe', { row: { last_synced_at: synced } });
    await world.addMirror('2', 'ada/older', { row: { last_synced_at: '2026-10-01T00:00:00.000Z', status: 'frozen' } });
    await world.addMirror('3', 'ada/failing', { row: { last_synced_at: synced, status: 'failed' } });
    await world.addMirror('4', 'ada/held', { row: { last_synced_at: synced, status: 'held' } });
    await world.addMirror('5', 'ada/first', { row: { status: 'in_progress' } });
    await world.addMirror('6', 'ada/excluded', { row: { last_synced_at: '2020-01-01T00:00:00Z', status: 'excluded' } });
    await world.addMirror('7', 'ada/deleted', { row: { last_synced_at: '2020-01-01T00:00:00Z', status: 'deleted' } });
    const retried = { last_synced_at: synced, status: 'in_progress', last_error_kind: 'TargetError' };
    await world.addMirror('8', 'ada/retried', { row: retried });
    await world.store.record.write(world.store.account.accountId, {
      kind: 'deletion_requested',
      policy: 'delete',
      proof: 'no proof: the list was cut short',
      dueAt: null,
      mirrorId: 'github-1',
      correlationId: 'c',
      workflowId: 'w',
      runId: 'r',
    });

    const { body } = await world.ask('GET', '/stats');

    expect(body).toMatchObject({
      mirrors: { total: 6, safe: 2, byStatus: { failed: 1, held: 1, deleted: 1, in_progress: 2 } },
      failing: 1,
      waiting: 2,
      running: 2,
      oldestSuccess: { mirrorId: 'github-2', fullName: 'ada/older', at: '2026-10-01T00:00:00.000Z' },
    });
  });

  it('count syncs by the day of UTC they ended on', async () => {
    await world.addMirror('1', 'ada/one');
    await addSync('github-1', 1, { ago: '0', outcome: 'completed', bytes: 5_000_000_000 });
    await addSync('github-1', 2, { ago: '0', outcome: 'failed' });
    await addSync('github-1', 3, { ago: '24 hours', outcome: 'completed', bytes: 7 });
    await addSync('github-1', 4, { ago: '31 days', outcome: 'completed', bytes: 7 });

    const { days } = (await world.ask('GET', '/stats')).body as { days: Record<string, unknown>[] };

    expect(days.at(-1)).toMatchObject({ completed: 1, failed: 1, bytes: 5_000_000_000 });
    expect(days.at(-2)).toMatchObject({ completed: 1, failed: 0, bytes: 7 });
    expect(days.slice(0, -2).every(({ completed }) => completed === 0)).toBe(true);
  });

  it('have what a worker saw of GitHub’s limit last, and how the last readings ended', async () => {
    await world.store.budget.note({ limit: 5_000, remaining: 4_990, reset: 1_795_000_000 });
    await world.store.budget.note({ limit: 5_000, remaining: 4_200, reset: 1_795_000_000 });
    const { accountId } = world.store.account;
    const tally = { pages: 1, seen: 3, total: 3 } as never;
    const sweep = await world.store.readings.begin(accountId, 'one', 'sweep');
    await world.store.readings.end(sweep.readingId, {
      tally,
      signalled: 0,
      absent: 2,
      incompleteWhy: null,
      conclusion: { kind: 'hold', reason: 'too many' } as never,
    });
    const quick = await world.store.readings.begin(accountId, 'two', 'quick');
    await world.store.readings.end(quick.readingId, {
      tally,
      signalled: 0,
      absent: 0,
      incompleteWhy: null,
      conclusion: null,
    });

    const { body } = await world.ask('GET', '/stats');

    expect(body.github).toMatchObject({ limit: 5_000, remaining: 4_200, resetAt: '2026-11-18T11:06:40.000Z' });
    expect(body.sweep).toMatchObject({ lastOutcome: 'quick look' });
    expect(body.sweep.lastFullAt).not.toBeNull();
    expect(body.sweep.lastAt >= body.sweep.lastFullAt).toBe(true);
  });
});

describe('while Temporal is away', () => {
  const alone = withApi({
    sweeps: { everyMs: 1, nextAt: () => Promise.reject(new Failure('TemporalUnavailable', 'connection refused')) },
  });

  it('the numbers come without the next reading', async () => {
    const { status, body } = await alone.ask('GET', '/stats');

    expect([status, body.sweep.nextAt]).toEqual([200, null]);
  });
});
