import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGithubApi, type GithubApiState, type GithubSwitches } from './github-api.ts';
import { createStandinApp, type StandinApp } from './github-apps.ts';
import { credentialOf, maySee } from './github-credentials.ts';
import { createStandinDeliveries, type StandinDelivery } from './github-deliveries.ts';
import { answerGit, gitPath } from './github-git.ts';
import { type Fault, Faults } from './faults.ts';
import {
  createGithubModel,
  type AddRepositoryOptions,
  type GithubModel,
  type StandinRepository,
} from './github-model.ts';
import type { Bases } from './github-objects.ts';
import { createGithubLfs, lfsPath, type GithubLfs } from './lfs-github.ts';
import { createPayloads, type deliver, type DeliverOptions, type WebhookPayloads } from './github-webhooks.ts';

export type { AddRepositoryOptions, StandinRepository } from './github-model.ts';
export type { DeliverOptions, DeliverResult, WebhookPayloads } from './github-webhooks.ts';
export type { GithubSwitches } from './github-api.ts';
export type { StandinDelivery } from './github-deliveries.ts';
export { toJson } from './github-objects.ts';

/**
 * A strict stand-in for GitHub over real sockets. One person has a token and stars; repositories belong to anybody. Written after the project's
 * GitHub facts page (REST version 2022-11-28, `@octokit/openapi` 23.0.2, webhooks-examples 7.6.1); everything but the following gets 501.
 *
 * REST, under `<url>/api/v3` as on GitHub Enterprise Server:
 * `GET /user` · `/user/starred` · `/user/starred/{o}/{r}` · `/users/{login}` · `/users/{login}/starred` (goes on under `/user/{id}/starred`) ·
 * `/repos/{o}/{r}` (301 after a rename) · `/repositories/{id}` · `/rate_limit` · `/meta` · `/versions` · `/app` · `/app/installations` ·
 * `/installation/repositories` · `/app/hook/config` · `/app/hook/deliveries` · `/app/hook/deliveries/{id}`, and
 * `POST /app/installations/{id}/access_tokens` · `POST /app/hook/deliveries/{id}/attempts`.
 *
 * GraphQL, at `<url>/api/graphql` as there: `viewer { starredRepositories(first, after, orderBy) }` and `rateLimit`, after the schema of
 * July 2026 (`@octokit/graphql-schema` 15.26.1).
 *
 * Git, under `<url>/<owner>/<name>.git`: smart HTTP, upload-pack, by native git; the batch API of Git LFS for downloads, whose addresses are on
 * a storage server of their own.
 *
 * `GET /`: what there is, in plain text.
 *
 * Webhooks: `payloads` and `deliver`; nothing is sent by itself, but what the App asks to have sent again.
 */
export interface GithubStandin {
  /** Web and git base: `GITHUB_URL`. */
  readonly url: string;
  /** REST base: `GITHUB_API_URL`. */
  readonly apiUrl: string;
  readonly token: string;
  readonly login: string;
  readonly userId: string;
  readonly app: StandinApp;
  readonly lfs: GithubLfs;
  /** Everything that can be wrong with the server; per repository it is the fields of the repository. */
  readonly switches: GithubSwitches;
  readonly repositories: readonly StandinRepository[];
  /** Every request, in the order of arrival. */
  readonly log: LoggedRequest[];
  addRepository(options: AddRepositoryOptions): StandinRepository;
  renameRepository(repository: StandinRepository, fullName: string): void;
  /** @param starredAt ISO; default now, and later than every star before it */
  star(repository: StandinRepository, starredAt?: string): void;
  unstar(repository: StandinRepository): void;
  isStarred(repository: StandinRepository): boolean;
  /** The next request whose `METHOD /path?query` matches gets this instead. */
  answerNext(pattern: RegExp, answer: ScriptedAnswer): void;
  /** Does something when the next request that matches has come, before it is answered: how the world changes in the middle of a reading. */
  beforeNext(pattern: RegExp, action: () => void): void;
  failNext(fault: Fault): void;
  clearFaults(): void;
  readonly payloads: WebhookPayloads;
  /** Sends a delivery and keeps it in the log that the App can read, also when nobody answers. */
  readonly deliver: typeof deliver;
  /** A delivery that never got to `url`: it is in the log only. */
  missDelivery(url: string, event: string, payload: unknown, options: DeliverOptions): StandinDelivery;
  /** The log, oldest first. */
  readonly deliveries: readonly StandinDelivery[];
  close(): Promise<void>;
}

export interface LoggedRequest {
  method: string;
  /** With the query. */
  path: string;
  /** 0 until it is answered, or when the connection broke. */
  status: number;
  headers: IncomingMessage['headers'];
}

export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface GithubStandinOptions {
  /** Default: any free one. */
  port?: number;
  /** The address listened on and named in every URL. Default `127.0.0.1`. */
  host?: string;
  token?: string;
  /** Default `keeper`. */
  login?: string;
  /** What it knows from the first request on; its user is the token's. Default: nothing yet, and `login`. */
  model?: GithubModel;
}

const API_BASE = '/api/v3';
const GRAPHQL = '/api/graphql';

