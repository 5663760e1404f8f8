import { prettyFactory } from 'pino-pretty';

/** What {@link logLines} writes to; `process.stdout` is one. */
export interface LogOutput {
  isTTY?: boolean;
  hasColors?: () => boolean;
  write(text: string): unknown;
}

/** Where in Temporal a line comes from: on every line of an activity, and of no use to somebody who looks on. The JSON lines have it. */
const TECHNICAL = ['taskQueue', 'isLocal', 'namespace', 'activityId', 'runId', 'workflowType', 'traceId', 'spanId'];

/**
 * @returns what prints the log lines of api and worker: as people read them on a terminal, and as they are, a JSON object a line, anywhere
 * else. Lines that are no log lines pass as they are.
 */
export function logLines(output: LogOutput): (line: string) => void {
  if (!output.isTTY) return (line) => void output.write(`${line}\n`);
  const pretty = prettyFactory({
    colorize: output.hasColors?.() ?? false,
    translateTime: 'SYS:HH:MM:ss',
    ignore: ['service', ...TECHNICAL].join(','),
    messageFormat: '{service}: {msg}',
    singleLine: true,
  });
  return (line) => void output.write(pretty(line));
}
