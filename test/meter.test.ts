import { describe, expect, it } from 'vitest';
import type { SyncReport } from '../src/domain/model.ts';
import { meter, onExchange } from '../src/meter.ts';
import { metricsText, workerRegistry } from '../src/metrics.ts';
import { report } from './adapters/postgres/test-store.ts';

/** What a scrape of the worker has more than the one before: name with labels → by how much. */
async function counted(work: () => void): Promise<Record<string, number>> {
  const before = await samples();
  work();
  const after = await samples();
  const changed = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(changed.filter(([name, by]) => by !== 0 && !name.includes('_bucket')));
}

async function samples(): Promise<Map<string, number>> {
  const { text } = await metricsText(workerRegistry);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.includes('Nan'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

describe('what a worker counts', () => {
  it('of a sync: why it ran and how it ended, its phases, what it received and what it changed', async () => {
    const refs: SyncReport['refs'] = {
      ...{ source: 40, created: 3, updated: 2, forced: 1, deleted: 1, archived: 1, declined: 0 },
    };
    const lfs = { objects: 2, transferred: 1, bytes: 500, skipped: 1, failed: 0, failures: [], again: false };
    const phases = [
      { name: 'listing', durationMs: 250 },
      { name: 'pushing', durationMs: 1_500 },
    ];

    const changes = await counted(() => {
      meter.synced({
        trigger: 'webhook',
        seconds: 2,
        report: report({ outcome: 'changed', bytes: 4_096, refs, phases, lfs }),
      });
    });

    expect(changes).toEqual({
      'starkeep_syncs_total{trigger="webhook",outcome="changed"}': 1,
      'starkeep_sync_duration_seconds_sum{outcome="changed"}': 2,
      'starkeep_sync_duration_seconds_count{outcome="changed"}': 1,
      'starkeep_sync_phase_duration_seconds_sum{phase="listing"}': 0.25,
      'starkeep_sync_phase_duration_seconds_count{phase="listing"}': 1,
      'starkeep_sync_phase_duration_seconds_sum{phase="pushing"}': 1.5,
      'starkeep_sync_phase_duration_seconds_count{phase="pushing"}': 1,
      starkeep_received_bytes_total: 4_096,
      starkeep_lfs_copied_bytes_total: 500,
      'starkeep_refs_total{change="created"}': 3,
      'starkeep_refs_total{change="updated"}': 2,
      'starkeep_refs_total{change="forced"}': 1,
      'starkeep_refs_total{change="deleted"}': 1,
      'starkeep_refs_total{change="archived"}': 1,
    });
  });

  it.each([
    [false, 'retry'],
    [true, 'none'],
  ])('of a sync that failed: the kind, and whether it goes on by itself', async (givenUp, next) => {
    const changes = await counted(() => {
      meter.syncFailed({ trigger: 'retry', kind: 'TargetUnreachable', givenUp, seconds: 1 });
    });

    expect(changes).toMatchObject({
      'starkeep_syncs_total{trigger="retry",outcome="failed"}': 1,
      [`starkeep_sync_failures_total{kind="TargetUnreachable",next="${next}"}`]: 1,
    });
  });

  it('of an activity that failed: which, and the kind', async () => {
    const changes = await counted(() => meter.activityFailed('transfer', 'DiskFull'));

    expect(changes).toEqual({ 'starkeep_activity_failures_total{activity="transfer",kind="DiskFull"}': 1 });
  });

  it.each([
    [204, '2xx'],
    [304, '3xx'],
    [503, '5xx'],
    [null, 'none'],
  ])('of a request that was answered with %s: how long it took, by the class of the status', async (status, shown) => {
    const exchange = { host: 'onedev', method: 'GET', route: '/projects', status, seconds: 0.5 } as const;

    const changes = await counted(() => onExchange(exchange));

    const labels = `{host="onedev",method="GET",route="/projects",status="${shown}"}`;
    expect(changes).toEqual({
      [`starkeep_host_request_duration_seconds_sum${labels}`]: 0.5,
      [`starkeep_host_request_duration_seconds_count${labels}`]: 1,
    });
  });
});
