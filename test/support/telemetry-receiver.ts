import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { quietPort } from './quiet-port.ts';

/** What a strict receiver answers one request. */
export interface TelemetryAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export interface TelemetryRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** As it was sent. */
  raw: Buffer;
  /** Unpacked. */
  text: string;
}

/** A receiver's rules: what it answers a request that it has checked. Throwing is answering 400 with the message. */
export type TelemetryRules = (request: TelemetryRequest) => TelemetryAnswer;

/**
 * A receiver of log lines or spans over a real socket. What breaks its rules is kept in `broken`, so that a test sees what was wrong.
 */
export interface TelemetryReceiver {
  readonly url: string;
  readonly requests: TelemetryRequest[];
  /** Why requests were refused by the rules. */
  readonly broken: string[];
  /** Answered before the rules are asked, one each; `hang` never answers. */
  readonly next: (TelemetryAnswer | 'hang' | 'cut')[];
  /** As long as it is set, in place of everything. */
  always: TelemetryAnswer | 'hang' | 'cut' | null;
  down(): Promise<void>;
  up(): Promise<void>;
}

export async function startTelemetryReceiver(rules: TelemetryRules): Promise<TelemetryReceiver> {
  let server: Server | null = null;
  const port = await quietPort();

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await buffer(incoming);
    const reply = receiver.next.shift() ?? receiver.always;
    if (reply === 'hang') return;
    if (reply === 'cut') return void incoming.socket.destroy();
    const { status, headers, body } = reply ?? judged(requestOf(incoming, raw));
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body ?? {}));
  };
  const judged = (request: TelemetryRequest): TelemetryAnswer => {
    try {
      const verdict = rules(request);
      receiver.requests.push(request);
      return verdict;
    } catch (error) {
      receiver.broken.push(String(error));
      return { status: 400, body: { error: String(error) } };
    }
  };

  const receiver: TelemetryReceiver = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    requests: [],
    broken: [],
    next: [],
    always: null,
    async up() {
      server = createServer((incoming, response) => {
        answer(incoming, response).catch((error: unknown) => receiver.broken.push(String(error)));
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async down() {
      const closing = server;
      server = null;
      if (!closing) return;
      const closed = once(closing, 'close');
      closing.close();
      closing.closeAllConnections();
      await closed;
    },
  };
  await receiver.up();
  return receiver;
}

function requestOf({ method = '', url = '', headers }: IncomingMessage, raw: Buffer): TelemetryRequest {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
  return { method, path: pathname, query: searchParams, headers, raw, text };
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export interface ElasticDocument {
  id: string;
  source: Record<string, unknown>;
}

/**
 * Elasticsearch 8's `_bulk` on a data stream: NDJSON with a line break at its end, `create` only, `@timestamp` in every document, an item for each in
 * the answer. `judge` says what becomes of one, by default 201, or 409 for an id that is there.
 */
export function elasticRules(
  options: { index: string; apiKey?: string; judge?: (document: ElasticDocument) => number },
  documents: Map<string, Record<string, unknown>>,
): TelemetryRules {
  return ({ method, path, query, headers, text }) => {
    must(method === 'POST', `method ${method}`);
    must(path === `/${options.index}/_bulk`, `path ${path}`);
    must(headers['content-type'] === 'application/x-ndjson', `content type ${headers['content-type']}`);
    if (headers.authorization !== (options.apiKey && `ApiKey ${options.apiKey}`)) return { status: 401 };
    must(text.endsWith('\n'), 'The bulk request must be terminated by a newline [\\n]');
    const lines = text.slice(0, -1).split('\n');
    must(lines.length % 2 === 0, 'an action without a document');
    const items: unknown[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      const action = JSON.parse(lines[at] ?? '') as { create?: { _id?: string } };
      must(
        Object.keys(action).join() === 'create',
        'only write ops with an op_type of create are allowed in data streams',
      );
      const source = JSON.parse(lines[at + 1] ?? '') as Record<string, unknown>;
      const id = action.create?._id ?? `made-${documents.size}`;
      const hasTime = typeof source['@timestamp'] === 'string' && !Number.isNaN(Date.parse(source['@timestamp']));
      const status = hasTime ? (documents.has(id) ? 409 : (options.judge?.({ id, source }) ?? 201)) : 400;
      if (status === 201) documents.set(id, source);
      items.push({ create: { status, ...(status === 201 ? {} : { error: { type: 'made_to_fail', reason: 'x' } }) } });
    }
    must(
      query.get('filter_path') === null || /\bitems\b/.test(query.get('filter_path') ?? ''),
      'items are filtered away',
    );
    return { status: 200, body: { errors: items.some((item) => !JSON.stringify(item).includes('201')), items } };
  };
}

/** Datadog's log intake, version 2. */
export function datadogRules(options: { apiKey: string }, entries: Record<string, unknown>[]): TelemetryRules {
  return ({ method, path, headers, text }) => {
    must(method === 'POST' && path === '/api/v2/logs', `${method} ${path}`);
    must(headers['content-type'] === 'application/json', `content type ${headers['content-type']}`);
    if (headers['dd-api-key'] !== options.apiKey) return { status: 403, body: { errors: [{ title: 'Forbidden' }] } };
    if (Buffer.byteLength(text) > 5_000_000) return { status: 413 };
    const list = JSON.parse(text) as Record<string, unknown>[];
    must(Array.isArray(list) && list.length <= 1_000, `${list.length} entries`);
    for (const entry of list) {
      must(Buffer.byteLength(JSON.stringify(entry)) <= 1_000_000, 'an entry above 1 MB would be cut');
      for (const name of ['message', 'ddsource', 'service', 'hostname', 'ddtags', 'status'])
        must(typeof entry[name] === 'string', `${name} is ${typeof entry[name]}`);
    }
    entries.push(...list);
    return { status: 202 };
  };
}

export type OtlpSpan = z.output<typeof SPAN> & { resource: Record<string, unknown> };
export type OtlpLog = z.output<typeof LOG> & { resource: Record<string, unknown> };

/** An OpenTelemetry collector's HTTP receiver: `/v1/logs` and `/v1/traces`, JSON as protobuf maps it. */
export function otlpRules(
  options: { headers?: Record<string, string> },
  got: { spans: OtlpSpan[]; logs: OtlpLog[] },
): TelemetryRules {
  return ({ method, path, headers, text }) => {
    must(method === 'POST', `method ${method}`);
    must(headers['content-type'] === 'application/json', `content type ${headers['content-type']}`);
    for (const [name, value] of Object.entries(options.headers ?? {}))
      if (headers[name] !== value) return { status: 401 };
    const body: unknown = JSON.parse(text);
    if (path === '/v1/traces') got.spans.push(...spansIn(body));
    else if (path === '/v1/logs') got.logs.push(...logsIn(body));
    else return { status: 404 };
    return { status: 200, body: {} };
  };
}

const ANY_VALUE = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  // JSON writes 64 bits as a string.
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ arrayValue: z.strictObject({ values: z.array(z.unknown()) }) }),
  z.strictObject({ kvlistValue: z.strictObject({ values: z.array(z.unknown()) }) }),
]);
/** Turned back into what they were. */
const ATTRIBUTES = z
  .array(z.strictObject({ key: z.string().min(1), value: ANY_VALUE }))
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)])));
const NANOS = z.string().regex(/^\d{19}$/);
const idOf = (length: number) => z.string().regex(new RegExp(`^(?!0+$)[0-9a-f]{${length}}$`));
const RESOURCE = z.strictObject({ attributes: ATTRIBUTES });
const SCOPE = z.strictObject({ name: z.string(), version: z.string() });

