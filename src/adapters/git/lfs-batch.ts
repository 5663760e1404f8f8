import type { GitRemote } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import { Failure } from '../../domain/failures.ts';
import { exchange, retryAfterMs } from '../http.ts';
import type { LfsPointer } from './lfs-pointer.ts';
import { HOSTS, LfsTrouble, troubleOf } from './lfs-trouble.ts';
import type { Side } from './messages.ts';

/**
 * The batch API of Git LFS: what a server has, and how to get at it.
 * @see https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md
 */
export interface LfsServer {
  readonly side: Side;
  /** The repository's address, ending in `.git`. */
  readonly base: URL;
  /** Our own credentials for its origin; empty for none. */
  readonly credentials: Record<string, string>;
  /**
   * Asks for at most {@link BATCH_SIZE} objects.
   * @returns an answer for each, by oid
   * @throws LfsTrouble when all of them are refused at once
   */
  ask(pointers: readonly LfsPointer[], signal: AbortSignal): Promise<Map<string, BatchAnswer>>;
}

/** `null`: nothing to do, the server has it. */
export type BatchAnswer = LfsAction | LfsTrouble | null;

export interface LfsAction {
  url: URL;
  headers: Record<string, string>;
  /** Epoch milliseconds; `null` when it never says. */
  expiresAt: number | null;
  verify: { url: URL; headers: Record<string, string> } | null;
}

/** What git-lfs itself asks for at a time; the API lets a server refuse more than it likes. */
export const BATCH_SIZE = 100;

export const LFS_JSON = 'application/vnd.git-lfs+json';

/** Asked for anew when it has less than this left: the request itself takes time, and clocks differ. */
export const EXPIRY_MARGIN_MS = 10_000;

export interface LfsServerOptions {
  side: Side;
  remote: GitRemote;
  userAgent: string;
  redact: Redact;
  now: () => number;
}

/** @throws LfsTrouble `refused` when the remote is not reached over HTTP */
export function createLfsServer({ side, remote, userAgent, redact, now }: LfsServerOptions): LfsServer {
  const base = baseOf(side, remote);
  const credentials = credentialsOf(remote);
  const operation = side === 'source' ? 'download' : 'upload';
  const headers = { accept: LFS_JSON, 'content-type': LFS_JSON, 'user-agent': userAgent, ...credentials };

  const post = async (url: string, body: string, signal: AbortSignal) => {
    const unreachable = side === 'source' ? 'SourceUnreachable' : 'TargetUnreachable';
    try {
      return await exchange({ method: 'POST', url, headers, body, unreachable, signal });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new LfsTrouble('interrupted', `${HOSTS[side]} did not answer: ${redact(error.message)}`, { cause: error });
    }
  };

  return {
    side,
    base,
    credentials,
    async ask(pointers, signal) {
      const objects = pointers.map(({ oid, size }) => ({ oid, size }));
      const body = JSON.stringify({ operation, transfers: ['basic'], objects });
      const url = `${base.href}/info/lfs/objects/batch`;
      let answer = await post(url, body, signal);
      const moved = movedTo(answer.status, answer.headers, url);
      if (moved !== null) answer = await post(moved, body, signal);
      if (answer.status !== 200) {
        const wait = retryAfterMs(answer.headers, now());
        throw troubleOf(side, answer.status, answer.text, { redact, retryAfterMs: wait });
      }
      const told = objectsIn(answer.text, side);
      return new Map(pointers.map(({ oid }) => [oid, answerOf(told.get(oid), { side, base, redact, now })]));
    },
  };
}

/** As Git LFS finds it: the address of the repository with `.git` at its end, whether git needs that or not. */
function baseOf(side: Side, remote: GitRemote): URL {
  const url = URL.canParse(remote.url) ? new URL(remote.url) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new LfsTrouble('refused', `${HOSTS[side]} is reached over SSH here, and LFS objects travel over HTTPS only.`);
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\.git$/, '')}.git`;
  return url;
}

function credentialsOf({ auth }: GitRemote): Record<string, string> {
  if (auth.kind !== 'basic') return {};
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` };
}

