import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import fc from 'fast-check';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createPayloadCodec, dataConverterOf } from '../../src/adapters/payload-codec.ts';
import { ensureDriftSchedule, ensureReconcileSchedule, RECONCILE_SCHEDULE_ID } from '../../src/adapters/schedules.ts';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import { parsePayloadKeys, type PayloadKey } from '../../src/domain/payload-keys.ts';
import { type MirrorState } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment, quietRuntime, workflowBundle } from '../support/temporal.ts';
import { event, World } from '../workflows/world.ts';

const run = promisify(execFile);

/** What fails here is meant to, and is said in the history as well. */
quietRuntime('ERROR');

/** The server may be busy with other tests. */
const PATIENTLY = { deadlineMs: 30_000 };

const keysOf = (...ids: string[]): PayloadKey[] =>
  ids.length === 0
    ? []
    : parsePayloadKeys(ids.map((id) => `${id}:${Buffer.alloc(32, `key ${id}`).toString('base64')}`).join(','));

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;

describe('the keys', () => {
  it.each([
    ['one', 'a:', 1],
    ['several', 'a:,b:', 2],
    ['several with spaces between', 'a: , b:', 2],
  ])('can be %s', (_, template, count) => {
    const text = template.replaceAll(':', `:${Buffer.alloc(32, 7).toString('base64')}`);

    expect(parsePayloadKeys(text)).toHaveLength(count);
  });

  it.each([
    ['no id', Buffer.alloc(32).toString('base64')],
    ['too short', `a:${Buffer.alloc(16).toString('base64')}`],
    ['too long', `a:${Buffer.alloc(48).toString('base64')}`],
    ['no base64', `a:${'é'.repeat(44)}`],
    ['an empty one', `a:${Buffer.alloc(32).toString('base64')},`],
    ['an id twice', ['x', 'y'].map((fill) => `a:${Buffer.alloc(32, fill).toString('base64')}`).join(',')],
  ])('cannot be %s, and the reason does not show them', (_, text) => {
    expect(() => parsePayloadKeys(text)).toThrow(/^(?:ID:KEY, several with commas|a list of keys in which each ID)/);
    expect(() => parsePayloadKeys(text)).not.toThrow(/AAAA|eHh4|é/);
  });
});

