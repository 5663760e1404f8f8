import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { isStarMediaType, notFound, problem, type Answer, type Call, type Handler } from './github-answers.ts';
import type { StandinApp } from './github-apps.ts';
import { credentialOf, type Credential } from './github-credentials.ts';
import type { StandinDeliveries } from './github-deliveries.ts';
import { answerGraphql, type GraphqlSwitches } from './github-graphql.ts';
import type { GithubModel } from './github-model.ts';
import { toJson, type Bases } from './github-objects.ts';
import { createStandinQuota, rateHeaders, rateObject, type Resource } from './github-quota.ts';
import { createRoutes } from './github-routes.ts';

/** The API side of the stand-in: limits, trouble, and headers of every answer. */

export interface GithubSwitches {
  /** Epoch milliseconds until which the requests of the hour count as used up; `null`: they are not. */
  primaryLimitUntil: number | null;
  /** Of REST and GraphQL. `retryAfterSeconds: null`: the answer names no time. */
  secondaryLimit: { status: 403 | 429; retryAfterSeconds: number | null } | null;
  /** Owners whose single sign-on the token is not authorised for: left out of lists, refused one by one. */
  ssoHidden: string[];
  /** The token was revoked. */
  tokenRevoked: boolean;
  /** As GitHub words it, such as `2021-10-07 19:07:53 UTC`; `null`: the token does not end. */
  tokenExpiration: string | null;
  /** Every answer of the API is a 500. */
  serverError: boolean;
  /** So many of the next requests to the API get a 502. */
  failNext: number;
  /** Every answer of the API waits for so long. */
  delayMs: number;
  /** Bodies end in the middle; the length is right. */
  truncateJson: boolean;
  /** The connection ends without an answer. */
  resetConnections: boolean;
  /** Origin that clone addresses name instead of the stand-in's own. */
  cloneHost: string | null;
  /** git answers 429. */
  gitRateLimited: boolean;
  readonly graphql: GraphqlSwitches;
}

export interface GithubApiState {
  model: GithubModel;
  app: StandinApp;
  deliveries: StandinDeliveries;
  token: string;
  switches: GithubSwitches;
  bases(): Bases;
}

export interface GithubApi {
  /** @param path below the API's base */
  rest(request: IncomingMessage, response: ServerResponse, url: URL, path: string): Promise<void>;
  graphql(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

type Answerer = (call: Call, request: IncomingMessage) => Answer & { cost?: number };

export function createGithubApi(state: GithubApiState): GithubApi {
  const { switches } = state;
  const routes = createRoutes(state);
  const quota = createStandinQuota();

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { url, path, resource }: { url: URL; path: string; resource: Resource },
    answerer: Answerer,
  ): Promise<void> {
    const body = await readText(request);
    if (switches.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, switches.delayMs));
    if (switches.resetConnections) {
      request.socket.destroy();
      return;
    }
    const credential = credentialOf(request, state);
    const { method = 'GET' } = request;
    const call = { method, path, query: url.searchParams, credential, accept: request.headers.accept ?? '*/*', body };
    const answer = troubleWith(request, state, credential) ?? answerer(call, request);
    send(request, response, call, resource, answer);
  }

  function send(
    request: IncomingMessage,
    response: ServerResponse,
    call: Call,
    resource: Resource,
    answer: Answer & { cost?: number },
  ): void {
    const text = answer.body === undefined ? '' : toJson(answer.body);
    const who = whoAsks(request);
    const etag = `W/"${createHash('sha256').update(`${who}\n${call.accept}\n${text}`).digest('hex')}"`;
    const tagged = call.method === 'GET' && answer.status === 200;
    const unchanged = tagged && request.headers['if-none-match'] === etag;
    // A 304 is free, but only for those who say who they are.
    const free = (unchanged && call.credential.kind !== 'anonymous') || call.path === '/rate_limit';
    quota.spend(who, resource, free ? 0 : (answer.cost ?? 1));
    const headers = {
      ...rateHeaders(resource, standing(who, call.credential, resource)),
      'access-control-expose-headers': 'ETag, Link, Location, Retry-After, X-GitHub-SSO, X-RateLimit-Remaining',
      'cache-control': call.credential.kind === 'anonymous' ? 'public, max-age=60' : 'private, max-age=60',
      server: 'github.com',
      vary: 'Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding',
      'x-github-api-version-selected': '2022-11-28',
      'x-github-media-type': isStarMediaType(call.accept) ? 'github.v3.star; format=json' : 'github.v3; format=json',
      'x-github-request-id': randomUUID(),
      ...(call.credential.kind === 'user' ? userHeaders() : {}),
      ...(tagged ? { etag } : {}),
      ...answer.headers,
    };
    if (unchanged) {
      response.writeHead(304, headers).end();
    } else if (answer.body === undefined) {
      response.writeHead(answer.status, headers).end();
    } else {
      const sent = switches.truncateJson ? text.slice(0, text.length / 2) : text;
      response.writeHead(answer.status, { ...headers, 'content-type': 'application/json; charset=utf-8' }).end(sent);
    }
  }

