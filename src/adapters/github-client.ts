import { Octokit } from '@octokit/core';
import { Failure } from '../domain/failures.ts';
import type { EndedExchange, OnExchange } from '../domain/meter.ts';
import { createDetector, createRedactor, type Redact } from '../domain/redaction.ts';
import { cacheable, cacheKey, createMemoryEtagCache, type CachedAnswer, type EtagCache } from './github-cache.ts';
import {
  readBudget,
  readTokenExpiry,
  readTokenScopes,
  type BudgetResource,
  type RequestBudget,
} from './github-limits.ts';
import { exchange, type HttpAnswer } from './http.ts';
import { githubRoute } from './routes.ts';

/**
 * Core octokit, which waits for nothing and repeats nothing, on our own exchange: a deadline, a bound on size, no redirect followed
 * by itself, and answers remembered by ETag. Every status comes back as an answer; what it means is decided above.
 */

export interface GithubAnswer {
  status: number;
  headers: Headers;
  /** Parsed JSON, whose integers above 2^53 are bigints; text when it was not JSON. */
  data: unknown;
  /** Method and path, for messages. */
  asked: string;
}

export interface GithubGet {
  /** Default `application/vnd.github+json`. Written out in full: octokit's `mediaType` would send an outdated one. */
  accept?: string;
  /** The whole header; nothing is sent without it. */
  authorization?: string | undefined;
  /**
   * What an ETag is kept for. `answer` (default): the last answer, which comes again with status 200 while it is still the right one. `nothing`: for
   * credentials that are new with every request.
   */
  remember?: Remember;
}

export type Remember = 'answer' | 'nothing';

export interface GithubClientOptions {
  apiUrl: string;
  userAgent: string;
  secrets: string[];
  etagCache?: EtagCache | undefined;
  /** What octokit has to say, such as that an endpoint is deprecated. Default: nobody listens. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Told of every request that has ended. */
  onExchange?: OnExchange | undefined;
}

export interface GithubClient {
  /**
   * @param url absolute, or a path below the API's base
   * @throws Failure `SourceUnreachable` without a complete answer, `SourceBadResponse` for an address on another origin
   */
  get(url: string, options?: GithubGet): Promise<GithubAnswer>;
  /**
   * Sends `body` as JSON, or nothing.
   * @throws Failure as {@link get}
   */
  post(url: string, options: { authorization: string; body?: Record<string, unknown> }): Promise<GithubAnswer>;
  /** For auth-app, which makes its own requests. */
  readonly request: Octokit['request'];
  readonly redact: Redact;
  /** @returns `url` made absolute. @throws Failure `SourceBadResponse` when it leaves the API's origin */
  resolve(url: string): string;
  /** What the last answer said is left of it; `null` before the first one. */
  budget(resource: BudgetResource): RequestBudget | null;
  /** `undefined`: no answer has said yet. */
  tokenExpiresAt(): string | null | undefined;
  /** Of a classic token; `null`: the last answer named none. `undefined`: no answer yet. */
  tokenScopes(): string[] | null | undefined;
}

/** Without this header GitHub picks a version. We need nothing that the later one (2026-03-10) drops. */
const API_VERSION = '2022-11-28';

const DEFAULT_ACCEPT = 'application/vnd.github+json';

export function createGithubClient(options: GithubClientOptions): GithubClient {
  const base = options.apiUrl.replace(/\/+$/, '');
  const { origin } = new URL(base);
  const redact = createRedactor(options.secrets);
  const notice = (text: string): void => options.onNotice?.(redact(text));
  const silent = (): void => undefined;
  const log = { debug: silent, info: silent, warn: notice, error: notice };
  const budgets = new Map<BudgetResource, RequestBudget>();
  let tokenExpiresAt: string | null | undefined;
  let tokenScopes: string[] | null | undefined;
  const cache = options.etagCache ?? createMemoryEtagCache();
  const onAnswer = (method: string, { status, headers }: HttpAnswer): void => {
    const budget = readBudget(headers);
    if (budget) budgets.set(budget.resource, { limit: budget.limit, remaining: budget.remaining, reset: budget.reset });
    if (method === 'GET' && status === 200) tokenScopes = readTokenScopes(headers);
    const expiry = readTokenExpiry(headers);
    if (expiry !== null) tokenExpiresAt = expiry;
    // What an error or a "not changed" leaves out says nothing; a whole answer without it says that the token does not end.
    else if (method === 'GET' && status === 200) tokenExpiresAt ??= null;
  };
  const holdsSecret = createDetector(options.secrets);
  const onEnd = (method: string, url: string, ended: Pick<EndedExchange, 'status' | 'seconds'>): void =>
    options.onExchange?.({ host: 'github', method, route: githubRoute(url, base), ...ended });
  const fetchFor = (remember: Remember) => createFetch({ cache, holdsSecret, onEnd }, remember, onAnswer);

  const octokit = new Octokit({
    baseUrl: base,
    userAgent: options.userAgent,
    log,
    request: { log, fetch: fetchFor('nothing') },
  });

  const resolve = (url: string): string => {
    const target = url.startsWith('/') ? new URL(base + url) : parsed(url);
    if (target.origin !== origin) {
      throw new Failure(
        'SourceBadResponse',
        `GitHub's API at ${origin} led to ${target.origin}, which is not followed`,
      );
    }
    return target.href;
  };

  async function send(request: SentRequest): Promise<GithubAnswer> {
    const asked = `${request.method} ${new URL(request.url).pathname}`;
    try {
      const response = await octokit.request({ ...request });
      return { status: response.status, headers: toHeaders(response.headers), data: response.data, asked };
    } catch (error) {
      return answerOf(error, asked);
    }
  }

  return {
    request: octokit.request,
    redact,
    resolve,
    budget: (resource) => budgets.get(resource) ?? null,
    tokenExpiresAt: () => tokenExpiresAt,
    tokenScopes: () => tokenScopes,
    get: (url, { accept = DEFAULT_ACCEPT, authorization, remember = 'answer' } = {}) => {
      const headers = { accept, 'x-github-api-version': API_VERSION, ...(authorization ? { authorization } : {}) };
      return send({ method: 'GET', url: resolve(url), headers, request: { fetch: fetchFor(remember) } });
    },
    post: (url, { authorization, body }) => {
      const headers = { accept: DEFAULT_ACCEPT, 'x-github-api-version': API_VERSION, authorization };
      return send({ method: 'POST', url: resolve(url), headers, ...(body ? { data: body } : {}) });
    },
  };
}

