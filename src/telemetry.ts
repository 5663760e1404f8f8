import { datadogReceiver } from './adapters/telemetry/datadog.ts';
import { elasticsearchReceiver } from './adapters/telemetry/elasticsearch.ts';
import { type OtlpOptions, otlpLogsReceiver, otlpTracesReceiver } from './adapters/telemetry/otlp.ts';
import {
  createSender,
  type DropReason,
  type Receiver,
  type Sender,
  type SenderOptions,
} from './adapters/telemetry/sender.ts';
import { traceWith } from './adapters/tracing.ts';
import type { Config, OtlpSettings } from './config.ts';
import { createLog, type Log, type Logger } from './log.ts';
import { logLinesDroppedTotal, logLinesSentTotal, spansDroppedTotal, spansSentTotal } from './metrics.ts';
import { USER_AGENT, VERSION } from './version.ts';

/** What a process says of itself, besides its metrics: log lines, to wherever they are wanted, and spans. */

export type Service = 'api' | 'worker';

/** How long the end of a process waits for spans, and then for lines, that were not sent yet: whoever stops it has no endless patience either. */
const CLOSE_MS = { spans: 2_000, lines: 3_000 };

/**
 * Lends `work` a log, and has spans recorded where they are wanted. Afterwards what has not been sent gets five seconds in all.
 * @throws ConfigError when the log file cannot be opened
 */
export async function withTelemetry<Result>(
  service: Service,
  config: Pick<Config, 'log' | 'telemetry' | 'secrets'>,
  work: (log: Log) => Promise<Result>,
): Promise<Result> {
  const { log: settings, telemetry, secrets } = config;
  const ours: { logger?: Logger } = {};
  const destinations = receiversOf(service, config).map(([destination, receiver]) =>
    createSender({
      receiver,
      closeMs: CLOSE_MS.lines,
      onSent: (count) => logLinesSentTotal.inc({ destination }, count),
      ...telling(ours, destination, (count, reason) => logLinesDroppedTotal.inc({ destination, reason }, count)),
    }),
  );
  const log = await createLog({ service, ...settings, secrets, destinations });
  ours.logger = log.logger;
  const { traces } = telemetry;
  const spans = traces ? [await startTracing(log, traces, otlpOptions(service, config, traces))] : [];
  try {
    return await work(log);
  } finally {
    traceWith(null);
    // Spans first: what is said of them is a line.
    for (const senders of [spans, destinations]) await Promise.all(senders.map((sender) => sender.close()));
  }
}

function receiversOf(service: Service, config: Pick<Config, 'telemetry'>): [string, Receiver][] {
  const { elasticsearch, datadog, logs } = config.telemetry;
  const common = { userAgent: USER_AGENT, version: VERSION };
  const receivers: [string, Receiver | undefined][] = [
    ['elasticsearch', elasticsearch && elasticsearchReceiver({ ...elasticsearch, ...common })],
    ['datadog', datadog && datadogReceiver({ ...datadog, ...common })],
    ['opentelemetry', logs && otlpLogsReceiver(otlpOptions(service, config, logs))],
  ];
  return receivers.filter((one): one is [string, Receiver] => one[1] !== undefined);
}

function otlpOptions(
  service: Service,
  { telemetry: { serviceName, resource } }: Pick<Config, 'telemetry'>,
  { url, headers }: OtlpSettings,
): OtlpOptions {
  const said = {
    'service.name': serviceName ?? `starkeep-${service}`,
    'service.version': VERSION,
    'starkeep.process': service,
    ...resource,
  };
  return { url, headers, resource: said, version: VERSION, userAgent: USER_AGENT };
}

/** Imported only here: where nobody wants spans, nothing of OpenTelemetry is loaded. */
async function startTracing(
  { logger, redact }: Log,
  { sampler }: NonNullable<Config['telemetry']['traces']>,
  options: OtlpOptions,
): Promise<Sender> {
  const { createOtelTracer } = await import('./adapters/telemetry/otel-tracer.ts');
  const sender = createSender({
    receiver: otlpTracesReceiver(options),
    closeMs: CLOSE_MS.spans,
    onSent: (count) => spansSentTotal.inc(count),
    ...telling({ logger }, 'opentelemetry traces', (count, reason) => spansDroppedTotal.inc({ reason }, count)),
  });
  traceWith(createOtelTracer({ sampler, version: VERSION, redact, onSpan: (record) => sender.write(record) }));
  return sender;
}

/** One line per outage, on standard output too; how much was lost is told when it is over, and counted all the time. */
function telling(
  ours: { logger?: Logger },
  destination: string,
  count: (dropped: number, reason: DropReason) => void,
): Pick<SenderOptions, 'onDropped' | 'onTrouble' | 'onRecovered' | 'onRefused'> {
  let dropped = 0;
  let hasEnded = false;
  return {
    onDropped: (lost, reason) => {
      count(lost, reason);
      dropped += lost;
      if (reason !== 'shutdown' || hasEnded) return;
      // This very line comes to the sender that has ended.
      hasEnded = true;
      ours.logger?.warn({ destination, dropped: lost }, 'telemetry was not sent before the end');
    },
    onTrouble: (reason) => {
      dropped = 0;
      ours.logger?.warn({ destination, reason }, 'telemetry is not taken');
    },
    onRecovered: () => ours.logger?.info({ destination, dropped }, 'telemetry is taken again'),
    onRefused: (reason) => ours.logger?.warn({ destination, reason }, 'telemetry was refused'),
  };
}
