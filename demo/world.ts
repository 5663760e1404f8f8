import { join } from 'node:path';
import type { Database } from '../src/adapters/postgres/database.ts';
import type { TemporalConnection } from '../src/adapters/temporal.ts';
import { findTemporalBinary } from '../src/local/temporal-binary.ts';
import type { Installation } from '../src/local/up.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../test/standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../test/standins/onedev.ts';
import type { DemoRepository } from './repositories.ts';
import { startStarkeep, WEBHOOK_SECRET } from './starkeep.ts';

/** The demo's world: stand-ins for GitHub and OneDev, and a Starkeep that knows of them only by its settings. */
export interface World {
  github: GithubStandin;
  onedev: OnedevStandin;
  starkeep: Installation;
  db: Database;
  temporal: TemporalConnection;
  /** The `temporal` command the tour shows. */
  temporalCli: string;
  /** The stand-in's side of a repository. */
  upstream(fullName: string): StandinRepository;
  /** Delivers a webhook as GitHub would. */
  deliver(event: string, payload: object): Promise<void>;
  stop(): Promise<void>;
}

const LOGIN = 'you';

export interface WorldOptions {
  /** Everything temporary goes here. */
  dir: string;
  /** Binaries that are kept between demos. */
  cacheDir: string;
  repositories: DemoRepository[];
  say: (line: string) => void;
  onLogLine: (line: string) => void;
  /** What the product inherits: a PATH and a HOME, never the person's own settings. */
  environment: Record<string, string | undefined>;
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { dir, say } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const temporalBinary = await findTemporalBinary({ kind: 'cli', cacheDir: options.cacheDir, say });
    const github = await createGithubStandin({ login: LOGIN });
    closing.push(() => github.close());
    const onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev') });
    closing.push(() => onedev.close());
    for (const { fullName, about, repo } of options.repositories) {
      github.star(github.addRepository({ fullName, gitDir: repo.dir, description: about }));
    }

    const running = await startStarkeep({ ...options, github, onedev, temporalBinary: temporalBinary.path });
    closing.push(() => running.stop());
    const { installation: starkeep, db, temporal } = running;

    return {
      github,
      onedev,
      starkeep,
      db,
      temporal,
      temporalCli: temporalBinary.path,
      upstream: (fullName) => {
        const found = github.repositories.find((repository) => repository.fullName === fullName);
        if (!found) throw new Error(`the demo has no repository ${fullName}`);
        return found;
      },
      deliver: async (event, payload) => {
        const answer = await github.deliver(`${starkeep.apiUrl}/webhooks/github`, event, payload, {
          secret: WEBHOOK_SECRET,
        });
        say(`    POST /webhooks/github (${event}) → ${answer.status} ${answer.text}`);
        if (answer.status !== 202) throw new Error(`the webhook was answered with ${answer.status}`);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
