import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { startPostgres } from '../../src/local/embedded-postgres.ts';
import { startTemporal } from '../../src/local/embedded-temporal.ts';
import { findTemporalBinary } from '../../src/local/temporal-binary.ts';
import { findChromium, installChromium } from '../../scripts/chromium.ts';
import { endLeftovers } from './leftovers.ts';
import { TEMPLATE } from './postgres.ts';

/**
 * One Postgres and one Temporal dev server for the whole run, found and started the way `starkeep up` does it; a test that needs one and has
 * none fails, it never skips. Everything temporary is under one folder, which is how processes left over at the end are recognised.
 */

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's address of the run's Postgres. */
    postgresUrl: string;
    /** `127.0.0.1:PORT` of the run's Temporal dev server. */
    temporalAddress: string;
    temporalCli: string;
    temporalTestServer: string;
    /** Kept between runs; git ignores it. */
    cacheDir: string;
  }
}

/** What a test run may lose when the machine goes down is the run itself. */
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

type Stop = () => Promise<void>;

export default async function setup(project: TestProject): Promise<Stop> {
  const cacheDir = resolve(import.meta.dirname, '../../.cache');
  const folder = await temporaryFolder();
  const stops: Stop[] = [];
  const teardown = async () => {
    const ended = await Promise.allSettled(stops.map((stop) => stop()));
    const leftovers = await endLeftovers(folder);
    await rm(folder, { recursive: true, force: true });
    const failures = ended.filter((outcome) => outcome.status === 'rejected').map((outcome) => String(outcome.reason));
    const complaints = [...failures, ...leftovers.map((process) => `left running by a test: ${process}`)];
    if (complaints.length === 0) return;
    // An error thrown here is printed, but does not fail the run by itself.
    process.exitCode = 1;
    throw new Error(complaints.join('\n'));
  };

  try {
    await Promise.all([providePostgres(project, folder, stops), provideTemporal(project, cacheDir, folder, stops)]);
    project.provide('cacheDir', cacheDir);
    ensureChromium();
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

/** Workers are started later and inherit `TMPDIR`, and so does whatever they start. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'starkeep-test-'));
  await chmod(folder, 0o755);
  process.env['TMPDIR'] = folder;
  return folder;
}

async function providePostgres(project: TestProject, folder: string, stops: Stop[]): Promise<void> {
  const postgres = await startPostgres({ dataDir: folder, port: 0, settings: CARELESS, say, onExit: say });
  stops.push(() => postgres.stop());
  project.provide('postgresUrl', postgres.url);

  const template = new URL(postgres.url);
  template.pathname = `/${TEMPLATE}`;
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await migrate(template.href);
  await client.query(`ALTER DATABASE ${TEMPLATE} WITH ALLOW_CONNECTIONS false`);
  await client.end();
}

async function provideTemporal(project: TestProject, cacheDir: string, folder: string, stops: Stop[]): Promise<void> {
  const cli = await findTemporalBinary({ kind: 'cli', cacheDir, say });
  const testServer = await findTemporalBinary({ kind: 'test-server', cacheDir, say });
  project.provide('temporalCli', cli.path);
  project.provide('temporalTestServer', testServer.path);

  const options = { binary: cli.path, dataDir: folder, port: 0, headless: true, inMemory: true };
  const temporal = await startTemporal({ ...options, say, onExit: say });
  stops.push(() => temporal.stop());
  project.provide('temporalAddress', temporal.address);
}

/** The tests of the web UI say themselves what they lack; the others need none. */
function ensureChromium(): void {
  if (findChromium() !== null) return;
  say('Chromium: installing that of the system by apt-get …');
  try {
    installChromium({ quietly: true });
  } catch (error) {
    say(`Chromium: ${(error as Error).message}`);
  }
}

function say(line: string): void {
  process.stdout.write(`[test servers] ${line}\n`);
}
