import { driftNote } from '../../domain/drift.ts';
import type { Recorded, RecordEntry } from '../../domain/record.ts';
import type { RecordStore } from '../../domain/ports.ts';
import { settleBatchItems } from './batches.ts';
import type { Database, Queryable } from './database.ts';

/** The kinds of entry, each with its own statements. */
type Entry<K extends RecordEntry['kind']> = Extract<RecordEntry, { kind: K }>;

export function createRecordStore(db: Database): RecordStore {
  return {
    write: (accountId, entry) =>
      db.transaction(async (tx) => {
        const recorded = await writeEntry(tx, accountId, entry);
        await settleBatchItems(tx, entry);
        return recorded;
      }),
  };
}

function writeEntry(tx: Queryable, accountId: string | null, entry: RecordEntry): Promise<Recorded> {
  switch (entry.kind) {
    case 'synced':
      return writeSynced(tx, entry);
    case 'failed':
      return writeFailed(tx, accountId, entry);
    case 'status':
      return writeStatus(tx, entry);
    case 'deletion_requested':
      return requestDeletion(tx, entry);
    case 'deletion_waiting':
      return waitForApproval(tx, entry);
    case 'deletion_ended':
      return endDeletion(tx, entry);
  }
}

const INSERT_SYNC = `
  insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome,
                     transport, refs, declined, phases, bytes, objects, source_digest, error_kind, error_message, drift,
                     fallback, lfs)
  select mirror_id, account_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
    from mirrors where mirror_id = $1
  on conflict (run_id, attempt) do nothing
  returning sync_id`;

async function writeSynced(tx: Queryable, entry: Entry<'synced'>): Promise<Recorded> {
  const { report } = entry;
  // Nothing to do is worth no row: the mirror's own "checked at" says it.
  if (report.outcome === 'changed' && !(await isFirstWrite(tx, syncedValues(entry)))) return {};
  await closeLeftOpen(tx, entry.mirrorId, 'the mirror was synced again');
  const held = report.held.length > 0;
  const note = held ? `Upstream rewrote or deleted ${shortList(report.held)}; a person has to decide.` : null;
  await tx.query(
    // Pending again: the star list showed a change while this sync was under way, and another one has to look.
    `update mirrors set status = case when status = 'pending' then status else $2 end, status_note = $3, retry_count = 0,
            next_attempt_at = null, last_error_kind = null, last_error_message = null, source_digest = $4, source_refs = $5,
            delete_at = null, last_checked_at = now(), updated_at = now(),
            last_synced_at = case when $6 then now() else coalesce(last_synced_at, now()) end
      where mirror_id = $1`,
    [
      entry.mirrorId,
      held ? 'held' : 'completed',
      note,
      // While something is held the mirror is not equal: the next look compares everything again, and finds it held still.
      held ? null : report.sourceDigest,
      report.refs.source,
      report.outcome === 'changed',
    ],
  );
  if (report.lfs) await tx.query('update mirrors set lfs = $2 where mirror_id = $1', [entry.mirrorId, report.lfs]);
  if (report.compared || report.drift) await noteComparison(tx, entry);
  if (report.outcome === 'unchanged') return {};
  await tx.query('update mirrors set declined = $2, declined_count = $3 where mirror_id = $1', [
    entry.mirrorId,
    JSON.stringify(report.declined),
    report.refs.declined,
  ]);
  return {};
}

/** What the last comparison of both sides found stays to be seen until the next one. */
async function noteComparison(tx: Queryable, { mirrorId, fullName, report }: Entry<'synced'>): Promise<void> {
  const { drift, outcome } = report;
  await tx.query('update mirrors set last_compared_at = now(), drift_note = $2 where mirror_id = $1', [
    mirrorId,
    drift ? driftNote(drift, outcome === 'changed', new Date(), fullName) : null,
  ]);
}

const NAMED = 5;

