import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, inject } from 'vitest';
import { compare } from '../../demo/compare.ts';
import { readMirrors } from '../../demo/mirrors.ts';
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { createRepo, type Repo, type RepoOptions } from '../support/repo.ts';
import { devServerEnvironment, type TestTemporal } from '../support/temporal.ts';

/** Api and worker processes as an operator of several machines has them: on one Postgres and one Temporal, with stand-ins for GitHub and OneDev. */
export interface Fleet {
  readonly github: GithubStandin;
  readonly onedev: OnedevStandin;
  readonly db: Database;
  readonly temporal: TestTemporal;
  /** What every process is started with; `changes` win. */
  environment(changes?: Record<string, string>): Record<string, string>;
  /** A repository that exists at GitHub, and is starred. */
  star(fullName: string, shape?: RepoOptions): Promise<Starred>;
  /** Starts `starkeep ROLE`. Whoever needs it ready waits for that. */
  start(role: 'api' | 'worker' | 'migrate', changes?: Record<string, string>): FleetProcess;
  /** Ends whatever still runs. */
  killAll(): Promise<void>;
  /**
   * Waits until every delivery was passed on, every mirror is `completed`, and both sides have the same refs by `git ls-remote`.
   * @throws Error with a sentence for each that is not so in time
   */
  comesToRest(withinMs: number): Promise<void>;
}

export interface Starred {
  repo: Repo;
  upstream: StandinRepository;
}

export interface LogLine {
  msg: string;
  time: string;
  [field: string]: unknown;
}

export interface FleetProcess {
  child: ChildProcess;
  /** What it logged so far. */
  lines(): LogLine[];
  stdout(): string;
  stderr(): string;
  said(msg: string): boolean;
  /** Resolves when it serves, or works, with its address if it has one. @throws Error when it ended before */
  ready(): Promise<string>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM. @returns its exit code, and how long it took */
  stop(): Promise<{ code: number | null; ms: number }>;
  kill(): Promise<void>;
}

export const WEBHOOK_SECRET = 'a secret of the fleet';
export const FLEET_KEY = 'an-admin-key-of-the-fleet';

const STARKEEP = resolve(import.meta.dirname, '../../bin/starkeep.js');

/** On a machine that has much else to do. */
const READY_WITHIN_MS = 300_000;

const READY = { api: 'api listens', worker: 'worker runs', migrate: '' } as const;

const COMPARED_AT_ONCE = 4;
const LOOK_EVERY_MS = 500;

