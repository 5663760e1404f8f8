import { z } from '@hono/zod-openapi';
import { fittingCount, PAGE_BYTES } from '../../domain/pages.ts';
import { ProblemError } from '../problem.ts';

/** Where a page begins, as clients hand it back: opaque to them. */

export const Limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(500)
  .default(100)
  .openapi({ description: 'Entries on a page; fewer where they would be more than 100 KB', example: 100 });

export const Cursor = z
  .string()
  .max(1_000)
  .optional()
  .openapi({ description: 'The `next` of the page before; without it the first page comes' });

export const Next = z
  .string()
  .nullable()
  .openapi({ description: 'Hand it back as `cursor` for the next page; null: this was the last' });

export function cursorOf(place: unknown): string | null {
  return place === null ? null : Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws ProblemError 400 for what was not made by {@link cursorOf} for this list */
export function placeOf<T>(schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  const parsed = schema.safeParse(jsonIn(cursor));
  if (parsed.success) return parsed.data;
  throw cursorNotUsable();
}

export function cursorNotUsable(): ProblemError {
  const detail = 'The cursor is not one of this list. Begin with the first page again: leave `cursor` out.';
  return new ProblemError(400, 'Cursor not usable', detail);
}

function jsonIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Whatever it is, it fits no list.
    return undefined;
  }
}

/**
 * @param entries one more than `limit`, when there are
 * @param maxBytes of the page; `Infinity` where everything has to come in one
 */
export function pageOf<T>(
  entries: T[],
  limit: number,
  placeAfter: (last: T) => unknown,
  maxBytes = PAGE_BYTES,
): { page: T[]; next: string | null } {
  const page = entries.slice(0, fittingCount(entries, limit, maxBytes));
  const last = page.at(-1);
  return { page, next: entries.length > page.length && last !== undefined ? cursorOf(placeAfter(last)) : null };
}
