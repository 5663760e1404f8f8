import { STARKEEP } from '../../domain/audit.ts';
import type { MirrorId, TargetProject } from '../../domain/model.ts';
import type { Deletion, DeletionStore } from '../../domain/record-stores.ts';
import { type AlertPolicy, NO_CHANNELS, settleAlerts } from './alerts.ts';
import { appendAll } from './audit.ts';
import type { Database } from './database.ts';

export function createDeletionStore(db: Database, alerts: AlertPolicy = NO_CHANNELS): DeletionStore {
  return {
    async get(deletionId) {
      const [row] = await db.query('select * from deletions where deletion_id = $1', [deletionId]);
      if (!row) return null;
      return {
        deletionId: String(row['deletion_id']),
        mirrorId: row['mirror_id'] as MirrorId,
        accountId: String(row['account_id']),
        policy: row['policy'] as Deletion['policy'],
        state: row['state'] as Deletion['state'],
      };
    },

    async takeBudget(deletion, budget, regardless) {
      await db.query('insert into deletion_budgets (account_id) values ($1) on conflict (account_id) do nothing', [
        deletion.accountId,
      ]);
      // One UPDATE: a second worker waits for the row and then judges it as the first one left it.
      const taken = await db.query(
        `update deletion_budgets
            set taken = jsonb_build_object($2::text, now()) || coalesce(
                  (select jsonb_object_agg(key, value) from jsonb_each_text(taken)
                    where value::timestamptz > now() - make_interval(secs => $4)), '{}')
          where account_id = $1
            and ($5 or (taken ->> $2::text)::timestamptz > now() - make_interval(secs => $4) or $3 > (
                  select count(*) from jsonb_each_text(taken)
                   where value::timestamptz > now() - make_interval(secs => $4)))
         returning account_id`,
        [deletion.accountId, deletion.deletionId, budget.max, budget.windowMs / 1000, regardless],
      );
      return taken.length === 1;
    },

    async noteApproval({ deletionId, mirrorId, accountId }, by) {
      await db.transaction(async (tx) => {
        const [noted] = await tx.query(
          `update deletions set decided_by = $2, decided_at = now()
            where deletion_id = $1 and finished_at is null and decided_by is distinct from $2 returning full_name`,
          [deletionId, by],
        );
        if (!noted) return;
        const details = { fullName: noted['full_name'], deletionId };
        await appendAll(tx, [{ accountId, actor: by, action: 'deletion.approved', subject: mirrorId, details }]);
      });
    },

    async finish(deletion: Deletion, approvedBy: string | null, archivedAs: TargetProject | null) {
      const state = archivedAs ? 'archived' : 'deleted';
      await db.transaction(async (tx) => {
        const closed = await tx.query(
          `update deletions set state = $2, decided_by = $3, decided_at = now(), finished_at = now()
            where deletion_id = $1 and finished_at is null returning full_name, project_path, proof`,
          [deletion.deletionId, state, approvedBy ?? 'the grace period'],
        );
        // Closed before: this attempt comes late, and the mirror may have been starred and made again since.
        const [was] = closed;
        if (!was) return;
        await tx.query(
          // An archived project stays known, so that a new star brings it back instead of making a second one.
          `update mirrors set status = 'deleted', status_note = $2, project_id = $3, project_path = $4, source_digest = null,
                  source_refs = null, delete_at = null, retry_count = 0, next_attempt_at = null, updated_at = now()
            where mirror_id = $1`,
          [deletion.mirrorId, noteOf(deletion, archivedAs), archivedAs?.projectId ?? null, archivedAs?.path ?? null],
        );
        await settleAlerts(tx, alerts, deletion.mirrorId);
        const { full_name: fullName, project_path: path, proof } = was;
        const { deletionId, accountId, mirrorId: subject } = deletion;
        const details = { fullName, deletionId, path, archivedAs: archivedAs?.path ?? null, approvedBy, proof };
        await appendAll(tx, [{ accountId, actor: STARKEEP, action: 'deletion.done', subject, details }]);
      });
    },
  };
}

function noteOf({ policy }: Deletion, archivedAs: TargetProject | null): string {
  if (archivedAs) return `Unstarred; kept on OneDev as ${archivedAs.path}.`;
  return policy === 'archive' ? 'Unstarred; there was no project on OneDev to archive.' : 'Unstarred and deleted.';
}
