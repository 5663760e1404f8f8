/** A finished log line, taken apart again: each receiver wants the same facts under other names. */
export interface Line {
  /** ISO. */
  time: string;
  level: Level;
  service: string;
  message: string;
  error: LoggedError | null;
  /** Of the span the line was written in. */
  traceId: string | null;
  spanId: string | null;
  /** The rest, as it was logged. */
  fields: Record<string, unknown>;
}

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LoggedError {
  type: string;
  message: string;
  stack: string;
}

const LEVELS: Record<number, Level> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/** @param line one line of our own log; whatever else it is becomes the message */
export function readLine(line: string): Line {
  const parsed = parse(line);
  const { time, level, service, msg, err, traceId, spanId, ...fields } = parsed ?? { msg: line.trimEnd() };
  const error = errorIn(err);
  return {
    time: typeof time === 'string' ? time : new Date().toISOString(),
    level: (typeof level === 'number' ? LEVELS[level] : undefined) ?? 'info',
    service: typeof service === 'string' ? service : 'unknown',
    message: typeof msg === 'string' ? msg : '',
    error,
    traceId: typeof traceId === 'string' ? traceId : null,
    spanId: typeof spanId === 'string' ? spanId : null,
    fields: err === undefined || error ? fields : { ...fields, err },
  };
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function errorIn(err: unknown): LoggedError | null {
  if (typeof err !== 'object' || err === null) return null;
  const { type, message, stack } = err as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { type: text(type), message: text(message), stack: text(stack) };
}
