import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { currentTracer, traced, traceFields } from '../src/adapters/tracing.ts';
import { loadConfig } from '../src/config.ts';
import { withLogFields } from '../src/log.ts';
import { registry } from '../src/metrics.ts';
import { withTelemetry } from '../src/telemetry.ts';
import { eventually } from './support/eventually.ts';
import { otlpRules, startTelemetryReceiver, type OtlpLog, type OtlpSpan } from './support/telemetry-receiver.ts';

let stdout: MockInstance<typeof process.stdout.write>;

beforeEach(() => {
  stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => {
  stdout.mockRestore();
});

/** What went to standard output, line by line. */
function lines(): Record<string, unknown>[] {
  return stdout.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
}

async function counted(name: string, labels: string): Promise<number> {
  const text = await registry.metrics();
  return Number(new RegExp(`^${name}\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

async function collector() {
  const got = { spans: [] as OtlpSpan[], logs: [] as OtlpLog[] };
  const receiver = await startTelemetryReceiver(otlpRules({}, got));
  return { receiver, ...got };
}

describe('telemetry', () => {
  it('has nobody who wants spans unless a setting says so', async () => {
    await withTelemetry('api', loadConfig({}, 'none'), async () => {
      expect(currentTracer()).toBeNull();
      expect(await traced('x', {}, async () => traceFields())).toEqual({});
    });
  });

  it('sends what is said and done to the end of the work, and then lets go', async () => {
    const { receiver, spans, logs } = await collector();
    const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ONEDEV_TOKEN: 'hush-hush-hush' }, 'none');

    await withTelemetry('worker', config, async ({ logger }) =>
      traced('outer', { attributes: { note: 'with hush-hush-hush' } }, () =>
        withLogFields({ mirrorId: 'github-1', correlationId: 'c-1', path: 'x' }, async () => {
          logger.info('inside');
          await expect(
            traced('inner', { kind: 'client' }, () => Promise.reject(new Error('hush-hush-hush!'))),
          ).rejects.toThrow();
        }),
      ),
    );

    expect(currentTracer()).toBeNull();
    await receiver.down();
    expect(receiver.broken).toEqual([]);
    const [inner, outer] = spans;
    expect(outer).toMatchObject({
      name: 'outer',
      attributes: { 'starkeep.mirror_id': 'github-1', 'starkeep.correlation_id': 'c-1', note: 'with [redacted]' },
      resource: { 'service.name': 'starkeep-worker', 'starkeep.process': 'worker' },
      status: {},
    });
    expect(inner).toMatchObject({
      name: 'inner',
      kind: 3,
      traceId: outer?.traceId,
      parentSpanId: outer?.spanId,
      status: { code: 2, message: '[redacted]!' },
    });
    expect(logs).toEqual([expect.objectContaining({ body: 'inside', traceId: outer?.traceId, spanId: outer?.spanId })]);
  });

  it('records what the sampler says, and the same for a trace that others have begun', async () => {
    const { receiver, spans } = await collector();
    const settings = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces`,
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    };
    const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

    await withTelemetry('worker', loadConfig(settings, 'none'), async () => {
      await traced('new', {}, async () => undefined);
      await traced('undecided', { parent: { ...ids, sampled: null } }, async () => undefined);
      await traced('left out', { parent: { ...ids, sampled: false } }, async () => undefined);
      await traced('recorded', { parent: { ...ids, sampled: true } }, async () => undefined);
    });

    await receiver.down();
    expect(spans.map(({ name, parentSpanId }) => [name, parentSpanId])).toEqual([['recorded', ids.spanId]]);
  });

  it('says on standard output that a receiver is away and back, and counts', async () => {
    const { receiver, logs } = await collector();
    await receiver.down();
    const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_TRACES_EXPORTER: 'none' }, 'none');
    const labels = 'destination="opentelemetry"';
    const before = await counted('starkeep_log_lines_sent_total', labels);

    await withTelemetry('api', config, async ({ logger }) => {
      withLogFields({ mirrorId: 'github-1' }, async () => logger.info('said while it is away')).catch(() => undefined);
      const told = (msg: string) => lines().filter((line) => line['msg'] === msg);
      await eventually(() => told('telemetry is not taken').length === 1);
      await receiver.up();
      await eventually(() => told('telemetry is taken again').length === 1);
      // It is nobody's work in particular.
      expect(told('telemetry is not taken')).toEqual([
        expect.not.objectContaining({ mirrorId: expect.anything() as unknown }),
      ]);
      expect(told('telemetry is taken again')).toEqual([
        expect.objectContaining({ destination: 'opentelemetry', dropped: 0 }),
      ]);
    });

    await receiver.down();
    expect(logs.map(({ body }) => body)).toEqual([
      'said while it is away',
      'telemetry is not taken',
      'telemetry is taken again',
    ]);
    expect((await counted('starkeep_log_lines_sent_total', labels)) - before).toBe(3);
  });

  it('ends in time, and counts what nobody took', async () => {
    const { receiver } = await collector();
    await receiver.down();
    const config = loadConfig({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${receiver.url}/v1/logs` }, 'none');
    const labels = 'destination="opentelemetry",reason="shutdown"';
    const before = await counted('starkeep_log_lines_dropped_total', labels);

    await withTelemetry('api', config, async ({ logger }) => logger.info('one'));

    // The line, and that it was not taken.
    expect((await counted('starkeep_log_lines_dropped_total', labels)) - before).toBeGreaterThanOrEqual(2);
    expect(lines().map(({ msg }) => msg)).toContain('telemetry was not sent before the end');
  });
});
