import { fetch } from 'undici';
import { isUntrusted, trustingDispatcher } from '../adapters/trust.ts';
import { VERSION } from '../version.ts';
import { EXIT } from './exit-codes.ts';
import { Refusal } from './refusal.ts';

/** The API over HTTP, with whatever else can be found at an address said so that a person knows what to do. */

/** For the whole answer, or the beginning of one that comes line by line; checking a long audit log takes a while. */
const ANSWER_WITHIN_MS = 120_000;

/** @throws Refusal when nothing answers there, or something that is no Starkeep, or one that is too old */
export function remoteFetch(url: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await reach(url, request);
    if (response.status >= 300 && response.status < 400) throw redirected(url, response);
    if (response.status === 204 || response.status === 304) return response;
    const type = response.headers.get('content-type') ?? 'nothing in particular';
    if (!/json/.test(type)) throw notStarkeep(url, response.status, type);
    if (type.startsWith(LINES)) return response;
    if (!(await isJson(response))) throw notStarkeep(url, response.status, 'what claims to be JSON');
    await refuseUnknownRoute(url, request, response);
    return response;
  };
}

/** What comes line by line is read as it comes, however long it is. */
const LINES = 'application/x-ndjson';

async function reach(url: string, request: Request): Promise<Response> {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
    ANSWER_WITHIN_MS,
  );
  try {
    // What redirects may turn a POST into a GET, and hand the key to somebody else.
    const { method, headers } = request;
    const body = method === 'GET' ? undefined : await request.text();
    const answer = await fetch(request.url, {
      method,
      headers: [...headers],
      ...(body ? { body } : {}),
      redirect: 'manual',
      dispatcher: trustingDispatcher(),
      signal: deadline.signal,
    });
    // The same class as Node's own, from another copy of it.
    const response = answer as unknown as Response;
    if (response.headers.get('content-type')?.startsWith(LINES)) return response;
    const { status } = response;
    const text = await response.text();
    return new Response(text === '' ? null : text, { status, headers: response.headers });
  } catch (error) {
    throw unreachable(url, error);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(url: string, error: unknown): Refusal {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (isUntrusted(cause)) {
    return new Refusal(
      `The certificate of STARKEEP_URL (${url}) is not trusted, so the key was not sent: ${(cause as Error).message}. If it is from a CA of your own, name that CA's certificate in STARKEEP_CA_FILE.`,
      EXIT.unreachable,
    );
  }
  return new Refusal(
    `STARKEEP_URL (${url}) does not answer: ${reasonOf(cause)}. Is Starkeep running there, and is the address right?`,
    EXIT.unreachable,
  );
}

function reasonOf(cause: unknown): string {
  // Of several addresses that were tried each has a reason of its own.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function redirected(url: string, response: Response): Refusal {
  const location = response.headers.get('location');
  const target = location !== null && URL.canParse(location, url) ? new URL(location, url) : null;
  const to = target === null ? '' : ` to ${target.origin}`;
  return new Refusal(
    `STARKEEP_URL (${url}) redirects${to}, which is not followed: the key is for that address only. Set STARKEEP_URL to where Starkeep itself answers.`,
    EXIT.unreachable,
  );
}

function notStarkeep(url: string, status: number, type: string): Refusal {
  return new Refusal(
    `What answers at STARKEEP_URL (${url}) is not Starkeep's API: status ${status}, ${type.split(';')[0]}. Is it the page of a proxy or of another program? STARKEEP_URL is the address that shows Starkeep's web UI.`,
    EXIT.unreachable,
  );
}

async function isJson(response: Response): Promise<boolean> {
  try {
    await response.clone().json();
    return true;
  } catch {
    return false;
  }
}

/** 404 is said of things that are not there too; of a route the API has said so in these words since there are any. */
async function refuseUnknownRoute(url: string, request: Request, response: Response): Promise<void> {
  if (response.status !== 404 && response.status !== 405) return;
  const problem: unknown = await response.clone().json();
  const { title } = (problem ?? {}) as { title?: unknown };
  if (title === 'Method not allowed' || title === 'Not found') {
    const { pathname } = new URL(request.url);
    const what = `${request.method} ${pathname.replace(/^.*\/api\/v1/, '/api/v1')}`;
    throw new Refusal(
      `The Starkeep at STARKEEP_URL (${url}) is of ${await versionAt(url)} and has no ${what}; this command is of version ${VERSION}. Bring both to the same version.`,
      EXIT.failed,
    );
  }
  if (typeof title !== 'string') throw notStarkeep(url, response.status, 'JSON of another kind');
}

async function versionAt(url: string): Promise<string> {
  const answer = await reach(url, new Request(`${url}/api/v1/openapi.json`));
  const document: unknown = await answer.json().catch(() => null);
  const { version } = (document as { info?: { version?: unknown } } | null)?.info ?? {};
  return typeof version === 'string' ? `version ${version}` : 'an unknown version';
}
