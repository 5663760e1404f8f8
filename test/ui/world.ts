import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { listenForChanges } from '../../src/adapters/postgres/changes.ts';
import { createFeed, type Feed } from '../../src/api/feed.ts';
import type { V1Ports } from '../../src/api/v1/app.ts';
import { openServer } from '../../src/api/server.ts';
import type { KeyScope } from '../../src/domain/keys.ts';
import { requireChromium } from '../../scripts/chromium.ts';
import { createReceiver } from '../api/receiver.ts';
import { eventually } from '../support/eventually.ts';
import { withApi, type World } from '../api/v1/world.ts';

/** The built web UI in the system's Chromium, on the real api over a real record with some of everything in it. */
export interface UiWorld extends World {
  readonly browser: Browser;
  /** Address of the api, without a slash at the end. */
  readonly url: string;
  /** A page of its own browser, logged in. */
  page(options?: PageOptions): Promise<Page>;
  /** Stops and starts the api under the same address. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
}

export interface PageOptions {
  /** Default `admin`; `null`: not logged in. */
  as?: KeyScope | null;
  path?: string;
  dark?: boolean;
  phone?: boolean;
}

/** Pictures of what the tests saw; kept by whoever runs them. */
const PICTURES = fileURLToPath(new URL('../../test-artifacts/ui/', import.meta.url));

/** A browser beside everything else that a run does on two processors: seconds on a quiet machine. */
export const PATIENCE_MS = 60_000;

