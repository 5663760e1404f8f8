import type { DeletionStates } from '../../domain/overview.ts';
import type { Queryable, Row } from './database.ts';

/** Deletions as people look at them: read only. */

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

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}
