import {
  ActivityFailure,
  CancellationScope,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  rootCause,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { BatchProgress, BatchState } from '../domain/batches.ts';
import * as messages from './messages.ts';
import { BATCH_STEPS_PER_RUN, BATCH_WINDOW, CALLS, LONGEST_BATCH_PAUSE_MS, SHORTEST_BATCH_PAUSE_MS } from './policy.ts';

const { planBatch, advanceBatch, endBatch } = proxyActivities<Activities>(CALLS.batch);
const { beginDriftCheck } = proxyActivities<Activities>(CALLS.database);

export interface BatchInput {
  batchId: string;
}

/**
 * Goes over the mirrors of a batch, a window of them at a time, by telling the workflow of each and waiting until it has recorded how it ended.
 * The mirrors' workflows are no children: a batch owns none of them, and its end ends none. All it knows is in the record, so it
 * goes on after any restart, and a run of any length stays small.
 *
 * Cancelling it lets what is under way end by itself; nothing new begins.
 */
export async function batchSync({ batchId }: BatchInput): Promise<BatchProgress> {
  let progress: BatchProgress | null = null;
  setHandler(messages.progress, () => progress);
  try {
    await planBatch({ batchId });
    let pauseMs = SHORTEST_BATCH_PAUSE_MS;
    for (let steps = 1; ; steps += 1) {
      const doneBefore: number = progress?.done ?? 0;
      progress = await advanceBatch({ batchId, window: BATCH_WINDOW });
      if (progress.state !== 'running') return progress;
      if (progress.done >= progress.total) return await end(batchId, 'completed');
      if (steps >= BATCH_STEPS_PER_RUN || workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof batchSync>({ batchId });
      }
      const moved = progress.done > doneBefore;
      pauseMs = moved ? SHORTEST_BATCH_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_BATCH_PAUSE_MS);
      await sleep(pauseMs);
    }
  } catch (error) {
    if (isCancellation(error)) await end(batchId, 'cancelled');
    else if (error instanceof ActivityFailure) await end(batchId, 'failed', rootCause(error) ?? error.message);
    throw error;
  }
}

/** Also when the workflow is being cancelled: the record must not go on claiming that the batch runs. */
async function end(batchId: string, state: Exclude<BatchState, 'running'>, note?: string): Promise<BatchProgress> {
  const ended = await CancellationScope.nonCancellable(() =>
    endBatch({ batchId, state, ...(note === undefined ? {} : { note }) }),
  );
  const { total, changed, unchanged, failed, skipped } = ended;
  log.info('batch ended', { batchId, state: ended.state, total, changed, unchanged, failed, skipped });
  return ended;
}

/** Begins a batch over the mirrors whose two sides were not compared for longest. Started by the Schedule `check-drift`. */
export async function checkDrift(): Promise<{ batchId: string | null }> {
  const { firstExecutionRunId } = workflowInfo();
  return beginDriftCheck({ correlationId: `drift-${firstExecutionRunId}` });
}