export async function createGithubStandin(options: GithubStandinOptions = {}): Promise<GithubStandin> {
  const { host = '127.0.0.1', login = 'keeper', token = 'ghp_standin0123456789abcdefghijklmnopqrstuv' } = options;
  const model = options.model ?? createGithubModel(login);
  const faults = new Faults();
  const app = createStandinApp();
  const switches = initialSwitches();
  const log: LoggedRequest[] = [];
  const scripted: [RegExp, ScriptedAnswer][] = [];
  const awaited: [RegExp, () => void][] = [];
  const deliveries = createStandinDeliveries();
  const sockets = createServer();
  await listen(sockets, options.port ?? 0, host);
  const url = `http://${host}:${(sockets.address() as AddressInfo).port}`;
  const bases = (): Bases => ({ web: url, api: url + API_BASE, clone: switches.cloneHost ?? url });
  const lfs = await createGithubLfs(host);
  const state: GithubApiState = { model, app, deliveries, token, switches, bases };
  const api = createGithubApi(state);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = new URL(request.url ?? '/', url);
    takeMatching(awaited, request)?.[1]();
    const found = takeMatching(scripted, request);
    if (found) {
      const [, { status, headers = { 'content-type': 'application/json; charset=utf-8' }, body }] = found;
      response.writeHead(status, headers).end(body);
    } else if (asked.pathname.startsWith(`${API_BASE}/`)) {
      await api.rest(request, response, asked, asked.pathname.slice(API_BASE.length));
    } else if (asked.pathname === GRAPHQL) {
      await api.graphql(request, response, asked);
    } else {
      await answerWeb(request, response, asked.pathname);
    }
  }

  async function answerWeb(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    const git = gitPath(pathname);
    const large = lfsPath(pathname);
    const plain = { 'content-type': 'text/plain; charset=utf-8' };
    if (git || large) {
      const who = credentialOf(request, state);
      const credential = who.kind === 'anonymous' ? 'none' : who.kind === 'bad' || who.kind === 'app' ? 'bad' : 'good';
      const rateLimited = switches.gitRateLimited;
      const access = { model, credential, maySee: (one: StandinRepository) => maySee(one, who), rateLimited } as const;
      if (git) await answerGit(request, response, git, access);
      else if (large) await lfs.answer(request, response, large, access);
    } else if (pathname === '/') {
      response.writeHead(200, plain).end(overview());
    } else {
      response.writeHead(501, plain).end('The stand-in does not serve this.\n');
    }
  }

  function overview(): string {
    const lines = model.repositories
      .filter((repository) => !repository.deleted)
      .map((repository) => `${model.stars.has(repository) ? '*' : ' '} ${repository.fullName}\n`);
    return `A stand-in for GitHub. Repositories, with * what ${model.user.login} stars:\n\n${lines.join('')}`;
  }

  sockets.on('request', (request, response) => {
    const entry = { method: request.method ?? '', path: request.url ?? '', status: 0, headers: request.headers };
    log.push(entry);
    response.once('finish', () => (entry.status = response.statusCode));
    const dealtWith = faults.befall(request, response);
    const served = dealtWith.then((done) => (done ? undefined : answer(request, response)));
    served.catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'text/plain' }).end(`stand-in: ${String(error)}\n`);
    });
  });

  let lastStar = 0;
  return {
    url,
    apiUrl: url + API_BASE,
    token,
    login: model.user.login,
    userId: String(model.user.id),
    app,
    lfs,
    switches,
    repositories: model.repositories,
    log,
    addRepository: model.add,
    renameRepository: model.rename,
    star(repository, starredAt) {
      if (!model.stars.has(repository)) repository.stars += 1;
      // GitHub's times have whole seconds; two stars in one keep their order all the same.
      lastStar = Math.max(lastStar + 1000, Math.floor(Date.now() / 1000) * 1000);
      model.stars.set(repository, starredAt ?? new Date(lastStar).toISOString().replace('.000', ''));
    },
    unstar(repository) {
      if (model.stars.delete(repository)) repository.stars -= 1;
    },
    isStarred: (repository) => model.stars.has(repository),
    answerNext: (pattern, scriptedAnswer) => void scripted.push([pattern, scriptedAnswer]),
    beforeNext: (pattern, action) => void awaited.push([pattern, action]),
    failNext: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    payloads: createPayloads(model, bases),
    deliver: deliveries.deliver,
    missDelivery: deliveries.miss,
    deliveries: deliveries.all,
    async close() {
      await close(sockets);
      await lfs.close();
      await deliveries.settled();
    },
  };
}

/** Takes the first entry whose pattern matches out of the list. */
function takeMatching<T>(entries: [RegExp, T][], { method, url }: IncomingMessage): [RegExp, T] | undefined {
  const index = entries.findIndex(([pattern]) => pattern.test(`${method} ${url}`));
  return index < 0 ? undefined : entries.splice(index, 1)[0];
}

function initialSwitches(): GithubSwitches {
  return {
    primaryLimitUntil: null,
    secondaryLimit: null,
    ssoHidden: [],
    tokenRevoked: false,
    tokenExpiration: null,
    serverError: false,
    failNext: 0,
    delayMs: 0,
    truncateJson: false,
    resetConnections: false,
    cloneHost: null,
    gitRateLimited: false,
    graphql: { absent: false, timeout: null, overLimit: false, extraTotal: 0, errors: null, limitUntil: null },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
