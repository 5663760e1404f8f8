import { existsSync } from 'node:fs';
import { git, refsOf } from '../support/repo.ts';
import { shown } from './mortal.ts';
import type { World } from './world.ts';

/** Everything durable outside a worker, as it is now: what two runs that come to the same agree in. */
export interface Outside {
  /** Every table of the record, its rows in one order. */
  record: Record<string, unknown[]>;
  onedev: unknown[];
  /** Who was told what, once each: to be told twice is to look twice. */
  told: unknown[];
}

/** Caches, what migrations note for themselves, and where the audit log ends. */
const NOT_THE_RECORD = ['http_cache', 'remembered', 'source_budget', 'changes', 'pgmigrations', 'audit_head'];

export async function outsideOf(world: World, told: string[]): Promise<Outside> {
  return comparable({
    record: await recordOf(world),
    onedev: await projectsOf(world),
    told: [...new Set(told.map((line) => shown(line)))].sort(),
  });
}

async function recordOf({ store }: World): Promise<Outside['record']> {
  const tables = await store.db.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  );
  const record: Outside['record'] = {};
  for (const { name } of tables.filter((table) => !NOT_THE_RECORD.includes(table.name))) {
    const isAudit = name === 'audit_events';
    const since = isAudit ? `where event_id > ${store.auditedBefore}` : '';
    const rows = await store.db.query(`select to_jsonb(t) as row from ${name} t ${since}`);
    record[name] = rows.map(({ row }) => comparable(isAudit ? unchained(row) : row)).sort(byText);
  }
  return record;
}

/** What an entry says, without its place in a log that goes on from test to test. */
function unchained(row: unknown): unknown {
  const { event_id: _, prev_hash: __, hash: ___, ...said } = row as Record<string, unknown>;
  return said;
}

async function projectsOf({ onedev }: World): Promise<unknown[]> {
  const projects = onedev.projects().map(async (project) => {
    const { id, path, description, gitDir } = project;
    const repo = { dir: gitDir };
    const has = existsSync(gitDir);
    const refs = has ? await refsOf(repo) : {};
    const head = has ? await git(repo, ['symbolic-ref', 'HEAD']) : null;
    return { id, path, description, head, refs, lfs: has ? onedev.lfs.objectsOf(project).sort() : [] };
  });
  return (await Promise.all(projects)).sort(byText);
}

/** How long something took, the hash of a payload with addresses of stand-ins in it, and what is drawn by lot. */
const DIFFERENT_EACH_TIME = ['durationMs', 'body_sha256', 'uid'];

/** Without what differs between any two runs: times, ports, and {@link DIFFERENT_EACH_TIME}. */
export function comparable<T>(value: T): T {
  const text =
    JSON.stringify(value, (key, inner: unknown) => (DIFFERENT_EACH_TIME.includes(key) ? 0 : inner)) ?? 'null';
  return JSON.parse(shown(text).replaceAll(/127\.0\.0\.1:\d+/g, '<host>')) as T;
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}
