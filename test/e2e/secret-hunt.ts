import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Database } from '../../src/adapters/postgres/database.ts';
import type { TemporalConnection } from '../../src/adapters/temporal.ts';

/** Looks for secrets wherever a running Starkeep leaves something. Written without the product's own list of spellings, which it is to check. */

/** A secret by the name of its setting, in one of its spellings. */
export interface Needle {
  of: string;
  bytes: Buffer;
}

/** Every spelling of these secrets; of a PEM each line by itself, since any of them gives the key away. */
export function needlesOf(secrets: Record<string, string>): Needle[] {
  return Object.entries(secrets).flatMap(([of, secret]) => {
    const parts = secret.includes('\n')
      ? secret.split('\n').filter((line) => /^[A-Za-z0-9+/]{40,}$/.test(line))
      : [secret];
    if (parts.length === 0) throw new Error(`${of} has nothing to look for`);
    return parts.flatMap(spellings).map((text) => ({ of, bytes: Buffer.from(text) }));
  });
}

function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const raw = Buffer.from(secret);
  // As it is inside of a base64 of more, at each of the three ways its bytes can fall; without the ends, which depend on the neighbours.
  const inBase64 = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), raw])
      .toString('base64')
      .replaceAll('=', '');
    const part = text.slice(before === 0 ? 0 : before + 1, -1);
    return [part, part.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    ...new Set([
      secret,
      json,
      JSON.stringify(json).slice(1, -1),
      encodeURIComponent(secret),
      raw.toString('hex'),
      ...inBase64,
    ]),
  ];
}

/** Where something was said, and what. */
export interface Saying {
  where: string;
  content: Buffer | string;
}

/** @returns `SETTING in WHERE` for each find, never the secret itself */
export function finds(needles: readonly Needle[], sayings: readonly Saying[]): string[] {
  const found = sayings.flatMap(({ where, content }) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ of }) => `${of} in ${where}`);
  });
  return [...new Set(found)];
}

/** Every row of every table, as text. */
export async function tablesOf(db: Database): Promise<Saying[]> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const all: Saying[] = [];
  for (const { name } of tables) {
    const rows = await db.query<{ row: string }>(`select t::text as row from ${name} t`);
    all.push(...rows.map(({ row }) => ({ where: `table ${name}`, content: row })));
  }
  return all;
}

/** Every run there is: its history and what is told of it, as they are and with every payload decoded. */
export async function runsOf({ client }: TemporalConnection, codec: PayloadCodec): Promise<Saying[]> {
  const all: Saying[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    const { raw } = await handle.describe();
    const where = `run ${workflowId}`;
    const payloads = await codec.decode([...payloadsIn(history), ...payloadsIn(raw)]);
    all.push({ where, content: historyToJSON(history) }, { where, content: JSON.stringify(raw) });
    all.push(...payloads.map(({ data }) => ({ where, content: Buffer.from(data ?? []) })));
  }
  return all;
}

function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  const { metadata, data } = value as { metadata?: Record<string, unknown>; data?: unknown };
  if (data instanceof Uint8Array && metadata?.['encoding'] instanceof Uint8Array) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
}

/** Every file below a folder; one that goes while we look is left out. */
export async function filesBelow(dir: string): Promise<Saying[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => ({ where: `file ${path}`, content: await readFile(path).catch(() => null) })),
  );
  return files.flatMap(({ where, content }) => (content === null ? [] : [{ where, content }]));
}

/** The command lines of all processes there are now. Synchronous, so that whoever waits for us is still there. */
export function commandLines(): Saying[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [
          { where: 'a command line', content: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') },
        ];
      } catch {
        // It ended between the two looks.
        return [];
      }
    });
}
