import type { FiguresStore } from '../../domain/service-stores.ts';
import { createBudgetStore } from './budget.ts';
import type { Database } from './database.ts';
import { totalsOf } from './totals.ts';

export function createFiguresStore(db: Database): FiguresStore {
  const budget = createBudgetStore(db);
  return {
    async read() {
      const [totals, oldest, deletions, last] = await Promise.all([
        totalsOf(db),
        db.query(OLDEST_SUCCESS),
        db.query(PENDING_DELETIONS),
        budget.last(),
      ]);
      const { byStatus, total, safe, stale, lastFullAt } = totals;
      return {
        ...{ byStatus, total, safe, stale, lastFullAt, budget: last },
        oldestSuccessSeconds: Number(oldest[0]?.['seconds'] ?? 0),
        pendingDeletions: { time: Number(deletions[0]?.['time']), person: Number(deletions[0]?.['person']) },
      };
    },
  };
}

/**
 * Only of those that somebody is to look at: a frozen or paused mirror is as it is. What fails, is held or has just been found is not equal because the
 * star list has it, so a reading is no look at it.
 */
const OLDEST_SUCCESS = `
  select extract(epoch from now() - min(greatest(
           coalesce(last_checked_at, mirrors.created_at),
           case when status in ('completed', 'pending_deletion') then star_readings.started_at end))) as seconds
    from mirrors left join star_readings on reading_id = seen_in
   where status not in ('deleted', 'excluded', 'frozen', 'paused') and (starred or pinned or kept_by is not null) and not paused`;

const PENDING_DELETIONS = `
  select count(*) filter (where not waits)::int as time, count(*) filter (where waits)::int as person
    from (select state = 'waiting_for_approval' or due_at is null as waits from deletions where finished_at is null) as open`;
