import { join } from 'node:path';
import { createChoosingTransfer } from '../adapters/git/choose.ts';
import { createCloneTransfer } from '../adapters/git/clone.ts';
import { createLfsTransfer, withLfs } from '../adapters/git/lfs.ts';
import type { Side } from '../adapters/git/messages.ts';
import { createConnectionPool } from '../adapters/git/smart-http.ts';
import { createStreamTransfer } from '../adapters/git/stream.ts';
import type { Config } from '../config.ts';
import type { Transfer } from '../domain/ports.ts';
import type { Redact } from '../domain/redaction.ts';
import { USER_AGENT } from '../version.ts';

export interface WorkerTransfer extends Transfer {
  /** Cleans up after workers that died; belongs at the start. */
  sweep(): Promise<void>;
  /** Lets go of connections that wait for a next transfer. */
  close(): void;
}

/** The transfer that the settings ask for: streamed or cloned, with or without Git LFS objects. */
export function createTransfer(
  config: Pick<Config, 'dataDir' | 'transfer' | 'stageAboveBytes' | 'lfs'>,
  options: {
    redact: Redact;
    log: (message: string, fields: Record<string, unknown>) => void;
    /** Told what git, ours or a server's, says while it works; `side` only where a server said it. */
    onText?: (said: { side?: Side; line: string }) => void;
  },
): WorkerTransfer {
  const { redact, log, onText = () => undefined } = options;
  const cacheDir = join(config.dataDir, 'cache');
  const clone = createCloneTransfer({ cacheDir, redact, log, onText: (line) => onText({ line }) });
  const onRemote = (side: Side, line: string) => onText({ side, line });
  // What looks for LFS objects asks the same host right behind the transfer.
  const pool = createConnectionPool();
  const stream = createStreamTransfer({ stageAbove: config.stageAboveBytes, redact, pool, log, onText: onRemote });
  // Counted in the record: a sync that was cloned instead says why.
  const refs = createChoosingTransfer({ stream, clone, mode: config.transfer, log, onFallback: () => undefined });
  const { maxBytes } = config.lfs;
  const lfs = createLfsTransfer({ cacheDir, maxBytes, redact, userAgent: USER_AGENT, pool, log });
  const transfer = config.lfs.mode === 'off' ? refs : withLfs(refs, lfs);
  return {
    run: (request, context) => transfer.run(request, context),
    sweep: async () => void (await Promise.all([clone.sweep(), lfs.sweep()])),
    close: () => stream.close(),
  };
}
