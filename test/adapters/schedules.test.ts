import { afterEach, describe, expect, it } from 'vitest';
import { ensureReconcileSchedule, RECONCILE_SCHEDULE_ID } from '../../src/adapters/schedules.ts';
import { devServerEnvironment } from '../support/temporal.ts';

describe('the schedule of the star list', () => {
  const temporal = devServerEnvironment();
  const schedule = () => temporal.client.schedule.getHandle(RECONCILE_SCHEDULE_ID);

  afterEach(() => schedule().delete());

  it('reads every so often, never two at a time, and catches up with one reading', async () => {
    await ensureReconcileSchedule(temporal.client, 900_000);

    const { spec, policies, action } = await schedule().describe();

    expect(spec.intervals).toMatchObject([{ every: 900_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
    expect(action).toMatchObject({ workflowType: 'reconcileStars', taskQueue: 'starkeep' });
  });

  it('is made once by workers that start together', async () => {
    await Promise.all([1, 2, 3, 4].map(() => ensureReconcileSchedule(temporal.client, 900_000)));

    expect((await schedule().describe()).spec.intervals).toHaveLength(1);
  });

  it('takes a changed interval over, and leaves a pause that somebody set', async () => {
    await ensureReconcileSchedule(temporal.client, 900_000);
    await schedule().pause('GitHub is down');

    await ensureReconcileSchedule(temporal.client, 3_600_000);

    const { spec, state } = await schedule().describe();
    expect(spec.intervals).toMatchObject([{ every: 3_600_000 }]);
    expect(state).toMatchObject({ paused: true, note: 'GitHub is down' });
  });
});
