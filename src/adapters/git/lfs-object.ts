import { createHash } from 'node:crypto';
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Redact } from '../../domain/redaction.ts';
import { type LfsAction, LFS_JSON, type LfsServer } from './lfs-batch.ts';
import { createHostPolicy } from './lfs-hosts.ts';
import type { LfsPointer } from './lfs-pointer.ts';
import { isUntrusted, trusted } from '../trust.ts';
import { HOSTS, LfsTrouble, troubleOf } from './lfs-trouble.ts';
import type { Side } from './messages.ts';

/** Moves single objects from the source to the target, without a byte on disk. */
export interface ObjectMover {
  /**
   * Streams one object, as fast as the slower side goes. The target gets the last piece only after all of the content was found to be what its
   * id says; before that the upload is broken off, and OneDev deletes what it has of it.
   *
   * If we die here, the target has no such object, and the next run asks for it again.
   * @throws LfsTrouble; the reason of `signal`
   */
  move(pointer: LfsPointer, download: LfsAction, upload: LfsAction, signal: AbortSignal): Promise<void>;
  /** Closes the connections that are kept open between objects. */
  close(): void;
}

export interface ObjectMoverOptions {
  source: LfsServer;
  target: LfsServer;
  userAgent: string;
  redact: Redact;
  /** Without a byte from the source or an answer of the target for this long, an object is given up. */
  idleTimeoutMs: number;
  onBytes: (bytes: number) => void;
}

const MAX_REDIRECTS = 3;

/** Of a refusal. */
const MAX_TEXT_BYTES = 16 * 1024;

type Headers = Record<string, string>;

export function createObjectMover(options: ObjectMoverOptions): ObjectMover {
  const { source, target, userAgent, redact, idleTimeoutMs, onBytes } = options;
  const policy = createHostPolicy(source.base);
  const configured = createConnections();
  // Of their own, because a connection is used again for whoever has the same name and port, whatever was checked when it was made.
  const elsewhere = createConnections(policy.lookup);

  const get = async (pointer: LfsPointer, action: LfsAction, signal: AbortSignal): Promise<IncomingMessage> => {
    let { url } = action;
    let headers: Headers = { ...(policy.isSource(url) ? source.credentials : {}), ...action.headers };
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      await policy.check(url);
      const { open } = policy.isSource(url) ? configured : elsewhere;
      const request = open(url, 'GET', { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers }, signal);
      request.end();
      const response = await answerTo(request, 'source');
      const next = redirectOf(response, url);
      if (next === null) return checkedAnswer(response, pointer);
      response.resume();
      // What the batch answer gave was for the host it named.
      if (next.origin !== url.origin) headers = {};
      url = next;
    }
    throw new LfsTrouble('refused', `GitHub redirected more than ${MAX_REDIRECTS} times, at last to ${url.host}.`);
  };

  const checkedAnswer = async (response: IncomingMessage, { size }: LfsPointer): Promise<IncomingMessage> => {
    if (response.statusCode !== 200) throw await refusal('source', response);
    const length = response.headers['content-length'];
    if (length === undefined || Number(length) === size) return response;
    response.destroy();
    throw new LfsTrouble('mismatch', `The pointer says ${size} bytes, and GitHub has ${length}.`);
  };

  const put = async (pointer: LfsPointer, action: LfsAction, content: IncomingMessage, work: Work): Promise<void> => {
    const own = action.url.origin === target.base.origin ? target.credentials : {};
    const headers = { 'content-type': 'application/octet-stream', accept: LFS_JSON, 'user-agent': userAgent, ...own };
    const length = { 'content-length': String(pointer.size) };
    const request = configured.open(action.url, 'PUT', { ...headers, ...action.headers, ...length }, work.signal);
    let refused: Promise<LfsTrouble> | null = null;
    const answered = answerTo(request, 'target').then((response) => {
      if (!isSuccess(response)) refused = refusal('target', response);
      // Whoever refuses may do so in the middle, and then stops reading.
      void refused?.then((trouble) => work.stop(trouble));
      return response;
    });
    // Its failure is told by the pipeline as well.
    answered.catch(() => undefined);
    content.once('error', (error) => work.blame('source', error));
    request.once('error', (error) => work.blame('target', error));
    try {
      await pipeline(content, createCheck(pointer, work.touch), request, { signal: work.signal });
      const response = await answered;
      if (refused !== null) throw await (refused as Promise<LfsTrouble>);
      // Read to its end, so that the connection serves the next object too.
      await textOf(response);
    } catch (error) {
      request.destroy();
      content.destroy();
      throw refused === null ? error : await (refused as Promise<LfsTrouble>);
    }
  };

  /** Some servers want to be told that all of it was sent. OneDev is not among them. */
  const verify = async (pointer: LfsPointer, { verify: action }: LfsAction, signal: AbortSignal): Promise<void> => {
    if (action === null) return;
    const body = JSON.stringify({ oid: pointer.oid, size: pointer.size });
    const headers = { accept: LFS_JSON, 'content-type': LFS_JSON, 'user-agent': userAgent, ...target.credentials };
    const request = configured.open(action.url, 'POST', { ...headers, ...action.headers }, signal);
    request.end(body);
    const response = await answerTo(request, 'target');
    if (!isSuccess(response)) throw await refusal('target', response);
    await textOf(response);
  };

  const refusal = async (side: Side, response: IncomingMessage): Promise<LfsTrouble> => {
    const status = response.statusCode ?? 0;
    // Storage refuses an address that has expired like one that was never signed; OneDev's tokens for uploads end after five minutes.
    const askAnew = status === 401 || status === 403;
    return troubleOf(side, status, await textOf(response), { redact, askAnew });
  };

  return {
    async move(pointer, download, upload, signal) {
      const work = createWork(signal, idleTimeoutMs, onBytes);
      try {
        const content = await get(pointer, download, work.signal);
        await put(pointer, upload, content, work);
        await verify(pointer, upload, work.signal);
      } catch (error) {
        signal.throwIfAborted();
        throw work.troubleOf(error);
      } finally {
        work.end();
      }
    },
    close() {
      configured.close();
      elsewhere.close();
    },
  };
}

