import { Failure, toFailure } from '../../domain/failures.ts';
import type { Transfer, TransferRequest } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import {
  createIdleWatch,
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_OVERALL_TIMEOUT_MS,
  type IdleWatch,
  stoodStill,
  withDeadline,
} from './deadline.ts';
import { addressOf } from './environment.ts';
import type { Side } from './messages.ts';
import { createProgressWatch } from './progress-watch.ts';
import { parseProgress } from './progress.ts';
import { DEFAULT_PUSH_CHUNK } from './push.ts';
import { isProgress } from './run.ts';
import { type ConnectionPool, createConnectionPool, createSmartHttp } from './smart-http.ts';
import { CannotStream } from './stream-obstacle.ts';
import { runStream } from './stream-run.ts';
import { createStreamSource } from './stream-source.ts';
import { createStreamTarget } from './stream-target.ts';

export interface StreamTransferOptions {
  /** For a whole transfer. Default 2 h. */
  overallTimeoutMs?: number;
  /** How long it may go without a byte from either side. Default 5 min. */
  idleTimeoutMs?: number;
  /** Refs in one push at most. Default 500. */
  pushChunk?: number;
  /** In bytes: a first transfer of more, by upstream's estimate, goes in stages of about this size. Default `null`: never. */
  stageAbove?: number | null;
  redact: Redact;
  /** Connections that others use too. Default: its own. */
  pool?: ConnectionPool;
  log?: (message: string, fields: Record<string, unknown>) => void;
  /** Told what either side says while it works, line by line, without its progress. */
  onText?: (side: Side, line: string) => void;
  now?: () => number;
}

/**
 * Transfer without a clone: the source's pack flows into the push, and nothing is kept. Needs HTTP on both sides and protocol version 2; memory does not
 * grow with the repository, and no disk is used.
 *
 * `run` throws `Failure`s only, besides the reason of an aborted signal: {@link CannotStream} where it is the wrong way, before anything was changed.
 * `close` lets go of the connections that wait for the next run.
 */
export function createStreamTransfer(options: StreamTransferOptions): Transfer & { close(): void } {
  const { redact, now = Date.now, log = () => undefined, pushChunk = DEFAULT_PUSH_CHUNK, stageAbove = null } = options;
  const idleTimeoutMs = options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
  const timeoutMs = options.overallTimeoutMs ?? DEFAULT_OVERALL_TIMEOUT_MS;
  const { pool = createConnectionPool() } = options;

  const httpOf = (side: Side, request: TransferRequest, signal: AbortSignal, idle: IdleWatch) => {
    const remote = request[side];
    if (remote.auth.kind === 'ssh' || addressOf(remote.url).protocol === 'ssh') throw new CannotStream(`${side}-ssh`);
    return createSmartHttp({ side, remote, pool, signal, idle, redact });
  };

  return {
    run: (request, context) =>
      withDeadline(
        { signal: context.signal, timeoutMs, asFailure: (error) => asFailure(error, redact) },
        async (outer) => {
          const stalled = new AbortController();
          const idle = createIdleWatch(idleTimeoutMs, () => stalled.abort(stoodStill(idleTimeoutMs)));
          const over = new AbortController();
          const signal = AbortSignal.any([outer, stalled.signal, over.signal]);
          const watch = createProgressWatch(context.onProgress, now);
          const said = (side: Side, line: string) => {
            if (line.trim() !== '' && !isProgress(`remote: ${line}`)) options.onText?.(side, line.trimEnd());
          };
          const onText = (line: string) => {
            const progress = parseProgress(line);
            if (progress) watch.objects(progress);
            else said('source', line);
          };
          const source = createStreamSource(httpOf('source', request, signal, idle), onText);
          const anonymous = request.target.auth.kind === 'none';
          const target = createStreamTarget(httpOf('target', request, signal, idle), {
            ...{ redact, anonymous },
            onText: (line) => said('target', line),
          });
          try {
            return await runStream({ request, source, target, watch, pushChunk, stageAbove, now, log });
          } finally {
            // Of two requests at once, the one that was not waited for when the other failed.
            over.abort();
          }
        },
      ),
    close() {
      pool.http.destroy();
      pool.https.destroy();
    },
  };
}

function asFailure(error: unknown, redact: Redact): Failure {
  if (error instanceof Failure) return error;
  return new Failure('TransferFailed', redact(toFailure(error).message), { cause: error });
}
