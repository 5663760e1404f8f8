import type { RecoveryStore } from '../../domain/record-stores.ts';
import type { MissedDelivery } from '../../domain/recovery.ts';
import type { Database, Row } from './database.ts';

/** What was missed is told for so long; GitHub itself forgets after days. */
const KEEP_DAYS = 30;

export function createRecoveryStore(db: Database): RecoveryStore {
  async function prune(): Promise<void> {
    await db.query('delete from recovery_runs where started_at < now() - make_interval(days => $1)', [KEEP_DAYS]);
    await db.query('delete from recoveries where ended_at < now() - make_interval(days => $1)', [KEEP_DAYS]);
  }

  return {
    async completeSince(appId) {
      const [row] = await db.query<{ since: Date | null }>(
        'select max(started_at) as since from recovery_runs where app_id = $1 and finished_at is not null',
        [appId],
      );
      return row?.since?.toISOString() ?? null;
    },

    async begin(appId, correlationId, readUntil) {
      await prune();
      await db.query(
        `insert into recovery_runs (app_id, correlation_id, read_until) values ($1, $2, $3) on conflict (correlation_id) do nothing`,
        [appId, correlationId, readUntil],
      );
      const [row] = await db.query('select run_id, read_until from recovery_runs where correlation_id = $1', [
        correlationId,
      ]);
      return { runId: String(row?.['run_id']), readUntil: (row?.['read_until'] as Date).toISOString() };
    },

    async saveMissed(appId, attempts) {
      const rows = await db.query(
        // An answer of 2xx stays one, whatever is read after it.
        `with page as (
           select * from jsonb_to_recordset($1::jsonb) as p(
             guid text, event text, "deliveryId" text, "firstSeenAt" timestamptz, "attemptedAt" timestamptz, status text,
             "statusCode" int, answered boolean)
            where not exists (select from deliveries d where d.guid = p.guid))
         insert into recoveries as r (guid, app_id, event, delivery_id, first_seen_at, attempted_at, status, status_code, answered)
         select guid, $2, event, "deliveryId", "firstSeenAt", "attemptedAt", status, "statusCode", answered from page order by guid
         on conflict (guid) do update set
           first_seen_at = least(r.first_seen_at, excluded.first_seen_at),
           answered = r.answered or excluded.answered,
           delivery_id = case when excluded.attempted_at > r.attempted_at then excluded.delivery_id else r.delivery_id end,
           status = case when excluded.attempted_at > r.attempted_at then excluded.status else r.status end,
           status_code = case when excluded.attempted_at > r.attempted_at then excluded.status_code else r.status_code end,
           attempted_at = greatest(r.attempted_at, excluded.attempted_at)
         returning guid, xmax = 0 as fresh`,
        [JSON.stringify(attempts), appId],
      );
      return rows.filter((row) => row['fresh'] === true).length;
    },

    async open(appId, limit, after) {
      const rows = await db.query(
        `select r.*, exists (select from deliveries d where d.guid = r.guid) as taken
           from recoveries r
          where r.app_id = $1 and r.ended_as is null and ($3::text is null or (r.first_seen_at, r.guid) > ($4::timestamptz, $3))
          order by r.first_seen_at, r.guid limit $2`,
        [appId, limit, after?.guid ?? null, after?.firstSeenAt ?? null],
      );
      return rows.map(missedOf);
    },

    async noteRequest(runId, guid) {
      // One statement: what counts for the delivery counts for the run.
      await db.query(
        `with noted as (update recoveries set requests = requests + 1, requested_at = now() where guid = $1)
         update recovery_runs set requested = requested + 1 where run_id = $2`,
        [guid, runId],
      );
    },

    async endAll(as, guids) {
      if (guids.length === 0) return;
      await db.query(
        'update recoveries set ended_as = $1, ended_at = now() where guid = any($2) and ended_as is null',
        [as, guids],
      );
    },

    async finish(runId, { pages, seen, missed }) {
      const [row] = await db.query(
        `update recovery_runs set finished_at = coalesce(finished_at, now()), pages = $2, seen = $3, missed = $4
          where run_id = $1 returning requested`,
        [runId, pages, seen, missed],
      );
      return { requested: Number(row?.['requested'] ?? 0) };
    },
  };
}

function missedOf(row: Row): MissedDelivery {
  return {
    guid: String(row['guid']),
    event: String(row['event']),
    deliveryId: String(row['delivery_id']),
    firstSeenAt: (row['first_seen_at'] as Date).toISOString(),
    attemptedAt: (row['attempted_at'] as Date).toISOString(),
    status: String(row['status']),
    statusCode: Number(row['status_code']),
    answered: row['answered'] === true,
    requests: Number(row['requests']),
    requestedAt: (row['requested_at'] as Date | null)?.toISOString() ?? null,
    taken: row['taken'] === true,
  };
}
