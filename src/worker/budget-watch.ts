import type { Logger } from 'pino';
import type { BudgetStore, SourceStars } from '../domain/ports.ts';
import { type Watch, watchEvery } from '../watch.ts';

const LOOK_EVERY_MS = 10_000;

/** Has in the record what GitHub's answers say is left of the hour, for those who look at it and ask GitHub nothing. */
export function watchBudget({
  source,
  budget,
  log,
}: {
  source: Pick<SourceStars, 'limits'>;
  budget: Pick<BudgetStore, 'note'>;
  log: Logger;
}): Watch {
  let noted = '';
  const look = async () => {
    const now = source.limits();
    const text = JSON.stringify(now);
    if (now === null || text === noted) return;
    await budget.note(now);
    noted = text;
  };
  return watchEvery(LOOK_EVERY_MS, look, "GitHub's limits are not in the record", log);
}
