import { ApplicationFailure } from '@temporalio/common';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { MANUAL_RECONCILE_WORKFLOW_ID } from '../../src/adapters/temporal.ts';
import type { ReadingEnd, ReadingRequest, ReadingSummary, StarsRead } from '../../src/domain/record.ts';
import type { Conclusion } from '../../src/domain/sweep.ts';
import { repository, withStore } from '../adapters/postgres/test-store.ts';
import { run, start } from '../support/cli.ts';
import { devServerEnvironment } from '../support/temporal.ts';

/** What people see of readings of the star list, and how they ask for one. */

const store = withStore();
const temporal = devServerEnvironment();

const settings = () => ({
  DATABASE_URL: store.database.url,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: temporal.namespace,
});
const starkeep = (...args: string[]) => run(args, settings());

interface Ended {
  incompleteWhy?: string | null;
  conclusion?: Conclusion | null;
  absent?: number;
}

let readings = 0;
async function addReading({ incompleteWhy = null, conclusion = null, absent = 0 }: Ended = {}): Promise<string> {
  const { readingId } = await store.readings.begin(store.account.accountId, `reading-${(readings += 1)}`, 'sweep');
  const tally = { pages: 1, seen: 3, total: 3, flaws: [] };
  await store.readings.end(readingId, { tally, signalled: 0, absent, incompleteWhy, conclusion });
  return readingId;
}

const addHeld = () =>
  addReading({ absent: 2, conclusion: { kind: 'hold', reason: '2 of 5 stars are missing at once, and 1 may be' } });

async function signalsTo(repoId: string): Promise<unknown[]> {
  const { events } = await temporal.client.workflow.getHandle(`mirror-github-${repoId}`).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal ? [JSON.parse(Buffer.from(signal.input?.payloads?.[0]?.data ?? []).toString())] : [],
  );
}

const lastAudited = async () => (await store.audit.read({ limit: 1 }))[0];

describe('reconcile', () => {
  const summary: ReadingSummary = {
    kind: 'sweep',
    incompleteWhy: null,
    seen: 3,
    signalled: 1,
    absent: 2,
    conclusion: 'hold',
  };

  async function withWorker<T>(asked: ReadingRequest[], work: () => Promise<T>): Promise<T> {
    const page: StarsRead = { next: null, seen: 3, signalled: 1, total: 3, gap: null };
    const stop = await temporal.workers({
      activities: {
        beginReading: (request: ReadingRequest) => {
          asked.push(request);
          return Promise.resolve({ readingId: '1', kind: 'sweep', pushedUntil: null, waitAtMostMs: 1_000 });
        },
        readStars: () => Promise.resolve(page),
        endReading: (_: ReadingEnd) => Promise.resolve(summary),
      },
    });
    return work().finally(stop);
  }

  it('waits for the reading and says what it found', async () => {
    const asked: ReadingRequest[] = [];

    const { code, stdout, stderr } = await withWorker(asked, () => starkeep('reconcile', '--full', '--by', 'ann'));

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      'The star list is being read. Ctrl-C stops the waiting, not the reading.\n' +
        'Complete reading: 3 stars seen, 1 mirror told to look, 2 absent (held for a person: npx starkeep deletions).\n',
    );
    expect(asked).toMatchObject([{ full: true }]);
    expect(await lastAudited()).toMatchObject({ actor: 'ann', action: 'stars.read', details: { full: true } });
  });

  it('ended with Ctrl-C leaves the reading running, and the next one waits for the same', async () => {
    const first = start(['reconcile'], settings());
    await expect.poll(first.stdout, { timeout: 20_000 }).toContain('Ctrl-C');
    first.child.kill('SIGINT');
    await first.ended;
    const asked: ReadingRequest[] = [];

    const before = await temporal.client.workflow.getHandle(MANUAL_RECONCILE_WORKFLOW_ID).describe();
    const second = start(['reconcile', '--full'], settings());
    await expect.poll(second.stdout, { timeout: 20_000 }).toContain('Ctrl-C');
    const code = await withWorker(asked, () => second.ended);
    const stdout = second.stdout();

    expect(code).toBe(0);
    expect(before.status.name).toBe('RUNNING');
    expect(stdout).toMatch(/^A reading of the star list is running already, .* and perhaps not a full one\. Ctrl-C/);
    expect(stdout).toContain('Complete reading: 3 stars seen');
    expect(asked).toMatchObject([{ full: false }]);
  });
});

describe('list says of the star list', () => {
  const lastLine = async () => (await starkeep('list')).stdout.trimEnd().split('\n').at(-1);

  it('that it was never read', async () => {
    expect(await lastLine()).toBe('The star list was never read completely.');
  });

  it('when it was last read completely', async () => {
    await addReading({ conclusion: { kind: 'nothing' } });

    expect(await lastLine()).toMatch(/^The star list was last read completely on 20\S+ \S+ UTC \(3 stars\)\.$/);
  });

  it.each<[Ended, string]>([
    [{ incompleteWhy: 'a page failed' }, ' UTC, was incomplete: a page failed.'],
    [{ conclusion: { kind: 'hold', reason: 'too many' } }, 'held for a person: too many. See npx starkeep deletions'],
    [{ conclusion: { kind: 'refuse', reason: 'it is empty' } }, ' What it lacks was refused: it is empty.'],
  ])('what is wrong with the last reading: %j', async (ended, words) => {
    await addReading({ conclusion: { kind: 'nothing' } });
    await addReading(ended);

    const line = await lastLine();

    expect(line).toMatch(/^The star list was last read completely on /);
    expect(line).toContain(words);
  });

  it('why it cannot be read, also when no reading ever began', async () => {
    const stop = await temporal.workers({
      activities: {
        beginReading: () => {
          throw ApplicationFailure.nonRetryable('GitHub answers with status 401', 'SourceUnauthorized');
        },
      },
    });

    const { code } = await starkeep('reconcile', '--by', 'ann').finally(stop);

    expect(code).toBe(1);
    // Temporal's own list lags a moment behind.
    await expect
      .poll(lastLine, { timeout: 20_000 })
      .toMatch(
        /never read completely\. The last reading of the star list failed\. The star list was not read: GitHub answers with status 401/,
      );
  });

  it('nothing to programs', async () => {
    expect((await starkeep('list', '--json')).stdout).toBe('[]\n');
  });
});