export function withUi(changes: Partial<V1Ports> = {}): UiWorld {
  vi.setConfig({ testTimeout: 5 * PATIENCE_MS, hookTimeout: 5 * PATIENCE_MS });
  let feed: Feed = createFeed();
  const world = withApi({
    ...changes,
    feed: {
      tell: (change) => feed.tell(change),
      gap: () => feed.gap(),
      join: (by, onlooker) => feed.join(by, onlooker),
      close: () => feed.close(),
    },
  });
  let browser: Browser;
  let built = '';
  let server: Server | null = null;
  let port = 0;
  let stopListening: () => Promise<void>;
  /** One for each look: what a browser has read once it keeps. */
  const contexts = new Map<string, BrowserContext>();
  /** Everything that went wrong on a page, or went elsewhere. */
  let complaints: string[] = [];

  const url = () => `http://127.0.0.1:${port}`;
  const newContext = async (dark: boolean, phone: boolean) => {
    const context = await browser.newContext({
      baseURL: url(),
      colorScheme: dark ? 'dark' : 'light',
      viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 850 },
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
  const startApi = async () => {
    feed = createFeed();
    const { app } = createReceiver({ webDir: built });
    app.all('/api/*', (c) => world.app.fetch(c.req.raw));
    server = openServer({ fetch: app.fetch, hostname: '127.0.0.1', port });
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  const stopApi = async () => {
    if (server === null) return;
    const closed = once(server, 'close');
    feed.close();
    server.close();
    server.closeAllConnections();
    server = null;
    await closed;
  };

  beforeAll(async () => {
    built = await buildUi();
    browser = await chromium.launch({ executablePath: requireChromium(), args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    await stopApi();
  });

  beforeEach(async () => {
    complaints = [];
    await new Promise<void>((onListening) => {
      ({ stop: stopListening } = listenForChanges(world.store.database.url, {
        onListening,
        onChange: (change) => feed.tell(change),
        onGap: () => feed.gap(),
        onTrouble: () => undefined,
      }));
    });
    if (server === null) await startApi();
    feed = createFeed();
  });
  afterEach(async () => {
    for (const context of contexts.values()) {
      for (const page of context.pages()) await page.close();
      await context.clearCookies();
    }
    feed.close();
    await stopListening();
    expect(complaints).toEqual([]);
  });

  return Object.defineProperties({} as UiWorld, {
    ...Object.getOwnPropertyDescriptors(world),
    ...Object.getOwnPropertyDescriptors({
      get browser() {
        return browser;
      },
      get url() {
        return url();
      },
      startApi,
      stopApi,
      async page({ as = 'admin', path = '/', dark = false, phone = false }: PageOptions = {}): Promise<Page> {
        const look = `${dark} ${phone}`;
        const context = contexts.get(look) ?? (await newContext(dark, phone));
        contexts.set(look, context);
        const page = await context.newPage();
        page.on('request', (request) => {
          if (!request.url().startsWith(url()) && !/^(?:data|blob):/.test(request.url()))
            complaints.push(`asked for ${request.url()}`);
        });
        page.on('pageerror', (error) => complaints.push(`threw ${error.message}`));
        page.on('console', (message) => {
          if (message.type() !== 'error') return;
          // What the browser itself says of an answer that is no success, or of none.
          if (/Failed to load resource|net::ERR_/.test(message.text())) return;
          complaints.push(`said ${message.text()}`);
        });
        if (as !== null) {
          const { headers, status } = await world.app.request('/api/v1/session', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ key: world.keys[as] }),
          });
          expect(status).toBe(201);
          const [cookie = ''] = (headers.get('set-cookie') ?? '').split(';');
          const [name = '', value = ''] = cookie.split('=');
          await context.addCookies([{ name, value, url: url(), httpOnly: true, sameSite: 'Strict' }]);
        }
        await page.goto(path);
        return page;
      },
    }),
  });
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What is tested is what is in the sources now, whatever somebody built before. The first file of a run builds, the others wait for it.
 * @returns the folder, which goes with the run
 */
export async function buildUi(): Promise<string> {
  const outDir = join(tmpdir(), 'built-ui');
  const done = join(outDir, 'done');
  try {
    await mkdir(outDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await eventually(() => existsSync(done), 4 * PATIENCE_MS);
    return join(outDir, 'ui');
  }
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const options = ['--outDir', join(outDir, 'ui'), '--minify', 'false', '--logLevel', 'error'];
  await promisify(execFile)(process.execPath, [vite, 'build', ...options], { cwd: ROOT });
  await writeFile(done, '');
  return join(outDir, 'ui');
}

/** Keeps a picture of the window. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}

/** Reads the rules of axe once; the policy of our pages would not let a script tag of it in. */
const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @returns what a page has that keeps people out, as axe finds it: serious and worse */
export async function hindrances(page: Page): Promise<string[]> {
  await page.evaluate(await axe);
  const found = await page.evaluate(async () => {
    const { axe: rules } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    const { violations } = await rules.run({
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    });
    return violations.map(({ id, impact, nodes }) => ({
      impact,
      text: `${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`,
    }));
  });
  return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ text }) => text);
}

interface AxeResults {
  violations: { id: string; impact: string | null; nodes: { target: string[] }[] }[];
}

/** Some of everything: what is safe, fails, waits, is about to go, and what happened before. */
export async function furnish(world: World): Promise<void> {
  const { store } = world;
  const { accountId } = store.account;
  const hours = (count: number) => new Date(Date.now() - count * 3_600_000).toISOString();
  const fresh = { last_synced_at: hours(2), last_checked_at: hours(1) };
  const rows: [string, string, string, Record<string, unknown>, string][] = [
    ['1', 'torvalds/linux', 'completed', fresh, 'C'],
    ['2', 'denoland/deno', 'completed', fresh, 'Rust'],
    ['3', 'sqlite/sqlite', 'completed', { ...fresh, last_checked_at: hours(60) }, 'C'],
    [
      '4',
      'ada/engine',
      'permanent_failure',
      {
        ...fresh,
        last_error_kind: 'TargetForbidden',
        last_error_message: 'OneDev: 403 Forbidden, POST /~api/projects',
        retry_count: 3,
      },
      'Python',
    ],
    [
      '5',
      'grace/compiler',
      'failed',
      {
        ...fresh,
        last_error_kind: 'SourceUnreachable',
        last_error_message: 'connect ETIMEDOUT',
        retry_count: 2,
        next_attempt_at: hours(-1),
      },
      'C++',
    ],
    ['6', 'linus/rewritten', 'held', fresh, 'Go'],
    ['7', 'old/unstarred', 'pending_deletion', { ...fresh, delete_at: hours(-72) }, 'PHP'],
    ['8', 'quiet/paused', 'paused', { ...fresh, paused: true }, 'Zig'],
  ];
  for (const [id, fullName, status, row, language] of rows) {
    await world.addMirror(id, fullName, {
      facts: { language, sizeKb: Number(id) * 40_000, stars: Number(id) * 1_234, description: `About ${fullName}` },
      row: { ...row, status },
      starred: id !== '7',
    });
  }
  await store.db.query(`update mirrors set project_id = repo_id, project_path = 'github/' || full_name`);
  for (let day = 0; day < 20; day += 1) {
    await store.db.query(
      `insert into syncs (mirror_id, account_id, trigger, workflow_id, run_id, attempt, correlation_id, started_at, finished_at, outcome, bytes, phases, refs, error_kind, error_message)
       values ($1, $2, 'webhook', 'mirror-github-4', $3, 1, $4, now() - $5::interval - interval '1 minute', now() - $5::interval, $6, $7, $8, $9, $10, $11)`,
      [
        day % 5 === 4 ? 'github-4' : `github-${1 + (day % 3)}`,
        accountId,
        `run-${day}`,
        `delivery-${day}`,
        `${day} days`,
        day % 5 === 4 ? 'failed' : 'completed',
        day * 3_000_000,
        JSON.stringify([
          { name: 'listing', durationMs: 120 },
          { name: 'fetching', durationMs: 4_200 },
        ]),
        JSON.stringify({ source: 12, created: 2, updated: 1, forced: 0, deleted: 0, archived: 0, declined: 0 }),
        day % 5 === 4 ? 'TargetForbidden' : null,
        day % 5 === 4 ? 'OneDev: 403 Forbidden, POST /~api/projects' : null,
      ],
    );
  }
  await store.record.write(accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof: 'GitHub says it is not starred, twice',
    dueAt: hours(-72),
    mirrorId: 'github-7',
    correlationId: 'c',
    workflowId: 'w',
    runId: 'r',
  });
}

