import { z } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { pino } from 'pino';
import { beforeEach, expect } from 'vitest';
import { ProblemDocument } from '../../../src/api/v1/answers.ts';
import { createV1, type V1Ports } from '../../../src/api/v1/app.ts';
import { createEnteredSettings } from '../../../src/adapters/postgres/entered-settings.ts';
import { createFeed } from '../../../src/api/feed.ts';
import { loadConfig } from '../../../src/config.ts';
import { parseFilters } from '../../../src/domain/filters.ts';
import { KEY_SCOPES, type KeyScope } from '../../../src/domain/keys.ts';
import type { SourceRepository } from '../../../src/domain/model.ts';
import type { SettingsDesk, SourceLookup } from '../../../src/domain/ports.ts';
import type { PayloadKey } from '../../../src/domain/payload-keys.ts';
import type { Probe } from '../../../src/domain/probes.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { createSettingsDesk } from '../../../src/settings-desk.ts';
import { repository, withStore, type TestStore } from '../../adapters/postgres/test-store.ts';
import { fakeControl, type FakeControl } from '../receiver.ts';

/** `/api/v1` over a real record, with a Temporal that writes down what it is told. */
export interface World {
  readonly store: TestStore;
  readonly app: Hono;
  readonly control: FakeControl;
  /** How readings were asked for. */
  readonly readings: { full: boolean }[];
  /** What GitHub says of a name; of every other that there is no such repository. */
  readonly upstream: Map<string, SourceLookup>;
  /** Every line logged. */
  readonly logged: string[];
  /** A key's text by scope. */
  readonly keys: Record<KeyScope, string>;
  /** Every kind of documented answer that was given in this file: `GET /mirrors/{id} 404 application/problem+json`. */
  readonly answered: Set<string>;
  /** Asks, and holds the answer to what the document says of it. @param path below `/api/v1` */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  addMirror(repoId: string, fullName: string, changes?: MirrorChanges): Promise<void>;
}

export interface AskOptions {
  /** Default `admin`; `null`: without a key. */
  as?: KeyScope | null;
  /** A text or a stream is sent as it is, everything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  // What the document says it is; the tests say which.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
  headers: Headers;
}

export interface MirrorChanges {
  /** As upstream says it. */
  facts?: Partial<SourceRepository>;
  /** Columns of the row. */
  row?: Record<string, unknown>;
  starred?: boolean;
  pinned?: boolean;
}

const ownWords = createRedactor([]);

const untried = () => Promise.reject(new Error('a test that tries a connection hands in what it finds'));

/** Settings of which none is set, as they may be entered. @param keys without any nothing can be entered */
export function deskOf(store: TestStore, probe: () => Promise<Probe>, keys: readonly PayloadKey[] = []): SettingsDesk {
  return createSettingsDesk({
    config: loadConfig({}, 'none'),
    stamp: null,
    entered: createEnteredSettings(store.db, keys),
    probesOf: () => ({ github: probe, onedev: probe, alerts: probe }),
  });
}

