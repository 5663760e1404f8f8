import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { Hono } from 'hono';
import { pino } from 'pino';
import { listenForChanges } from '../src/adapters/postgres/changes.ts';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { createStore } from '../src/adapters/postgres/store.ts';
import { createEnteredSettings } from '../src/adapters/postgres/entered-settings.ts';
import { createFeed } from '../src/api/feed.ts';
import { openServer } from '../src/api/server.ts';
import { createV1, type V1Ports } from '../src/api/v1/app.ts';
import { loadConfig } from '../src/config.ts';
import { parseFilters } from '../src/domain/filters.ts';
import { MIRROR_SORTS } from '../src/domain/overview.ts';
import { createSettingsDesk } from '../src/settings-desk.ts';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { fillYears } from '../test/adapters/postgres/years.ts';

/**
 * What the API costs with a record of years: `npm run bench -- api [--mirrors 50000] [--runs 20]`. Each list in each order and by each filter, the
 * numbers, the CSV export and the live events, over HTTP against a real Postgres; as ratios to `select 1` over the same pool and to a bare route of
 * the same server, in the same run. Fails when a page is larger than 100 KB.
 */

const { values } = parseArgs({
  options: { mirrors: { type: 'string', default: '50000' }, runs: { type: 'string', default: '20' } },
});
const mirrors = Number(values.mirrors);
const runs = Number(values.runs);
const say = (line: string) => void process.stderr.write(`${line}\n`);

const MAX_PAGE_BYTES = 100_000;
const STREAMS = 50;

const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
await chmod(dir, 0o755);
const postgres = await startPostgres({ dataDir: dir, port: 0, say, onExit: say });
await migrate(postgres.url);
const db = createDatabase({ url: postgres.url });
const began = performance.now();
await fillYears(db, mirrors);
say(`${mirrors} mirrors and what belongs to them: ${((performance.now() - began) / 1000).toFixed(0)} s`);

