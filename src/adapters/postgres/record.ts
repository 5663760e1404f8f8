import { type AuditEntry, STARKEEP } from '../../domain/audit.ts';
import { driftNote } from '../../domain/drift.ts';
import type { MirrorStatus } from '../../domain/model.ts';
import type { Recorded, RecordEntry } from '../../domain/record.ts';
import type { RecordStore } from '../../domain/record-stores.ts';
import { type AlertPolicy, NO_CHANNELS, settleAlerts } from './alerts.ts';
import { appendAll } from './audit.ts';
import { settleBatchItems } from './batches.ts';
import type { Database, Queryable } from './database.ts';

/** The kinds of entry, each with its own statements. */
type Entry<K extends RecordEntry['kind']> = Extract<RecordEntry, { kind: K }>;

export function createRecordStore(db: Database, alerts: AlertPolicy = NO_CHANNELS): RecordStore {
  return {
    write: (accountId, entry) =>
      db.transaction(async (tx) => {
        const said = new Said(accountId, entry);
        const recorded = await writeEntry(tx, accountId, entry, said);
        await settleBatchItems(tx, entry);
        await settleAlerts(tx, alerts, entry.mirrorId, entry.kind === 'synced');
        // Last, since everybody else who writes to the log waits from here to the commit.
        await appendAll(tx, await said.entries(tx));
        return recorded;
      }),
  };
}

/** What the audit log will have of an entry: only what changed something, so that a repetition says nothing twice. */
class Said {
  private readonly said: Pick<AuditEntry, 'actor' | 'action' | 'details'>[] = [];
  private readonly accountId: string | null;
  private readonly entry: RecordEntry;

  constructor(accountId: string | null, entry: RecordEntry) {
    this.accountId = accountId;
    this.entry = entry;
  }

  add(action: string, details: Record<string, unknown>, actor: string = STARKEEP): void {
    this.said.push({ actor, action, details });
  }

  async entries(tx: Queryable): Promise<AuditEntry[]> {
    if (this.said.length === 0) return [];
    const { mirrorId, correlationId, runId } = this.entry;
    const [mirror] = await tx.query<{ full_name: string }>('select full_name from mirrors where mirror_id = $1', [
      mirrorId,
    ]);
    const fullName = mirror?.full_name ?? null;
    return this.said.map(({ actor, action, details }) => ({
      ...{ accountId: this.accountId, actor, action, subject: mirrorId },
      details: { fullName, ...details, correlationId, runId },
    }));
  }
}

function writeEntry(tx: Queryable, accountId: string | null, entry: RecordEntry, said: Said): Promise<Recorded> {
  switch (entry.kind) {
    case 'synced':
      return writeSynced(tx, entry, said);
    case 'failed':
      return writeFailed(tx, accountId, entry, said);
    case 'status':
      return writeStatus(tx, entry, said);
    case 'deletion_requested':
      return requestDeletion(tx, entry, said);
    case 'deletion_waiting':
      return waitForApproval(tx, entry, said);
    case 'deletion_ended':
      return endDeletion(tx, entry, said);
  }
}

/** How the mirror is, before it is changed. */
async function statusBefore(tx: Queryable, mirrorId: string): Promise<{ status: string; note: string | null } | null> {
  const [row] = await tx.query<{ status: string; note: string | null }>(
    'select status, status_note as note from mirrors where mirror_id = $1',
    [mirrorId],
  );
  return row ?? null;
}

const INSERT_SYNC = `
  insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, outcome,
                     transport, refs, declined, phases, bytes, objects, source_digest, error_kind, error_message, drift,
                     fallback, lfs)
  select mirror_id, account_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20
    from mirrors where mirror_id = $1
  on conflict (run_id, attempt) do nothing
  returning sync_id`;

