import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { pino, type Logger } from 'pino';
import type { RolledFile } from 'pino-roll';
import { spanAttributesOf, currentTracer, traceFields } from './adapters/tracing.ts';
import { ConfigError } from './config.ts';
import { createRedactor, type Redact } from './domain/redaction.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  /** `api`, `worker`, `up` …: the field `service` of every line. */
  service: string;
  level: string;
  /** Also write here, rotated. */
  file?: string | undefined;
  /** Values that must never appear. */
  secrets: Iterable<string>;
  /** Others who get every line, redacted. They must neither wait nor throw. */
  destinations?: readonly LogDestination[];
}

export interface LogDestination {
  write(line: string): void;
}

export interface Log {
  logger: Logger;
  redact: Redact;
}

/** What every line of the work at hand carries: which mirror, and what set it off. */
const workFields = new AsyncLocalStorage<Record<string, unknown>>();

/** Runs `work` so that every line logged in it, however deep, carries these fields, and so does the span it is part of. */
export function withLogFields<T>(fields: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  currentTracer()?.set(spanAttributesOf(fields));
  return workFields.run(fields, work);
}

const ROTATE_AT = '20m';
const ROTATED_KEPT = 7;

/** What may wait for a disk that takes nothing; more than that is lost from the file (standard output has it). */
const WAITING_BYTES = 4 * 1024 * 1024;

/**
 * One JSON line per fact on standard output, a constant message with fields. Every line goes through the redaction list as a whole, so a
 * secret is masked wherever it appears: in a field, an error text, a stack.
 * @throws ConfigError when the file cannot be opened
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const redact = createRedactor(options.secrets);
  const file = options.file ? await openFile(options.file) : null;
  const { destinations = [] } = options;
  const destination = {
    write(line: string): void {
      const clean = redact(line);
      process.stdout.write(clean);
      file?.write(clean);
      for (const one of destinations) one.write(clean);
    },
  };
  const logger = pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => ({ ...traceFields(), ...workFields.getStore() }),
    },
    destination,
  );
  if (file) reportTrouble(file, logger);
  return { logger, redact };
}

async function openFile(path: string): Promise<RolledFile> {
  // Only here: it brings three hundred modules for its dates.
  const { default: pinoRoll } = await import('pino-roll');
  try {
    const file = await pinoRoll({
      file: path,
      size: ROTATE_AT,
      limit: { count: ROTATED_KEPT },
      mkdir: true,
      maxLength: WAITING_BYTES,
    });
    await once(file, 'ready');
    return file;
  } catch (error) {
    throw new ConfigError([
      `STARKEEP_LOG_FILE names "${path}", which cannot be written (${(error as NodeJS.ErrnoException).code}).`,
    ]);
  }
}

/** A full disk must not end the process, nor fill standard output: it is said once, and again after the file was written in between. */
function reportTrouble(file: RolledFile, logger: Logger): void {
  let failing = false;
  file.on('error', (error) => {
    if (failing) return;
    failing = true;
    logger.error({ reason: error.message }, 'log file cannot be written');
  });
  file.on('write', () => (failing = false));
}