function shortList(names: string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function syncedValues(entry: Entry<'synced'>): unknown[] {
  const { report } = entry;
  return [
    ...attemptValues(entry),
    'completed',
    report.transport,
    JSON.stringify(report.refs),
    JSON.stringify(report.declined),
    JSON.stringify(report.phases),
    report.bytes,
    report.objects,
    report.sourceDigest,
    null,
    null,
    report.drift ? JSON.stringify(report.drift) : null,
    report.fallback ?? null,
    report.lfs ? JSON.stringify(report.lfs) : null,
  ];
}

/** Writes the attempt's row. @returns false when it is there already: a repetition, however late, changes nothing more */
async function isFirstWrite(tx: Queryable, values: unknown[]): Promise<boolean> {
  return (await tx.query(INSERT_SYNC, values)).length === 1;
}

/**
 * A workflow that somebody terminated leaves its deletion open. Once the mirror is anything else than about to be deleted, that deletion is over: its
 * date, long past, must not stand for the grace period of a later one.
 */
async function closeLeftOpen(tx: Queryable, mirrorId: string, why: string): Promise<void> {
  await tx.query(
    `update deletions set state = 'cancelled', decided_by = 'Starkeep', decision_reason = $2, decided_at = now(), finished_at = now()
      where mirror_id = $1 and finished_at is null`,
    [mirrorId, why],
  );
}

/** A repository whose first sight fails has no row yet, and its failure has to be seen too. */
async function writeFailed(tx: Queryable, accountId: string | null, entry: Entry<'failed'>): Promise<Recorded> {
  if (accountId !== null) {
    await tx.query(
      `insert into mirrors (mirror_id, account_id, repo_id, full_name) values ($1, $2, $3, $4) on conflict (mirror_id) do nothing`,
      [entry.mirrorId, accountId, entry.repoId, entry.fullName],
    );
  }
  const nothing = Array<null>(7).fill(null);
  const { kind, message } = entry.failure;
  if (!(await isFirstWrite(tx, [...attemptValues(entry), 'failed', ...nothing, kind, message, null, null, null])))
    return {};
  // Its deletion made it unstarred: starred, it was seen starred since. A look that only failed leaves the date as it is.
  const [seen] = await tx.query('select from mirrors where mirror_id = $1 and starred', [entry.mirrorId]);
  if (seen) await closeLeftOpen(tx, entry.mirrorId, 'the mirror is starred again');
  await tx.query(
    `update mirrors set status = $2, status_note = null, retry_count = $3, next_attempt_at = $4, last_error_kind = $5,
            last_error_message = $6, updated_at = now()
      where mirror_id = $1`,
    [
      entry.mirrorId,
      entry.nextAttemptAt === null ? 'permanent_failure' : 'failed',
      entry.retryCount,
      entry.nextAttemptAt,
      kind,
      message,
    ],
  );
  return {};
}

function attemptValues(entry: Entry<'synced'> | Entry<'failed'>): unknown[] {
  return [
    entry.mirrorId,
    entry.trigger,
    entry.workflowId,
    entry.runId,
    entry.attempt,
    entry.correlationId,
    entry.startedAt,
  ];
}

async function writeStatus(tx: Queryable, entry: Entry<'status'>): Promise<Recorded> {
  await closeLeftOpen(tx, entry.mirrorId, `the mirror is ${entry.status}`);
  await tx.query(
    // A decision to keep a mirror is no sync: it is only completed if its last sync was.
    `update mirrors set status_note = $3, paused = coalesce($4, paused), next_attempt_at = null,
            delete_at = null, last_checked_at = now(), updated_at = now(),
            status = case when $2 <> 'completed' then $2
                          when last_error_kind is not null then 'permanent_failure'
                          when last_synced_at is null then 'pending'
                          else 'completed' end
      where mirror_id = $1`,
    [entry.mirrorId, entry.status, entry.note, entry.paused ?? null],
  );
  return {};
}

/** An open deletion stays the one: asking again neither restarts its grace period nor makes a second. */
async function requestDeletion(tx: Queryable, entry: Entry<'deletion_requested'>): Promise<Recorded> {
  await tx.query(
    `insert into deletions (mirror_id, account_id, full_name, project_id, project_path, policy, proof, due_at, state,
                            correlation_id)
     select mirror_id, account_id, full_name, project_id, project_path, $2, $3, $4::timestamptz,
            case when $4::timestamptz is null then 'waiting_for_approval' else 'pending' end, $5
       from mirrors where mirror_id = $1
     on conflict (mirror_id) where finished_at is null do nothing`,
    [entry.mirrorId, entry.policy, entry.proof, entry.dueAt, entry.correlationId],
  );
  const [open] = await tx.query<{ deletion_id: string; due_at: Date | null }>(
    'select deletion_id, due_at from deletions where mirror_id = $1 and finished_at is null',
    [entry.mirrorId],
  );
  if (!open) throw new Error(`no mirror ${entry.mirrorId} to delete`);
  await tx.query(
    `update mirrors set status = 'pending_deletion', starred = false, delete_at = $2, updated_at = now(),
            status_note = $3 where mirror_id = $1`,
    [
      entry.mirrorId,
      open.due_at,
      open.due_at === null
        ? 'Looks unstarred; a person has to approve the deletion.'
        : 'Unstarred; deleted when the grace period ends.',
    ],
  );
  return { deletion: { deletionId: String(open.deletion_id), dueAt: open.due_at?.toISOString() ?? null } };
}

async function waitForApproval(tx: Queryable, entry: Entry<'deletion_waiting'>): Promise<Recorded> {
  await tx.query(
    `update deletions set state = 'waiting_for_approval', due_at = null, decision_reason = $2 where deletion_id = $1 and finished_at is null`,
    [entry.deletionId, entry.reason],
  );
  await tx.query(`update mirrors set delete_at = null, status_note = $2, updated_at = now() where mirror_id = $1`, [
    entry.mirrorId,
    `The deletion waits for approval: ${entry.reason}`,
  ]);
  return {};
}

async function endDeletion(tx: Queryable, entry: Entry<'deletion_ended'>): Promise<Recorded> {
  await tx.query(
    `update deletions set state = $2, decided_by = $3, decision_reason = $4, decided_at = now(), finished_at = now()
      where deletion_id = $1 and finished_at is null`,
    [entry.deletionId, entry.state, entry.by, entry.reason],
  );
  await tx.query(
    `update mirrors set status = 'pending', delete_at = null, status_note = null, updated_at = now(),
            kept_by = case when $2 then $3 else kept_by end
      where mirror_id = $1`,
    [entry.mirrorId, entry.keep, entry.by],
  );
  return {};
}
