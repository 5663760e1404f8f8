import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Access, OnedevError, type Principal, type Right } from './onedev-access.ts';
import { type Fault, Faults } from './faults.ts';
import { createGit } from './onedev-git.ts';
import { bodyOf, logEntry, type LoggedRequest, sendError, sendReply } from './onedev-http.ts';
import { listenToHooks } from './onedev-hooks.ts';
import { type Project, Projects, type Protection } from './onedev-projects.ts';
import { createReceive, type Push, type RefUpdated } from './onedev-receive.ts';
import { createRest } from './onedev-rest.ts';
import { createOnedevLfs, type OnedevLfs } from './lfs-onedev.ts';

/**
 * A stand-in for OneDev, strict where OneDev is strict and odd where it is odd; built from the source of OneDev 16.5.6 and not yet held
 * against a running one. `npm run demo` and the tests share it.
 *
 * Serves, under `/~api`: `GET|POST /projects`, `GET|POST|DELETE /projects/{id}`, `GET /projects/ids/{path}`, `GET /projects/{id}/clone-url`,
 * `GET|POST /repositories/{id}/default-branch`, `GET /users/me`, `GET /version/server`, `GET /roles/ids/{name}`,
 * `POST /base-authorizations`, `DELETE /base-authorizations/{id}`. Besides: `/healthz`, `/readyz`, and git's smart HTTP below every project
 * path, with receive hooks that mangle ref names as OneDev's do; the batch API of Git LFS and its objects (no locks). `GET /` lists the projects in
 * plain text. It answers 501 to everything else, the web UI included.
 */

export interface OnedevStandinOptions {
  host?: string;
  /** Default: any free one. */
  port?: number;
  /** Access token of an administrator. Default `onedev-standin-token`. */
  token?: string;
  /** Where the repositories are. Default: a temporary folder, removed on close. */
  dataDir?: string;
  /** Its projects outlive the process, in `dataDir`: for a stand-in that is killed. Tokens and faults do not. */
  keepsProjects?: boolean;
  /** The server URL it is "configured" with, used by `clone-url`; not an address that works unless you say so. */
  cloneUrlBase?: string;
  /** Git requests at a time; others wait. Default: half the processors, as in OneDev. */
  maxConcurrentGit?: number;
  /** How long a request may stand still before its connection is closed. Default 30 s, as in Jetty. */
  idleTimeoutMs?: number;
}

export interface StandinProject extends Omit<Project, 'baseAuthorizations'> {
  path: string;
}

/** `starting`: 404 for everything but the probes. `setup`: the first-run wizard; REST answers, git does not. */
export type OnedevState = 'ready' | 'starting' | 'setup';

export interface OnedevStandin {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly dataDir: string;
  /** The latest 10,000 requests, oldest first; may be emptied by its reader. */
  readonly requests: LoggedRequest[];
  /** What OneDev itself would have heard of pushes: indexing, builds and webhooks hang on it. */
  readonly refUpdates: RefUpdated[];
  readonly lfs: OnedevLfs;
  state(state: OnedevState): void;
  project(path: string): StandinProject | undefined;
  projects(): StandinProject[];
  /** A project of somebody else, with the parents it needs. `hidden`: only administrators and those with a right above it see it. */
  addForeignProject(path: string, options?: { description?: string; hidden?: boolean }): Promise<StandinProject>;
  /** What a person changes by hand in the web UI. */
  edit(
    path: string,
    change: Partial<Pick<Project, 'description' | 'issueManagement' | 'inUse' | 'key' | 'forkedFromId'>>,
  ): void;
  remove(path: string): Promise<void>;
  /** A branch or tag rule on a project and everything below it. Default: creation, deletion, forced push (tags: update) are refused. */
  addProtection(
    path: string,
    rule: { branch?: string; tag?: string; reason: string; prevent?: Protection['prevent'] },
  ): void;
  /** Another token: by default of a user `mirror` without any right. With `kind: 'token'`, one without its owner's permissions. */
  addToken(
    token: string,
    principal?: {
      kind?: 'user' | 'token';
      name?: string;
      admin?: boolean;
      mayCreateRoots?: boolean;
      grants?: { path: string; right: Right }[];
    },
  ): void;
  removeToken(token: string): void;
  failNext(fault: Fault): void;
  clearFaults(): void;
  close(): Promise<void>;
}

/** A demo runs for days. */
const KEPT_REQUESTS = 10_000;

const STARTING_PAGE =
  '<html><head><title>Error 404 Not Found</title></head><body><h2>HTTP ERROR 404</h2></body></html>';

const ADMIN: Principal = { kind: 'user', name: 'admin', admin: true, mayCreateRoots: true, grants: [] };

