/**
 * Spans of what the adapters do. Whether anybody wants them is one answer for the whole process, given once at start: by default nobody does, and
 * then a span is a function call and nothing of OpenTelemetry is loaded.
 */

/** What is `undefined` is left out. Nothing that is secret, and no address with a query, belongs here. */
export type SpanAttributes = Record<string, string | number | boolean | undefined>;

export interface TracedSpan {
  set(attributes: SpanAttributes): void;
}

/** A span of another process, or of a workflow. */
export interface RemoteParent {
  traceId: string;
  spanId: string;
  /** `null`: a trace that began where nothing is decided; the sampler says, and says the same to everybody who asks. */
  sampled: boolean | null;
}

export interface SpanOptions {
  kind?: 'internal' | 'server' | 'client';
  attributes?: SpanAttributes;
  /** In place of the span that is under way; `null`: a new trace. */
  parent?: RemoteParent | null;
}

/** A span that somebody else measured. Times are epoch milliseconds. */
export interface MeasuredSpan extends RemoteParent {
  parentSpanId: string | null;
  name: string;
  startedAtMs: number;
  endedAtMs: number;
  attributes: SpanAttributes;
  /** `null`: it went well. */
  error: string | null;
}

export interface Tracer {
  /** Runs `work` in a span that ends with it, as an error if it throws. */
  span<Result>(name: string, options: SpanOptions, work: (span: TracedSpan) => Promise<Result>): Promise<Result>;
  /** The span that is under way; `null` without one. */
  current(): RemoteParent | null;
  /** Adds to the span that is under way. */
  set(attributes: SpanAttributes): void;
  measured(span: MeasuredSpan): void;
}

let tracer: Tracer | null = null;

/** From now on spans go to `one`; `null`: nobody wants them. */
export function traceWith(one: Tracer | null): void {
  tracer = one;
}

/** `null` while nobody wants spans. */
export function currentTracer(): Tracer | null {
  return tracer;
}

const UNWANTED: TracedSpan = { set: () => undefined };

export function traced<Result>(
  name: string,
  options: SpanOptions,
  work: (span: TracedSpan) => Promise<Result>,
): Promise<Result> {
  return tracer === null ? work(UNWANTED) : tracer.span(name, options, work);
}

/** Adds to the span that is under way, if there is one. */
export function setOnSpan(attributes: SpanAttributes): void {
  tracer?.set(attributes);
}

/** A span for one request: with whom, how and what came of it, as whoever reads the answer adds. */
export function tracedHttp<Result>(
  method: string,
  url: string | URL,
  work: (span: TracedSpan) => Promise<Result>,
): Promise<Result> {
  if (tracer === null) return work(UNWANTED);
  return tracer.span(method, { kind: 'client', attributes: httpAttributes(method, url) }, work);
}

/** Of an address, what may be known of it: neither its query nor who may use it. */
function httpAttributes(method: string, url: string | URL): SpanAttributes {
  const { hostname, port, protocol, pathname } = new URL(url);
  return {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    'url.scheme': protocol.slice(0, -1),
    'url.path': pathname,
  };
}

/** What every log line of a span carries. */
export function traceFields(): { traceId?: string; spanId?: string } {
  const span = tracer?.current();
  return span ? { traceId: span.traceId, spanId: span.spanId } : {};
}

/** Of the fields of a log line, those that say whose work it is, as a span has them. */
export function spanAttributesOf(fields: Record<string, unknown>): SpanAttributes {
  const named = Object.entries(SPAN_FIELDS).map(([field, attribute]) => [attribute, fields[field]]);
  return Object.fromEntries(
    named.filter(([, value]) => typeof value === 'string' || typeof value === 'number'),
  ) as SpanAttributes;
}

const SPAN_FIELDS = {
  correlationId: 'starkeep.correlation_id',
  deliveryId: 'starkeep.delivery_id',
  mirrorId: 'starkeep.mirror_id',
  workflowId: 'temporal.workflow_id',
  runId: 'temporal.run_id',
  attempt: 'temporal.attempt',
};