/** @param content `empty`: nobody has migrated yet */
export function withFleet(content: 'migrated' | 'empty' = 'migrated'): Fleet {
  const database = withDatabase(content);
  const temporal = devServerEnvironment();
  const processes = new Set<FleetProcess>();
  let dir = '';
  let made: { github: GithubStandin; onedev: OnedevStandin; db: Database } | null = null;
  let starts = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fleet-'));
    await chmod(dir, 0o755);
    made = {
      github: await createGithubStandin(),
      onedev: await createOnedevStandin({ dataDir: join(dir, 'onedev') }),
      db: createDatabase({ url: database.url, maxConnections: 2, onError: () => undefined }),
    };
  });

  const killAll = async () => void (await Promise.all([...processes].map((one) => one.kill())));

  afterAll(async () => {
    await killAll();
    await made?.db.close();
    await Promise.all([made?.github.close(), made?.onedev.close()]);
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }, 60_000);

  const there = () => {
    if (made === null) throw new Error('the fleet is made in beforeAll: use it inside a test or a hook');
    return made;
  };

  const environment = (changes: Record<string, string> = {}): Record<string, string> => {
    const { github, onedev } = there();
    const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
    return {
      ...{ PATH, HOME, TMPDIR },
      GITHUB_TOKEN: github.token,
      GITHUB_API_URL: github.apiUrl,
      GITHUB_URL: github.url,
      GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
      ONEDEV_URL: onedev.url,
      ONEDEV_TOKEN: onedev.token,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: temporal.namespace,
      STARKEEP_ADMIN_KEY: FLEET_KEY,
      STARKEEP_PORT: '0',
      // Each on a machine of its own.
      STARKEEP_DATA_DIR: join(dir, `data-${(starts += 1)}`),
      ...changes,
    };
  };

  return {
    get github() {
      return there().github;
    },
    get onedev() {
      return there().onedev;
    },
    get db() {
      return there().db;
    },
    temporal,
    environment,

    async star(fullName, shape = {}) {
      const { github } = there();
      const repo = await createRepo(join(dir, 'upstream', `${fullName}.git`), { commits: 2, seed: fullName, ...shape });
      const upstream = github.addRepository({ fullName, gitDir: repo.dir });
      github.star(upstream);
      return { repo, upstream };
    },

    start(role, changes) {
      const started = startProcess(role, environment(changes));
      processes.add(started);
      void started.ended.then(() => processes.delete(started));
      return started;
    },

    killAll,

    async comesToRest(withinMs) {
      let left: string[] = [];
      const isAtRest = async () => {
        left = await unsettled(there());
        // Git is asked only about what should be equal: it is dear.
        if (left.length === 0) left = await differences(there());
        return left.length === 0;
      };
      await eventually(isAtRest, withinMs, LOOK_EVERY_MS).catch((error: unknown) => {
        throw new Error(left.join('\n'), { cause: error });
      });
    },
  };
}

interface Sides {
  github: GithubStandin;
  onedev: OnedevStandin;
  db: Database;
}

async function unsettled({ db, github }: Sides): Promise<string[]> {
  const waiting = await db.query(`select guid from deliveries where outcome = 'accepted' and dispatched_at is null`);
  const rows = new Map((await readMirrors({ db })).map(({ fullName, status }) => [fullName, status]));
  return [
    ...waiting.map(({ guid }) => `the delivery ${String(guid)} waits in the inbox`),
    ...github.repositories
      .filter(({ fullName }) => rows.get(fullName) !== 'completed')
      .map(({ fullName }) => `${fullName} is ${rows.get(fullName) ?? 'not in the record'}`),
  ];
}

async function differences({ db, github, onedev }: Sides): Promise<string[]> {
  const rows = await readMirrors({ db });
  const limit = pLimit(COMPARED_AT_ONCE);
  const compared = rows.map(({ fullName, projectPath, declined }) =>
    limit(async () => {
      const source = { url: `${github.url}/${fullName}.git`, token: github.token };
      const target = { url: `${onedev.url}/${projectPath}.git`, token: onedev.token };
      const { equal, different } = await compare(source, target, declined);
      return equal ? [] : [`${fullName} differs: ${different.slice(0, 3).join(', ')}`];
    }),
  );
  return (await Promise.all(compared)).flat();
}

function startProcess(role: 'api' | 'worker' | 'migrate', env: Record<string, string>): FleetProcess {
  const child = spawn(process.execPath, [STARKEEP, role], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const lines = () => texts.stdout.split('\n').flatMap((line) => parsed(line));
  const readyLine = () => lines().find(({ msg }) => msg === READY[role]);
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    lines,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    said: (wanted) => lines().some(({ msg }) => msg === wanted),
    ended,
    async ready() {
      await eventually(() => readyLine() !== undefined || isOver(), READY_WITHIN_MS, 100);
      const line = readyLine();
      if (line === undefined) throw new Error(`the ${role} ended: ${texts.stderr || texts.stdout.slice(-2_000)}`);
      return String(line['url'] ?? '');
    },
    async stop() {
      const began = performance.now();
      child.kill('SIGTERM');
      const { code } = await ended;
      return { code, ms: performance.now() - began };
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A line that is still being written is none yet. */
function parsed(line: string): LogLine[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as LogLine];
  } catch {
    return [];
  }
}
