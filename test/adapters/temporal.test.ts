import { once } from 'node:events';
import { defaultPayloadConverter } from '@temporalio/common';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import { eventually } from '../support/eventually.ts';
import { answering, devServerEnvironment, uniqueName } from '../support/temporal.ts';
import { event } from '../workflows/world.ts';

describe('the mirror control', () => {
  const temporal = devServerEnvironment();
  let opened: TemporalConnection;
  let control: MirrorControl;

  beforeEach(async () => {
    opened = openTemporal({ environment: {}, address: inject('temporalAddress'), namespace: temporal.namespace });
    control = createMirrorControl(opened, uniqueName('queue'));
    await answering(control);
  });

  afterEach(() => opened.close());

  const describeRun = (workflowId: string) => temporal.client.workflow.getHandle(workflowId).describe();

  it('starts the workflow of a repository under its id, findable by what it is about', async () => {
    const { workflowId } = await control.repoEvent(event('starred', { repoId: '1001', fullName: 'ada/engine' }));

    const run = await describeRun(workflowId);

    expect(workflowId).toBe('mirror-github-1001');
    expect(run.type).toBe('mirrorRepository');
    expect(run.searchAttributes).toMatchObject({
      MirrorStatus: ['pending'],
      RepoFullName: ['ada/engine'],
      GithubRepoId: ['1001'],
    });
  });

  it('signals the running workflow instead of starting a second one', async () => {
    await control.repoEvent(event('starred', { repoId: '1002' }));
    const before = await describeRun('mirror-github-1002');

    await control.repoEvent(event('changed', { repoId: '1002' }));
    const after = await describeRun('mirror-github-1002');

    expect(after.runId).toBe(before.runId);
    const { events } = await temporal.client.workflow.getHandle('mirror-github-1002').fetchHistory();
    expect(
      events?.filter(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes),
    ).toHaveLength(2);
  });

  it.each([
    ['manual', 1],
    ['webhook', 2],
    ['reconcile', 4],
    ['batch', 5],
  ] as const)('gives what a %s sets off its place in the queue', async (trigger, place) => {
    const { workflowId } = await control.repoEvent(event('changed', { repoId: `20${place}`, trigger }));

    const run = await describeRun(workflowId);

    expect(run.priority?.priorityKey).toBe(place);
  });

  const signalsOf = async (workflowId: string) => {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal ? [[signal.signalName, defaultPayloadConverter.fromPayload(signal.input?.payloads?.[0] ?? {})]] : [],
    );
  };

  it.each(['syncNow', 'pause', 'resume'] as const)(
    'starts the workflow of a mirror at rest for %s',
    async (decision) => {
      const mirror = { repoId: '3001', fullName: 'ada/engine' };

      const { workflowId } = await control.decide(mirror, decision, { by: 'ann' });

      expect(workflowId).toBe('mirror-github-3001');
      expect((await describeRun(workflowId)).priority?.priorityKey).toBe(1);
      expect((await signalsOf(workflowId)).at(-1)).toEqual([decision, { by: 'ann' }]);
    },
  );

  it.each(['approveDeletion', 'cancelDeletion'] as const)('tells %s to the workflow that runs', async (decision) => {
    const { workflowId } = await control.repoEvent(event('unstarred', { repoId: '3002' }));
    const before = await describeRun(workflowId);

    await control.decide({ repoId: '3002', fullName: 'ada/engine' }, decision, { by: 'ann', reason: 'still needed' });

    expect((await describeRun(workflowId)).runId).toBe(before.runId);
    expect((await signalsOf(workflowId)).at(-1)).toEqual([decision, { by: 'ann', reason: 'still needed' }]);
  });

  it.each(['approveDeletion', 'cancelDeletion'] as const)('starts nothing for %s', async (decision) => {
    const decided = control.decide({ repoId: '3003', fullName: 'ada/engine' }, decision, { by: 'ann' });

    await expect(decided).rejects.toMatchObject({
      kind: 'NothingPending',
      message: expect.stringContaining('ada/engine') as string,
    });
    await expect(describeRun('mirror-github-3003')).rejects.toThrow(/not found/);
  });

  it('starts one reading of the star list however often it is asked', async () => {
    await Promise.all([control.reconcile(), control.reconcile(), control.reconcile()]);

    const found = new Set<string>();
    await eventually(async () => {
      const runs = temporal.client.workflow.list({ query: 'WorkflowType="reconcileStars"' });
      for await (const { runId } of runs) found.add(runId);
      return found.size > 0;
    });
    expect(found.size).toBe(1);
  });

  it('starts one workflow of a batch however often it is asked, and finds it only while it runs', async () => {
    const [started] = await Promise.all([control.startBatch({ batchId: '7' }), control.startBatch({ batchId: '7' })]);
    const running = await control.cancelBatch('7');
    await temporal.client.workflow.getHandle('batch-7').terminate();

    expect(started).toEqual({ workflowId: 'batch-7' });
    expect(running).toEqual({ found: true });
    expect([await control.cancelBatch('7'), await control.cancelBatch('8')]).toEqual([
      { found: false },
      { found: false },
    ]);
  });

  it('pings', async () => {
    await expect(control.ping()).resolves.toBeUndefined();
  });
});

describe('without Temporal', () => {
  let silent: Server;

  beforeEach(async () => {
    // Accepts connections and never says a word, as a frozen server does.
    silent = createServer((socket) => socket.on('error', () => socket.destroy()));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });

  afterEach(() => silent.close());

  it.each([
    ['that is not there', () => '127.0.0.1:1'],
    ['that does not answer', () => `127.0.0.1:${(silent.address() as AddressInfo).port}`],
  ])('a server %s fails within the deadline, and closing is clean', async (_, address) => {
    const opened = openTemporal({ environment: {}, address: address(), namespace: 'default' });
    const control = createMirrorControl(opened);
    const began = Date.now();

    const refusal = await control.repoEvent(event('changed'), { deadlineMs: 500 }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ kind: 'TemporalUnavailable' });
    // Without a deadline it would take twenty seconds.
    expect(Date.now() - began).toBeLessThan(15_000);
    await opened.close();
  });

  it.each(['syncNow', 'cancelDeletion'] as const)('%s says that it could not be told', async (decision) => {
    const opened = openTemporal({ environment: {}, address: '127.0.0.1:1', namespace: 'default' });

    const decided = createMirrorControl(opened).decide({ repoId: '1', fullName: 'ada/engine' }, decision, {
      by: 'ann',
    });

    await expect(decided).rejects.toMatchObject({ kind: 'TemporalUnavailable' });
    await opened.close();
  });
});
