import { WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { TransferProgress } from '../domain/model.ts';
import type { RunningTransfers } from '../domain/ports.ts';
import { mirrorWorkflowId } from '../workflows/messages.ts';
import { reached, type TemporalConnection } from './temporal.ts';

const DEADLINE_MS = 2_000;

/** The activity whose heartbeats are progress, as src/workflows/mirror.ts calls it. */
const TRANSFER = 'transfer';

/** How far transfers are, as their heartbeats last told Temporal. */
export function createRunningTransfers({ client, connection }: TemporalConnection): RunningTransfers {
  return {
    progress: (repoId) =>
      reached(() =>
        connection.withDeadline(Date.now() + DEADLINE_MS, async () => {
          try {
            const { raw } = await client.workflow.getHandle(mirrorWorkflowId(repoId)).describe();
            const activity = raw.pendingActivities?.find(({ activityType }) => activityType?.name === TRANSFER);
            if (!activity) return null;
            const { heartbeatDetails, lastStartedTime, attempt } = activity;
            const [latest] = await decodeArrayFromPayloads(
              client.options.loadedDataConverter,
              heartbeatDetails?.payloads,
            );
            return {
              startedAt: lastStartedTime ? new Date(tsToMs(lastStartedTime)).toISOString() : null,
              attempt: attempt ?? 1,
              // Nothing before the first heartbeat that has something to tell.
              latest: (latest as TransferProgress | null | undefined) ?? null,
            };
          } catch (error) {
            if (error instanceof WorkflowNotFoundError) return null;
            throw error;
          }
        }),
      ),
  };
}