interface SentRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  data?: Record<string, unknown>;
  request?: { fetch: ReturnType<typeof createFetch> };
}

/** Octokit throws for every status from 400 up, and wraps what our own fetch throws. */
function answerOf(error: unknown, asked: string): GithubAnswer {
  const failure = failureWithin(error);
  if (failure) throw failure;
  const response = responseWithin(error);
  if (!response) throw new Failure('SourceBadResponse', `GitHub's answer to ${asked} cannot be read`, { cause: error });
  return { status: response.status, headers: toHeaders(response.headers), data: response.data, asked };
}

/** @returns the failure our fetch threw, out of octokit's wrapping */
export function failureWithin(error: unknown): Failure | null {
  if (error instanceof Failure) return error;
  return error instanceof Error && error.cause instanceof Failure ? error.cause : null;
}

/** @returns the answer inside octokit's RequestError; `null` for every other error */
export function responseWithin(error: unknown): { status: number; headers: HeaderRecord; data: unknown } | null {
  if (!(error instanceof Error) || !('response' in error)) return null;
  return (error.response as { status: number; headers: HeaderRecord; data: unknown } | undefined) ?? null;
}

type HeaderRecord = Record<string, string | number | undefined>;

export function toHeaders(record: HeaderRecord): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(record)) if (value !== undefined) headers.set(name, String(value));
  return headers;
}

function parsed(url: string): URL {
  if (!URL.canParse(url)) throw new Failure('SourceBadResponse', 'GitHub named an address that is none');
  return new URL(url);
}

interface FetchInit {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

/** The `fetch` handed to octokit. A 304 to a remembered answer never reaches octokit, which would throw: the answer itself does. */
function createFetch(
  {
    cache,
    holdsSecret,
    onEnd,
  }: {
    cache: EtagCache;
    holdsSecret: (text: string) => boolean;
    onEnd: (method: string, url: string, ended: Pick<EndedExchange, 'status' | 'seconds'>) => void;
  },
  remember: Remember,
  onAnswer: (method: string, answer: HttpAnswer) => void,
) {
  return async (url: string, init: FetchInit = {}): Promise<Response> => {
    const { method = 'GET', headers = {}, body, signal } = init;
    const key =
      method === 'GET' && remember !== 'nothing'
        ? cacheKey(headers['authorization'], url, headers['accept'] ?? '')
        : null;
    const known = key === null ? null : await cache.get(key);
    const answer = await exchange({
      method,
      url,
      headers: known ? { ...headers, 'if-none-match': known.etag } : headers,
      body,
      signal,
      unreachable: 'SourceUnreachable',
      onEnd: (ended) => onEnd(method, url, ended),
    });
    onAnswer(method, answer);
    if (answer.status === 304 && !known) {
      throw new Failure('SourceBadResponse', 'GitHub answered "not changed" to a request that did not ask so');
    }
    if (answer.status === 304 && known) return remembered(known, answer.headers);
    const fresh = key !== null && answer.status === 200 ? cacheable(answer.headers, answer.text) : null;
    // The cache is a table: an answer that throws our token back at us is used, and not kept.
    if (key !== null && fresh && !holdsSecret(answer.text)) await cache.set(key, fresh);
    // The standard forbids a body, even an empty one, for these.
    const bodiless = [204, 205, 304].includes(answer.status);
    return new Response(bodiless ? null : answer.text, { status: answer.status, headers: answer.headers });
  };
}

/** The remembered answer, with the newer one's word on rate limits and everything else it says. */
function remembered(known: CachedAnswer, current: Headers): Response {
  const headers = new Headers(known.headers);
  for (const [name, value] of current) headers.set(name, value);
  // A 304 has no body, and some servers call that text/plain.
  if (known.headers['content-type']) headers.set('content-type', known.headers['content-type']);
  return new Response(known.body, { status: 200, headers });
}
