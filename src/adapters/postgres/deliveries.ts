import type { RepoEvent } from '../../domain/events.ts';
import type { DeliveryStore, Taken } from '../../domain/ports.ts';
import type { Database } from './database.ts';

export function createDeliveryStore(db: Database): DeliveryStore {
  return {
    async take(delivery): Promise<Taken> {
      const [row] = await db.query<{ taken: Taken }>(
        `with inserted as (
           insert into deliveries (guid, hook_id, body_sha256, event, action, repo_id, full_name, correlation_id, payload, outcome,
                                   ignored_reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           on conflict (guid) do nothing returning guid)
         select 'new' as taken from inserted
         union all
         select case when outcome = 'accepted' and dispatched_at is null then 'waiting' else 'done' end
           from deliveries where guid = $1 and not exists (select from inserted)`,
        [
          delivery.guid,
          delivery.hookId,
          delivery.bodySha256,
          delivery.event,
          delivery.action,
          delivery.repoId,
          delivery.fullName,
          delivery.correlationId,
          delivery.repoEvent === null ? null : JSON.stringify(delivery.repoEvent),
          delivery.repoEvent === null ? 'ignored' : 'accepted',
          delivery.ignoredReason,
        ],
      );
      // No row: another request is inserting the same guid this very moment, and dispatches it.
      return row?.taken ?? 'done';
    },

    async markDispatched(guid, workflowId) {
      await db.query(
        `update deliveries set dispatched_at = coalesce(dispatched_at, now()), workflow_id = $2 where guid = $1`,
        [guid, workflowId],
      );
    },

    async waiting(limit, olderThanMs) {
      const rows = await db.query<{ guid: string; payload: RepoEvent }>(
        `select guid, payload from deliveries
          where outcome = 'accepted' and dispatched_at is null and received_at < now() - make_interval(secs => $2)
          order by received_at, guid limit $1`,
        [limit, olderThanMs / 1000],
      );
      return rows.map((row) => ({ guid: row.guid, repoEvent: row.payload }));
    },

    async backlog() {
      const [row] = await db.query<{ count: number; age: number | null }>(
        `select count(*)::int as count, extract(epoch from now() - min(received_at))::float as age
           from deliveries where outcome = 'accepted' and dispatched_at is null`,
      );
      return { count: row?.count ?? 0, oldestSeconds: row?.age ?? 0 };
    },
  };
}