describe('the codec', () => {
  const codec = createPayloadCodec(keysOf('a'));

  it('brings back what it encrypted, whatever that was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 4 }), async (values) => {
        const encoded = await codec.encode(values.map(payloadOf));
        const decoded = await codec.decode(encoded);

        expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(
          values.map((value) => defaultPayloadConverter.fromPayload(payloadOf(value))),
        );
      }),
    );
  });

  it('shows nothing but which key it was, and never the same twice', async () => {
    const [first, second] = await codec.encode([payloadOf('a marked word'), payloadOf('a marked word')]);

    expect(Buffer.from(first?.metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
    expect(Buffer.from(first?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('a');
    expect(Buffer.from(first?.data ?? []).includes('marked')).toBe(false);
    expect(first?.data).not.toEqual(second?.data);
  });

  it('lets what is not encrypted pass', async () => {
    expect(await codec.decode([payloadOf({ by: 'ann' })])).toEqual([payloadOf({ by: 'ann' })]);
  });

  it('encrypts with the first key and reads with all of them', async () => {
    const both = createPayloadCodec(keysOf('b', 'a'));
    const [old] = await codec.encode([payloadOf(1)]);
    const [fresh] = await both.encode([payloadOf(2)]);

    expect(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('b');
    const decoded = await both.decode([old!, fresh!]);
    expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([1, 2]);
  });

  it.each([
    ['no key', [], 'is not set'],
    ['other keys', ['b', 'c'], 'has "b", "c"'],
  ])('with %s says which one is missing', async (_, ids, has) => {
    const encoded = await codec.encode([payloadOf(1)]);

    await expect(createPayloadCodec(keysOf(...ids)).decode(encoded)).rejects.toMatchObject({
      kind: 'PayloadKeyMissing',
      message: `A payload is encrypted with the key "a", and STARKEEP_PAYLOAD_KEYS ${has}.`,
    });
  });

  it.each([
    ['was changed', (data: Uint8Array) => data.map((byte, index) => (index === 20 ? byte ^ 1 : byte))],
    ['was cut off', (data: Uint8Array) => data.subarray(0, 5)],
  ])('refuses what %s', async (_, change) => {
    const [encoded] = await codec.encode([payloadOf(1)]);

    await expect(codec.decode([{ ...encoded, data: change(encoded?.data ?? new Uint8Array()) }])).rejects.toMatchObject(
      {
        kind: 'TemporalUnusable',
        message: expect.stringContaining('not what was encrypted with the key "a"') as string,
      },
    );
  });
});

describe('on a Temporal server', { timeout: 180_000 }, () => {
  const temporal = devServerEnvironment();
  const closing: (() => Promise<unknown>)[] = [];
  let repoIds = 7_000;

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  function client(...ids: string[]): TemporalConnection {
    const { namespace } = temporal;
    const opened = openTemporal({
      environment: {},
      address: inject('temporalAddress'),
      namespace,
      payloadKeys: keysOf(...ids),
    });
    closing.push(() => opened.close());
    return opened;
  }

  /** The workers of the product with these keys. @returns what ends them */
  async function workers({ activities }: Pick<World, 'activities'>, ...ids: string[]): Promise<() => Promise<void>> {
    const common = { activities, dataConverter: dataConverterOf(keysOf(...ids)) };
    const bundle = await workflowBundle({ encodedFailures: ids.length > 0 });
    const end = await temporal.workers({ ...common, workflowBundle: bundle });
    let stopped: Promise<void> | null = null;
    const stop = () => (stopped ??= end());
    closing.push(stop);
    return stop;
  }

  /** A mirror whose star is gone, and which waits out its grace period. */
  async function pending(world: World, by: TemporalConnection, fullName: string): Promise<string> {
    world.known = world.mirrored = true;
    world.starred = false;
    world.fullName = fullName;
    const repoId = String((repoIds += 1));
    const { workflowId } = await createMirrorControl(by).repoEvent(event('unstarred', { repoId, fullName }), PATIENTLY);
    await becomes(by, workflowId, 'pending_deletion');
    return workflowId;
  }

  const becomes = (by: TemporalConnection, workflowId: string, status: string) =>
    eventually(
      async () => (await by.client.workflow.getHandle(workflowId).query<MirrorState>('status')).status === status,
      60_000,
    );

  /** The history as Temporal has it, and all of its bytes that are readable. */
  async function stored(workflowId: string): Promise<{ history: History; keyIds: string[]; readable: string }> {
    const history = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    const json = historyToJSON(history);
    const base64 = [...json.matchAll(/"([A-Za-z0-9+/]{4,}={0,2})"/g)].map(([, text = '']) =>
      Buffer.from(text, 'base64').toString(),
    );
    const keyIds = [...json.matchAll(/"encryption-key-id": ?"([^"]+)"/g)].map(([, id = '']) =>
      Buffer.from(id, 'base64').toString(),
    );
    return { history, keyIds: [...new Set(keyIds)].sort(), readable: `${json}\n${base64.join('\n')}` };
  }

  /** Whether the workflow has taken note of the last signal. */
  async function handledSinceSignal(workflowId: string): Promise<boolean> {
    const { events } = await temporal.client.workflow.getHandle(workflowId).fetchHistory();
    const last = (kind: 'workflowExecutionSignaledEventAttributes' | 'workflowTaskCompletedEventAttributes') =>
      (events ?? []).findLastIndex((one) => one[kind]);
    return last('workflowTaskCompletedEventAttributes') > last('workflowExecutionSignaledEventAttributes');
  }

  async function replays(history: History, ...ids: string[]): Promise<void> {
    const bundle = await workflowBundle({ encodedFailures: ids.length > 0 });
    const options = { workflowBundle: bundle, dataConverter: dataConverterOf(keysOf(...ids)) };
    await Worker.runReplayHistory(options, history);
  }

  it('a run goes on through turning encryption on and rotating the key, and replays; the signal of the plain command is taken', async () => {
    const world = new World();
    const clear = client();
    const stopClear = await workers(world);
    const workflowId = await pending(world, clear, 'ada/clear');
    expect((await stored(workflowId)).keyIds).toEqual([]);
    await stopClear();

    // Turned on: what is there stays readable, what comes is not.
    const withA = client('a');
    const stopA = await workers(world, 'a');
    await createMirrorControl(withA).repoEvent(
      event('changed', { repoId: workflowId.slice('mirror-github-'.length), fullName: 'ada/marked-a' }),
      PATIENTLY,
    );
    await eventually(() => handledSinceSignal(workflowId));
    await becomes(withA, workflowId, 'pending_deletion');
    await stopA();
    const halfway = await stored(workflowId);
    expect(halfway.keyIds).toEqual(['a']);
    expect(halfway.readable).toContain('ada/clear');
    expect(halfway.readable).not.toContain('ada/marked-a');

    // Rotated; and a person who knows nothing of keys decides.
    const withB = client('b', 'a');
    await workers(world, 'b', 'a');
    const target = ['--address', inject('temporalAddress'), '--namespace', temporal.namespace];
    const signal = ['workflow', 'signal', '--workflow-id', workflowId, '--name', 'approveDeletion'];
    await run(inject('temporalCli'), [...signal, ...target, '--input', '{"by":"ann"}']);
    await expect(withB.client.workflow.getHandle(workflowId).result()).resolves.toMatchObject({ status: 'deleted' });
    expect(world.calls).toContain('deleteProject (ann)');

    const { history, keyIds } = await stored(workflowId);
    expect(keyIds).toEqual(['a', 'b']);
    await replays(history, 'b', 'a');
    await expect(replays(history, 'b')).rejects.toThrow();
  });

  it('nothing of a run is readable but its search attributes; the failure of an activity is not, nor its stack', async () => {
    const world = new World();
    world.fullName = 'ada/marked';
    const ensureProject = () => Promise.reject(ApplicationFailure.nonRetryable('a marked reason', 'TargetForbidden'));
    const withA = client('a');
    await workers({ activities: { ...world.activities, ensureProject } }, 'a');

    const repoId = String((repoIds += 1));
    const { workflowId } = await createMirrorControl(withA).repoEvent(
      event('starred', { repoId, fullName: 'ada/marked' }),
      PATIENTLY,
    );
    await eventually(() => world.recorded('failed').length > 0, 60_000);

    const { history, readable, keyIds } = await stored(workflowId);
    const attributes = JSON.stringify(Buffer.from('"ada/marked"').toString('base64')).slice(1, -1);
    expect(keyIds).toEqual(['a']);
    expect(readable).toContain('Encoded failure');
    expect(readable).not.toMatch(/marked reason|payload-codec\.test/);
    // The name is in the search attribute RepoFullName, which has to be searchable, and nowhere else.
    const elsewhere = JSON.parse(
      JSON.stringify(JSON.parse(historyToJSON(history)), (key, value: unknown) =>
        key === 'searchAttributes' ? undefined : value,
      ),
    ) as unknown;
    expect(readable).toContain('ada/marked');
    expect(JSON.stringify(elsewhere)).not.toContain(attributes);
    // People and programs with the key read it all the same.
    expect(world.recorded('failed')[0]).toMatchObject({ failure: { message: 'a marked reason' } });
    // A failure that is no use repeating is the end of the run.
    await withA.client.workflow.getHandle(workflowId).result();
  });

  it('a worker without the key leaves the run as it is and says which key it lacks; with the key it goes on', async () => {
    const world = new World();
    const withA = client('a');
    const stopA = await workers(world, 'a');
    const workflowId = await pending(world, withA, 'ada/locked');
    await stopA();

    const stopB = await workers(world, 'b');
    await createMirrorControl(client('b')).repoEvent(
      event('changed', { repoId: workflowId.slice('mirror-github-'.length), fullName: 'ada/locked' }),
      PATIENTLY,
    );
    const complaints = async () => {
      const { history } = await stored(workflowId);
      const failures = (history.events ?? []).flatMap(
        ({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.encodedAttributes ?? [],
      );
      const decoded = await createPayloadCodec(keysOf('b')).decode(failures as Payload[]);
      return JSON.stringify(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload)));
    };
    await eventually(async () => (await complaints()).includes('encrypted with the key \\"a\\"'), 60_000);
    expect(await complaints()).toContain('STARKEEP_PAYLOAD_KEYS has \\"b\\"');
    await stopB();

    await workers(world, 'b', 'a');
    const withBoth = client('b', 'a');
    await withBoth.client.workflow.getHandle(workflowId).signal('approveDeletion', { by: 'ann' });
    await expect(withBoth.client.workflow.getHandle(workflowId).result()).resolves.toMatchObject({ status: 'deleted' });
    await expect(client('a').client.workflow.getHandle(workflowId).result()).rejects.toMatchObject({
      kind: 'PayloadKeyMissing',
    });
  });

  it('Schedules are made, changed and described as before', async () => {
    const { client: withA } = client('a');

    await ensureReconcileSchedule(withA, 60_000, 'nobody-listens');
    await ensureReconcileSchedule(withA, 120_000, 'nobody-listens');
    await ensureDriftSchedule(withA, 3_600_000, 'nobody-listens');

    const described = await withA.schedule.getHandle(RECONCILE_SCHEDULE_ID).describe();
    expect(described.spec.intervals).toMatchObject([{ every: 120_000 }]);
    for (const id of [RECONCILE_SCHEDULE_ID, 'check-drift']) await withA.schedule.getHandle(id).delete();
  });
});

describe('histories that were recorded without encryption', () => {
  const folder = new URL('../workflows/histories/', import.meta.url);

  it('replay with keys as well', async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const bundle = await workflowBundle({ encodedFailures: true });
    const options = { workflowBundle: bundle, dataConverter: dataConverterOf(keysOf('a')) };
    for (const name of names) {
      const history: unknown = JSON.parse(await readFile(new URL(name, folder), 'utf8'));

      await expect(Worker.runReplayHistory(options, history, 'mirror-github-42'), name).resolves.toBeUndefined();
    }
  });
});
