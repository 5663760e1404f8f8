import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, Worker } from '@temporalio/worker';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { createHistoryActivities } from '../../src/activities/histories.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { createWorkflowRuns } from '../../src/adapters/temporal-histories.ts';
import type { ArchiveSummary } from '../../src/domain/record.ts';
import type { WorkflowRuns } from '../../src/domain/ports.ts';
import { mirrorWorkflowId, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { ARCHIVE_PAGES_PER_RUN } from '../../src/workflows/policy.ts';
import { repository, withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, quietRuntime, uniqueName, workflowBundle } from '../support/temporal.ts';
import { event, World } from './world.ts';

/** Histories of runs that have ended: fetched from a real Temporal, kept in a real Postgres, and replayed from there. */

quietRuntime('ERROR');
const store = withStore();
const temporal = devServerEnvironment();

const runs = (): WorkflowRuns => {
  const { client, connection } = temporal.environment;
  return createWorkflowRuns({ client, connection, close: () => Promise.resolve() });
};

const activitiesWith = (ports: { runs?: WorkflowRuns; historyRetentionMs?: number | null } = {}) =>
  createHistoryActivities({
    histories: store.histories,
    runs: ports.runs ?? runs(),
    rules: { historyRetentionMs: ports.historyRetentionMs ?? null },
  } as ActivityPorts);

beforeEach(() => store.db.query('truncate workflow_histories, history_progress'));

/** An activity's surroundings, without its log. */
const surroundings = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });

/** Lends workers for mirrors and for the archive. */
async function withWorkers<T>(world: World, work: () => Promise<T>): Promise<T> {
  const activities = { ...world.activities, ...activitiesWith() };
  const stop = await temporal.workers({ activities });
  try {
    return await work();
  } finally {
    await stop();
  }
}

/** A mirror's workflow from its first event to its end. */
async function mirrorRun(repoId: string): Promise<{ workflowId: string; runId: string }> {
  const workflowId = mirrorWorkflowId(repoId);
  const first = event('starred', { repoId });
  const handle = await temporal.client.workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
    workflowId,
    taskQueue: TASK_QUEUES.main,
    args: [{ repoId, fullName: first.fullName }],
    signal: 'repoEvent',
    signalArgs: [first],
  });
  await handle.result();
  return { workflowId, runId: handle.signaledRunId };
}

async function archive(): Promise<ArchiveSummary> {
  const workflowId = `archive-${randomUUID()}`;
  return (await temporal.client.workflow.execute(WORKFLOW_TYPES.archive, {
    workflowId,
    taskQueue: TASK_QUEUES.main,
  })) as ArchiveSummary;
}

/** Temporal lists a run a moment after its end. */
async function untilListed(runIds: string[]): Promise<void> {
  await eventually(async () => {
    const to = new Date(Date.now() + 60_000).toISOString();
    const { runs: listed } = await runs().closed({ from: null, to }, { cursor: null, limit: 1000 });
    return runIds.every((runId) => listed.some((one) => one.runId === runId));
  });
}

const uniqueRepoId = () => String(Math.floor(Math.random() * 1e12));

describe('the histories of runs that have ended', () => {
  it('are kept once, replay, and are listed beside a run that is under way', { timeout: 120_000 }, async () => {
    const repoId = uniqueRepoId();
    const { accountId } = store.account;
    await store.mirrors.saveUpstream(accountId, repository(repoId, { fullName: 'ada/engine' }), true, false);
    const { first, second, ended } = await withWorkers(new World(), async () => {
      const ended = await mirrorRun(repoId);
      await untilListed([ended.runId]);
      const first = await archive();
      const second = await archive();
      return { first, second, ended };
    });
    // Nobody works on it: it stays under way.
    const handle = await temporal.client.workflow.start(WORKFLOW_TYPES.mirror, {
      workflowId: ended.workflowId,
      taskQueue: 'nobody',
      args: [{ repoId, fullName: 'ada/engine' }],
    });
    await eventually(async () => (await runs().running(ended.workflowId)).length === 1);
    const settings = {
      DATABASE_URL: store.database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: temporal.namespace,
    };

    const listed = await run(['audit', 'history', 'ada/engine'], settings);
    const shown = await run(['audit', 'history', 'ada/engine', '--run', ended.runId, '--json'], settings);
    const last = await run(['audit', 'history', 'ada/engine', '--json'], settings);
    await handle.terminate();

    expect(first).toMatchObject({ archived: 1, omitted: 0, gone: 0 });
    expect(second.seen).toBeGreaterThan(0);
    expect(await store.histories.list(ended.workflowId, 10)).toMatchObject([
      { runId: ended.runId, workflowType: 'mirrorRepository', status: 'COMPLETED', omitted: null },
    ]);
    expect(listed.stdout).toContain('1 run under way, 1 kept');
    expect(listed.stdout).toContain(ended.runId);
    expect(listed.stdout).toContain(handle.firstExecutionRunId);
    expect(last).toEqual(shown);
    const history: unknown = JSON.parse(shown.stdout);
    const replay = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, ended.workflowId);
    await expect(replay).resolves.toBeUndefined();
    const [row] = await store.db.query('select bytes, octet_length(history) as packed from workflow_histories');
    expect(Number(row?.['packed'])).toBeLessThan(Number(row?.['bytes']) / 3);
  });
});