// ------------------------------------------------------------------------------------------------------------ one object

/** What ends the moving of one object: the caller, standing still, or a refusal in the middle. */
interface Work {
  signal: AbortSignal;
  /** So many bytes came. */
  touch(bytes: number): void;
  stop(reason: LfsTrouble): void;
  /** The first to be blamed is the one whose connection broke. */
  blame(side: Side, error: Error): void;
  troubleOf(error: unknown): LfsTrouble;
  end(): void;
}

function createWork(signal: AbortSignal, idleTimeoutMs: number, onBytes: (bytes: number) => void): Work {
  const stopper = new AbortController();
  const stop = (reason: LfsTrouble) => stopper.abort(reason);
  const still = () => stop(new LfsTrouble('interrupted', `Nothing moved for ${idleTimeoutMs / 1000} s.`));
  const timer = setTimeout(still, idleTimeoutMs);
  let blamed: { side: Side; error: unknown } | null = null;
  return {
    signal: AbortSignal.any([signal, stopper.signal]),
    touch(bytes) {
      timer.refresh();
      onBytes(bytes);
    },
    stop,
    blame: (side, error) => void (blamed ??= { side, error }),
    troubleOf(error) {
      if (stopper.signal.aborted) return stopper.signal.reason as LfsTrouble;
      if (error instanceof LfsTrouble) return error;
      return blamed?.error === undefined ? brokenOff('target', error) : brokenOff(blamed.side, blamed.error);
    },
    end: () => clearTimeout(timer),
  };
}

/** Passes the content on one piece late, so that the last one is let go only when all of it is right. */
function createCheck({ oid, size }: LfsPointer, onBytes: (bytes: number) => void): Transform {
  const hash = createHash('sha256');
  let bytes = 0;
  let held: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      bytes += chunk.length;
      onBytes(chunk.length);
      if (bytes > size)
        return done(new LfsTrouble('mismatch', `GitHub sent more than the ${size} bytes it should have.`));
      hash.update(chunk);
      const passed = held;
      held = chunk;
      done(null, passed);
    },
    flush(done: TransformCallback) {
      if (bytes < size) return done(new LfsTrouble('interrupted', `GitHub sent ${bytes} of ${size} bytes.`));
      const found = hash.digest('hex');
      if (found === oid) return done(null, held);
      done(new LfsTrouble('mismatch', `GitHub sent other content: its SHA-256 is ${found}.`));
    },
  });
}

// ----------------------------------------------------------------------------------------------------------- connections

interface Connections {
  open(url: URL, method: string, headers: Headers, signal: AbortSignal): ClientRequest;
  close(): void;
}

function createConnections(lookup?: ReturnType<typeof createHostPolicy>['lookup']): Connections {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({ keepAlive: true });
  return {
    open(url, method, headers, signal) {
      const more = { method, headers, signal, ...(lookup ? { lookup } : {}) };
      if (url.protocol === 'https:') return httpsRequest(url, { ...more, ...trusted(), agent: secure });
      return httpRequest(url, { ...more, agent: plain });
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function answerTo(request: ClientRequest, side: Side): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays: a connection that breaks later is told by whoever reads or writes then.
    request.on('error', (error) => reject(error instanceof LfsTrouble ? error : brokenOff(side, error)));
  });
}

function brokenOff(side: Side, error: unknown): LfsTrouble {
  const { code, message } = error as NodeJS.ErrnoException;
  if (isUntrusted(error)) {
    const text = `${HOSTS[side]} named a server whose certificate is not trusted (${message}). ${OWN_CA}`;
    return new LfsTrouble('interrupted', text, { cause: error });
  }
  const why = code ?? message;
  // One that was kept open may have been closed by the other side just when it was to be used again.
  return new LfsTrouble('interrupted', `The connection to ${HOSTS[side]} broke off: ${why}.`, {
    askAnew: true,
    cause: error,
  });
}

const OWN_CA = "If it is from a CA of your own, name that CA's certificate in STARKEEP_CA_FILE.";

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | null {
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return null;
  return URL.canParse(headers.location, from.href) ? new URL(headers.location, from) : null;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((bytes += chunk.length) > MAX_TEXT_BYTES) break;
    }
  } catch {
    // The status says enough; a server that refuses in the middle may close before all of its reasons are out.
  }
  return Buffer.concat(chunks).toString('utf8');
}
