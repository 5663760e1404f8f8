import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { TRACE_HEADER } from '../workflows/messages.ts';
import { currentTracer, type RemoteParent, type SpanAttributes, traced } from './tracing.ts';

/**
 * Hands the span that is under way on to the workflows it starts or signals, in a header of Temporal's that `workflows/tracing.ts` reads. Only where
 * a request of somebody's is carried out: what a worker signals by itself (thousands of mirrors after one reading of the star list) begins traces of its own.
 */
export function tracingClient(): WorkflowClientInterceptor {
  const passing = <Input extends { headers: Headers }, Result>(
    name: string,
    attributes: SpanAttributes,
    input: Input,
    next: (input: Input) => Promise<Result>,
  ): Promise<Result> =>
    traced(name, { kind: 'client', attributes }, () => next({ ...input, headers: withTrace(input.headers) }));
  return {
    start: (input, next) =>
      passing(`start ${input.workflowType}`, { [WORKFLOW_ID]: input.options.workflowId }, input, next),
    startWithDetails: (input, next) =>
      passing(`start ${input.workflowType}`, { [WORKFLOW_ID]: input.options.workflowId }, input, next),
    signalWithStart: (input, next) =>
      passing(`signal ${input.signalName}`, { [WORKFLOW_ID]: input.options.workflowId }, input, next),
    signal: (input, next) =>
      passing(`signal ${input.signalName}`, { [WORKFLOW_ID]: input.workflowExecution.workflowId }, input, next),
  };
}

const WORKFLOW_ID = 'temporal.workflow_id';

function withTrace(headers: Headers): Headers {
  const span = currentTracer()?.current();
  return span ? { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(span) } : headers;
}

/** @returns `null` when nobody handed a span on, or something that is none; then a new trace begins */
export function parentIn(headers: Headers): RemoteParent | null {
  const payload = headers[TRACE_HEADER];
  if (!payload) return null;
  try {
    const { traceId, spanId, sampled } = defaultPayloadConverter.fromPayload<Partial<RemoteParent>>(payload);
    if (!traceId || !isValidTraceId(traceId) || !spanId || !isValidSpanId(spanId)) return null;
    return { traceId, spanId, sampled: typeof sampled === 'boolean' ? sampled : null };
  } catch {
    // Whoever can write to Temporal can write this too; no activity fails for it.
    return null;
  }
}

function isValidTraceId(text: unknown): boolean {
  return typeof text === 'string' && /^(?!0+$)[0-9a-f]{32}$/.test(text);
}

function isValidSpanId(text: unknown): boolean {
  return typeof text === 'string' && /^(?!0+$)[0-9a-f]{16}$/.test(text);
}
