import { Hono } from 'hono';
import { pino } from 'pino';
import { beforeEach, expect } from 'vitest';
import { ProblemDocument } from '../../../src/api/v1/answers.ts';
import { createV1, type V1Ports } from '../../../src/api/v1/app.ts';
import { createEnteredSettings } from '../../../src/adapters/postgres/entered-settings.ts';
import { createFeed } from '../../../src/api/feed.ts';
import { loadConfig } from '../../../src/config.ts';
import { parseFilters } from '../../../src/domain/filters.ts';
import type { KeyScope } from '../../../src/domain/keys.ts';
import type { SourceRepository } from '../../../src/domain/model.ts';
import type { SourceLookup } from '../../../src/domain/ports.ts';
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
  /** Asks, and holds the answer to what the document says of it. @param path below `/api/v1` */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  addMirror(repoId: string, fullName: string, changes?: MirrorChanges): Promise<void>;
}

export interface AskOptions {
  /** Default `admin`; `null`: without a key. */
  as?: KeyScope | null;
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
const PROBLEM = { content: { 'application/problem+json': { schema: ProblemDocument } } };

const untried = () => Promise.reject(new Error('a test that tries a connection hands in what it finds'));

/** @param changes ports of the test's own; a function gets the record */
export function withApi(changes: Partial<V1Ports> | ((store: TestStore) => Partial<V1Ports>) = {}): World {
  const store = withStore();
  const keys: Record<KeyScope, string> = { read: '', operate: '', admin: '' };
  const logged: string[] = [];
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
      settingsDesk: createSettingsDesk({
        environment: {},
        config: loadConfig({}, 'none'),
        stamp: null,
        entered: createEnteredSettings(store.db, []),
        probesOf: () => ({ github: untried, onedev: untried, alerts: untried }),
      }),
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
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const isJson = /json($|;)/.test(response.headers.get('content-type') ?? '');
      const parsed: unknown = isJson ? await response.json() : await response.text();
      // Our own words are no secrets, and must not look like any: what masks secrets would take them for one.
      if (response.status >= 400) expect(ownWords(JSON.stringify(parsed))).toBe(JSON.stringify(parsed));
      expectDocumented(v1, method, path.replace(/\?.*/, ''), response, parsed);
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

/** The answer is one that the document names for the route, with a body of the shape and media type it says. */
function expectDocumented(
  v1: ReturnType<typeof createV1>,
  method: string,
  path: string,
  response: Response,
  body: unknown,
): void {
  const routes = v1.openAPIRegistry.definitions.flatMap((found) => (found.type === 'route' ? [found.route] : []));
  const fits = (template: string) => new RegExp(`^${template.replaceAll(/{.+?}/g, '[^/]+')}$`).test(path);
  const route = routes.find((one) => one.method === method.toLowerCase() && fits(one.path));
  // What is not there, or not asked for in this way, has no place in the document.
  if (!route) return expect([401, 404, 405]).toContain(response.status);
  // Of every read, and of every write that has a key of its own; see repeats.ts.
  if (method === 'GET' && response.status === 304) return expect(body).toBe('');
  const ofEveryWrite = method === 'POST' && [409, 422].includes(response.status) ? PROBLEM : undefined;
  const documented = route.responses[response.status] ?? ofEveryWrite;
  expect(documented, `${method} ${path} answered ${response.status}: ${JSON.stringify(body)}`).toBeDefined();
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const { content = {} } = documented as { content?: Record<string, { schema: { parse(value: unknown): unknown } }> };
  if (Object.keys(content).length === 0) return expect(body).toBe('');
  const schema = content[type]?.schema;
  expect(schema, `${method} ${path} answered ${response.status} as ${type}`).toBeDefined();
  schema?.parse(body);
}

/** The newest entries of the audit log, newest first: who, what, about what. */
export async function auditOf({ store }: World, limit: number): Promise<(string | null)[][]> {
  return (await store.audit.read({ limit })).map(({ actor, action, subject }) => [actor, action, subject]);
}
