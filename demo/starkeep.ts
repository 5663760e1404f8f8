import { join } from 'node:path';
import { createDatabase, type Database } from '../src/adapters/postgres/database.ts';
import { openTemporal, type TemporalConnection } from '../src/adapters/temporal.ts';
import { loadConfig } from '../src/config.ts';
import { freePort } from '../src/free-port.ts';
import { startUp, type Installation, type UpOptions } from '../src/local/up.ts';

/** A Starkeep as `starkeep up` runs it, which knows of its GitHub and its OneDev only by its settings. The fault campaign runs the same one. */
export interface Starkeep {
  installation: Installation;
  db: Database;
  temporal: TemporalConnection;
  /** What its commands need to find it: settings, and the database of `up`. */
  settings: Record<string, string | undefined>;
  stop(): Promise<void>;
}

export const WEBHOOK_SECRET = 'a secret only the demo knows';

/** Of the demo's API; there is nothing to protect. */
export const ADMIN_KEY = 'the-key-of-the-demo';

export interface StarkeepOptions {
  /** Everything temporary goes here. */
  dir: string;
  github: { url: string; apiUrl: string; token: string };
  onedev: { url: string; token: string };
  temporalBinary: string;
  say: (line: string) => void;
  onLogLine: (line: string) => void;
  /** What the product inherits: a PATH and a HOME, never the person's own settings; and settings that differ from the demo's. */
  environment: Record<string, string | undefined>;
  ports?: UpOptions['ports'];
}

export async function startStarkeep(options: StarkeepOptions): Promise<Starkeep> {
  const { dir, github, onedev, say } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  const environment = {
    ...options.environment,
    GITHUB_TOKEN: github.token,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_URL: github.url,
    GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ONEDEV_URL: onedev.url,
    ONEDEV_TOKEN: onedev.token,
    TEMPORAL_CLI: options.temporalBinary,
    STARKEEP_DATA_DIR: join(dir, 'starkeep'),
    STARKEEP_PORT: options.environment['STARKEEP_PORT'] ?? String(await freePort(8000)),
    STARKEEP_ADMIN_KEY: ADMIN_KEY,
  };
  try {
    const installation = await startUp({
      config: loadConfig(environment, 'up'),
      environment,
      say,
      onLogLine: options.onLogLine,
      ...(options.ports ? { ports: options.ports } : {}),
    });
    closing.push(() => installation.stop());
    const db = createDatabase({
      url: installation.databaseUrl,
      applicationName: 'starkeep demo',
      onError: (error) => say(error.message),
    });
    closing.push(() => db.close());
    const address = installation.temporalAddress;
    const temporal = openTemporal({ environment: {}, address, namespace: 'default' });
    closing.push(() => temporal.close());
    const settings = { ...environment, DATABASE_URL: installation.databaseUrl, TEMPORAL_ADDRESS: address };
    return { installation, db, temporal, settings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