async function writeSynced(tx: Queryable, entry: Entry<'synced'>, said: Said): Promise<Recorded> {
  const { report } = entry;
  // Nothing to do is worth no row: the mirror's own "checked at" says it.
  if (report.outcome === 'changed' && !(await isFirstWrite(tx, syncedValues(entry)))) return {};
  const before = await statusBefore(tx, entry.mirrorId);
  await closeLeftOpen(tx, entry.mirrorId, 'the mirror was synced again', said);
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
  if (report.outcome === 'changed') said.add('sync.completed', syncedDetails(entry));
  // Looked at again, it is held for the same reason: said once.
  if (held && before?.note !== note) said.add('mirror.held', { refs: report.held.slice(0, NAMED), note });
  if (report.lfs) await tx.query('update mirrors set lfs = $2 where mirror_id = $1', [entry.mirrorId, report.lfs]);
  if (report.compared || report.drift) await noteComparison(tx, entry);
  // Only a look at both sides knows what the target lacks; it may have had nothing to do, since an attempt that died had done it.
  if (report.outcome === 'unchanged' && !report.compared) return {};
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

function syncedDetails({ trigger, attempt, report }: Entry<'synced'>): Record<string, unknown> {
  const { refs, transport, sourceDigest, drift } = report;
  return { trigger, attempt, refs, transport, sourceDigest, ...(drift ? { drift } : {}) };
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
async function closeLeftOpen(tx: Queryable, mirrorId: string, why: string, said: Said): Promise<void> {
  const closed = await tx.query(
    `update deletions set state = 'cancelled', decided_by = 'Starkeep', decision_reason = $2, decided_at = now(), finished_at = now()
      where mirror_id = $1 and finished_at is null returning deletion_id`,
    [mirrorId, why],
  );
  for (const { deletion_id: deletionId } of closed) said.add('deletion.cancelled', { deletionId, reason: why });
}

/** A repository whose first sight fails has no row yet, and its failure has to be seen too. */
async function writeFailed(
  tx: Queryable,
  accountId: string | null,
  entry: Entry<'failed'>,
  said: Said,
): Promise<Recorded> {
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
  if (seen) await closeLeftOpen(tx, entry.mirrorId, 'the mirror is starred again', said);
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
  // The first failure of a row and the end of trying; every attempt between is in `syncs`, and would drown the rest when OneDev is down.
  if (entry.retryCount <= 1 || entry.nextAttemptAt === null) {
    const { trigger, attempt, nextAttemptAt } = entry;
    said.add('sync.failed', { trigger, attempt, kind, givenUp: nextAttemptAt === null });
  }
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

async function writeStatus(tx: Queryable, entry: Entry<'status'>, said: Said): Promise<Recorded> {
  const before = await statusBefore(tx, entry.mirrorId);
  await closeLeftOpen(tx, entry.mirrorId, `the mirror is ${entry.status}`, said);
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
  // `completed` may come out as another status, above.
  const changed = before?.note !== entry.note || (entry.status !== 'completed' && before.status !== entry.status);
  if (before && changed) {
    said.add(entry.paused === false ? 'mirror.resumed' : STATUS_ACTIONS[entry.status], { note: entry.note });
  }
  return {};
}

/** `completed` by decision and not by a sync: it is kept as it is, and the note says why. */
const STATUS_ACTIONS: Record<MirrorStatus, string> = {
  pending: 'mirror.pending',
  in_progress: 'mirror.in-progress',
  completed: 'mirror.kept',
  failed: 'mirror.failed',
  permanent_failure: 'mirror.failed',
  pending_deletion: 'mirror.pending-deletion',
  deleted: 'mirror.deleted',
  frozen: 'mirror.frozen',
  paused: 'mirror.paused',
  held: 'mirror.held',
  excluded: 'mirror.excluded',
};

/** An open deletion stays the one: asking again neither restarts its grace period nor makes a second. */
async function requestDeletion(tx: Queryable, entry: Entry<'deletion_requested'>, said: Said): Promise<Recorded> {
  const [made] = await tx.query(
    `insert into deletions (mirror_id, account_id, full_name, project_id, project_path, policy, proof, due_at, state,
                            correlation_id)
     select mirror_id, account_id, full_name, project_id, project_path, $2, $3, $4::timestamptz,
            case when $4::timestamptz is null then 'waiting_for_approval' else 'pending' end, $5
       from mirrors where mirror_id = $1
     on conflict (mirror_id) where finished_at is null do nothing returning deletion_id`,
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
  const deletion = { deletionId: String(open.deletion_id), dueAt: open.due_at?.toISOString() ?? null };
  const { policy, proof } = entry;
  if (made) said.add(entry.dueAt === null ? 'deletion.waiting' : 'deletion.proven', { ...deletion, policy, proof });
  return { deletion };
}

async function waitForApproval(tx: Queryable, entry: Entry<'deletion_waiting'>, said: Said): Promise<Recorded> {
  const [before] = await tx.query(
    `select state, decision_reason, decided_by from deletions where deletion_id = $1 and finished_at is null for update`,
    [entry.deletionId],
  );
  // An approval is used up by the attempt it led to: the next one is another.
  await tx.query(
    `update deletions set state = 'waiting_for_approval', due_at = null, decision_reason = $2, decided_by = null, decided_at = null
      where deletion_id = $1 and finished_at is null`,
    [entry.deletionId, entry.reason],
  );
  const isNews =
    before &&
    (before['state'] !== 'waiting_for_approval' ||
      before['decision_reason'] !== entry.reason ||
      before['decided_by'] !== null);
  if (isNews) said.add('deletion.waiting', { deletionId: entry.deletionId, reason: entry.reason });
  await tx.query(`update mirrors set delete_at = null, status_note = $2, updated_at = now() where mirror_id = $1`, [
    entry.mirrorId,
    `The deletion waits for approval: ${entry.reason}`,
  ]);
  return {};
}

async function endDeletion(tx: Queryable, entry: Entry<'deletion_ended'>, said: Said): Promise<Recorded> {
  const { deletionId, state, by, reason, keep } = entry;
  const ended = await tx.query(
    `update deletions set state = $2, decided_by = $3, decision_reason = $4, decided_at = now(), finished_at = now()
      where deletion_id = $1 and finished_at is null returning deletion_id`,
    [deletionId, state, by, reason],
  );
  if (ended.length > 0) said.add(`deletion.${state}`, { deletionId, by, reason, keep });
  await tx.query(
    `update mirrors set status = 'pending', delete_at = null, status_note = null, updated_at = now(),
            kept_by = case when $2 then $3 else kept_by end
      where mirror_id = $1`,
    [entry.mirrorId, entry.keep, entry.by],
  );
  return {};
}
