import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { startTemporal } from '../src/local/embedded-temporal.ts';
import { findTemporalBinary } from '../src/local/temporal-binary.ts';

/** What benchmarks of whole processes stand on: a real Postgres and Temporal of their own, and Starkeep's processes beside them. */

const STARKEEP = fileURLToPath(new URL('../bin/starkeep.js', import.meta.url));
const CACHE = fileURLToPath(new URL('../.cache', import.meta.url));
const READY_WITHIN_MS = 60_000;

export interface Servers {
  /** A folder of this benchmark's own, removed at the end. */
  dir: string;
  databaseUrl: string;
  temporalAddress: string;
  stop(): Promise<void>;
}

export const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function startServers(): Promise<Servers> {
  const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
  await chmod(dir, 0o755);
  const server = { dataDir: dir, port: 0, say, onExit: say };
  const { path: binary } = await findTemporalBinary({ kind: 'cli', cacheDir: CACHE, say });
  const temporal = await startTemporal({ ...server, binary, headless: true, inMemory: true });
  const postgres = await startPostgres(server);
  await migrate(postgres.url);
  return {
    dir,
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    async stop() {
      await temporal.stop();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface Running {
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts `starkeep api` or `worker` with these settings and no others, and waits for the line of its log that says it is ready.
 * @throws Error with its last lines when it ends before that
 */
export async function startStarkeep(
  role: 'api' | 'worker',
  servers: Servers,
  settings: Record<string, string>,
): Promise<Running> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [STARKEEP, role], {
    env: {
      PATH,
      HOME,
      DATABASE_URL: servers.databaseUrl,
      TEMPORAL_ADDRESS: servers.temporalAddress,
      STARKEEP_DATA_DIR: join(servers.dir, `data-${role}`),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await ready(child, role === 'api' ? '"msg":"api listens"' : '"msg":"worker runs"', role);
  const ended = once(child, 'exit');
  return {
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function ready(child: ChildProcess, word: string, role: string): Promise<void> {
  const last: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`starkeep ${role} was not ready in time:\n${last.join('\n')}`));
    }, READY_WITHIN_MS);
    child.once('exit', (code) => reject(new Error(`starkeep ${role} ended with ${code}:\n${last.join('\n')}`)));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      // Read to the end, so that the process never waits for its reader.
      createInterface({ input: stream }).on('line', (line) => {
        last.push(line);
        if (last.length > 20) last.shift();
        if (!line.includes(word)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

/** The value below which so many per cent are. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

export const median = (values: number[]): number => percentile(values, 50);
