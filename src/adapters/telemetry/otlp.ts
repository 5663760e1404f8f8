import { type Level, readLine } from './lines.ts';
import { objectIn, postTelemetry } from './post-telemetry.ts';
import type { Receiver, Verdict } from './sender.ts';

/**
 * OpenTelemetry's protocol over HTTP, in its JSON form: every collector takes it on the port and path where it takes protobuf.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export interface OtlpOptions {
  /** The whole address. */
  url: string;
  headers: Record<string, string>;
  /** What is true of everything this process sends. */
  resource: Record<string, string>;
  version: string;
  userAgent: string;
}

/** A span that has ended. Times are nanoseconds since 1970, as decimal digits. */
export interface FinishedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: SpanKind;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: KeyValue[];
  status: { code?: 1 | 2; message?: string };
}

export const SPAN_KINDS = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = (typeof SPAN_KINDS)[keyof typeof SPAN_KINDS];

export interface KeyValue {
  key: string;
  value: AnyValue;
}

type AnyValue =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: string }
  | { doubleValue: number }
  | { arrayValue: { values: AnyValue[] } }
  | { kvlistValue: { values: KeyValue[] } };

const LIMITS = { maxRecords: 1_000, maxBytes: 4_000_000, maxRecordBytes: 1_000_000 };

export function otlpLogsReceiver(options: OtlpOptions): Receiver {
  const scope = { name: 'starkeep', version: options.version };
  return {
    ...LIMITS,
    send: (batch, limits) => {
      const logRecords = batch.map(({ record }) => logRecordOf(record));
      const resource = { attributes: keyValues(options.resource) };
      const body = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] };
      return post(options, body, batch.length, 'rejectedLogRecords', limits);
    },
  };
}

/** Takes records that {@link spanRecord} made. */
export function otlpTracesReceiver(options: OtlpOptions): Receiver {
  const scope = { name: 'starkeep', version: options.version };
  return {
    ...LIMITS,
    send: (batch, limits) => {
      const spans = batch.map(({ record }) => JSON.parse(record) as FinishedSpan);
      const resource = { attributes: keyValues(options.resource) };
      const body = { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] };
      return post(options, body, batch.length, 'rejectedSpans', limits);
    },
  };
}

/** @returns what {@link otlpTracesReceiver} sends */
export function spanRecord(span: FinishedSpan): string {
  return JSON.stringify(span);
}

/** What may be sent again; everything else must not be. @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const PASSING = [429, 502, 503, 504];

async function post(
  { url, headers, userAgent }: OtlpOptions,
  body: unknown,
  count: number,
  rejected: 'rejectedLogRecords' | 'rejectedSpans',
  limits: { signal: AbortSignal; timeoutMs: number },
): Promise<Verdict> {
  const outcome = await postTelemetry({
    url,
    headers: { ...headers, 'content-type': 'application/json', 'user-agent': userAgent },
    body: JSON.stringify(body),
    ...limits,
    isFinal: (status) => status >= 400 && !PASSING.includes(status),
  });
  if (!outcome.taken) return { refused: count, reason: outcome.reason };
  const partial = objectIn(outcome.answer.text)?.['partialSuccess'] as Record<string, unknown> | undefined;
  // JSON writes 64 bits as a string; some write a number.
  const refused = Math.min(Number(partial?.[rejected] ?? 0) || 0, count);
  return refused > 0 ? { refused, reason: `${new URL(url).origin} took only a part` } : {};
}

/** @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITIES: Record<Level, number> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

function logRecordOf(record: string): Record<string, unknown> {
  const { time, level, message, error, traceId, spanId, fields } = readLine(record);
  const at = `${Date.parse(time)}000000`;
  const exception = error
    ? { 'exception.type': error.type, 'exception.message': error.message, 'exception.stacktrace': error.stack }
    : {};
  return {
    timeUnixNano: at,
    observedTimeUnixNano: at,
    severityNumber: SEVERITIES[level],
    severityText: level.toUpperCase(),
    body: { stringValue: message },
    attributes: keyValues({ ...fields, ...exception }),
    ...(traceId ? { traceId } : {}),
    ...(spanId ? { spanId } : {}),
  };
}

/** What is `null` or undefined is left out. */
export function keyValues(fields: Record<string, unknown>): KeyValue[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    const converted = anyValue(value);
    return converted === null ? [] : [{ key, value: converted }];
  });
}

function anyValue(value: unknown): AnyValue | null {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    case 'bigint':
      return { intValue: String(value) };
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return { arrayValue: { values: value.flatMap((one) => anyValue(one) ?? []) } };
      return { kvlistValue: { values: keyValues(value as Record<string, unknown>) } };
    default:
      return null;
  }
}
