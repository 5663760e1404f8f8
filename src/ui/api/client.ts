import { answerOf, ApiProblem, createClient, type Client } from '../../client/client.ts';
import { reportReachable } from './reach.ts';

/** The way to the api: its typed client, by this browser's session, and what can go wrong in words. */

/** The api answered, and said no: its own words. */
export { ApiProblem as Refused };

/** The api did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super('Starkeep does not answer. It may be restarting; nothing you did is lost, and it is tried again by itself.');
    this.name = 'Unreachable';
  }
}

/** How long what broke on its way there waits before it is sent again. */
const AGAIN_MS = 1_000;

export const api: Client = createClient({
  fetch: (request) => (request.method === 'POST' ? sentTwice(request) : sent(request)),
});

/** Each press of a button has a key of its own: what is sent again because the way broke is done once. */
async function sentTwice(request: Request): Promise<Response> {
  request.headers.set('idempotency-key', freshKey());
  const again = request.clone();
  try {
    return await sent(request);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return sent(again);
  }
}

async function sent(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    reportReachable(false);
    throw new Unreachable();
  }
  // Whatever stands between us and the api answered in its place.
  const isStranger = response.status >= 500 && !response.headers.get('content-type')?.includes('json');
  reportReachable(!isStranger);
  if (isStranger) throw new Unreachable();
  return response;
}

/**
 * What the api answered: `ask(api.GET('/stats'))`.
 * @throws Refused · Unreachable
 */
export const ask = answerOf;

/** Has the browser keep what the api answers as a file. */
export async function download(
  call: Promise<{ data?: unknown; error?: unknown; response: Response }>,
  name: string,
): Promise<void> {
  const url = URL.createObjectURL((await answerOf(call)) as Blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
