import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../src/local/embedded-postgres.ts';
import { eventually } from './eventually.ts';

/** A Postgres of a test's own, with a streaming standby. */
export interface Cluster {
  readonly primaryUrl: string;
  /** Stays the same however often it is started. */
  readonly standbyUrl: string;
  /** Asks a server as its superuser. */
  ask(url: string, text: string): Promise<Record<string, unknown>[]>;
  /** From now on the standby takes what is written and shows nothing of it. */
  pause(): Promise<void>;
  /** @returns when it shows all that the primary has */
  resume(): Promise<void>;
  stopStandby(): Promise<void>;
  startStandby(): Promise<void>;
  /** Ends both. */
  stop(): Promise<void>;
}

/** What a test may lose when the machine goes down is the test; what was written stays there for a standby that was away. */
const SETTINGS = { fsync: 'off', wal_keep_size: '256MB' };

const silent = () => undefined;

export async function startCluster(): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'pg-cluster-'));
  await chmod(folder, 0o755);
  const [here, there] = [join(folder, 'primary'), join(folder, 'standby')];
  const primary = await startPostgres({ dataDir: here, port: 0, settings: SETTINGS, say: silent, onExit: silent });
  try {
    await copyRunning(primary.url, join(here, 'postgres'), join(there, 'postgres'));
  } catch (error) {
    await primary.stop();
    throw error;
  }
  const { hostname, port, username, password } = new URL(primary.url);
  const settings = {
    ...SETTINGS,
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
  };
  let standby: PostgresServer | null = null;
  let standbyUrl = '';
  const startStandby = async () => {
    const known = standbyUrl === '' ? { port: 0 } : { port: Number(new URL(standbyUrl).port), mustBeThere: true };
    standby = await startPostgres({ dataDir: there, ...known, settings, say: silent, onExit: silent });
    standbyUrl = standby.url;
  };
  const stopStandby = async () => void (await standby?.stop());
  try {
    await startStandby();
  } catch (error) {
    await primary.stop();
    throw error;
  }
  const isLevel = async () => {
    const [row] = await ask(primary.url, 'select pg_current_wal_insert_lsn()::text as position');
    const [found] = await ask(
      standbyUrl,
      `select coalesce(pg_last_wal_replay_lsn() >= '${String(row?.['position'])}', false) as there`,
    );
    return found?.['there'] === true;
  };
  return {
    primaryUrl: primary.url,
    standbyUrl,
    ask,
    async pause() {
      await ask(standbyUrl, 'select pg_wal_replay_pause()');
      await eventually(async () => {
        const [row] = await ask(standbyUrl, 'select pg_get_wal_replay_pause_state() as state');
        return row?.['state'] === 'paused';
      });
    },
    async resume() {
      await ask(standbyUrl, 'select pg_wal_replay_resume()');
      await eventually(isLevel);
    },
    stopStandby,
    async startStandby() {
      await startStandby();
      await eventually(isLevel);
    },
    async stop() {
      await stopStandby();
      await primary.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As pg_basebackup does it, which the embedded Postgres does not bring. @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP */
async function copyRunning(url: string, from: string, to: string): Promise<void> {
  const { uid, gid } = await stat(join(from, 'data'));
  const owned = async (path: string) => {
    await chmod(path, 0o600);
    await chown(path, uid, gid);
  };
  await mkdir(to, { recursive: true });
  await chmod(to, 0o700);
  await chown(to, uid, gid);
  // The backup is over when its session is.
  const session = new pg.Client({ connectionString: url });
  await session.connect();
  try {
    await session.query(`select pg_backup_start('standby', true)`);
    await promisify(execFile)('cp', ['-a', join(from, 'data'), join(from, 'password'), to]);
    const { rows } = await session.query<{ label: string }>('select labelfile as label from pg_backup_stop(false)');
    await rm(join(to, 'data/postmaster.pid'), { force: true });
    for (const [name, content] of [
      ['backup_label', rows[0]?.label ?? ''],
      ['standby.signal', ''],
    ] as const) {
      await writeFile(join(to, 'data', name), content);
      await owned(join(to, 'data', name));
    }
  } finally {
    await session.end();
  }
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
