import { once } from 'node:events';
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip, gzipSync } from 'node:zlib';
import { Failure, type FailureKind } from '../../domain/failures.ts';
import type { GitRemote } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import { retryAfterMs } from '../http.ts';
import { setOnSpan, tracedHttp } from '../tracing.ts';
import { isUntrusted, trusted } from '../trust.ts';
import type { IdleWatch } from './deadline.ts';
import { failureOfRemoteError, failureOfStatus, type Side } from './messages.ts';
import { CutShort, NotGitProtocol, RemoteError } from './protocol-packets.ts';

/**
 * Git's smart HTTP, as far as HTTP goes. On Node's own client rather than `fetch`, because a push must notice an answer that comes while it is
 * still sending, and learn whether the connection was used before.
 * @see https://git-scm.com/docs/gitprotocol-http
 */

export type Service = 'git-upload-pack' | 'git-receive-pack';

/** Connections that wait for their next request; shared by all transfers of a process. */
export interface ConnectionPool {
  http: HttpAgent;
  https: HttpsAgent;
}

/** Servers close idle connections after 30 s (OneDev) or 5 s (Node); where they say so, Node's agent leaves sooner. */
const KEPT_IDLE_MS = 15_000;

export function createConnectionPool(): ConnectionPool {
  const options = { keepAlive: true, timeout: KEPT_IDLE_MS, scheduling: 'lifo' } as const;
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

export interface SmartHttpOptions {
  side: Side;
  remote: GitRemote;
  pool: ConnectionPool;
  /** Aborting breaks every connection of this side. */
  signal: AbortSignal;
  idle: IdleWatch;
  redact: Redact;
}

/** One repository over HTTP. All methods throw `Failure`s only, besides the reason of an aborted signal. */
export interface SmartHttp {
  /** Reads `info/refs`. */
  advertisement<Result>(service: Service, doing: string, read: Reader<Result>): Promise<Result>;
  /** Posts a body that is complete, and reads the answer. */
  ask<Result>(service: Service, doing: string, body: Buffer, read: Reader<Result>): Promise<Result>;
  /**
   * Posts a body while it comes, no faster than the other side takes it. An answer that comes earlier ends the sending; a body that fails breaks
   * the connection, so that the other side never takes a part for the whole.
   */
  send<Result>(
    service: Service,
    doing: string,
    body: { head: Buffer; chunks: AsyncIterable<Buffer> },
    read: Reader<Result>,
  ): Promise<Result>;
  /** Hands on what is read from an answer of this side, so that an error in it is this side's whoever reads. */
  attributed(doing: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
}

/** Reads an answer, decompressed, to its end. */
export type Reader<Result> = (body: AsyncIterable<Buffer>) => Promise<Result>;

/** Of an answer that is no success, how much is read. */
const MAX_COMPLAINT_BYTES = 64 * 1024;

const MAX_REDIRECTS = 3;

/** How long a server that was asked for `100 Continue` may keep silent before the body is sent all the same; curl waits as long. */
const CONTINUE_WAIT_MS = 1_000;

/** Below this, compressing costs more than it saves. */
const MIN_GZIP_BYTES = 1024;

interface Call {
  service: Service;
  doing: string;
  method: 'GET' | 'POST';
  url: URL;
  body: Buffer | null;
}

export function createSmartHttp(options: SmartHttpOptions): SmartHttp {
  const { side, remote, pool, signal, idle, redact } = options;
  const base = remote.url.replace(/\/+$/, '');
  const anonymous = remote.auth.kind === 'none';

  const open = (call: Call, headers: Record<string, string>, reusable: boolean): ClientRequest => {
    signal.throwIfAborted();
    const secure = call.url.protocol === 'https:';
    const agent = secure ? pool.https : pool.http;
    return (secure ? httpsRequest : httpRequest)(call.url, {
      method: call.method,
      agent: reusable ? agent : false,
      signal,
      ...trusted(),
      headers: { ...headersOf(remote, call), ...headers },
    });
  };

  /**
   * Sends a complete body. That the server closed a connection while it was idle is no failure: what only asks is asked once more, on a new one. What
   * pushes has a new one from the start, because nobody knows whether a push that broke off was carried out.
   */
  const exchange = async (call: Call): Promise<IncomingMessage> => {
    const pushes = call.service === 'git-receive-pack' && call.method === 'POST';
    const zipped = call.body !== null && call.body.length >= MIN_GZIP_BYTES ? gzipSync(call.body) : null;
    const body = zipped ?? call.body;
    const headers = {
      ...(zipped === null ? {} : { 'content-encoding': 'gzip' }),
      ...(body === null ? {} : { 'content-length': String(body.length) }),
    };
    const attempt = (reusable: boolean): [ClientRequest, Promise<IncomingMessage>] => {
      const request = open(call, headers, reusable);
      const response = responseTo(request);
      request.end(body ?? undefined);
      return [request, response];
    };
    const [request, response] = attempt(!pushes);
    try {
      return await response;
    } catch (error) {
      if (!request.reusedSocket || signal.aborted) throw error;
      setOnSpan({ 'http.request.resend_count': 1 });
      return await attempt(false)[1];
    }
  };

  /** Follows redirects of the source within its own host, where they mean a rename. The target's never: they may lead to a project that is not ours. */
  const exchangeFollowing = async (call: Call): Promise<IncomingMessage> => {
    for (let hop = 0; ; hop += 1) {
      const response = await exchange(call);
      const next = side === 'source' && hop < MAX_REDIRECTS ? redirectOf(response, call) : null;
      if (next === null) return response;
      response.resume();
      call = { ...call, url: next };
    }
  };

  const readSuccess = async <Result>(response: IncomingMessage, call: Call, read: Reader<Result>): Promise<Result> => {
    const body = decoded(response, idle);
    setOnSpan({ 'http.response.status_code': response.statusCode });
    if (response.statusCode !== 200) {
      const words = await beginningOf(body, MAX_COMPLAINT_BYTES);
      const headers = new Headers({ 'retry-after': response.headers['retry-after'] ?? '' });
      throw failureOfStatus(response.statusCode ?? 0, complaint(call.doing, words), retryAfterMs(headers, Date.now()));
    }
    const kind = call.method === 'GET' ? 'advertisement' : 'result';
    const type = response.headers['content-type']?.split(';')[0]?.trim();
    if (type !== `application/x-${call.service}-${kind}`) {
      response.destroy();
      throw new NotGitProtocol(`the answer is ${type ?? 'of no type'}`);
    }
    try {
      return await read(body);
    } catch (error) {
      // Nobody reads on.
      response.destroy();
      throw error;
    }
  };

  const complaint = (doing: string, stderr: string) => ({ side, doing, stderr, anonymous, redact });

  const guarded = async <Result>(call: Call, work: () => Promise<Result>): Promise<Result> => {
    idle.start();
    try {
      return await tracedHttp(call.method, call.url, work);
    } catch (error) {
      throw named(error, call.doing);
    } finally {
      idle.stop();
    }
  };

  /** The failure behind whatever ended an exchange. */
  const named = (error: unknown, doing: string): unknown => {
    if (signal.aborted) return signal.reason;
    if (error instanceof RemoteError) return failureOfRemoteError(complaint(doing, error.message));
    const failed = (kind: FailureKind, says: string) =>
      new Failure(kind, redact(`${says} while ${doing}: ${(error as Error).message}.`), { cause: error });
    const host = side === 'source' ? 'GitHub' : 'OneDev';
    if (error instanceof NotGitProtocol) {
      const kind = side === 'source' ? 'SourceBadResponse' : 'TargetBadResponse';
      return failed(kind, `${host} answered with something that is not git's protocol`);
    }
    if (isUntrusted(error)) {
      return failed(side === 'source' ? 'SourceUntrusted' : 'TargetUntrusted', `${host} could not be trusted`);
    }
    if (error instanceof CutShort || isConnectionError(error)) {
      const kind = side === 'source' ? 'SourceUnreachable' : 'TargetUnreachable';
      return failed(kind, `The connection to ${host} failed or broke off`);
    }
    return error;
  };

  return {
    advertisement: (service, doing, read) => {
      const url = new URL(`${base}/info/refs?service=${service}`);
      const call: Call = { service, doing, method: 'GET', url, body: null };
      return guarded(call, async () => readSuccess(await exchangeFollowing(call), call, read));
    },

    ask: (service, doing, body, read) => {
      const call: Call = { service, doing, method: 'POST', url: new URL(`${base}/${service}`), body };
      return guarded(call, async () => readSuccess(await exchangeFollowing(call), call, read));
    },

    send: (service, doing, body, read) => {
      const call: Call = { service, doing, method: 'POST', url: new URL(`${base}/${service}`), body: null };
      return guarded(call, async () => {
        // A connection of its own: on one that the server is just closing, a body that streams cannot be sent again.
        const request = open(call, { expect: '100-continue' }, false);
        // What goes wrong is told by whoever waits for the answer.
        request.on('error', () => undefined);
        const response = responseTo(request);
        const answer = response.then((found) => readSuccess(found, call, read));
        const sent = sendBody(request, body, response, idle);
        try {
          const [result] = await Promise.all([answer, Promise.race([sent, answer])]);
          return result;
        } finally {
          request.destroy();
          // Not waited for: it may hang on chunks that never come.
          sent.catch(() => undefined);
        }
      });
    },

    async *attributed(doing, chunks) {
      try {
        yield* chunks;
      } catch (error) {
        throw named(error, doing);
      }
    },
  };
}

// --------------------------------------------------------------------------------------------------------------- sending

function headersOf(remote: GitRemote, { service, method }: Call): Record<string, string> {
  const post = method === 'POST';
  return {
    // Servers and proxies know git's requests by this beginning.
    'user-agent': 'git/2.39.5 (Starkeep)',
    // A compressor would hold back what a push says meanwhile, which is its sign of life.
    'accept-encoding': service === 'git-receive-pack' && post ? 'identity' : 'gzip',
    accept: post ? `application/x-${service}-result` : '*/*',
    // receive-pack does not know version 2, and would be asked in vain.
    ...(service === 'git-upload-pack' ? { 'git-protocol': 'version=2' } : {}),
    // Exactly so: OneDev takes a request with anything behind it for one to its web pages.
    ...(post ? { 'content-type': `application/x-${service}-request` } : {}),
    ...authorizationOf(remote),
  };
}

/** Sent with every request, because OneDev asks for it each time; never part of an address. */
function authorizationOf({ auth }: GitRemote): Record<string, string> {
  if (auth.kind !== 'basic') return {};
  const pair = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

async function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** @returns where the same question is to be asked; `null` when the answer is none, or leads elsewhere */
function redirectOf(response: IncomingMessage, { url, service, method }: Call): URL | null {
  const { statusCode = 0, headers } = response;
  if (![301, 302, 307, 308].includes(statusCode) || headers.location === undefined) return null;
  const next = URL.canParse(headers.location, url.href) ? new URL(headers.location, url) : null;
  const suffix = method === 'GET' ? '/info/refs' : `/${service}`;
  // On another host, or on a login page, our credentials have no business.
  return next?.origin === url.origin && next.pathname.endsWith(suffix) ? next : null;
}

/**
 * Sends the body when the server says that it will read it, and not faster than it does. Ends early when the answer comes in the meantime; whoever
 * made the chunks must end them then.
 * @throws whatever the chunks throw; the request is broken off then
 */
async function sendBody(
  request: ClientRequest,
  { head, chunks }: { head: Buffer; chunks: AsyncIterable<Buffer> },
  response: Promise<IncomingMessage>,
  idle: IdleWatch,
): Promise<void> {
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    request.once('close', end);
    // An answer other than 200 is the last word; with 200 a push reports while it reads.
    response.then(({ statusCode }) => (statusCode === 200 ? undefined : end()), end);
  });
  const write = async (chunk: Buffer): Promise<void> => {
    idle.touch();
    if (!request.write(chunk)) await new Promise((resolve) => request.once('drain', resolve));
  };
  const writeAll = async (): Promise<void> => {
    await write(head);
    const source = chunks[Symbol.asyncIterator]();
    while (!over) {
      // Not `for await`: its end would wait for a chunk that may never come.
      const next = await source.next();
      if (over) return;
      if (next.done === true) {
        request.end();
        return;
      }
      await write(next.value);
    }
  };
  try {
    request.flushHeaders();
    await mayContinue(request, ended);
    // Raced once, not for each chunk: whoever waits for a promise that stays open keeps what it was raced against, here the pack.
    if (!over) await Promise.race([writeAll(), ended]);
  } catch (error) {
    request.destroy();
    throw error;
  }
}

async function mayContinue(request: ClientRequest, ended: Promise<void>): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  const timer = setTimeout(() => patience.abort(), CONTINUE_WAIT_MS);
  try {
    await Promise.race([once(request, 'continue', { signal }).catch(() => undefined), ended]);
  } finally {
    clearTimeout(timer);
    patience.abort();
  }
}

// --------------------------------------------------------------------------------------------------------------- reading

async function* decoded(response: IncomingMessage, idle: IdleWatch): AsyncGenerator<Buffer> {
  const zipped = /^(?:x-)?gzip$/i.test(response.headers['content-encoding'] ?? '');
  // pipeline carries a broken connection on to whoever reads the plain bytes.
  const plain = zipped ? pipeline(response, createGunzip(), () => undefined) : response;
  for await (const chunk of plain) {
    idle.touch();
    yield chunk as Buffer;
  }
}

async function beginningOf(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxBytes) break;
    }
  } catch {
    // The status says what matters; its words are a courtesy.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, maxBytes);
}

/** `ECONNRESET`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, `Z_DATA_ERROR`, `HPE_INVALID_CONSTANT` …; most that begin with `ERR_` would be mistakes of ours. */
const CONNECTION_CODE = /^(?!ERR_)|^ERR_(?:STREAM_PREMATURE_CLOSE|TLS|SSL)/;

function isConnectionError(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && CONNECTION_CODE.test(code);
}
