import { OpenAPIHono, type Hook } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import { Failure } from '../../domain/failures.ts';
import type { AlertStore, AnswerStore, AuditStore, OverviewStore } from '../../domain/service-stores.ts';
import { authenticate, createDoorkeeper, type Authenticated, type AuthPorts } from '../auth.ts';
import { problem, ProblemError } from '../problem.ts';
import { SECURE_SESSION_COOKIE, SESSION_COOKIE } from '../session-cookie.ts';
import { mountAlerts } from './alerts.ts';
import { BODY_PROBLEMS, PROBLEMS } from './answers.ts';
import { type ArchivePorts, mountArchives } from './archives.ts';
import { mountAudit } from './audit.ts';
import { mountAuditChain } from './audit-chain.ts';
import { mountBatches, type BatchPorts } from './batches.ts';
import { jsonBody } from './body.ts';
import { type CodecPorts, mountCodec } from './codec.ts';
import { mountDeletions } from './deletions.ts';
import { mountDeliveries, type DeliveryPorts } from './deliveries.ts';
import { type EventPorts, mountEvents } from './events.ts';
import { mountFilters, type FilterPorts } from './filters.ts';
import { type KeepingPorts, mountKeeping } from './keeping.ts';
import { type KeyPorts, mountKeys } from './keys.ts';
import { mountMirrors, type MirrorPorts } from './mirrors.ts';
import { mountPlaces, type PlacesPorts } from './places.ts';
import { mountReadings, type ReadingPorts } from './readings.ts';
import { mountReconcile, type ReconcilePorts } from './reconcile.ts';
import { REFERENCE_STYLE, referencePage } from './reference.ts';
import { etags, IDEMPOTENCY_KEY, repeats } from './repeats.ts';
import { mountRunning, type RunningPorts } from './running.ts';
import { mountLogin, mountSession } from './session.ts';
import { mountSettings, type SettingsPorts } from './settings.ts';
import { mountTimeline } from './timeline.ts';
import { mountStats, type StatsPorts } from './stats.ts';

export interface V1Ports extends AuthPorts, BatchPorts, ReconcilePorts, EventPorts, Omit<FilterPorts, 'overview'> {
  audit: AuditStore;
  accounts: StatsPorts['accounts'];
  alerts: Pick<AlertStore, 'page'> & StatsPorts['alerts'];
  readings: StatsPorts['readings'] & ReadingPorts['readings'];
  readingFailure: ReadingPorts['readingFailure'];
  budget: StatsPorts['budget'];
  sweeps: StatsPorts['sweeps'];
  keys: AuthPorts['keys'] & KeyPorts['keys'];
  settingsDesk: SettingsPorts['settingsDesk'];
  mirrors: MirrorPorts['mirrors'] & KeepingPorts['mirrors'] & ArchivePorts['mirrors'];
  archives: ArchivePorts['archives'];
  source: MirrorPorts['source'];
  transfers: RunningPorts['transfers'];
  overview: RunningPorts['overview'] &
    StatsPorts['overview'] &
    Pick<OverviewStore, 'deletions'> &
    MirrorPorts['overview'] &
    DeliveryPorts['overview'] &
    FilterPorts['overview'];
  deliveries: DeliveryPorts['deliveries'] & StatsPorts['deliveries'];
  codec: CodecPorts['codec'];
  places: PlacesPorts['places'];
  answers: AnswerStore;
  control: MirrorPorts['control'] & DeliveryPorts['control'] & BatchPorts['control'];
  version: string;
  log: Logger;
  /** Who is let in, and as whom. Default: whoever has a valid key, or a session. @see asPerson */
  admission?: MiddlewareHandler<Authenticated>;
}

const DESCRIPTION = `Send \`Authorization: Bearer KEY\`, or begin a session of a browser with \`POST /session\`. Scopes: \`read\` looks, \`operate\` also syncs, pauses and replays, \`admin\` also lets
things be deleted and reads the audit log. Errors are problem documents (RFC 9457). Lists come in pages: hand \`next\` back as \`cursor\`.`;

