import type { SyncReport } from '../../domain/model.ts';
import type { Transfer } from '../../domain/ports.ts';
import { CannotStream, STREAM_OBSTACLES, type StreamObstacle } from './stream-obstacle.ts';

export interface ChoosingTransferOptions {
  stream: Transfer;
  clone: Transfer;
  /** `auto`: stream, and clone where one of {@link STREAM_OBSTACLES} stands in the way · `stream`: never clone · `clone`: never stream. */
  mode: 'auto' | 'stream' | 'clone';
  log: (message: string, fields: Record<string, unknown>) => void;
  /** Called for every sync that is cloned because it cannot be streamed; for a count by reason. */
  onFallback: (reason: StreamObstacle) => void;
}

/**
 * Takes the way of transfer that `STARKEEP_TRANSFER` asks for. A failure of the stream is no reason to clone: only what is on the closed list is, and it
 * shows before anything was changed.
 * @throws Failure `StreamImpossible` in mode `stream` where a repository cannot be streamed; otherwise what the chosen transfer throws
 */
export function createChoosingTransfer(options: ChoosingTransferOptions): Transfer {
  const { stream, clone, mode, log, onFallback } = options;
  if (mode !== 'auto') return mode === 'stream' ? stream : clone;
  return {
    async run(request, context): Promise<SyncReport> {
      let obstacle: StreamObstacle;
      try {
        return await stream.run(request, context);
      } catch (error) {
        if (!(error instanceof CannotStream)) throw error;
        ({ obstacle } = error);
      }
      const { mirrorId } = request;
      log('the repository is cloned, because it cannot be streamed', { mirrorId, reason: STREAM_OBSTACLES[obstacle] });
      onFallback(obstacle);
      return { ...(await clone.run(request, context)), fallback: obstacle };
    },
  };
}
