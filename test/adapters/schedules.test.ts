import { afterEach, describe, expect, it } from 'vitest';
import {
  ALERTS_SCHEDULE_ID,
  ARCHIVE_SCHEDULE_ID,
  DRIFT_SCHEDULE_ID,
  ensureAlertSchedule,
  ensureArchiveSchedule,
  ensureDriftSchedule,
  ensureReconcileSchedule,
  ensureRecoverySchedule,
  RECONCILE_SCHEDULE_ID,
  RECOVERY_SCHEDULE_ID,
} from '../../src/adapters/schedules.ts';
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

describe('the schedule of the drift check', () => {
  const temporal = devServerEnvironment();
  const schedule = () => temporal.client.schedule.getHandle(DRIFT_SCHEDULE_ID);

  it('compares a share every hour, and more often only where everything is due more often', async () => {
    await ensureDriftSchedule(temporal.client, 7 * 86_400_000);
    const weekly = await schedule().describe();
    await ensureDriftSchedule(temporal.client, 600_000);
    const often = await schedule().describe();

    expect(weekly.spec.intervals).toMatchObject([{ every: 3_600_000 }]);
    expect(weekly.policies).toMatchObject({ overlap: 'SKIP' });
    expect(weekly.action).toMatchObject({ workflowType: 'checkDrift', taskQueue: 'starkeep' });
    expect(often.spec.intervals).toMatchObject([{ every: 600_000 }]);
  });

  it('is taken away where it is turned off', async () => {
    await ensureDriftSchedule(temporal.client, 7 * 86_400_000);

    await ensureDriftSchedule(temporal.client, null);

    await expect(schedule().describe()).rejects.toThrow('not found');
  });
});

describe('the schedule of the archive of histories', () => {
  const temporal = devServerEnvironment();

  it('looks every hour, never two at a time', async () => {
    await ensureArchiveSchedule(temporal.client);
    await ensureArchiveSchedule(temporal.client);

    const { spec, policies, action } = await temporal.client.schedule.getHandle(ARCHIVE_SCHEDULE_ID).describe();

    expect(spec.intervals).toMatchObject([{ every: 3_600_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP' });
    expect(action).toMatchObject({ workflowType: 'archiveHistories', taskQueue: 'starkeep' });
  });
});

describe('the schedule of the recovery of deliveries', () => {
  const temporal = devServerEnvironment();
  const schedule = () => temporal.client.schedule.getHandle(RECOVERY_SCHEDULE_ID);

  it('asks every ten minutes, never two at a time', async () => {
    await ensureRecoverySchedule(temporal.client, true);
    await ensureRecoverySchedule(temporal.client, true);

    const { spec, policies, action } = await schedule().describe();

    expect(spec.intervals).toMatchObject([{ every: 600_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
    expect(action).toMatchObject({ workflowType: 'recoverDeliveries', taskQueue: 'starkeep' });
  });

  it('is taken away where there are no App credentials, also when there is none', async () => {
    await ensureRecoverySchedule(temporal.client, true);

    await ensureRecoverySchedule(temporal.client, false);
    await ensureRecoverySchedule(temporal.client, false);

    await expect(schedule().describe()).rejects.toThrow('not found');
  });
});

describe('the schedule of the alerts', () => {
  const temporal = devServerEnvironment();

  it('looks every five minutes, never two at a time', async () => {
    await Promise.all([ensureAlertSchedule(temporal.client), ensureAlertSchedule(temporal.client)]);

    const { spec, policies, action } = await temporal.client.schedule.getHandle(ALERTS_SCHEDULE_ID).describe();

    expect(spec.intervals).toMatchObject([{ every: 300_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP' });
    expect(action).toMatchObject({ workflowType: 'watchAlerts', taskQueue: 'starkeep' });
    await temporal.client.schedule.getHandle(ALERTS_SCHEDULE_ID).delete();
  });
});
