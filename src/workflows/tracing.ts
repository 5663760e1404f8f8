import {
  ContinueAsNew,
  defaultPayloadConverter,
  proxySinks,
  workflowInfo,
  type ActivityInput,
  type ContinueAsNewInput,
  type GetLogAttributesInput,
  type Headers,
  type LocalActivityInput,
  type Next,
  type SignalInput,
  type Sinks,
  type WorkflowExecuteInput,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptorsFactory,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { TRACE_HEADER } from './messages.ts';

/**
 * Hands the trace on from whoever started or signalled a run to the activities it asks for. Only in the bundle of a worker that traces.
 *
 * A replay must not notice, whether a history was recorded with it or without: nothing here awaits, draws a random number or makes a command. The
 * run's own span has an id that follows from the run's id, and is told, by a sink, when the run has ended.
 */

/** What travels in a header of Temporal's. */
export interface TraceHeader {
  traceId: string;
  spanId: string;
  /** `null`: the run has nobody before it, and there is no sampler here. */
  sampled: boolean | null;
}

/** What a run tells when it has ended. */
export interface WorkflowSpan extends TraceHeader {
  parentSpanId: string | null;
  workflowType: string;
  workflowId: string;
  runId: string;
  correlationId: string | null;
  startedAtMs: number;
  endedAtMs: number;
  error: string | null;
}

export interface TraceSinks extends Sinks {
  starkeepTrace: { ended(span: WorkflowSpan): void };
}

class TracedRun implements WorkflowInboundCallsInterceptor, WorkflowOutboundCallsInterceptor {
  /** This run. */
  private own: TraceHeader | null = null;
  /** What activities belong to: this run, or whoever signalled it last from another trace. */
  private current: TraceHeader | null = null;
  private correlationId: string | null = null;

  execute(input: WorkflowExecuteInput, next: Next<WorkflowInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const parent = read(input.headers);
    const own = this.begin(parent);
    const result = next(input);
    // Beside the run, not in its way: what awaited it here would put its end off by a step.
    result.then(
      () => this.end(own, parent, null),
      (error: unknown) => this.end(own, parent, error instanceof ContinueAsNew ? null : error),
    );
    return result;
  }

  handleSignal(input: SignalInput, next: Next<WorkflowInboundCallsInterceptor, 'handleSignal'>): Promise<void> {
    const from = read(input.headers);
    // The signal that started the run comes before the run itself, and in the same trace.
    const own = this.own ?? this.begin(from);
    if (from) this.current = from.traceId === own.traceId ? own : from;
    return next(input);
  }

  scheduleActivity(
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleActivity'>,
  ): Promise<unknown> {
    this.correlationId = correlationIdIn(input.args) ?? this.correlationId;
    return next({ ...input, headers: this.headers(input.headers) });
  }

  scheduleLocalActivity(
    input: LocalActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleLocalActivity'>,
  ): Promise<unknown> {
    this.correlationId = correlationIdIn(input.args) ?? this.correlationId;
    return next({ ...input, headers: this.headers(input.headers) });
  }

  continueAsNew(
    input: ContinueAsNewInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'continueAsNew'>,
  ): Promise<never> {
    return next({ ...input, headers: this.headers(input.headers) });
  }

  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'getLogAttributes'>,
  ): Record<string, unknown> {
    const { current } = this;
    return next(current ? { ...input, traceId: current.traceId, spanId: current.spanId } : input);
  }

  private begin(parent: TraceHeader | null): TraceHeader {
    if (this.own) return this.own;
    // Random, all of it in a UUID of version 4, and its second half in one of version 7.
    const id = workflowInfo().runId.replaceAll('-', '').toLowerCase();
    const { traceId, sampled } = parent ?? { traceId: id, sampled: null };
    this.own = { traceId, spanId: id.slice(16), sampled };
    this.current = this.own;
    return this.own;
  }

  private end(own: TraceHeader, parent: TraceHeader | null, error: unknown): void {
    const { workflowType, workflowId, runId, runStartTime } = workflowInfo();
    proxySinks<TraceSinks>().starkeepTrace.ended({
      ...own,
      parentSpanId: parent?.spanId ?? null,
      ...{ workflowType, workflowId, runId, correlationId: this.correlationId },
      startedAtMs: runStartTime.getTime(),
      endedAtMs: Date.now(),
      error: error === null ? null : String(error),
    });
  }

  private headers(headers: Headers): Headers {
    const { current } = this;
    return current ? { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(current) } : headers;
  }
}

/** Whatever else is there, from whomever, counts as nothing. */
function read(headers: Headers): TraceHeader | null {
  const payload = headers[TRACE_HEADER];
  if (!payload) return null;
  try {
    const value: Partial<TraceHeader> | null = defaultPayloadConverter.fromPayload(payload);
    const { traceId, spanId, sampled } = value ?? {};
    if (typeof traceId !== 'string' || !/^[0-9a-f]{32}$/.test(traceId)) return null;
    if (typeof spanId !== 'string' || !/^[0-9a-f]{16}$/.test(spanId)) return null;
    return { traceId, spanId, sampled: typeof sampled === 'boolean' ? sampled : null };
  } catch {
    return null;
  }
}

function correlationIdIn([argument]: unknown[]): string | null {
  if (typeof argument !== 'object' || argument === null || !('correlationId' in argument)) return null;
  return typeof argument.correlationId === 'string' ? argument.correlationId : null;
}

export const interceptors: WorkflowInterceptorsFactory = () => {
  const run = new TracedRun();
  return { inbound: [run], outbound: [run] };
};