const SPAN = z
  .strictObject({
    traceId: idOf(32),
    spanId: idOf(16),
    parentSpanId: idOf(16).optional(),
    name: z.string().min(1),
    kind: z.union([z.literal(1), z.literal(2), z.literal(3)]),
    startTimeUnixNano: NANOS,
    endTimeUnixNano: NANOS,
    attributes: ATTRIBUTES,
    status: z.strictObject({ code: z.number().optional(), message: z.string().optional() }),
  })
  .refine((span) => BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), 'it ends before it begins');

const LOG = z.strictObject({
  timeUnixNano: NANOS,
  observedTimeUnixNano: NANOS,
  severityNumber: z.number().min(1).max(24),
  severityText: z.string(),
  body: z.strictObject({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  attributes: ATTRIBUTES,
  traceId: idOf(32).optional(),
  spanId: idOf(16).optional(),
});

const TRACES = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: RESOURCE,
      scopeSpans: z.array(z.strictObject({ scope: SCOPE, spans: z.array(SPAN) })),
    }),
  ),
});

const LOGS = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: RESOURCE,
      scopeLogs: z.array(z.strictObject({ scope: SCOPE, logRecords: z.array(LOG) })),
    }),
  ),
});

function spansIn(body: unknown): OtlpSpan[] {
  return TRACES.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, resource: resource.attributes }))),
  );
}

function logsIn(body: unknown): OtlpLog[] {
  return LOGS.parse(body).resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords.map((log) => ({ ...log, resource: resource.attributes }))),
  );
}

function plain(value: z.infer<typeof ANY_VALUE>): unknown {
  if ('intValue' in value) return Number(value.intValue);
  return Object.values(value)[0];
}