/** @param changes ports of the test's own; a function gets the record */
export function withApi(changes: Partial<V1Ports> | ((store: TestStore) => Partial<V1Ports>) = {}): World {
  const store = withStore();
  const keys: Record<KeyScope, string> = { read: '', operate: '', admin: '' };
  const logged: string[] = [];
  const answered = new Set<string>();
  const world = {
    control: fakeControl(),
    readings: [] as { full: boolean }[],
    upstream: new Map<string, SourceLookup>(),
  };
  let app = new Hono();
  let v1: ReturnType<typeof createV1>;

  beforeEach(async () => {
    await store.db.query('truncate api_keys, sessions, answered_requests, entered_settings restart identity');
    for (const scope of ['read', 'operate', 'admin'] as const) {
      keys[scope] = (await store.keys.create({ name: `${scope} key`, scope }))?.text ?? '';
    }
    logged.length = 0;
    world.control = fakeControl();
    world.readings = [];
    world.upstream.clear();
    const ports: V1Ports = {
      ...store,
      control: world.control,
      settleKeys: async () => undefined,
      clientAddress: () => '203.0.113.7',
      outerOrigin: () => 'http://localhost',
      filters: parseFilters({}),
      starList: null,
      sweeps: { everyMs: 900_000, nextAt: () => Promise.resolve('2026-11-25T18:00:00.000Z') },
      version: '1.2.3',
      archives: null,
      settingsDesk: deskOf(store, untried),
      transfers: { progress: () => Promise.resolve(null) },
      feed: createFeed(),
      codec: { decode: (payloads) => Promise.resolve(payloads) },
      places: { onedevUrl: 'https://onedev.test', temporalUiUrl: 'https://temporal.test/namespaces/default' },
      source: { repositoryByName: async (fullName) => world.upstream.get(fullName) ?? { found: 'gone' } },
      log: pino({ level: 'trace' }, { write: (line: string) => logged.push(line) }),
      startReading: async (options) => {
        await world.control.ping();
        world.readings.push(options);
        return { workflowId: 'reconcile-stars-manual', joined: false };
      },
      askedReading: () => Promise.resolve(null),
      readingFailure: () => Promise.resolve(null),
      ...(typeof changes === 'function' ? changes(store) : changes),
    };
    v1 = createV1(ports);
    app = new Hono().route('/api/v1', v1);
  });

  return {
    store,
    keys,
    logged,
    answered,
    upstream: world.upstream,
    get app() {
      return app;
    },
    get control() {
      return world.control;
    },
    get readings() {
      return world.readings;
    },
    async ask(method, path, { as = 'admin', body, headers = {} } = {}) {
      const response = await app.request(`/api/v1${path}`, {
        method,
        headers: {
          ...(as === null ? {} : { authorization: `Bearer ${keys[as]}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : sent(body)),
      });
      const parsed = await bodyOf(response, response.headers.get('content-type') ?? '');
      // Our own words are no secrets, and must not look like any: what masks secrets would take them for one.
      if (response.status >= 400) expect(ownWords(JSON.stringify(parsed))).toBe(JSON.stringify(parsed));
      const operation = await operationAt(v1, method, path.replace(/\?.*/, ''));
      const what = await expectDocumented(v1, operation, response, parsed);
      if (what !== null) answered.add(what);
      return { status: response.status, body: parsed, headers: response.headers };
    },
    async addMirror(repoId, fullName, { facts = {}, row = {}, starred = true, pinned = false } = {}) {
      const { accountId } = store.account;
      await store.mirrors.saveUpstream(accountId, repository(repoId, { fullName, ...facts }), starred, pinned);
      for (const [column, value] of Object.entries({ status: 'completed', ...row })) {
        await store.db.query(`update mirrors set ${column} = $2 where mirror_id = $1`, [`github-${repoId}`, value]);
      }
    },
  };
}

async function bodyOf(response: Response, type: string): Promise<unknown> {
  if (type.startsWith('text/event-stream')) return firstEvent(response);
  return /^application\/(?:problem\+)?json/.test(type) ? response.json() : response.text();
}

/** As `fetch` wants it. */
function sent(body: unknown): RequestInit {
  if (body instanceof ReadableStream) return { body, duplex: 'half' } as RequestInit;
  return { body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** What the served document has of an operation. */
export interface DocumentedOperation {
  method: string;
  path: string;
  scope: KeyScope | null;
  parameters: { in: string; name: string }[];
  /** Media types by status; none of an answer without a body. */
  answers: Record<string, string[]>;
}

const ApiDocument = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        'x-scope': z.enum(KEY_SCOPES).nullable().default(null),
        parameters: z.array(z.object({ in: z.string(), name: z.string() })).default([]),
        responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).default({}) })),
      }),
    ),
  ),
});

/** The operations of the document as `/api/v1` serves it. */
export async function documentedOperations(v1: ReturnType<typeof createV1>): Promise<DocumentedOperation[]> {
  const { paths } = ApiDocument.parse(await (await v1.request('/openapi.json')).json());
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { 'x-scope': scope, parameters, responses }]) => ({
      method: method.toUpperCase(),
      path,
      scope,
      parameters,
      answers: Object.fromEntries(
        Object.entries(responses).map(([status, { content }]) => [status, Object.keys(content)]),
      ),
    })),
  );
}

/** The same for every world: the document does not hang on the ports. */
let operations: Promise<DocumentedOperation[]> | null = null;

/** @returns `null` where nothing is documented; of several that fit a path, the one without a parameter there */
async function operationAt(
  v1: ReturnType<typeof createV1>,
  method: string,
  path: string,
): Promise<DocumentedOperation | null> {
  operations ??= documentedOperations(v1);
  const fits = (template: string) => new RegExp(`^${template.replaceAll(/{.+?}/g, '[^/]+')}$`).test(path);
  const found = (await operations).filter((one) => one.method === method && fits(one.path));
  return found.find((one) => one.path === path) ?? found[0] ?? null;
}

/**
 * The answer is one that the document names for the route, of a media type and with a body of the shape that it says.
 * @returns what it was, as {@link World.answered} has it; `null` where the document has no place for it
 */
async function expectDocumented(
  v1: ReturnType<typeof createV1>,
  operation: DocumentedOperation | null,
  response: Response,
  body: unknown,
): Promise<string | null> {
  const { status } = response;
  // What is not there, or not asked for in this way, has no place in the document.
  if (operation === null) {
    expect([401, 404, 405]).toContain(status);
    return null;
  }
  const { method, path } = operation;
  const types = operation.answers[status];
  const what = `${method} ${path} ${status}`;
  expect(types, `${what}: ${JSON.stringify(body)}`).toBeDefined();
  if (types?.length === 0) {
    expect(body).toBe('');
    return what;
  }
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  expect(types, what).toContain(type);
  const routes = v1.openAPIRegistry.definitions.flatMap((found) => (found.type === 'route' ? [found.route] : []));
  const route = routes.find((one) => one.method === method.toLowerCase() && one.path === path);
  const own = route?.responses[status] as { content?: Record<string, { schema: z.ZodType }> } | undefined;
  // What every write has, repeats.ts and body.ts answer; those are problems.
  (own?.content?.[type]?.schema ?? ProblemDocument).parse(body);
  return `${what} ${type}`;
}

/** The first event of a stream, as EventSource would hand it over; the stream is left then. */
async function firstEvent(response: Response): Promise<Record<string, string>> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  let block: string | undefined;
  while (block === undefined) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended without an event: ${text}`);
    text += Buffer.from(value).toString();
    block = text.split('\n\n').find((one) => one.includes('event: '));
  }
  await reader.cancel();
  return Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
}

/** The newest entries of the audit log, newest first: who, what, about what. */
export async function auditOf({ store }: World, limit: number): Promise<(string | null)[][]> {
  return (await store.audit.read({ limit })).map(({ actor, action, subject }) => [actor, action, subject]);
}
