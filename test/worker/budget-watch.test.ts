import { pino } from 'pino';
import { expect, it } from 'vitest';
import { watchBudget } from '../../src/worker/budget-watch.ts';
import { withStore } from '../adapters/postgres/test-store.ts';
import { eventually } from '../support/eventually.ts';

const store = withStore();

it('what GitHub says is left of the hour is in the record soon, whether or not it says of how much', async () => {
  await store.db.query('truncate source_budget');
  const limits = { limit: null as number | null, remaining: 4_200, reset: 1_800_000_000 };
  const watch = () =>
    watchBudget({ source: { limits: () => limits }, budget: store.budget, log: pino({ level: 'silent' }) });

  const first = watch();
  await eventually(async () => (await store.budget.last()) !== null);
  await first.stop();
  const unlimited = await store.budget.last();
  limits.limit = 5_000;
  const second = watch();
  await eventually(async () => (await store.budget.last())?.limit === 5_000);
  await second.stop();

  expect(unlimited).toMatchObject({ limit: 4_200, remaining: 4_200, resetAt: '2027-01-15T08:00:00.000Z' });
  expect(await store.budget.last()).toMatchObject({ limit: 5_000, remaining: 4_200 });
});
