import type { ActivityInterceptorsFactory, InjectedSinks, WorkerOptions } from '@temporalio/worker';
import { parentIn } from '../adapters/temporal-tracing.ts';
import { currentTracer, traced, traceFields } from '../adapters/tracing.ts';
import type { TraceSinks } from '../workflows/tracing.ts';

/** What a worker is made with to have spans of its workflows and activities; nothing, where nobody wants them. */
export function tracingOptions(): Pick<WorkerOptions, 'interceptors' | 'sinks'> {
  if (currentTracer() === null) return {};
  return { interceptors: { activity: [activitySpans] }, sinks: workflowSpans };
}

const activitySpans: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: (input, next) =>
      traced(
        `activity ${info.activityType}`,
        {
          parent: parentIn(input.headers),
          attributes: {
            'temporal.workflow_id': info.workflowExecution?.workflowId,
            'temporal.run_id': info.workflowExecution?.runId,
            'temporal.workflow_type': info.workflowType,
            'temporal.task_queue': info.taskQueue,
            'temporal.attempt': info.attempt,
          },
        },
        () => next(input),
      ),
  },
  outbound: {
    // Temporal's log comes to ours a moment later, when nobody knows any more which span it was.
    getLogAttributes: (input, next) => next({ ...input, ...traceFields() }),
  },
});

const workflowSpans: InjectedSinks<TraceSinks> = {
  starkeepTrace: {
    ended: {
      // A replay tells nothing new.
      callDuringReplay: false,
      fn: (_, { workflowType, workflowId, runId, correlationId, ...span }) =>
        currentTracer()?.measured({
          ...span,
          name: `workflow ${workflowType}`,
          attributes: {
            'temporal.workflow_id': workflowId,
            'temporal.run_id': runId,
            'temporal.workflow_type': workflowType,
            'starkeep.correlation_id': correlationId ?? undefined,
          },
        }),
    },
  },
};
