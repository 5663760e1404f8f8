import type { Facet, MirrorFacets, SyncDay, Totals } from '../../domain/overview.ts';
import type { Queryable, Row } from './database.ts';
import { STALE } from './mirror-lists.ts';

/** Everything in numbers: what the home page says. */

/** Whether a mirror is meant to be on OneDev. */
const KEPT = `status not in ('deleted', 'excluded')`;

const FAILING = `status in ('failed', 'permanent_failure')`;

/** It failed last and is being tried again: until that ends well it is as it was. */
const RETRIED = `(status = 'in_progress' and last_error_kind is not null)`;

export async function totalsOf(db: Queryable): Promise<Totals> {
  const [counts, oldest, deletions, readings] = await Promise.all([
    db.query(
      `select status, count(*)::int as count, count(*) filter (where ${STALE})::int as stale,
              count(*) filter (where last_synced_at is not null and ${KEPT} and not ${FAILING} and not ${RETRIED} and status <> 'held')::int
                as safe
         from mirrors group by status`,
    ),
    // In the order of mirrors_by_sync; what was never synced comes first in it, and is passed over by its key.
    db.query(
      `select mirror_id, full_name, last_synced_at from mirrors
        where coalesce(last_synced_at, '-infinity'::timestamptz) > '-infinity' and ${KEPT}
        order by coalesce(last_synced_at, '-infinity'::timestamptz), mirror_id limit 1`,
    ),
    db.query(
      `select count(*)::int as count from deletions where finished_at is null and (state = 'waiting_for_approval' or due_at is null)`,
    ),
    lastReadings(db),
  ]);
  const byStatus = Object.fromEntries(counts.map((row) => [String(row['status']), Number(row['count'])]));
  const sum = (column: string) => counts.reduce((total, row) => total + Number(row[column]), 0);
  const number = (status: string) => byStatus[status] ?? 0;
  return {
    byStatus,
    total: sum('count') - number('deleted') - number('excluded'),
    safe: sum('safe'),
    failing: number('failed') + number('permanent_failure'),
    running: number('in_progress'),
    stale: sum('stale'),
    waitingDeletions: Number(deletions[0]?.['count'] ?? 0),
    oldestSuccess: oldest[0] ? successOf(oldest[0]) : null,
    ...readings,
  };
}

function successOf(row: Row): NonNullable<Totals['oldestSuccess']> {
  const at = (row['last_synced_at'] as Date).toISOString();
  return { mirrorId: String(row['mirror_id']), fullName: String(row['full_name']), at };
}

/** Quick looks count as readings, but not as complete ones. */
async function lastReadings(db: Queryable): Promise<Pick<Totals, 'lastSweep' | 'lastFullAt'>> {
  const [[last], [full]] = await Promise.all([
    db.query(
      `select kind, finished_at, complete, incomplete_why, conclusion, trouble from star_readings
        where finished_at is not null order by reading_id desc limit 1`,
    ),
    db.query(
      `select finished_at from star_readings where complete and kind <> 'quick' and finished_at is not null
        order by reading_id desc limit 1`,
    ),
  ]);
  return {
    lastSweep: last ? { at: (last['finished_at'] as Date).toISOString(), outcome: outcomeOf(last) } : null,
    lastFullAt: (full?.['finished_at'] as Date | undefined)?.toISOString() ?? null,
  };
}

/** In a word or a sentence. */
function outcomeOf({ kind, complete, incomplete_why: why, conclusion, trouble }: Row): string {
  if (typeof trouble === 'string') return trouble;
  if (conclusion === 'hold') return 'held: more stars are missing than may be asked about without a person';
  if (conclusion === 'refuse') return 'refused: what is missing is not believed';
  if (kind === 'quick') return 'quick look';
  return complete === true ? 'complete' : `incomplete: ${String(why)}`;
}

export async function facetsOf(db: Queryable, limit: number): Promise<MirrorFacets> {
  const [owners, languages, errorKinds] = await Promise.all([
    db.query(
      `select min(split_part(full_name, '/', 1)) as value, count(*)::int as count from mirrors
        group by lower(split_part(full_name, '/', 1)) order by 2 desc, 1 limit $1`,
      [limit],
    ),
    db.query(
      `select language as value, count(*)::int as count from mirrors where language is not null
        group by 1 order by 2 desc, 1 limit $1`,
      [limit],
    ),
    db.query(
      `select last_error_kind as value, count(*)::int as count from mirrors where last_error_kind is not null
        group by 1 order by 2 desc, 1 limit $1`,
      [limit],
    ),
  ]);
  const facets = (rows: Row[]) =>
    rows.map((row): Facet => ({ value: String(row['value']), count: Number(row['count']) }));
  return { owners: facets(owners), languages: facets(languages), errorKinds: facets(errorKinds) };
}

export async function syncDaysOf(db: Queryable, days: number): Promise<SyncDay[]> {
  const rows = await db.query(
    `with days as (
       select generate_series(0, $1::int - 1) as ago, date_trunc('day', now(), 'UTC') as today),
     done as (
       select date_trunc('day', finished_at, 'UTC') as day, count(*) filter (where outcome = 'completed')::int as completed,
              count(*) filter (where outcome = 'failed')::int as failed, sum(bytes)::float8 as bytes
         from syncs where finished_at >= date_trunc('day', now(), 'UTC') - make_interval(hours => 24 * ($1::int - 1))
        group by 1)
     select to_char(day at time zone 'UTC', 'YYYY-MM-DD') as day, coalesce(completed, 0) as completed, coalesce(failed, 0) as failed,
            coalesce(bytes, 0) as bytes
       from (select today - make_interval(hours => 24 * ago) as day from days) as wanted left join done using (day)
      order by day`,
    [days],
  );
  return rows.map((row) => ({
    day: String(row['day']),
    completed: Number(row['completed']),
    failed: Number(row['failed']),
    bytes: Number(row['bytes']),
  }));
}
