import type { LfsReport } from '../../domain/model.ts';
import type { RepoEvent } from '../../domain/events.ts';
import type { DeletionStates } from '../../domain/overview.ts';
import type { Queryable, Row } from './database.ts';

/** What people look at: read only. */

export interface MirrorLine {
  mirrorId: string;
  repoId: string;
  fullName: string;
  status: string;
  /** Why it is as it is, in a sentence; `null` when there is nothing to say. */
  note: string | null;
  /** The kind of the last failure, for what to do about it. */
  errorKind: string | null;
  projectPath: string | null;
  refs: number | null;
  declined: { name: string; reason: string }[];
  declinedCount: number;
  retryCount: number;
  nextAttemptAt: Date | null;
  deleteAt: Date | null;
  /** A person paused it; nothing is synced until it is resumed, whatever the status says. */
  paused: boolean;
  /** Who called a deletion off, and so keeps it although it is unstarred. */
  keptBy: string | null;
  /** Of its Git LFS objects; `null` when it uses none. */
  lfs: LfsReport | null;
  lastSyncedAt: Date | null;
  lastCheckedAt: Date | null;
}

/** A deletion that is not over yet. */
export interface DeletionLine {
  deletionId: string;
  mirrorId: string;
  fullName: string;
  projectPath: string | null;
  policy: string;
  state: string;
  proof: string;
  /** Why it waits, in a sentence. */
  reason: string | null;
  requestedAt: Date;
  /** `null`: when a person approves. */
  dueAt: Date | null;
  decidedBy: string | null;
  finishedAt: Date | null;
}

export interface SyncLine {
  finishedAt: Date;
  trigger: string;
  outcome: string;
  refs: Record<string, number> | null;
  bytes: number | null;
  seconds: number;
  errorKind: string | null;
  errorMessage: string | null;
  correlationId: string;
}

const COLUMNS = `mirror_id, repo_id, full_name, status, last_error_kind, project_path, source_refs, declined, declined_count, retry_count,
  next_attempt_at, delete_at, paused, kept_by, lfs, last_synced_at, last_checked_at, coalesce(last_error_message, status_note, drift_note, project_note) as note`;

/** All mirrors by name. @param status only those, when given */
export async function listMirrors(db: Queryable, status: string | null): Promise<MirrorLine[]> {
  const rows = await db.query(
    `select ${COLUMNS} from mirrors where $1::text is null or status = $1 order by lower(full_name), mirror_id`,
    [status],
  );
  return rows.map(lineOf);
}

/** By mirror id, by `owner/name` or by name alone, without regard to case. */
export async function findMirrors(db: Queryable, text: string): Promise<MirrorLine[]> {
  const rows = await db.query(
    `select ${COLUMNS} from mirrors
      where mirror_id = $1 or lower(full_name) = lower($1) or lower(split_part(full_name, '/', 2)) = lower($1)
      order by lower(full_name), mirror_id`,
    [text],
  );
  return rows.map(lineOf);
}

/** What every mirror is called, by id. */
export async function mirrorNames(db: Queryable): Promise<string[]> {
  const rows = await db.query('select distinct full_name from mirrors');
  return rows.map((row) => String(row['full_name']));
}

const DELETIONS = `
  select d.deletion_id, d.mirror_id, d.full_name as was_named, m.full_name, d.project_path, d.policy, d.state, d.proof, d.requested_at, d.due_at,
         d.decided_by, d.finished_at,
         case when d.finished_at is null then coalesce(d.decision_reason, m.status_note) else d.decision_reason end as reason
    from deletions d join mirrors m using (mirror_id)`;

/** The next to be carried out first; those that wait for a person last. @param mirrorId only of that mirror, when given */
export async function openDeletions(db: Queryable, mirrorId: string | null = null): Promise<DeletionLine[]> {
  const rows = await db.query(
    `${DELETIONS} where d.finished_at is null and ($1::text is null or d.mirror_id = $1)
      order by d.due_at nulls last, d.deletion_id`,
    [mirrorId],
  );
  return rows.map(deletionOf);
}

/** A page of them. @see OverviewStore */
export async function deletionsOf(
  db: Queryable,
  {
    states,
    mirrorId = null,
    after,
    limit,
  }: { states: DeletionStates; mirrorId?: string | null; after: string | null; limit: number },
): Promise<DeletionLine[]> {
  const isOpen = states === 'open';
  const date = (row: string) => `(coalesce(${row}.due_at, 'infinity'::timestamptz), ${row}.deletion_id)`;
  const which = { open: 'd.finished_at is null', done: 'd.finished_at is not null', all: 'true' }[states];
  const place = isOpen
    ? `${date('d')} > (select coalesce(l.due_at, 'infinity'::timestamptz), l.deletion_id from deletions l where l.deletion_id = $1)`
    : 'd.deletion_id < $1';
  const order = isOpen ? `coalesce(d.due_at, 'infinity'::timestamptz), d.deletion_id` : 'd.deletion_id desc';
  const rows = await db.query(
    `${DELETIONS} where ${which} and ($1::bigint is null or ${place}) and ($3::text is null or d.mirror_id = $3)
      order by ${order} limit $2`,
    [after, limit, mirrorId],
  );
  return rows.map(deletionOf);
}

function deletionOf(row: Row): DeletionLine {
  return {
    deletionId: String(row['deletion_id']),
    mirrorId: String(row['mirror_id']),
    // Over, it is about the repository as it was called then.
    fullName: String(row['finished_at'] === null ? row['full_name'] : row['was_named']),
    projectPath: textOf(row['project_path']),
    policy: String(row['policy']),
    state: String(row['state']),
    proof: String(row['proof']),
    reason: textOf(row['reason']),
    requestedAt: row['requested_at'] as Date,
    dueAt: row['due_at'] as Date | null,
    decidedBy: textOf(row['decided_by']),
    finishedAt: row['finished_at'] as Date | null,
  };
}