/** Something in each of the other lists, and something that waits for a person and something that runs. */
export async function furnishLists({ store, addMirror }: World): Promise<void> {
  const { accountId } = store.account;
  const { db } = store;
  await db.query('alter sequence batches_batch_id_seq restart');
  await addMirror('9', 'ken/streaming', { row: { status: 'in_progress' } });
  await addMirror('10', 'gone/before', { row: { status: 'deleted' }, starred: false });
  const about = { mirrorId: 'github-10', correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
  await store.record.write(accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof: 'GitHub says it is not starred, twice',
    dueAt: null,
    ...about,
  });
  const [open] = await db.query(`select deletion_id from deletions where mirror_id = 'github-10'`);
  await store.record.write(accountId, {
    kind: 'deletion_ended',
    deletionId: String(open?.['deletion_id']),
    state: 'refused',
    by: 'starkeep',
    reason: 'The project on OneDev does not carry our mark, so it is not ours to delete.',
    keep: false,
    ...about,
  });

  await db.query(`update mirrors set status = 'deleted' where mirror_id = 'github-10'`);

  const reading = await store.readings.begin(accountId, 'reading-1', 'sweep');
  await store.readings.end(reading.readingId, {
    tally: { pages: 1, seen: 1, total: 1, flaws: [] },
    signalled: 0,
    absent: 7,
    incompleteWhy: null,
    conclusion: { kind: 'hold', reason: '7 of 8 stars are missing at once, and 1 may be' },
  });

  const batch = await store.batches.create(accountId, {
    selection: { kind: 'failed' },
    by: 'admin key',
    correlationId: 'batch-1',
  });
  await store.batches.plan(batch.batch.batchId, null);
  await db.query(
    `update batch_items set state = 'failed', note = 'GitHub did not answer', ended_at = now() where mirror_id = 'github-5'`,
  );

  const payload = { kind: 'changed', repoId: '1', fullName: 'torvalds/linux', trigger: 'webhook', correlationId: 'c' };
  await db.query(
    `insert into deliveries (guid, body_sha256, event, repo_id, full_name, correlation_id, payload, outcome, ignored_reason, dispatched_at, workflow_id)
     values ('guid-push', 'digest', 'push', '1', 'torvalds/linux', 'c', $1, 'accepted', null, now(), 'mirror-github-1'),
            ('guid-star', 'digest', 'star', '2', 'denoland/deno', 'c', null, 'ignored', 'somebody else starred it', null, null)`,
    [payload],
  );

  const ofEngine = { kind: 'mirror_failed', subject: 'github-4', fullName: 'ada/engine' } as const;
  await store.alerts.raise(accountId, {
    ...ofEngine,
    summary: 'ada/engine is not mirrored: the OneDev token may not do this',
    advice: 'Give the token the right to create child projects below the parent project.',
    command: 'starkeep show ada/engine',
  });
  await store.alerts.raise(accountId, {
    kind: 'token_expiring',
    subject: '',
    fullName: null,
    summary: 'The token ends in 3 days',
    advice: 'Make a new one at GitHub, and give it to Starkeep before that.',
    command: 'starkeep doctor',
  });
  await store.audit.append({ actor: 'ann', action: 'test.looked', subject: null, details: { at: 'everything' } });
}
