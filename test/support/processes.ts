import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import type { ReadyMessage } from '../../src/parent.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { withDatabase } from './postgres.ts';
import { createRepo } from './repo.ts';
import { devServerEnvironment, type TestTemporal } from './temporal.ts';

/** An api and a worker of ours as processes of their own, as they run anywhere: on the run's Postgres and Temporal, against the stand-ins. */
export interface Processes {
  readonly github: GithubStandin;
  readonly onedev: OnedevStandin;
  readonly temporal: TestTemporal;
  readonly api: RunningProcess;
  readonly worker: RunningProcess;
}

export interface RunningProcess {
  child: ChildProcess;
  /** Where it answers. */
  url: string;
  /** Every line it logged, parsed. */
  logged: Record<string, unknown>[];
  /** @returns the exit code */
  ended: Promise<number | null>;
}

const CLI = resolve(import.meta.dirname, '../../bin/starkeep.js');

/** One star, `ada/engine`, is there from the start. */
export function withProcesses(settings: Record<string, string> = {}): Processes {
  const database = withDatabase();
  const temporal = devServerEnvironment();
  const running: RunningProcess[] = [];
  let dir = '';
  let github: GithubStandin | undefined;
  let onedev: OnedevStandin | undefined;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'processes-'));
    github = await createGithubStandin();
    onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
    const repo = await createRepo(join(dir, 'upstream', 'engine.git'), { commits: 2, tags: 1, seed: 'engine' });
    github.star(github.addRepository({ fullName: 'ada/engine', gitDir: repo.dir }));
    const environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      TMPDIR: tmpdir(),
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: temporal.namespace,
      GITHUB_TOKEN: github.token,
      GITHUB_API_URL: github.apiUrl,
      GITHUB_URL: github.url,
      GITHUB_WEBHOOK_SECRET: 'of-these-processes',
      ONEDEV_URL: onedev.url,
      ONEDEV_TOKEN: onedev.token,
      STARKEEP_ADMIN_KEY: 'the-key-of-these-processes',
      STARKEEP_DATA_DIR: dir,
      STARKEEP_PORT: '0',
      STARKEEP_WORKER_PORT: '0',
      ...settings,
    };
    running.push(...(await Promise.all([begin('api', environment), begin('worker', environment)])));
  }, 180_000);

  afterAll(async () => {
    for (const { child } of running) child.kill('SIGTERM');
    await Promise.all(running.map(({ ended }) => ended));
    await Promise.all([github?.close(), onedev?.close()]);
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('it is started in beforeAll');
    return part;
  };
  return {
    temporal,
    get github() {
      return there(github);
    },
    get onedev() {
      return there(onedev);
    },
    get api() {
      return there(running[0]);
    },
    get worker() {
      return there(running[1]);
    },
  };
}

/** @returns once it says that it is ready. @throws Error when it ended before that */
async function begin(role: 'api' | 'worker', env: Record<string, string>): Promise<RunningProcess> {
  const child = fork(CLI, [role], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const logged: Record<string, unknown>[] = [];
  let rest = '';
  let complaint = '';
  child.stderr?.on('data', (chunk) => (complaint += String(chunk)));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    logged.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const tooEarly = ended.then((code) => {
    throw new Error(`${role} ended with ${code}: ${complaint}${JSON.stringify(logged.slice(-5))}`);
  });
  tooEarly.catch(() => undefined);
  const ready = once(child, 'message').then(([message]) => (message as ReadyMessage).url);
  return { child, url: (await Promise.race([ready, tooEarly])) ?? '', logged, ended };
}