/** `/api/v1`: described by `/openapi.json` and, for people, `/docs`, which need no key; nor does beginning a session. Everything else does. */
export function createV1(ports: V1Ports): OpenAPIHono<Authenticated> {
  const app = new OpenAPIHono<Authenticated>({ defaultHook: refuseUnfit });
  app.onError((error, c) => answerTo(error, c, ports.log));
  app.use('*', async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  app.use('*', etags());
  app.get('/openapi.json', (c) => c.json(documentOf(app, ports.version)));
  app.get('/docs', (c) => c.html(referencePage(documentOf(app, ports.version), 'docs')));
  app.get('/docs/style.css', (c) => c.body(REFERENCE_STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }));
  const doorkeeper = createDoorkeeper(ports);
  app.post('/session', jsonBody());
  mountLogin(app, ports, doorkeeper);
  const admission = ports.admission ?? authenticate(ports, doorkeeper);
  app.use('*', refuseOtherMethods(app), admission, jsonBody(), repeats(ports.answers));

  mountStats(app, ports);
  mountEvents(app, ports);
  mountRunning(app, ports);
  mountTimeline(app, ports);
  mountMirrors(app, ports);
  mountKeeping(app, ports);
  mountArchives(app, ports);
  mountDeliveries(app, ports);
  mountDeletions(app, ports);
  mountReadings(app, ports);
  mountReconcile(app, ports);
  mountFilters(app, ports);
  mountBatches(app, ports);
  mountAudit(app, ports);
  mountAuditChain(app, ports);
  mountPlaces(app, ports);
  mountAlerts(app, ports);
  mountSettings(app, ports);
  mountKeys(app, ports);
  mountCodec(app, ports);
  mountSession(app, ports);

  app.all('*', (c) =>
    problem(c, 404, 'Not found', `There is nothing at ${c.req.path}; /api/v1/openapi.json says what there is.`),
  );
  return app;
}

function documentOf(app: OpenAPIHono<Authenticated>, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Starkeep', version, description: DESCRIPTION },
    servers: [{ url: '/api/v1' }],
  });
  const securitySchemes = {
    key: { type: 'http' as const, scheme: 'bearer' },
    session: {
      type: 'apiKey' as const,
      in: 'cookie' as const,
      name: SECURE_SESSION_COOKIE,
      description: `Of a browser: \`POST /session\` sets it (\`${SESSION_COOKIE}\` where there is no TLS). Changes have to come from a page of this address.`,
    },
  };
  for (const { get, post, delete: remove } of Object.values(document.paths ?? {})) {
    if (get) describeRead(get);
    if (post && post.security?.length !== 0) add(post, ONCE);
    for (const write of [post, remove]) if (write) add(write, BODY);
  }
  return { ...document, components: { ...document.components, securitySchemes } };
}

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>;
type Common = Pick<Operation, 'parameters' | 'responses'>;

function add(operation: Operation, { parameters = [], responses = {} }: Common): void {
  operation.parameters = [...(operation.parameters ?? []), ...parameters];
  operation.responses = { ...responses, ...operation.responses };
}

/** A read says no more than can happen: every key may have it unless its scope says otherwise, and where nothing is asked with it, nothing can be unfit. */
function describeRead(operation: Operation): void {
  const { responses = {}, parameters = [] } = operation;
  if (operation['x-scope'] === 'read') delete responses['403'];
  if (parameters.length === 0) delete responses['400'];
  // A stream has no ETag.
  const isJson = 'application/json' in ((responses['200'] as { content?: object }).content ?? {});
  if (isJson) add(operation, UNCHANGED);
}

const header = (name: string, description: string, pattern?: RegExp) => ({
  name,
  description,
  in: 'header' as const,
  required: false,
  schema: { type: 'string' as const, ...(pattern ? { pattern: pattern.source } : {}) },
});

