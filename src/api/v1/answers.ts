import { z } from '@hono/zod-openapi';
import type { KeyScope } from '../../domain/keys.ts';
import { needs } from '../auth.ts';

/** What every route has in common: who may call it, and how it says no. */

export const ProblemDocument = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().openapi({ description: 'What is wrong, and what to do' }),
    kind: z.string().optional().openapi({ description: 'The kind of failure, as in docs/operations.md' }),
    errors: z
      .array(z.strictObject({ in: z.string(), field: z.string(), problem: z.string() }))
      .optional()
      .openapi({ description: 'Of a request that does not fit: each field, and what is expected of it' }),
  })
  .openapi('Problem', { description: 'RFC 9457' });

export const PROBLEMS = {
  400: 'The request does not fit: a field, a cursor, JSON',
  401: 'No valid key or session',
  403: 'The key may not do this, or another site asked for it by session',
  404: 'There is no such thing',
  408: 'The body did not arrive in time',
  409: 'Not as things are; the detail says why',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'A filter does not parse: `setting`, `word` and `position` say where',
  500: 'Something unexpected; the log has the details',
  502: 'GitHub does not answer, or refuses the token',
  503: 'Postgres or Temporal does not answer; try again',
} as const;

export type ProblemStatus = keyof typeof PROBLEMS;

/** The problems a route answers with, besides those that every one has; app.ts takes from the document what cannot happen after all. */
export function problems(...statuses: ProblemStatus[]) {
  const all = [...new Set([400, 401, 403, 500, 503, ...statuses] as ProblemStatus[])].sort((a, b) => a - b);
  const content = { 'application/problem+json': { schema: ProblemDocument } };
  return Object.fromEntries(all.map((status) => [status, { description: PROBLEMS[status], content }]));
}

/** The problems of a route that takes a body. */
export const BODY_PROBLEMS = [408, 413, 415] as const;

/** Who may call a route. */
export function allowed(scope: KeyScope) {
  return { security: [{ key: [] }, { session: [] }], middleware: needs(scope), 'x-scope': scope };
}

export function json<Schema extends z.ZodType>(description: string, schema: Schema) {
  return { description, content: { 'application/json': { schema } } };
}

export function jsonRequest<Schema extends z.ZodType>(schema: Schema) {
  return { content: { 'application/json': { schema } } };
}