  function standing(who: string, credential: Credential, resource: Resource) {
    const until = resource === 'core' ? switches.primaryLimitUntil : switches.graphql.limitUntil;
    return quota.standing(who, credential, resource, until);
  }

  function rateLimit({ credential }: Call, request: IncomingMessage): Answer {
    const of = (resource: Resource) => rateObject(standing(whoAsks(request), credential, resource));
    return { status: 200, body: { resources: { core: of('core'), graphql: of('graphql') }, rate: of('core') } };
  }

  function userHeaders(): Record<string, string> {
    const expiration = switches.tokenExpiration;
    return {
      ...(state.token.startsWith('ghp_') ? { 'x-oauth-scopes': 'repo', 'x-accepted-oauth-scopes': '' } : {}),
      ...(expiration === null ? {} : { 'github-authentication-token-expiration': expiration }),
    };
  }

  return {
    rest: (request, response, url, path) =>
      serve(request, response, { url, path, resource: 'core' }, (call, asked) => {
        if (call.method === 'GET' && path === '/rate_limit') return rateLimit(call, asked);
        const { primaryLimitUntil } = switches;
        const limited = primaryLimitUntil !== null && primaryLimitUntil > Date.now();
        return limited ? problem(403, LIMIT_EXCEEDED) : (troubleLimited(switches) ?? route(routes, call));
      }),
    graphql: (request, response, url) =>
      serve(request, response, { url, path: '/graphql', resource: 'graphql' }, (call) =>
        switches.graphql.absent ? notFound() : (troubleLimited(switches) ?? answerGraphql(state, call)),
      ),
  };
}

const LIMIT_EXCEEDED = 'API rate limit exceeded for user ID 41000001. If you reach out to GitHub Support for help, …';

function whoAsks(request: IncomingMessage): string {
  return request.headers.authorization ?? `anonymous ${request.socket.remoteAddress}`;
}

/** Everything that ends a request before anybody looks at what it asks. */
function troubleWith(request: IncomingMessage, state: GithubApiState, credential: Credential): Answer | null {
  const { switches } = state;
  if (!request.headers['user-agent']) {
    return { status: 403, body: { message: 'Request forbidden by administrative rules. Set a User-Agent header.' } };
  }
  if (switches.failNext > 0) {
    switches.failNext -= 1;
    return { status: 502, body: { message: 'Server Error' } };
  }
  if (switches.serverError) return { status: 500, body: { message: 'Server Error' } };
  const version = request.headers['x-github-api-version'];
  if (version !== undefined && version !== '2022-11-28') {
    return problem(400, `Version "${String(version)}" is not a supported API version.`);
  }
  return credential.kind === 'bad' ? problem(401, credential.message) : null;
}

function troubleLimited({ secondaryLimit }: GithubSwitches): Answer | null {
  if (!secondaryLimit) return null;
  const { status, retryAfterSeconds } = secondaryLimit;
  const text = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  const headers = retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) };
  return { ...problem(status, text), headers };
}

function route(routes: [RegExp, Handler][], call: Call): Answer {
  for (const [pattern, handler] of routes) {
    const match = pattern.exec(`${call.method} ${call.path}`);
    if (match)
      return handler(
        call,
        match.slice(1).map((part) => decodeURIComponent(part ?? '')),
      );
  }
  if (call.path.length > 1 && call.path.endsWith('/')) return notFound();
  return problem(501, `The stand-in does not serve ${call.method} ${call.path}`);
}
