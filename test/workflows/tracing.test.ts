import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { type ActivityInterceptorsFactory, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TraceSinks, WorkflowSpan } from '../../src/workflows/tracing.ts';
import { parentIn } from '../../src/adapters/temporal-tracing.ts';
import type { RemoteParent } from '../../src/adapters/tracing.ts';
import { mirrorWorkflowId, TASK_QUEUES, TRACE_HEADER, WORKFLOW_TYPES } from '../../src/workflows/messages.ts';
import { bundleWorkflows } from '../../src/worker/bundle.ts';
import { devServerEnvironment, quietRuntime } from '../support/temporal.ts';
import { event, World } from './world.ts';

quietRuntime();

const temporal = devServerEnvironment();

const HISTORIES = new URL('./histories/', import.meta.url);

const names = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json'));

let traced: { code: string };
let untraced: { code: string };

beforeAll(async () => {
  traced = await bundleWorkflows({ encodedFailures: false, traced: true });
  untraced = await bundleWorkflows({ encodedFailures: false });
});

describe('histories recorded without tracing', () => {
  it.each(names)('%s replays in a worker that traces, and tells nothing anew', async (name) => {
    const history: unknown = JSON.parse(await readFile(new URL(name, HISTORIES), 'utf8'));
    const told: WorkflowSpan[] = [];
    const ended = { fn: (_: unknown, span: WorkflowSpan) => void told.push(span), callDuringReplay: false };

    await Worker.runReplayHistory(
      { workflowBundle: traced, sinks: { starkeepTrace: { ended } } satisfies Record<keyof TraceSinks, unknown> },
      history,
      'mirror-github-42',
    );

    expect(told).toEqual([]);
  });

  it('make a span of the run that follows from the history alone', async () => {
    const history: unknown = JSON.parse(await readFile(new URL('star-mirror.json', HISTORIES), 'utf8'));
    const replay = async () => {
      const told: WorkflowSpan[] = [];
      const ended = { fn: (_: unknown, span: WorkflowSpan) => void told.push(span), callDuringReplay: true };
      await Worker.runReplayHistory(
        { workflowBundle: traced, sinks: { starkeepTrace: { ended } } },
        history,
        'mirror-github-42',
      );
      return told;
    };

    const first = await replay();

    expect(first).toEqual([
      expect.objectContaining({
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        parentSpanId: null,
        sampled: null,
        workflowType: 'mirrorRepository',
        correlationId: expect.any(String) as string,
        error: null,
      }),
    ]);
    expect(await replay()).toEqual(first);
  });
});

describe('a delivery that finds its mirror’s run under way', () => {
  it('gets what the run does for it into its own trace', async () => {
    const first: RemoteParent = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), sampled: true };
    const second: RemoteParent = { traceId: '3'.repeat(32), spanId: '4'.repeat(16), sampled: true };
    const { client, namespace } = temporal;
    const from = (parent: RemoteParent): Client => {
      const headers = { [TRACE_HEADER]: defaultPayloadConverter.toPayload(parent) };
      const signalWithStart: WorkflowClientInterceptor['signalWithStart'] = (input, next) =>
        next({ ...input, headers });
      const { connection } = client;
      return new Client({ connection, namespace, interceptors: { workflow: [{ signalWithStart }] } });
    };
    const tell = (parent: RemoteParent) => {
      const told = event('changed');
      return from(parent).workflow.signalWithStart(WORKFLOW_TYPES.mirror, {
        workflowId: mirrorWorkflowId(told.repoId),
        taskQueue: TASK_QUEUES.main,
        args: [{ repoId: told.repoId, fullName: told.fullName }],
        signal: 'repoEvent',
        signalArgs: [told],
      });
    };
    const world = new World();
    let isTold = false;
    world.duringTransfer = async () => {
      if (!isTold) await tell(second);
      isTold = true;
    };
    const seen: { activity: string; parent: RemoteParent | null }[] = [];
    const spans: WorkflowSpan[] = [];
    const noting: ActivityInterceptorsFactory = ({ info }) => ({
      inbound: {
        execute: (input, next) => {
          seen.push({ activity: info.activityType, parent: parentIn(input.headers) });
          return next(input);
        },
      },
    });
    const common = {
      activities: world.activities,
      interceptors: { activity: [noting] },
      workflowBundle: traced,
      sinks: { starkeepTrace: { ended: { fn: (_: unknown, span: WorkflowSpan) => void spans.push(span) } } },
    };
    const workers = await Promise.all(
      Object.values(TASK_QUEUES).map((taskQueue) => temporal.worker({ ...common, taskQueue })),
    );
    const running = workers.map((worker) => worker.run());

    const handle = await tell(first);
    await handle.result();
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);

    expect(spans).toEqual([expect.objectContaining({ traceId: first.traceId, parentSpanId: first.spanId })]);
    const looks = seen.filter(({ activity }) => activity === 'fetchMetadata').map(({ parent }) => parent);
    expect(looks).toEqual([{ ...first, spanId: spans[0]?.spanId }, second]);
  });
});

describe('where nobody wants spans', () => {
  it('the bundle has no interceptor in it', () => {
    expect(traced.code).toContain('starkeepTrace');
    expect(untraced.code).not.toContain('starkeepTrace');
    expect(untraced.code).not.toMatch(/workflows\/tracing\.ts/);
  });

  it.each([
    [
      'nothing of OpenTelemetry is loaded by us, not even for logs that go there',
      { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:1/v1/logs' },
      // prom-client's, for exemplars: types and no-ops.
      ['@opentelemetry/api'],
    ],
    [
      'and with an address for traces it is',
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces' },
      expect.arrayContaining(['@opentelemetry/context-async-hooks', '@opentelemetry/sdk-trace-base']) as string[],
    ],
  ])('%s', async (_, settings, packages) => {
    const script = resolve(import.meta.dirname, '../support/loaded-modules.ts');
    const { PATH = '', HOME = '', TMPDIR = '' } = process.env;

    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], {
      env: { PATH, HOME, TMPDIR, ...settings },
    });

    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(packages);
  });
});
