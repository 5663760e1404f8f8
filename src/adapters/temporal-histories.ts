import { WorkflowNotFoundError } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { ClosedRun, RunningRun } from '../domain/histories.ts';
import type { WorkflowRuns } from '../domain/ports.ts';
import { TASK_QUEUES, WORKFLOW_TYPES } from '../workflows/messages.ts';
import { reached, type TemporalConnection } from './temporal.ts';

/** What Temporal knows of our workflows' runs. @see https://docs.temporal.io/list-filter */

/** A history comes in pages of some megabytes. */
const DEADLINE_MS = 20_000;

/** @param taskQueue for tests that share one server; the product has one */
export function createWorkflowRuns(
  { client, connection }: TemporalConnection,
  taskQueue: string = TASK_QUEUES.main,
): WorkflowRuns {
  const { namespace } = client.options;
  const asked = <T>(call: () => Promise<T>) => reached(() => connection.withDeadline(Date.now() + DEADLINE_MS, call));
  const types = Object.values(WORKFLOW_TYPES)
    .map((type) => `"${type}"`)
    .join(', ');

  return {
    closed: ({ from, to }, { cursor, limit }) =>
      asked(async () => {
        const query = [
          `TaskQueue = "${taskQueue}"`,
          `WorkflowType in (${types})`,
          'ExecutionStatus != "Running"',
          ...(from === null ? [] : [`CloseTime >= "${from}"`]),
          `CloseTime <= "${to}"`,
        ].join(' and ');
        const page = await connection.workflowService.listWorkflowExecutions({
          namespace,
          query,
          pageSize: limit,
          ...(cursor === null ? {} : { nextPageToken: Buffer.from(cursor, 'base64url') }),
        });
        const runs = (page.executions ?? []).flatMap((info): ClosedRun[] => {
          const { workflowId, runId } = info.execution ?? {};
          if (!workflowId || !runId || !info.closeTime) return [];
          return [
            {
              ...{ workflowId, runId },
              workflowType: info.type?.name ?? '',
              status: STATUSES[Number(info.status)] ?? 'UNKNOWN',
              startedAt: isoOf(info.startTime),
              closedAt: isoOf(info.closeTime),
              events: Number(info.historyLength ?? 0),
              bytes: Number(info.historySizeBytes ?? 0),
            },
          ];
        });
        const token = page.nextPageToken;
        return { runs, next: token && token.length > 0 ? Buffer.from(token).toString('base64url') : null };
      }),

    running: (workflowId) =>
      asked(async () => {
        const found: RunningRun[] = [];
        const query = `WorkflowId = "${workflowId}" and ExecutionStatus = "Running"`;
        for await (const { runId, type, startTime, historyLength } of client.workflow.list({ query })) {
          const startedAt = startTime.toISOString();
          found.push({ workflowId, runId, workflowType: type, startedAt, events: historyLength });
        }
        return found;
      }),

    history: ({ workflowId, runId }) =>
      asked(async () => {
        try {
          return historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory());
        } catch (error) {
          if (error instanceof WorkflowNotFoundError || isNotFound(error)) return null;
          throw error;
        }
      }),
  };
}

/** As the SDK names them. @see temporal.api.enums.v1.WorkflowExecutionStatus */
const STATUSES = [
  'UNSPECIFIED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TERMINATED',
  'CONTINUED_AS_NEW',
  'TIMED_OUT',
];

/** gRPC's NOT_FOUND: the retention is over; or a run id that is none. */
function isNotFound(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return [code, cause?.code].some((one) => one === 5 || one === 3);
}

function isoOf(time: Parameters<typeof tsToMs>[0]): string {
  return new Date(tsToMs(time)).toISOString();
}
