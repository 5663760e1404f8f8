import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Redact } from '../../domain/redaction.ts';
import type { MeasuredSpan, RemoteParent, SpanAttributes, SpanOptions, TracedSpan, Tracer } from '../tracing.ts';
import { type FinishedSpan, keyValues, SPAN_KINDS, spanRecord } from './otlp.ts';

/**
 * OpenTelemetry's own tracer: sampling, ids, limits. Only loaded where spans are wanted. They leave by a sender of ours, since OpenTelemetry's batch
 * processor drops what it has no room for without counting it.
 */

export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

export interface OtelTracerOptions {
  sampler: { name: SamplerName; ratio: number };
  version: string;
  redact: Redact;
  /** Told every span that has ended and is sampled, as a record of {@link spanRecord}. */
  onSpan: (record: string) => void;
}

/** A text in a span longer than this is cut. */
const MAX_TEXT = 4_096;

export function createOtelTracer({ sampler: { name, ratio }, version, redact, onSpan }: OtelTracerOptions): Tracer {
  const sampler = samplerOf(name, ratio);
  const told = (span: FinishedSpan) => onSpan(redact(spanRecord(span)));
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => void ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 && told(finished(span))),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const provider = new BasicTracerProvider({
    sampler,
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: MAX_TEXT },
  });
  const tracer = provider.getTracer('starkeep', version);
  // Ours alone, rather than the process's: libraries that look for a global tracer have no business here.
  const contexts = new AsyncLocalStorageContextManager().enable();

  const isSampled = (parent: RemoteParent, of: string): boolean => {
    if (parent.sampled !== null) return parent.sampled;
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, parent.traceId, of, SpanKind.INTERNAL, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
  const contextOf = (parent: RemoteParent | null | undefined, of: string): Context => {
    if (parent === undefined) return contexts.active();
    if (parent === null) return ROOT_CONTEXT;
    const traceFlags = isSampled(parent, of) ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const { traceId, spanId } = parent;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  };

  return {
    async span(spanName, options, work) {
      const context = contextOf(options.parent, spanName);
      const span = tracer.startSpan(spanName, startOf(options), context);
      try {
        return await contexts.with(trace.setSpan(context, span), () => work(handleOf(span)));
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
        span.setAttributes({ 'error.type': typeOf(error) });
        throw error;
      } finally {
        span.end();
      }
    },
    current() {
      const context = trace.getSpanContext(contexts.active());
      if (!context || !trace.isSpanContextValid(context)) return null;
      const { traceId, spanId, traceFlags } = context;
      return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
    },
    set: (attributes) => void trace.getSpan(contexts.active())?.setAttributes(given(attributes)),
    measured: (span) => void (isSampled(span, span.name) && told(finishedOf(span))),
  };
}

function samplerOf(name: SamplerName, ratio: number): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}

const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

function startOf({ kind = 'internal', attributes = {} }: SpanOptions): { kind: SpanKind; attributes: Attributes } {
  return { kind: KINDS[kind], attributes: given(attributes) };
}

function handleOf(span: Span): TracedSpan {
  return { set: (attributes) => void span.setAttributes(given(attributes)) };
}

function given(attributes: SpanAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_TEXT);
}

/** The kind of a failure of ours says more than its class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { kind, type } = error as { kind?: unknown; type?: unknown };
  if (typeof kind === 'string') return kind;
  return typeof type === 'string' ? type : error.name;
}

const FINISHED_KINDS = {
  [SpanKind.INTERNAL]: SPAN_KINDS.internal,
  [SpanKind.SERVER]: SPAN_KINDS.server,
  [SpanKind.CLIENT]: SPAN_KINDS.client,
  [SpanKind.PRODUCER]: SPAN_KINDS.internal,
  [SpanKind.CONSUMER]: SPAN_KINDS.internal,
};

function finished(span: ReadableSpan): FinishedSpan {
  const { traceId, spanId } = span.spanContext();
  const { code, message } = span.status;
  return {
    traceId,
    spanId,
    ...(span.parentSpanContext ? { parentSpanId: span.parentSpanContext.spanId } : {}),
    name: span.name,
    kind: FINISHED_KINDS[span.kind],
    startTimeUnixNano: nanosOf(span.startTime),
    endTimeUnixNano: nanosOf(span.endTime),
    attributes: keyValues(span.attributes),
    status: code === SpanStatusCode.ERROR ? { code: 2, ...(message ? { message } : {}) } : {},
  };
}

function finishedOf(span: MeasuredSpan): FinishedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId ? { parentSpanId: span.parentSpanId } : {}),
    name: span.name,
    kind: SPAN_KINDS.internal,
    startTimeUnixNano: `${span.startedAtMs}000000`,
    endTimeUnixNano: `${span.endedAtMs}000000`,
    attributes: keyValues(span.attributes),
    status: span.error === null ? {} : { code: 2, message: span.error.slice(0, MAX_TEXT) },
  };
}

function nanosOf([seconds, nanos]: [number, number]): string {
  return `${seconds}${String(nanos).padStart(9, '0')}`;
}