/** After a rename GitHub redirects, on its own host; anywhere else our credentials would go to whoever is named there. */
function movedTo(status: number, headers: Headers, from: string): string | null {
  const location = headers.get('location');
  if (![301, 302, 307, 308].includes(status) || location === null || !URL.canParse(location, from)) return null;
  const to = new URL(location, from);
  return to.origin === new URL(from).origin ? to.href : null;
}

// ---------------------------------------------------------------------------------------------------------------- answers

/** Only what is used of an answer; every field may be missing or of another type. */
interface ToldObject {
  oid?: unknown;
  error?: { code?: unknown; message?: unknown } | null;
  actions?: Partial<Record<string, ToldAction>> | null;
}

interface ToldAction {
  href?: unknown;
  header?: Record<string, unknown> | null;
  expires_in?: unknown;
  expires_at?: unknown;
}

function objectsIn(text: string, side: Side): Map<string, ToldObject> {
  try {
    const { transfer, objects } = JSON.parse(text) as { transfer?: unknown; objects?: ToldObject[] };
    if ((transfer === undefined || transfer === 'basic') && Array.isArray(objects)) {
      return new Map(objects.map((object) => [String(object.oid), object]));
    }
  } catch {
    // Falls through: what is no JSON is no answer either.
  }
  throw new LfsTrouble('interrupted', `${HOSTS[side]} answered in a way that is not the batch API of Git LFS.`);
}

function answerOf(
  told: ToldObject | undefined,
  server: { side: Side; base: URL; redact: Redact; now: () => number },
): BatchAnswer {
  const { side, redact } = server;
  if (told === undefined) return new LfsTrouble('interrupted', `${HOSTS[side]} left it out of its answer.`);
  if (told.error) {
    return troubleOf(side, Number(told.error.code) || 500, JSON.stringify({ message: told.error.message }), { redact });
  }
  const action = told.actions?.[side === 'source' ? 'download' : 'upload'];
  if (!action) {
    return side === 'target' ? null : new LfsTrouble('missing', 'GitHub names no address for it.');
  }
  const verify = told.actions?.['verify'];
  const read = ({ href, header }: ToldAction) => ({ url: addressOf(String(href), server), headers: headersOf(header) });
  try {
    return {
      ...read(action),
      expiresAt: expiryOf(action, server.now()),
      verify: side === 'target' && verify ? read(verify) : null,
    };
  } catch (error) {
    if (error instanceof LfsTrouble) return error;
    throw error;
  }
}

/**
 * OneDev names the server URL that an administrator configured, which need not be the one we reach it by, and sends the caller's own token along:
 * for the target the address is put on the base we know, and an address that cannot be is not used.
 */
function addressOf(href: string, { side, base }: { side: Side; base: URL }): URL {
  if (!URL.canParse(href, base.href)) throw new LfsTrouble('interrupted', `${HOSTS[side]} named no address for it.`);
  const url = new URL(href, base);
  if (url.username !== '' || url.password !== '') {
    throw new LfsTrouble('refused', `${HOSTS[side]} named an address with credentials in it, on ${url.host}.`);
  }
  if (side === 'source' || url.origin === base.origin) return url;
  const place = /\.git(\/lfs\/objects\/[0-9a-f]{64})$/.exec(url.pathname)?.[1];
  if (place === undefined) throw new LfsTrouble('refused', `OneDev named an address on another host, ${url.host}.`);
  const own = new URL(base);
  own.pathname += place;
  own.search = url.search;
  return own;
}

/** What belongs to the connection or to the length of the content is ours to say. */
const OURS = /^(?:host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/;

function headersOf(header: Record<string, unknown> | null | undefined): Record<string, string> {
  const named = Object.entries(header ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  const sound = named.filter(([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e]*$/.test(value));
  return Object.fromEntries(sound.filter(([name]) => !OURS.test(name)));
}

function expiryOf({ expires_in: seconds, expires_at: time }: ToldAction, nowMs: number): number | null {
  if (typeof seconds === 'number' && seconds !== 0) return nowMs + seconds * 1000;
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  // Go writes a time that was never set as the year 1.
  return Number.isNaN(at) || at <= 0 ? null : at;
}
