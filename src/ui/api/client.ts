import { reportReachable } from './reach.ts';

/** The way to the api: requests by this browser's session, and what can go wrong with them in words. */

const BASE = '/api/v1';

/** The api answered, and said no: its own words. */
export class Refused extends Error {
  readonly status: number;
  readonly title: string;
  readonly problem: Record<string, unknown>;

  constructor(status: number, title: string, detail: string, problem: Record<string, unknown> = {}) {
    super(detail);
    this.name = 'Refused';
    this.status = status;
    this.title = title;
    this.problem = problem;
  }
}

/** The api did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super('Starkeep does not answer. It may be restarting; nothing you did is lost, and it is tried again by itself.');
    this.name = 'Unreachable';
  }
}

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

interface AskOptions {
  query?: Query;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', path, { query, signal });
}

/** Asked once, however often the way there breaks: each press of a button has a key of its own. */
export async function post<T>(path: string, body: unknown = {}): Promise<T> {
  return change<T>('POST', path, body);
}

export function remove(path: string): Promise<void> {
  return change<void>('DELETE', path, undefined);
}

async function change<T>(method: string, path: string, body: unknown): Promise<T> {
  const headers: Record<string, string> = method === 'POST' ? { 'idempotency-key': freshKey() } : {};
  try {
    return await ask<T>(method, path, { body }, headers);
  } catch (error) {
    if (!(error instanceof Unreachable) || method !== 'POST') throw error;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return ask<T>(method, path, { body }, headers);
  }
}

async function ask<T>(
  method: string,
  path: string,
  { query = {}, body, accept = 'application/json', signal }: AskOptions,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await answerTo(`${BASE}${path}${searchOf(query)}`, {
    method,
    headers: { accept, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw await refusalIn(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function answerTo(url: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, init);
    reportReachable(true);
    return response;
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    reportReachable(false);
    throw new Unreachable();
  }
}

async function refusalIn(response: Response): Promise<Error> {
  try {
    const problem = (await response.json()) as Record<string, unknown>;
    return new Refused(response.status, String(problem['title']), String(problem['detail']), problem);
  } catch {
    // Whatever stands between us and the api answered in its place.
    if (response.status >= 500) {
      reportReachable(false);
      return new Unreachable();
    }
    return new Refused(response.status, 'Refused', `The answer was ${response.status} without a reason.`);
  }
}

/** The address of an answer to keep as a file. */
export function addressOf(path: string, query: Query): string {
  return `${BASE}${path}${searchOf(query)}`;
}

/** Has the browser keep an answer as a file. */
export async function download(path: string, query: Query, accept: string, name: string): Promise<void> {
  const response = await answerTo(addressOf(path, query), { headers: { accept } });
  if (!response.ok) throw await refusalIn(response);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'object') {
      if (value.length > 0) search.set(name, value.join(','));
    } else search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