describe('a long list of runs', () => {
  it(
    'is read page by page, over several runs of the workflow, and counted to the end',
    { timeout: 60_000 },
    async () => {
      const pages = ARCHIVE_PAGES_PER_RUN + 3;
      const cursors: (string | null)[] = [];
      const ended: unknown[] = [];
      const activities = {
        beginArchiving: async () => ({ from: null, to: '2026-01-02T00:00:00.000Z' }),
        archivePage: async ({ cursor }: { cursor: string | null }) => {
          cursors.push(cursor);
          const next = cursors.length < pages ? `after-${cursors.length}` : null;
          return { next, seen: 2, archived: 1, omitted: 0, gone: 0 };
        },
        endArchiving: async (ending: Record<string, unknown>) => {
          ended.push(ending);
          return { ...ending, removed: 0 };
        },
      };
      const taskQueue = uniqueName('archive');
      const worker = await temporal.worker({ taskQueue, activities });

      const summary = await worker.runUntil(
        temporal.client.workflow.execute(WORKFLOW_TYPES.archive, { workflowId: taskQueue, taskQueue }),
      );

      expect(cursors).toEqual([null, ...Array.from({ length: pages - 1 }, (_, n) => `after-${n + 1}`)]);
      expect(summary).toMatchObject({ seen: 2 * pages, archived: pages });
      expect(ended).toHaveLength(1);
    },
  );
});

describe('one page of histories', () => {
  const closed = (runId: string, bytes = 1000) => ({
    ...{ workflowId: 'mirror-github-7', runId, workflowType: 'mirrorRepository', status: 'COMPLETED' },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', closedAt: '2026-01-01T01:00:00.000Z', events: 11, bytes },
  });
  const plan = { from: null, to: '2026-01-02T00:00:00.000Z' };

  /** A Temporal with these runs, two a page. */
  function listing(all: ReturnType<typeof closed>[], history: WorkflowRuns['history']): WorkflowRuns {
    return {
      closed: (_, { cursor }) => {
        const from = Number(cursor ?? 0);
        const next = from + 2 < all.length ? String(from + 2) : null;
        return Promise.resolve({ runs: all.slice(from, from + 2), next });
      },
      running: () => Promise.resolve([]),
      history,
    };
  }
  const page = (temporalRuns: WorkflowRuns, cursor: string | null = null) => {
    const { archivePage } = activitiesWith({ runs: temporalRuns });
    const request = { correlationId: 'c', plan, cursor };
    return surroundings().run<[typeof request], Awaited<ReturnType<typeof archivePage>>, typeof archivePage>(
      archivePage,
      request,
    );
  };

  it('that broke off is finished by the next attempt, which fetches only what is missing', async () => {
    const fetched: string[] = [];
    const history = async ({ runId }: { runId: string }) => {
      fetched.push(runId);
      if (fetched.length === 2) throw new Error('the worker was killed');
      return '{"events":[]}';
    };
    const temporalRuns = listing([closed('r-1'), closed('r-2'), closed('r-3')], history);

    await expect(page(temporalRuns)).rejects.toThrow('killed');
    const again = await page(temporalRuns);
    const last = await page(temporalRuns, again.next);

    expect(fetched).toEqual(['r-1', 'r-2', 'r-2', 'r-3']);
    expect([again, last]).toMatchObject([
      { seen: 2, archived: 1, next: '2' },
      { seen: 1, archived: 1, next: null },
    ]);
    expect(await store.histories.read('r-2')).toMatchObject({ json: '{"events":[]}' });
  });

  it('names what is too long, and what Temporal has removed already, and goes on', async () => {
    const temporalRuns = listing([closed('long', 17 * 1024 * 1024), closed('removed')], async () => null);

    const counts = await page(temporalRuns);

    expect(counts).toMatchObject({ seen: 2, archived: 0, omitted: 1, gone: 1 });
    const kept = await store.histories.read('long');
    expect([kept?.json, kept?.run.omitted]).toEqual([null, expect.stringContaining('are kept') as string]);
    expect(await store.histories.read('removed')).toBeNull();
  });

  it('at the end removes what is older than the retention, and notes from where the next run looks', async () => {
    await store.histories.save(closed('old'), { json: '{}' });
    await store.histories.save({ ...closed('new'), closedAt: new Date().toISOString() }, { json: '{}' });
    const { beginArchiving, endArchiving } = activitiesWith({ historyRetentionMs: 86_400_000 });
    const ending = { correlationId: 'c', plan, seen: 0, archived: 0, omitted: 0, gone: 0 };

    const summary = (await surroundings().run(() => endArchiving(ending))) as ArchiveSummary;
    await surroundings().run(() => endArchiving({ ...ending, plan: { ...plan, to: '2025-01-01T00:00:00Z' } }));
    const next = await activitiesWith().beginArchiving({ correlationId: 'c' });
    const bounded = await beginArchiving({ correlationId: 'c' });

    expect(summary.removed).toBe(1);
    expect(await store.histories.list('mirror-github-7', 10)).toMatchObject([{ runId: 'new' }]);
    expect(next.from).toBe('2026-01-01T23:50:00.000Z');
    expect(Date.parse(bounded.from ?? '')).toBeGreaterThan(Date.now() - 86_400_000 - 60_000);
  });
});
