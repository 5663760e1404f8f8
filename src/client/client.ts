import createFetchClient, { type Client as FetchClient } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** The API as a program calls it, typed by the API's own document. Needs nothing but `fetch`, so it runs in browsers too. */

export type Client = FetchClient<paths>;

/** The shapes of the document, by name: `Schemas['Mirror']`. */
export type Schemas = components['schemas'];

/** What the API answered in place of what was asked for. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Where something between us and the API answered, one of the status alone, as RFC 9457 has it. */
  readonly problem: Schemas['Problem'];

  constructor(status: number, problem: Schemas['Problem'] | null) {
    const known = problem ?? {
      type: 'about:blank',
      title: 'Refused',
      status,
      detail: `The answer was ${status}, without a reason.`,
    };
    super(known.detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.problem = known;
  }

  get title(): string {
    return this.problem.title;
  }
}

export interface ClientOptions {
  /** Where the API is: `https://starkeep.example`. Default: where the page is from. */
  url?: string;
  /** An API key; without one a browser sends the cookie of its session. */
  key?: string;
  fetch?: (request: Request) => Promise<Response>;
}

export function createClient({ url = '', key, fetch }: ClientOptions = {}): Client {
  return createFetchClient<paths>({
    baseUrl: `${url.replace(/\/+$/, '')}/api/v1`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...(fetch ? { fetch } : {}),
    // `?status=failed&status=held`
    querySerializer: { array: { style: 'form', explode: true } },
  });
}

/** What the API answered as JSON; for text (CSV, JSON lines, events) look at the response itself. @throws ApiProblem for a problem document, and for whatever else is no success */
export async function answerOf<T>(
  call: Promise<{ data?: T | undefined; error?: unknown; response: Response }>,
): Promise<Exclude<T, string>> {
  const { data, error, response } = await call;
  if (response.ok) return data as Exclude<T, string>;
  const isProblem = typeof error === 'object' && error !== null && 'detail' in error;
  throw new ApiProblem(response.status, isProblem ? (error as Schemas['Problem']) : null);
}