/** The last attempts that did something, newest first. */
export async function syncsOf(db: Queryable, mirrorId: string, limit: number): Promise<SyncLine[]> {
  const rows = await db.query(
    `select finished_at, trigger, outcome, refs, bytes, error_kind, error_message, correlation_id,
            extract(epoch from finished_at - started_at)::float as seconds
       from syncs where mirror_id = $1 order by sync_id desc limit $2`,
    [mirrorId, limit],
  );
  return rows.map((row) => ({
    finishedAt: row['finished_at'] as Date,
    trigger: String(row['trigger']),
    outcome: String(row['outcome']),
    refs: row['refs'] as Record<string, number> | null,
    bytes: numberOf(row['bytes']),
    seconds: Number(row['seconds']),
    errorKind: textOf(row['error_kind']),
    errorMessage: textOf(row['error_message']),
    correlationId: String(row['correlation_id']),
  }));
}

/** How a reading of the whole star list ended. */
export interface ReadingLine {
  readingId: string;
  finishedAt: Date;
  complete: boolean;
  seen: number;
  /** Why it is incomplete; `null` when it is complete. */
  incompleteWhy: string | null;
  conclusion: string | null;
  /** Why what was absent was held back or refused. */
  reason: string | null;
  /** Who let the absent ones be asked about after all. */
  approvedBy: string | null;
}

/** The last reading of the whole star list, and the last complete one; quick looks do not count. */
export async function lastReadings(db: Queryable): Promise<{ last: ReadingLine | null; complete: ReadingLine | null }> {
  const newest = async (condition: string) => {
    const [row] = await db.query(
      `select * from star_readings where kind <> 'quick' and finished_at is not null and ${condition}
        order by started_at desc, reading_id desc limit 1`,
    );
    return row ? readingOf(row) : null;
  };
  return { last: await newest('true'), complete: await newest('complete') };
}

/** A webhook delivery, for dispatching it once more. */
export interface DeliveryLine {
  guid: string;
  event: string;
  action: string | null;
  fullName: string | null;
  receivedAt: Date;
  dispatched: boolean;
  /** `null`: it was ignored. */
  repoEvent: RepoEvent | null;
  ignoredReason: string | null;
}

const DELIVERY_COLUMNS =
  'guid, event, action, full_name, received_at, dispatched_at is not null as dispatched, payload, ignored_reason';

/** @returns `null` when no delivery has that guid */
export async function findDelivery(db: Queryable, guid: string): Promise<DeliveryLine | null> {
  const [row] = await db.query(`select ${DELIVERY_COLUMNS} from deliveries where guid = $1`, [guid]);
  return row ? deliveryOf(row) : null;
}

/**
 * Accepted deliveries in the order they came.
 * @param which.sinceMs received within this time; `null`: whenever
 * @param which.failed only those that were never dispatched
 */
export async function acceptedDeliveries(
  db: Queryable,
  which: { sinceMs: number | null; failed: boolean },
): Promise<DeliveryLine[]> {
  const rows = await db.query(
    `select ${DELIVERY_COLUMNS} from deliveries
      where outcome = 'accepted' and ($1::float is null or received_at >= now() - make_interval(secs => $1::float))
        and (not $2::boolean or dispatched_at is null)
      order by received_at, guid`,
    [which.sinceMs === null ? null : which.sinceMs / 1000, which.failed],
  );
  return rows.map(deliveryOf);
}

function readingOf(row: Row): ReadingLine {
  return {
    readingId: String(row['reading_id']),
    finishedAt: row['finished_at'] as Date,
    complete: row['complete'] === true,
    seen: Number(row['seen']),
    incompleteWhy: textOf(row['incomplete_why']),
    conclusion: textOf(row['conclusion']),
    reason: textOf(row['conclusion_why']),
    approvedBy: textOf(row['approved_by']),
  };
}

function deliveryOf(row: Row): DeliveryLine {
  return {
    guid: String(row['guid']),
    event: String(row['event']),
    action: textOf(row['action']),
    fullName: textOf(row['full_name']),
    receivedAt: row['received_at'] as Date,
    dispatched: row['dispatched'] === true,
    repoEvent: row['payload'] as RepoEvent | null,
    ignoredReason: textOf(row['ignored_reason']),
  };
}

function lineOf(row: Row): MirrorLine {
  return {
    mirrorId: String(row['mirror_id']),
    repoId: String(row['repo_id']),
    fullName: String(row['full_name']),
    status: String(row['status']),
    note: textOf(row['note']),
    errorKind: textOf(row['last_error_kind']),
    projectPath: textOf(row['project_path']),
    refs: numberOf(row['source_refs']),
    declined: row['declined'] as MirrorLine['declined'],
    declinedCount: Number(row['declined_count']),
    retryCount: Number(row['retry_count']),
    nextAttemptAt: row['next_attempt_at'] as Date | null,
    deleteAt: row['delete_at'] as Date | null,
    paused: row['paused'] === true,
    keptBy: textOf(row['kept_by']),
    lfs: row['lfs'] as LfsReport | null,
    lastSyncedAt: row['last_synced_at'] as Date | null,
    lastCheckedAt: row['last_checked_at'] as Date | null,
  };
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}

function numberOf(value: unknown): number | null {
  return value === null ? null : Number(value);
}