const store = createStore(db);
const feed = createFeed();
const listening = listenForChanges(postgres.url, { onChange: feed.tell, onGap: feed.gap, onTrouble: say });
const unasked = () => Promise.reject(new Error('nothing of this benchmark asks for it'));
const ports: V1Ports = {
  ...store,
  control: {} as V1Ports['control'],
  settleKeys: async () => undefined,
  clientAddress: () => '203.0.113.7',
  outerOrigin: () => 'http://localhost',
  filters: parseFilters({}),
  sweeps: { everyMs: 900_000, nextAt: async () => null },
  version: '0.0.0',
  archives: null,
  settingsDesk: createSettingsDesk({
    config: loadConfig({}, 'none'),
    stamp: null,
    entered: createEnteredSettings(db, []),
    probesOf: () => ({ github: unasked, onedev: unasked, alerts: unasked }),
  }),
  transfers: { progress: async () => null },
  feed,
  codec: { decode: async (payloads) => payloads },
  places: { onedevUrl: null, temporalUiUrl: null },
  source: { repositoryByName: unasked },
  log: pino({ level: 'silent' }),
  startReading: unasked,
  readingFailure: async () => null,
  askedReading: async () => null,
  starList: null,
};
const app = new Hono().get('/bare', (c) => c.json({ ok: true })).route('/api/v1', createV1(ports));
const server = openServer({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const key = (await store.keys.create({ name: 'bench', scope: 'admin' }))?.text ?? '';
const headers = { authorization: `Bearer ${key}` };

const table = new Table({
  head: ['what', 'median ms', 'p95 ms', '× select 1', '× bare route', 'KB'],
  style: { head: [], border: [] },
});
const tooLarge: string[] = [];

try {
  const selectMs = await times(runs * 5, async () => void (await db.query('select 1')));
  const bareMs = await times(runs * 5, async () => void (await (await fetch(`${url}/bare`)).arrayBuffer()));
  const base = { select: percentile(selectMs, 50), bare: percentile(bareMs, 50) };
  const row = (what: string, ms: number[], bytes: number | null) => {
    const median = percentile(ms, 50);
    const kb = bytes === null ? '' : (bytes / 1000).toFixed(1);
    const ratios = [median / base.select, median / base.bare].map((ratio) => ratio.toFixed(1));
    table.push([what, median.toFixed(2), percentile(ms, 95).toFixed(2), ...ratios, kb]);
  };
  row('select 1', selectMs, null);
  row('a bare route', bareMs, null);

  const list = async (path: string) => {
    let bytes = 0;
    const ms = await times(runs, async () => void (bytes = (await ask(path)).byteLength));
    row(path.replace(/cursor=.*/, 'cursor=…'), ms, bytes);
    if (bytes > MAX_PAGE_BYTES) tooLarge.push(`${path} has ${bytes} bytes`);
  };
  /** A page further on, where there is one. */
  const later = async (path: string) => {
    const cursor = await cursorAfter(path);
    if (cursor !== null) await list(`${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`);
  };
  for (const sort of MIRROR_SORTS) {
    await list(`/mirrors?sort=${sort}`);
    await later(`/mirrors?sort=${sort}`);
  }
  for (const query of [
    'status=failed',
    'status=failed,held',
    'owner=owner-7',
    'language=Language+7',
    'errorKind=TargetError',
    'minBytes=80000000',
    'maxBytes=1000000',
    'stale=true',
    'search=repo-4999',
    'search=nowhere',
    'search=o',
  ]) {
    await list(`/mirrors?${query}`);
  }
  for (const path of [
    '/mirrors/facets',
    '/mirrors/github-7',
    '/mirrors/github-7/syncs',
    '/mirrors/github-7/timeline',
    '/deliveries',
    '/deliveries?event=push',
    '/deliveries?outcome=ignored',
    '/deliveries?fullName=owner-7%2Frepo-7',
    '/deletions',
    '/deletions?state=done',
    '/deletions?state=all',
    '/audit',
    '/audit?actor=ann',
    '/audit?action=mirror.*',
    '/audit?action=key.created',
    '/audit?subject=github-7',
    '/audit?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z',
    '/alerts',
    '/alerts?state=all',
    '/alerts?state=all&kind=mirror_failed',
    '/batches',
    '/batches/1',
    '/stats',
    '/running',
    '/keys',
  ]) {
    await list(path);
  }
  for (const path of ['/deliveries', '/deletions?state=all', '/audit', '/alerts?state=all', '/batches']) {
    await later(path);
  }

  const exported = await exportCsv();
  const events = await withStreams(async () => times(runs, async () => void (await ask('/mirrors'))));
  row(`/mirrors while ${STREAMS} streams hear of 50 changes a second`, events.listMs, null);
  row(`a change, until each of ${STREAMS} streams has it`, events.lastMs, null);
  row('the same, between the first and the last stream', events.spreadMs, null);

  process.stdout.write(`${table.toString()}\n${exported}\n`);
  if (tooLarge.length > 0) throw new Error(`Pages larger than ${MAX_PAGE_BYTES} bytes: ${tooLarge.join('; ')}`);
} finally {
  feed.close();
  server.close();
  server.closeAllConnections();
  await listening.stop();
  await db.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}

async function ask(path: string): Promise<ArrayBuffer> {
  const response = await fetch(`${url}/api/v1${path}`, { headers });
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.arrayBuffer();
}

/** The cursor some pages later: what comes first may be quicker. */
async function cursorAfter(path: string): Promise<string | null> {
  let cursor: string | null = null;
  for (let page = 0; page < 3; page += 1) {
    const query: string = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
    const { next } = JSON.parse(Buffer.from(await ask(path + query)).toString()) as { next: string | null };
    if (next === null) return cursor;
    cursor = next;
  }
  return cursor;
}

/** Once before it is measured, so that nothing is asked for the first time. */
async function times(count: number, work: () => Promise<void>): Promise<number[]> {
  await work();
  const took: number[] = [];
  for (let run = 0; run < count; run += 1) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  return took;
}

function percentile(ms: number[], percent: number): number {
  const sorted = [...ms].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

/** Everything in one answer, which must not be in memory at once. */
async function exportCsv(): Promise<string> {
  const before = process.memoryUsage().rss;
  let most = before;
  let bytes = 0;
  const start = performance.now();
  const response = await fetch(`${url}/api/v1/mirrors`, { headers: { ...headers, accept: 'text/csv' } });
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    most = Math.max(most, process.memoryUsage().rss);
  }
  const seconds = (performance.now() - start) / 1000;
  const grown = (most - before) / 1e6;
  return `CSV of all: ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s, ${(mirrors / seconds).toFixed(0)} mirrors/s; memory grew by ${grown.toFixed(0)} MB, reader included`;
}

/** Streams as so many tabs have them open, and a change twenty milliseconds after the other while `work` runs. */
async function withStreams(
  work: () => Promise<number[]>,
): Promise<{ listMs: number[]; lastMs: number[]; spreadMs: number[] }> {
  const arrivals = new Map<string, number[]>();
  const told = new Map<string, number>();
  const ended = new AbortController();
  const reading = await Promise.all(
    Array.from({ length: STREAMS }, async () => {
      const response = await fetch(`${url}/api/v1/events`, { headers, signal: ended.signal });
      if (response.status !== 200) throw new Error(`/events: ${response.status}`);
      return hear(response, arrivals);
    }),
  );
  let number = 0;
  const telling = setInterval(() => {
    const name = `change-${(number += 1)}`;
    told.set(name, performance.now());
    db.query(`select tell_change('mirror', jsonb_build_object('mirrorId', $1::text))`, [name]).catch((error: unknown) =>
      say(String(error)),
    );
  }, 20);
  const listMs = await work();
  // At least a second of it, however quick the lists are.
  while (number < 50) await new Promise((wake) => setTimeout(wake, 20));
  clearInterval(telling);
  await whole(arrivals, told);
  ended.abort();
  await Promise.allSettled(reading.map(({ end }) => end));
  const heard = [...arrivals].map(([name, at]) => ({ from: told.get(name) ?? 0, at }));
  return {
    listMs,
    lastMs: heard.map(({ from, at }) => Math.max(...at) - from),
    spreadMs: heard.map(({ at }) => Math.max(...at) - Math.min(...at)),
  };
}

/** Until every stream has every change. @throws Error after 20 s: somebody was left out */
async function whole(arrivals: Map<string, number[]>, told: Map<string, number>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ([...told.keys()].some((name) => arrivals.get(name)?.length !== STREAMS)) {
    if (performance.now() > deadline) throw new Error('a stream was not told of a change');
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function hear(response: Response, arrivals: Map<string, number[]>): { end: Promise<void> } {
  const listen = async () => {
    let rest = '';
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (rest + Buffer.from(piece).toString()).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const [, name = ''] of blocks.join('\n').matchAll(/"mirrorId":"(change-\d+)"/g)) {
        arrivals.set(name, [...(arrivals.get(name) ?? []), performance.now()]);
      }
    }
  };
  // It ends because it is left; what was not heard is missed above.
  const end = listen().catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
  return { end };
}
