import { beforeEach, describe, expect, inject, it } from 'vitest';
import type { Schemas } from '../../src/client/client.ts';
import type { RecordEntry } from '../../src/domain/record.ts';
import { report, repository, withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';
import { devServerEnvironment, uniqueName } from '../support/temporal.ts';

/** "What happened to repository X on Tuesday?", as it is typed, over a real record. */

const store = withStore();
const temporal = devServerEnvironment();

const MONDAY = '2026-11-23T23:59:00.000Z';
const TUESDAY = '2026-11-24T14:02:11.000Z';
const WEDNESDAY = '2026-11-25T00:00:00.000Z';

const starkeep = (...args: string[]) =>
  run(args, {
    DATABASE_URL: store.database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
  });

/** A sync, the webhook that set it off and what a person said, all of that moment. */
async function happened(guid: string, at: string, outcome: 'synced' | 'failed'): Promise<void> {
  const attempt = { attempt: 1, trigger: 'webhook', startedAt: at, repoId: '7', fullName: 'ada/engine' } as const;
  const ids = {
    mirrorId: 'github-7',
    correlationId: guid,
    workflowId: 'mirror-github-7',
    runId: `run-${guid}`,
  } as const;
  const entry: RecordEntry =
    outcome === 'synced'
      ? { kind: 'synced', report: report({ outcome: 'changed' }), ...ids, ...attempt }
      : {
          ...{ kind: 'failed', failure: { kind: 'TargetUnreachable', message: 'connection refused' }, retryCount: 1 },
          ...{ nextAttemptAt: null, ...ids, ...attempt },
        };
  await store.record.write(store.account.accountId, entry);
  await store.db.query('update syncs set finished_at = $2 where run_id = $1', [`run-${guid}`, at]);
  await store.db.query(
    `insert into deliveries (guid, account_id, body_sha256, event, full_name, correlation_id, payload, outcome, received_at, dispatched_at)
     values ($1, $2, $1, 'push', 'ada/engine', $1, '{}', 'accepted', $3, $3)`,
    [guid, store.account.accountId, at],
  );
}

beforeEach(async () => {
  await store.mirrors.saveUpstream(store.account.accountId, repository('7', { fullName: 'ada/engine' }), true, false);
});

describe('show --since', () => {
  it('tells what arrived, what was done and how it ended, that day and no other, in order', async () => {
    await happened('monday', MONDAY, 'synced');
    await happened('tuesday', TUESDAY, 'failed');
    await happened('wednesday', WEDNESDAY, 'synced');

    const { stdout, code } = await starkeep('show', 'engine', '--since', '2026-11-24', '--until', '2026-11-25');

    const lines = stdout.split('\n');
    expect([code, lines[0]]).toEqual([0, 'ada/engine   completed now   (github-7)']);
    expect(lines.slice(1, 3)).toEqual([
      '  2026-11-24 14:02:11 UTC  webhook push, dispatched at 2026-11-24 14:02:11 UTC  (correlationId tuesday)',
      '  2026-11-24 14:02:11 UTC  sync (webhook, attempt 1) failed after 0.0 s: TargetUnreachable: connection refused  (correlationId tuesday)',
    ]);
    expect(stdout).toContain('Each step of a run: npx starkeep audit history ada/engine --run run-tuesday\n');
    expect(stdout).not.toMatch(/monday|wednesday/);
  });

  it('has what people said, and what was decided', async () => {
    const by = uniqueName('ann');
    await store.audit.append({
      ...{ accountId: store.account.accountId, actor: by, action: 'mirror.pause', subject: 'github-7' },
      details: { reason: 'too large' },
    });

    const { stdout } = await starkeep('show', 'github-7', '--since', '1h');

    expect(stdout).toMatch(new RegExp(`mirror\\.pause {2}by ${by} {2}\\{"reason":"too large"\\}`));
  });

  it('reads on until the day is reached, however much there was since', async () => {
    await happened('tuesday', TUESDAY, 'synced');
    await store.db.query(
      `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, finished_at, outcome)
       select 'github-7', $1, 'reconcile', 'w', 'later-' || n, 1, 'later', now(), now(), 'completed' from generate_series(1, 250) as n`,
      [store.account.accountId],
    );

    const { stdout } = await starkeep('show', 'engine', '--since', '2026-11-24', '--until', '2026-11-25', '--json');

    const { entries } = JSON.parse(stdout) as { entries: Schemas['TimelineEntry'][] };
    expect(entries.map(({ kind }) => kind)).toEqual(['delivery', 'sync']);
  });

  it('says so when nothing is on record for that time', async () => {
    const { stdout } = await starkeep('show', 'engine', '--since', '2020-01-01', '--until', '2020-01-02');

    expect(stdout).toContain('Nothing is on record for that time');
  });

  it.each([
    [['--until', '2026-11-25'], 'needs --since beside --until'],
    [['--since', 'tuesday'], '--since must be a duration'],
  ])('with %j is a mistake, and says what is right', async (args, said) => {
    const { code, stderr } = await starkeep('show', 'engine', ...args);

    expect([code, stderr.includes(said)]).toEqual([2, true]);
  });
});
