import {
  DefaultLogger,
  type LogLevel,
  type MetricsExporterConfig,
  NativeConnection,
  Runtime,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import type { TemporalSettings } from '../adapters/temporal.ts';
import { connectionOptions } from '../adapters/temporal.ts';
import { patiently } from '../patiently.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Noise in a log line: base64 of no use to anybody, and what the message says already. */
const DROPPED = ['taskToken', 'sdkComponent'];

/** What Temporal calls differently than we do. */
const OURS: Record<string, string> = { workflowRunId: 'runId', error: 'err' };

/** Said at every start of a worker that hosts only activities, and is as it should be. */
const EXPECTED = /^No (?:workflows|Nexus services) registered, not polling/;

/** Temporal's own log, the core's and the workflows' and activities', in the form of ours. Once per process, before anything connects. @param metrics where the
 * core's own numbers go; default: nowhere */
export function installRuntime(log: Logger, level: LogLevel = 'INFO', metrics?: MetricsExporterConfig): void {
  Runtime.install({
    logger: new DefaultLogger(level, ({ level: name, message, meta }) => {
      if (EXPECTED.test(message)) return;
      const fields = Object.entries(meta ?? {}).filter(([key]) => !DROPPED.includes(key));
      const plain = fields.map(([key, value]) => [OURS[key] ?? key, typeof value === 'bigint' ? String(value) : value]);
      log[LEVELS[name]](Object.fromEntries(plain), message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } },
      ...(metrics ? { metrics } : {}),
    },
    // main.ts drains all workers itself.
    shutdownSignals: [],
  });
}

const CONNECT_PAUSE_MS = 1_000;

/**
 * Connects the worker, trying again while Temporal is not there yet.
 * @param signal ends the trying
 * @returns `null` when the signal came first
 */
export async function connectWorker(
  settings: TemporalSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<NativeConnection | null> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      return await NativeConnection.connect(connectionOptions(settings));
    } catch (error) {
      if (attempt % 10 === 1)
        log.warn({ address: settings.address, reason: String(error) }, 'Temporal does not answer yet');
      await patiently(CONNECT_PAUSE_MS, signal);
    }
  }
  return null;
}
