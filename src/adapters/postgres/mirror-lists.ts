import { type MirrorFilter, type MirrorQuery, type MirrorSort, STALE_AFTER_MS } from '../../domain/overview.ts';

/** Which mirrors a list has, in which order, and where a page of it begins: in SQL, and so that an index gives each order. */

/** What is neither paused nor at an end: it should be looked at every day. */
const SETTLED = `('deleted', 'frozen', 'excluded', 'paused')`;

/**
 * Nobody has looked for a day: neither its own workflow, nor a reading of the star list that saw it. Readings have ascending numbers, so the first of
 * the last day stands for all of them.
 */
export const STALE = `(starred and not paused and status not in ${SETTLED}
  and coalesce(last_checked_at, '-infinity') < now() - interval '${STALE_AFTER_MS / 1000} seconds'
  and coalesce(seen_in, 0) < (
    select coalesce(min(reading_id), 9223372036854775807) from star_readings
     where started_at > now() - interval '${STALE_AFTER_MS / 1000} seconds'))`;

const NEVER = `'-infinity'::timestamptz`;

/** As {@link fitsOrder} expects them. */
const timeText = (column: string) =>
  `coalesce(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '-infinity')`;

/** What each order goes by as the indexes of 0012_overview.sql have it, its type, and how it stands in a place: to the last digit. */
const KEYS = {
  name: { expression: 'lower(full_name)', type: 'text', shown: 'lower(full_name)' },
  pushedAt: { expression: `coalesce(pushed_at, ${NEVER})`, type: 'timestamptz', shown: timeText('pushed_at') },
  lastSyncedAt: {
    expression: `coalesce(last_synced_at, ${NEVER})`,
    type: 'timestamptz',
    shown: timeText('last_synced_at'),
  },
  bytes: { expression: 'size_kb', type: 'bigint', shown: 'size_kb::text' },
  stars: { expression: 'stars', type: 'bigint', shown: 'stars::text' },
} as const;

export interface Statement {
  text: string;
  values: unknown[];
}

/** @param columns what is selected; `sort_key` comes with it, as it has to stand in a place */
export function listStatement(columns: string, { filter, sort, after, limit }: MirrorQuery): Statement {
  const values: unknown[] = [];
  const { expression, type, shown } = keyOf(sort);
  const backwards = sort.startsWith('-');
  const direction = backwards ? 'desc' : 'asc';
  const conditions = conditionsOf(filter, values);
  if (after !== null) {
    values.push(after.key, after.mirrorId);
    const place = `($${values.length - 1}::${type}, $${values.length}::text)`;
    conditions.push(`(${expression}, mirror_id) ${backwards ? '<' : '>'} ${place}`);
  }
  values.push(limit);
  const text = `select ${columns}, ${shown} as sort_key from mirrors ${where(conditions)}
    order by ${expression} ${direction}, mirror_id ${direction} limit $${values.length}`;
  return { text, values };
}

export function countStatement(filter: MirrorFilter): Statement {
  const values: unknown[] = [];
  const conditions = conditionsOf(filter, values);
  return { text: `select count(*)::int as count from mirrors ${where(conditions)}`, values };
}

export function namesStatement({ search, limit }: { search: string | null; limit: number }): Statement {
  const text = `select full_name from mirrors where $1::text is null or full_name ilike $1
    order by lower(full_name), mirror_id limit $2`;
  return { text, values: [search === null ? null : containing(search), limit] };
}

function keyOf(sort: MirrorSort) {
  return KEYS[sort.replace('-', '') as keyof typeof KEYS];
}

function conditionsOf(filter: MirrorFilter, values: unknown[]): string[] {
  const conditions: string[] = [];
  const add = (condition: (parameter: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  const { statuses, search, name, owner, language, errorKind, minBytes, maxBytes, stale } = filter;
  // One status is a place in an index that has the order by name too; several are not.
  if (statuses.length === 1) add((value) => `status = ${value}`, statuses[0]);
  else if (statuses.length > 1) add((value) => `status = any(${value})`, statuses);
  if (search !== null) add((value) => `full_name ilike ${value}`, containing(search));
  if (name !== null) {
    const column = name.includes('/') ? 'full_name' : `split_part(full_name, '/', 2)`;
    add((value) => `lower(${column}) = lower(${value})`, name);
  }
  if (owner !== null) add((value) => `lower(split_part(full_name, '/', 1)) = lower(${value})`, owner);
  if (language !== null) add((value) => `language = ${value}`, language);
  if (errorKind !== null) add((value) => `last_error_kind = ${value}`, errorKind);
  if (minBytes !== null) add((value) => `size_kb >= ${value}`, Math.ceil(minBytes / 1_000));
  if (maxBytes !== null) add((value) => `size_kb <= ${value}`, Math.floor(maxBytes / 1_000));
  if (stale) conditions.push(STALE);
  return conditions;
}

function where(conditions: string[]): string {
  return conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
}

function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
