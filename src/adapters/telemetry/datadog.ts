import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { readLine } from './lines.ts';
import { postTelemetry } from './post-telemetry.ts';
import type { Receiver } from './sender.ts';

export interface DatadogOptions {
  /** Of the log intake, up to `/api`. */
  url: string;
  apiKey: string;
  version: string;
  userAgent: string;
}

const packed = promisify(gzip);

/**
 * Datadog's log intake: at most 1,000 entries and 5 MB a call, 1 MB an entry. What we add to a line is less than the difference.
 * @see https://docs.datadoghq.com/api/latest/logs/#send-logs
 */
export function datadogReceiver({ url, apiKey, version, userAgent }: DatadogOptions): Receiver {
  const host = hostname();
  return {
    maxRecords: 1_000,
    maxBytes: 4_000_000,
    maxRecordBytes: 990_000,
    async send(batch, limits) {
      const entries = batch.map(({ record }) => entryOf(record, { ddtags: `version:${version}`, hostname: host }));
      const outcome = await postTelemetry({
        url: `${url}/api/v2/logs`,
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'dd-api-key': apiKey,
          'user-agent': userAgent,
        },
        body: await packed(JSON.stringify(entries)),
        ...limits,
        isFinal: (status) => status === 400,
      });
      return outcome.taken ? {} : { refused: batch.length, reason: outcome.reason };
    },
  };
}

/** Under the names that Datadog gives a meaning to. @see https://docs.datadoghq.com/logs/log_configuration/attributes_naming_convention/ */
function entryOf(record: string, of: { ddtags: string; hostname: string }): Record<string, unknown> {
  const { time, level, service, message, error, traceId, spanId, fields } = readLine(record);
  return {
    ...fields,
    ddsource: 'starkeep',
    ...of,
    service: `starkeep-${service}`,
    status: level,
    timestamp: time,
    message,
    ...(error ? { error: { kind: error.type, message: error.message, stack: error.stack } } : {}),
    ...(traceId ? { trace_id: traceId } : {}),
    ...(spanId ? { span_id: spanId } : {}),
  };
}
