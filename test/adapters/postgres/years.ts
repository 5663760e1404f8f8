import type { Database } from '../../../src/adapters/postgres/database.ts';

/**
 * A record as it is after years: of each mirror four syncs, four deliveries and four entries of the audit log; of every second a deletion, of every
 * fifth an alert, of every hundredth a batch with a hundred mirrors.
 */
export async function fillYears(db: Database, mirrors: number): Promise<void> {
  await db.query(`insert into accounts (account_id, external_id, login) values ('github-1', '1', 'ann')`);
  for (const statement of STATEMENTS) {
    await db.transaction(async (tx) => {
      // The triggers would tell of each; nobody listens yet. The chain of the audit log is not what is measured.
      await tx.query('set local session_replication_role = replica');
      await tx.query(statement, [mirrors]);
    });
  }
  await db.query('update audit_head set event_id = $1', [mirrors * 4]);
  await db.query('vacuum analyze');
}

const STATEMENTS = [
  `insert into mirrors (mirror_id, account_id, repo_id, full_name, html_url, description, default_branch, visibility, language, topics, stars, size_kb,
                        pushed_at, last_synced_at, last_checked_at, status, last_error_kind, last_error_message, starred, project_id, project_path, source_refs)
   select 'github-' || n, 'github-1', n::text, 'owner-' || n % 2000 || '/repo-' || n, 'https://github.com/owner-' || n % 2000 || '/repo-' || n,
          'A description as people write it, of some eighty characters, number ' || n, 'main', 'public', 'Language ' || n % 60,
          array['topic-' || n % 100, 'topic-' || n % 70, 'another-topic'], n * 13 % 50000, n::bigint * 7 % 90000,
          now() - make_interval(mins => n), now() - make_interval(secs => n), now() - make_interval(secs => n),
          case when n % 50 = 0 then 'failed' when n % 500 = 1 then 'held' else 'completed' end,
          case when n % 50 = 0 then case when n % 100 = 0 then 'TargetError' else 'SourceError' end end,
          case when n % 50 = 0 then 'OneDev answered 500 to a push of 3 refs' end, true, n::text, 'github/owner-' || n % 2000 || '/repo-' || n, n % 300
     from generate_series(1, $1::int) as n`,
  `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, finished_at, outcome, refs, phases, bytes, objects)
   select 'github-' || 1 + n % $1::int, 'github-1', 'webhook', 'mirror-github-' || 1 + n % $1::int, 'run-' || n, 1, 'guid-' || n,
          now() - make_interval(mins => $1::int * 4 - n), now() - make_interval(mins => $1::int * 4 - n),
          case when n % 30 = 0 then 'failed' else 'completed' end, '{"source": 12, "created": 1, "updated": 2}',
          '[{"name": "fetching", "durationMs": 812}, {"name": "pushing", "durationMs": 431}]', n % 5000000, n % 5000
     from generate_series(1, $1::int * 4) as n`,
  `insert into deliveries (guid, account_id, body_sha256, event, repo_id, full_name, correlation_id, payload, outcome, ignored_reason, received_at,
                           dispatched_at, workflow_id, audited_in)
   select 'guid-' || n, 'github-1', md5(n::text), case when n % 20 = 0 then 'star' else 'push' end, (1 + n % $1::int)::text,
          'owner-' || (1 + n % $1::int) % 2000 || '/repo-' || 1 + n % $1::int, 'guid-' || n,
          case when n % 10 <> 0 then jsonb_build_object('kind', 'changed', 'trigger', 'webhook', 'repoId', (1 + n % $1::int)::text,
                                                       'fullName', 'owner/repo', 'correlationId', 'guid-' || n) end,
          case when n % 10 = 0 then 'ignored' else 'accepted' end, case when n % 10 = 0 then 'a star of somebody else' end,
          now() - make_interval(mins => $1::int * 4 - n), now(), 'mirror-github-' || 1 + n % $1::int, n
     from generate_series(1, $1::int * 4) as n`,
  `insert into audit_events (event_id, at, account_id, actor, action, subject, details, prev_hash, hash)
   select n, now() - make_interval(mins => $1::int * 4 - n), 'github-1', case when n % 100 = 0 then 'ann' else 'Starkeep' end,
          case when n % 1000 = 0 then 'key.created' when n % 3 = 0 then 'mirror.pause' else 'delivery.accepted' end, 'github-' || 1 + n % $1::int,
          '{"fullName": "owner/repo", "correlationId": "guid"}', repeat('a', 64), repeat('b', 64)
     from generate_series(1, $1::int * 4) as n`,
  `insert into deletions (mirror_id, account_id, full_name, policy, proof, requested_at, due_at, state, finished_at)
   select 'github-' || n * 2, 'github-1', 'owner/repo-' || n * 2, 'delete', 'not starred, twice', now() - make_interval(hours => n), now() + make_interval(hours => n),
          case when n % 10 = 0 then 'pending' else 'deleted' end, case when n % 10 <> 0 then now() end
     from generate_series(1, $1::int / 2) as n`,
  `insert into alerts (account_id, kind, subject, full_name, level, summary, advice, command, raised_at, cleared_at, cleared_why)
   select 'github-1', case when n % 10 = 0 then 'audit_broken' else 'mirror_failed' end, 'github-' || n, 'owner/repo-' || n, 'error', 'It is not mirrored',
          'Mend it.', 'starkeep show owner/repo', now() - make_interval(hours => $1::int / 5 - n), case when n % 50 <> 0 then now() end,
          case when n % 50 <> 0 then 'it is mirrored again' end
     from generate_series(1, $1::int / 5) as n`,
  `insert into batches (account_id, selection, requested_by, correlation_id, state, planned, requested_at, finished_at)
   select 'github-1', '{"kind": "all"}', 'ann', 'batch-' || n, 'completed', true, now() - make_interval(hours => $1::int / 100 - n), now()
     from generate_series(1, $1::int / 100) as n`,
  `insert into batch_items (batch_id, mirror_id, state, ended_at)
   select 1 + (n - 1) / 100, 'github-' || 1 + n % $1::int, case when n % 20 = 0 then 'failed' else 'changed' end, now()
     from generate_series(1, $1::int / 100 * 100) as n`,
];