export async function createOnedevStandin(options: OnedevStandinOptions = {}): Promise<OnedevStandin> {
  const token = options.token ?? 'onedev-standin-token';
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'onedev-standin-')));
  const requests: LoggedRequest[] = [];
  const refUpdates: RefUpdated[] = [];
  const pushes = new Map<string, Push>();
  const faults = new Faults();
  const access = new Access();
  const projects = new Projects(dataDir, options.keepsProjects);
  access.add(token, ADMIN);
  let state: OnedevState = 'ready';

  const receive = createReceive(projects, refUpdates);
  const ear = await listenToHooks(async (question) => {
    const push = pushes.get(question.push);
    return push ? receive(push, question) : { exitCode: 1, output: 'This push is over.\n' };
  });
  const maxConcurrent = options.maxConcurrentGit ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const git = createGit({ access, projects, ear, pushes, maxConcurrent });
  const configuredUrl = options.cloneUrlBase ?? 'http://onedev.invalid';
  const rest = createRest({ access, projects, version: '16.5.6', configuredUrl });

  const lfs = createOnedevLfs({ access, projects, configuredUrl });

  async function serve(request: IncomingMessage, response: ServerResponse, entry: LoggedRequest): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (request.method === 'TRACE') throw new OnedevError(405, 'HTTP 405 Method Not Allowed');
    if (url.pathname === '/healthz' || url.pathname === '/readyz') return probe(request, response, url.pathname);
    if (state === 'starting') throw new OnedevError(404, STARTING_PAGE, { 'content-type': 'text/html' });
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (url.pathname.startsWith('/~api/')) {
      entry.body = await bodyOf(request);
      const reply = await rest(request, url.pathname.slice('/~api'.length), url.searchParams, entry.body);
      return sendReply(request, response, reply);
    }
    if (url.pathname === '/' && request.method === 'GET') return index(response);
    if (state === 'setup') throw new OnedevError(503, 'Server not ready');
    if (await lfs.answer(request, response)) return;
    if (await git(request, response)) return;
    throw new OnedevError(501, `The OneDev stand-in does not serve ${request.method} ${url.pathname}`);
  }

  /** Where the real one has its web UI: something to look at. */
  function index(response: ServerResponse): void {
    const lines = projects
      .all()
      .map((project) => `${projects.path(project)}\n    ${(project.description ?? '').replaceAll('\n', '\n    ')}`);
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`A stand-in for OneDev. Its projects:\n\n${lines.sort().join('\n')}\n`);
  }

  function probe(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new OnedevError(405, 'Method Not Allowed');
    const fine = path === '/healthz' || state === 'ready';
    response.writeHead(fine ? 200 : 503, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    response.end(fine ? 'ok' : 'not ready');
  }

  const onSocket = new WeakMap<Socket, IncomingMessage>();
  const server = createServer((request, response) => {
    const entry = logEntry(request);
    if (requests.push(entry) > KEPT_REQUESTS) requests.shift();
    onSocket.set(request.socket, request);
    response.once('close', () => (entry.status = response.headersSent ? response.statusCode : 0));
    faults
      .befall(request, response)
      .then((dealtWith) => (dealtWith ? undefined : serve(request, response, entry)))
      .catch((error: unknown) => sendError(response, error));
  });
  // A transfer may take its time, but not stand still: Jetty waits so long for the next bytes of a request, and for the next request.
  const idleMs = options.idleTimeoutMs ?? 30_000;
  server.requestTimeout = 0;
  server.keepAliveTimeout = idleMs;
  server.setTimeout(idleMs, (socket) => {
    const request = onSocket.get(socket);
    if (request && !request.complete && request.readableLength === 0) socket.destroy();
    else socket.setTimeout(idleMs);
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  const shown = ({ baseAuthorizations: _, ...project }: Project): StandinProject => {
    return { ...project, path: projects.path(projects.get(project.id)) };
  };
  const existing = (path: string): Project => {
    const project = projects.find(path);
    if (!project) throw new Error(`the stand-in has no project ${path}`);
    return project;
  };

  async function addForeign(path: string, description: string | null, hidden: boolean): Promise<Project> {
    const slash = path.lastIndexOf('/');
    const above = slash < 0 ? null : path.slice(0, slash);
    const parent = above === null ? null : (projects.find(above) ?? (await addForeign(above, null, hidden)));
    const project = await projects.create(ADMIN, foreignData(path.slice(slash + 1), parent?.id ?? null, description));
    if (!hidden) project.baseAuthorizations.push({ id: -project.id, roleId: 3 });
    projects.commit(project.id);
    return project;
  }

  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    token,
    dataDir,
    requests,
    refUpdates,
    lfs,
    state: (wanted) => void (state = wanted),
    project: (path) => {
      const project = projects.find(path);
      return project && shown(project);
    },
    projects: () => projects.all().map(shown),
    addForeignProject: async (path, { description, hidden } = {}) =>
      shown(await addForeign(path, description ?? null, hidden ?? false)),
    edit(path, change) {
      const project = Object.assign(existing(path), change);
      projects.commit(project.id);
    },
    remove: (path) => projects.delete(ADMIN, existing(path)),
    addProtection(
      path,
      { branch, tag, reason, prevent = ['create', 'delete', tag === undefined ? 'force' : 'update'] },
    ) {
      const namespace = tag === undefined ? 'refs/heads/' : 'refs/tags/';
      const project = existing(path);
      project.protections.push({ namespace, pattern: tag ?? branch ?? '*', prevent, reason });
      projects.commit(project.id);
    },
    addToken: (value, principal = {}) => void access.add(value, principal),
    removeToken: (value) => access.remove(value),
    failNext: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await ear.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

function foreignData(name: string, parentId: number | null, description: string | null) {
  return {
    name,
    parentId,
    description,
    forkedFromId: null,
    key: null,
    codeManagement: true,
    packManagement: true,
    issueManagement: true,
    timeTracking: false,
    serviceDeskEmailAddress: null,
    gitPackConfig: {},
    codeAnalysisSetting: {},
  };
}
