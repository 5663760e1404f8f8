import type { BudgetStore } from '../../domain/ports.ts';
import type { Database } from './database.ts';

export function createBudgetStore(db: Database): BudgetStore {
  return {
    async note({ limit, remaining, reset }) {
      await db.query(
        `insert into source_budget (max, remaining, reset_at) values ($1, $2, to_timestamp($3))
         on conflict (single) do update set max = excluded.max, remaining = excluded.remaining, reset_at = excluded.reset_at,
           seen_at = now()`,
        // What an answer leaves out is at least what is left.
        [limit ?? remaining, remaining, reset],
      );
    },

    async last() {
      const [row] = await db.query('select max, remaining, reset_at, seen_at from source_budget');
      if (!row) return null;
      return {
        limit: Number(row['max']),
        remaining: Number(row['remaining']),
        resetAt: (row['reset_at'] as Date).toISOString(),
        seenAt: (row['seen_at'] as Date).toISOString(),
      };
    },
  };
}
