import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createAlertStore } from '../../src/adapters/postgres/alerts.ts';
import { createRecordStore } from '../../src/adapters/postgres/record.ts';
import { createSlackChannel } from '../../src/adapters/alerts/slack.ts';
import { createWebhookChannel } from '../../src/adapters/alerts/webhook.ts';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import { sendAlertsWorkflowId } from '../../src/workflows/messages.ts';
import { GATHER_FIRST_MS, GATHER_NEXT_MS } from '../../src/workflows/policy.ts';
import type { sendAlerts, watchAlerts } from '../../src/workflows/alerts.ts';
import { withWorld } from '../activities/world.ts';
import { eventually } from '../support/eventually.ts';
import { startReceiver, type MessageReceiver } from '../support/receiver.ts';
import { devServerEnvironment, quietRuntime, timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';

/** For a loaded machine: gathering, and an attempt's pause. */
const PATIENCE_MS = 40_000;

// A channel that is down is meant to fail here.
quietRuntime('ERROR');

describe('sendAlerts', () => {
  const temporal = timeSkippingEnvironment();

  it('gathers for a moment, sends, and gathers longer before it sends what came meanwhile', async () => {
    const times: number[] = [];
    const taskQueue = uniqueName('alerts');
    const workflowId = uniqueName('send');
    const handle = () => temporal.client.workflow.getHandle(workflowId);
    const deliverAlerts = async () => {
      times.push(await temporal.environment.currentTimeMs());
      if (times.length === 1) await handle().signal('wake');
      return { sent: 1 };
    };
    const worker = await temporal.worker({ taskQueue, activities: { deliverAlerts } });
    const began = await temporal.environment.currentTimeMs();

    const result = await worker.runUntil(async () => {
      await temporal.client.workflow.signalWithStart<typeof sendAlerts, []>('sendAlerts', {
        taskQueue,
        workflowId,
        args: [{ channel: 'slack' }],
        signal: 'wake',
        signalArgs: [],
      });
      return handle().result() as Promise<{ sent: number }>;
    });

    const [first = 0, second = 0] = times;
    expect(result).toEqual({ sent: 2 });
    expect(first - began).toBeGreaterThanOrEqual(GATHER_FIRST_MS);
    expect(second - first).toBeGreaterThanOrEqual(GATHER_NEXT_MS);
  });

  it('goes on for days with a channel that is down', async () => {
    let attempts = 0;
    const taskQueue = uniqueName('alerts');
    const deliverAlerts = async () => {
      attempts += 1;
      if (attempts < 300) throw new Error('down');
      return { sent: 1 };
    };
    const worker = await temporal.worker({ taskQueue, activities: { deliverAlerts } });

    const result = await worker.runUntil(
      temporal.client.workflow.execute<typeof sendAlerts>('sendAlerts', {
        taskQueue,
        workflowId: uniqueName('send'),
        args: [{ channel: 'mail' }],
      }),
    );

    expect([attempts, result]).toEqual([300, { sent: 1 }]);
  });
});

describe('alerts, from the record to whoever is told', () => {
  const world = withWorld();
  const { store } = world;
  const temporal = devServerEnvironment();
  const policy = { channels: ['webhook', 'slack'], atLeast: 'info' } as const;
  let programs: MessageReceiver;
  let people: MessageReceiver;
  let opened: TemporalConnection;

  beforeEach(async () => {
    opened = openTemporal({ environment: {}, address: inject('temporalAddress'), namespace: temporal.namespace });
    [programs, people] = await Promise.all([startReceiver(), startReceiver()]);
  });

  afterEach(() => Promise.all([programs.close(), people.close(), opened.close()]));

  it('arrive through every channel that is up, and through the others as soon as they are', async () => {
    const repository = await world.mirror('ada/engine');
    const taskQueue = uniqueName('alerts');
    const { client } = temporal;
    const control = createMirrorControl(opened, taskQueue);
    const activities = world.activities({
      control,
      alerts: createAlertStore(store.db, policy),
      record: createRecordStore(store.db, policy),
      alertChannels: [
        createWebhookChannel({ url: programs.url, secret: undefined, userAgent: 'x' }),
        createSlackChannel({ url: people.url, userAgent: 'x' }),
      ],
    });
    const worker = await temporal.worker({ taskQueue, activities });
    const handle = client.workflow.getHandle(sendAlertsWorkflowId('webhook'));
    await programs.down();

    await worker.runUntil(async () => {
      await world.run(activities.record, {
        kind: 'failed',
        failure: { kind: 'TargetPathTaken', message: 'taken' },
        retryCount: 1,
        nextAttemptAt: null,
        mirrorId: `github-${repository.id}`,
        repoId: repository.id,
        fullName: repository.fullName,
        correlationId: 'c',
        workflowId: 'w',
        runId: 'alerts-e2e',
        trigger: 'webhook',
        attempt: 1,
        startedAt: new Date().toISOString(),
      });
      await eventually(() => people.got.length === 1, PATIENCE_MS);
      await eventually(async () => {
        const pending = (await handle.describe()).raw.pendingActivities ?? [];
        return (pending[0]?.attempt ?? 0) > 1;
      }, PATIENCE_MS);
      await programs.up();
      await handle.result();
    });

    expect(JSON.parse(programs.got[0]?.body ?? '')).toMatchObject({
      event: 'raised',
      alert: { kind: 'mirror_failed', fullName: 'ada/engine', command: 'starkeep show ada/engine' },
    });
    expect([programs.got.length, people.got.length]).toEqual([1, 1]);
  });

  it('that nobody woke a sender for are found by the regular look', async () => {
    const taskQueue = uniqueName('alerts');
    const { client } = temporal;
    const control = createMirrorControl(opened, taskQueue);
    const alerts = createAlertStore(store.db, { channels: ['slack'], atLeast: 'info' });
    await alerts.raise(store.account.accountId, {
      kind: 'star_list_refused',
      subject: '',
      fullName: null,
      summary: 'the star list cannot be read',
      advice: 'look',
      command: 'starkeep list',
    });
    await alerts.takeNews();
    const activities = world.activities({
      control,
      alerts,
      alertChannels: [createSlackChannel({ url: people.url, userAgent: 'x' })],
    });
    const worker = await temporal.worker({ taskQueue, activities });

    await worker.runUntil(async () => {
      const workflowId = uniqueName('watch');
      await client.workflow.execute<typeof watchAlerts>('watchAlerts', { taskQueue, workflowId, args: [] });
      await eventually(() => people.got.length > 0, PATIENCE_MS);
      await client.workflow.getHandle(sendAlertsWorkflowId('slack')).result();
    });

    expect(people.got.map(({ body }) => body)).toEqual([
      expect.stringContaining('the star list cannot be read') as string,
    ]);
  });
});