describe('held readings', () => {
  let repoId: string;
  let nextId = 71_000;
  beforeEach(async () => {
    repoId = String((nextId += 10));
    await store.mirrors.saveUpstream(store.account.accountId, repository(repoId), true, false);
  });

  it('are shown with id and count', async () => {
    const readingId = await addHeld();

    const { stdout } = await starkeep('deletions');

    expect(stdout).toMatch(new RegExp(`Reading ${readingId} \\(.* UTC\\) lacks 2 stars; .*: 2 of 5 stars are missing`));
    expect(stdout).toContain(`npx starkeep deletions ask ${readingId} `);
  });

  it('are asked about on a person’s word, once', async () => {
    const readingId = await addHeld();

    const { code, stdout } = await starkeep('deletions', 'ask', readingId, '--by', 'ann');
    const again = await starkeep('deletions', 'ask', readingId, '--by', 'ann');

    expect([code, stdout.split('\n')[0]]).toEqual([0, 'GitHub is asked about 1 repository.']);
    expect(await signalsTo(repoId)).toMatchObject([{ kind: 'unstarred', trigger: 'reconcile', repoId }]);
    const rows = await store.db.query('select approved_by from star_readings where reading_id = $1', [readingId]);
    expect(rows).toEqual([{ approved_by: 'ann' }]);
    expect(await lastAudited()).toMatchObject({ actor: 'ann', action: 'deletions.ask', subject: readingId });
    expect([again.code, again.stderr]).toEqual([
      4,
      `Reading ${readingId} does not wait for a person. No reading waits for a person.\n`,
    ]);
  });

  it('that a later complete reading replaced are not asked about', async () => {
    const readingId = await addHeld();
    await addReading({ conclusion: { kind: 'nothing' } });

    const { code } = await starkeep('deletions', 'ask', readingId, '--by', 'ann');

    expect(code).toBe(4);
    await expect(temporal.client.workflow.getHandle(`mirror-github-${repoId}`).describe()).rejects.toThrow(/not found/);
  });
});

describe('replay', () => {
  let repoId: string;
  let nextId = 72_000;
  beforeEach(() => {
    repoId = String((nextId += 10));
  });

  async function addDelivery(guid: string, ignoredReason: string | null = null): Promise<void> {
    const fullName = 'ada/engine';
    await store.deliveries.take({
      guid,
      hookId: null,
      bodySha256: 'x',
      event: 'push',
      action: null,
      repoId,
      fullName,
      correlationId: guid,
      repoEvent:
        ignoredReason === null
          ? { kind: 'changed', trigger: 'webhook', repoId, fullName, correlationId: guid, deliveryId: guid }
          : null,
      ignoredReason,
    });
  }

  it('dispatches one again so that the running workflow does not take it for a duplicate', async () => {
    await addDelivery('guid-1');
    await store.deliveries.markDispatched('guid-1', 'w');

    const { code, stdout } = await starkeep('replay', 'guid-1');

    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^guid-1  .* UTC  push ada/engine  →  mirror-github-${repoId}\n1 delivery `));
    expect(stdout).toContain('That is harmless');
    const [event] = await signalsTo(repoId);
    expect(event).toEqual({
      kind: 'changed',
      trigger: 'webhook',
      repoId,
      fullName: 'ada/engine',
      correlationId: 'guid-1',
    });
  });

  it('--failed takes those that were never dispatched, and no other', async () => {
    await addDelivery('done');
    await store.deliveries.markDispatched('done', 'w');
    await addDelivery('stuck');

    const { stdout } = await starkeep('replay', '--failed');

    expect(stdout.split('\n').filter((line) => line.includes('→'))).toEqual([expect.stringMatching(/^stuck /)]);
    expect(await store.deliveries.backlog()).toMatchObject({ count: 0 });
  });

  it('--since takes what was accepted within the time', async () => {
    await addDelivery('old');
    await store.db.query(`update deliveries set received_at = now() - interval '3 hours'`);
    await addDelivery('new');
    await addDelivery('noise', 'not of interest');

    const { stdout } = await starkeep('replay', '--since', '2h');

    expect(stdout.split('\n').filter((line) => line.includes('→'))).toEqual([expect.stringMatching(/^new /)]);
  });

  it('refuses an unknown guid, and an ignored one with its reason', async () => {
    await addDelivery('noise', 'the event is not of interest');

    const unknown = await starkeep('replay', 'no-such');
    const ignored = await starkeep('replay', 'noise');

    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringMatching(/^There is no delivery no-such\. /)]);
    expect([ignored.code, ignored.stderr]).toEqual([
      4,
      'Delivery noise (push) was ignored, so there is nothing to dispatch: the event is not of interest.\n',
    ]);
  });

  it.each([[['replay']], [['replay', 'g', '--failed']], [['replay', '--since', 'soon']]])(
    '%j is a wrong command',
    async (args) => {
      expect((await starkeep(...args)).code).toBe(2);
    },
  );
});
