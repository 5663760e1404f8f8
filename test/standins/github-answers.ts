import type { Credential } from './github-credentials.ts';

/** What every route of the stand-in's API is made of. */

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Call {
  method: string;
  /** Below the API's base. */
  path: string;
  query: URLSearchParams;
  credential: Credential;
  accept: string;
  /** As it came; empty without one. */
  body: string;
}

export type Handler = (call: Call, parts: string[]) => Answer;

export const DOCS = 'https://docs.github.com/rest';

/** One page of a list, with absolute links that carry the whole query on. */
export function paged<T>(call: Call, items: T[], url: string): { page: T[]; headers: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(call.query.get('per_page') ?? 30)));
  const number = Math.max(1, Number(call.query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (rel: string, to: number): string => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(to));
    return `<${url}?${query}>; rel="${rel}"`;
  };
  const before = number > 1 ? [link('prev', number - 1)] : [];
  const after = number < last ? [link('next', number + 1), link('last', last)] : [];
  const links = [...before, ...after, ...(number > 1 ? [link('first', 1)] : [])];
  return {
    page: items.slice((number - 1) * size, number * size),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}

export function isStarMediaType(accept: string): boolean {
  return /application\/vnd\.github\.(v3\.)?star\+json/.test(accept);
}

export function notFound(): Answer {
  return problem(404, 'Not Found');
}

export function problem(status: number, message: string): Answer {
  return { status, body: { message, documentation_url: DOCS, status: String(status) } };
}
