import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startUp, type Installation } from '../../src/local/up.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { createRepo } from './repo.ts';
import { quietPort } from './quiet-port.ts';

/** A `starkeep up` that nobody has told of its GitHub and OneDev, which are there. */
export interface Unconfigured {
  readonly github: GithubStandin;
  readonly onedev: OnedevStandin;
  readonly starkeep: Installation;
  /** What it, and its commands, are started with. */
  readonly environment: Record<string, string>;
  /** What it said to the person who started it. */
  readonly said: string[];
  readonly logged: string[];
}

export const ADMIN_KEY = 'the-key-of-the-first-run';
export const GITHUB_TOKEN = 'token-of-github';

export function withUnconfigured(): Unconfigured {
  const said: string[] = [];
  const logged: string[] = [];
  let dir = '';
  let github: GithubStandin | undefined;
  let onedev: OnedevStandin | undefined;
  let starkeep: Installation | undefined;
  let environment: Record<string, string> = {};

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'first-run-'));
    // As root the embedded Postgres runs under another account, which has to be able to reach its files.
    await chmod(dir, 0o755);
    github = await createGithubStandin({ token: GITHUB_TOKEN });
    onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
    const repo = await createRepo(join(dir, 'upstream', 'engine.git'), { commits: 2, tags: 1, seed: 'engine' });
    for (const fullName of ['ada/engine', 'ada/notes']) {
      github.star(github.addRepository({ fullName, gitDir: repo.dir }));
    }
    environment = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      TMPDIR: tmpdir(),
      TEMPORAL_CLI: inject('temporalCli'),
      STARKEEP_DATA_DIR: join(dir, 'starkeep'),
      STARKEEP_PORT: String(await quietPort()),
      STARKEEP_ADMIN_KEY: ADMIN_KEY,
    };
    const ports = { postgres: await quietPort(), temporal: await quietPort(), temporalUi: await quietPort() };
    starkeep = await startUp({
      ...{ config: loadConfig(environment, 'up'), environment, ports },
      say: (sentence) => said.push(sentence),
      onLogLine: (line) => logged.push(line),
    });
  }, 120_000);

  afterAll(async () => {
    await starkeep?.stop();
    await Promise.all([github?.close(), onedev?.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('it is started in beforeAll');
    return part;
  };
  return {
    said,
    logged,
    get environment() {
      return environment;
    },
    get github() {
      return there(github);
    },
    get onedev() {
      return there(onedev);
    },
    get starkeep() {
      return there(starkeep);
    },
  };
}