/** Of every read. */
const UNCHANGED: Common = {
  parameters: [header('If-None-Match', 'The `ETag` of an answer you have')],
  responses: { 304: { description: 'It is as you have it' } },
};

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** Of every write, also one that takes no body: what comes is read before anybody looks. */
const BODY: Common = {
  responses: Object.fromEntries(
    BODY_PROBLEMS.map((status) => [status, { description: PROBLEMS[status], content: PROBLEM }]),
  ),
};

/** Of every write that comes with a key. */
const ONCE: Common = {
  parameters: [
    header(
      'Idempotency-Key',
      'Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again',
      IDEMPOTENCY_KEY,
    ),
  ],
  responses: {
    409: {
      description: 'A request with that key is under way, or was answered with a secret that is told once',
      content: PROBLEM,
    },
    422: { description: 'The key was used for another request', content: PROBLEM },
  },
};

/** A request that does not fit: which field, and what is expected of it. */
const refuseUnfit: Hook<unknown, Authenticated, string, Response | undefined> = (result, c) => {
  if (result.success) return undefined;
  const errors = result.error.issues.map((issue) => ({
    in: result.target === 'json' ? 'body' : result.target === 'param' ? 'path' : result.target,
    field: issue.path.join('.'),
    problem: issue.message,
  }));
  const [first] = errors;
  const where = first?.field ? `${first.in}, ${first.field}` : (first?.in ?? 'request');
  const detail = `The request does not fit (${where}: ${first?.problem ?? ''}). Every field is under \`errors\`.`;
  return problem(c, 400, 'Request does not fit', detail, { errors });
};

/** What there is at a path is asked for in another way: 405 with the ways there are, also to whoever has no key. */
function refuseOtherMethods(app: OpenAPIHono<Authenticated>): MiddlewareHandler {
  let places: { fits: RegExp; methods: string[] }[] | null = null;
  return async (c, next) => {
    // When it is asked for the first time, every route is mounted.
    places ??= placesOf(app);
    const path = c.req.path.replace(/^\/api\/v1/, '');
    const methods = [...new Set(places.filter(({ fits }) => fits.test(path)).flatMap((place) => place.methods))];
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    if (methods.length === 0 || methods.includes(method)) return next();
    const allow = methods.join(', ');
    const answer = problem(c, 405, 'Method not allowed', `${c.req.path} takes ${allow}, not ${c.req.method}.`);
    answer.headers.set('allow', allow);
    return answer;
  };
}

function placesOf(app: OpenAPIHono<Authenticated>): { fits: RegExp; methods: string[] }[] {
  const methods = new Map<string, string[]>(
    ['/openapi.json', '/docs', '/docs/style.css'].map((path) => [path, ['GET']]),
  );
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { path, method } = definition.route;
    methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
  }
  return [...methods].map(([path, allowed]) => ({
    fits: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/{.+?}/g, '[^/]+')}$`),
    methods: allowed,
  }));
}

const RETRY_AFTER_SECONDS = 30;

function answerTo(error: unknown, c: Context, log: Logger): Response {
  if (error instanceof ProblemError) {
    const answer = problem(c, error.status, error.title, error.message, error.more);
    if (error.status === 401) answer.headers.set('www-authenticate', 'Bearer realm="starkeep"');
    return answer;
  }
  // The library's own refusals of a request, such as JSON it cannot read.
  if (error instanceof HTTPException) return problem(c, error.status, 'Request refused', error.message);
  if (!(error instanceof Failure) || error.kind === 'Unexpected') {
    log.error({ err: error, path: c.req.path }, 'request failed unexpectedly');
    return problem(c, 500, 'Unexpected error', 'Something went wrong here; the log has the details.');
  }
  const { kind, message, row } = error;
  if (row.httpStatus >= 500) log.warn({ kind, reason: message, path: c.req.path }, 'request failed');
  const answer = problem(c, row.httpStatus, kind, `${message.replace(/\.?$/, '.')} ${row.hint}`, { kind });
  if (row.httpStatus === 503) answer.headers.set('retry-after', String(RETRY_AFTER_SECONDS));
  return answer;
}
