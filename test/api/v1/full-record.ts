import { MIRROR_STATUSES } from '../../../src/domain/model.ts';
import type { World } from './world.ts';

/**
 * A record with something of everything that the API shows: a mirror in every state, with syncs, deliveries of both outcomes, deletions in several
 * states, batches that run and that ended, alerts that are open and over, keys and sessions.
 */
export async function fillRecord(world: World): Promise<void> {
  const { store } = world;
  const { accountId } = store.account;
  const ids = { correlationId: 'c', workflowId: 'w', runId: 'r' };

  for (const [index, status] of MIRROR_STATUSES.entries()) {
    const repoId = String(index + 1);
    const isFailed = status === 'failed' || status === 'permanent_failure';
    const row = {
      status,
      paused: status === 'paused',
      ...(isFailed ? { last_error_kind: 'TargetError', last_error_message: 'OneDev: 500', retry_count: 3 } : {}),
    };
    const starred = !['pending_deletion', 'deleted', 'frozen'].includes(status);
    await world.addMirror(repoId, `ada/${status.replace('_', '-')}`, { row, starred });
    const project = { projectId: repoId, path: `github/ada/${repoId}`, created: true, moved: false, detour: null };
    if (status !== 'pending' && status !== 'excluded') await store.mirrors.saveProject(`github-${repoId}`, project);
    await store.db.query(
      `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome, refs, phases, bytes)
       select $1, $2, 'webhook', 'mirror-' || $1, 'run-' || $1, attempt, 'c-' || attempt, now(), case when attempt = 1 then 'failed' else 'completed' end,
              '{"created": 2}', '[{"name": "fetching", "durationMs": 12}]', 120000
         from generate_series(1, 3) as attempt`,
      [`github-${repoId}`, accountId],
    );
  }

  for (const [guid, ignoredReason] of [['guid-1'], ['guid-2'], ['guid-3', 'a ping']] as const) {
    await store.deliveries.take({
      guid,
      hookId: null,
      bodySha256: 'x',
      event: ignoredReason === undefined ? 'push' : 'ping',
      action: null,
      repoId: '3',
      fullName: 'ada/completed',
      correlationId: guid,
      repoEvent:
        ignoredReason === undefined
          ? { kind: 'changed', trigger: 'webhook', repoId: '3', fullName: 'ada/completed', correlationId: guid }
          : null,
      ignoredReason: ignoredReason ?? null,
    });
  }
  await store.deliveries.markDispatched('guid-1', 'mirror-github-3');

  // Of a mirror that a deletion waits for or is over; the last one is over already.
  const dues = { pending_deletion: '2100-01-01T00:00:00.000Z', held: null, deleted: null } as const;
  for (const [status, dueAt] of Object.entries(dues)) {
    const mirrorId = `github-${MIRROR_STATUSES.indexOf(status as keyof typeof dues) + 1}` as const;
    const about = { mirrorId, ...ids };
    const request = { kind: 'deletion_requested', policy: 'delete', proof: 'p', dueAt, ...about } as const;
    const { deletion } = await store.record.write(accountId, request);
    if (status === 'deleted') {
      const deletionId = deletion?.deletionId ?? '';
      const how = { state: 'refused', by: 'Starkeep', reason: 'the project lost its marker', keep: false } as const;
      await store.record.write(accountId, { kind: 'deletion_ended', deletionId, ...how, ...about });
    }
    await store.db.query('update mirrors set status = $2 where mirror_id = $1', [mirrorId, status]);
  }

  for (const kind of ['all', 'failed']) await world.ask('POST', '/batches', { body: { selection: { kind } } });
  await store.batches.end('2', 'completed', null);

  for (const subject of ['github-4', 'github-5']) {
    await store.alerts.raise(accountId, {
      kind: 'mirror_failed',
      subject,
      fullName: 'ada/failed',
      summary: 'ada/failed is not mirrored',
      advice: 'Mend it.',
      command: 'starkeep show ada/failed',
    });
  }
  const over = { kind: 'mirror_failed', subject: 'github-4', because: 'it is mirrored again' } as const;
  await store.alerts.clear(accountId, over);

  // One that found nothing, and one that waits for a person.
  const conclusions = [{ kind: 'nothing' }, { kind: 'hold', reason: 'half of the stars are missing' }] as const;
  for (const conclusion of conclusions) {
    const { readingId } = await store.readings.begin(accountId, conclusion.kind, 'sweep');
    const tally = { pages: 1, seen: 3, total: 3, flaws: [] };
    await store.readings.end(readingId, { tally, signalled: 0, absent: 2, incompleteWhy: null, conclusion });
  }
}
