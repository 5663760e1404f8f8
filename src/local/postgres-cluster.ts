import { randomBytes } from 'node:crypto';
import { access, chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, toFailure } from '../domain/failures.ts';
import { serverEnvironment } from './environment.ts';
import type { PostgresAccount } from './postgres-account.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { processCommand } from './process-identity.ts';
import { runBriefly } from './run-briefly.ts';

/** The files of the embedded Postgres: `data` (the cluster), `password` (0600), `server.log`. */

export const SUPERUSER = 'starkeep';

const INITDB_TIMEOUT_MS = 120_000;

/** The same order and encoding on every machine, whatever is installed there. */
const LOCALE = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

/** Makes the folder that everything is in; nobody but its owner may enter it. */
export async function ensureHome(home: string): Promise<void> {
  // The folder above keeps its usual rights: the account Postgres runs under has to get through it.
  await mkdir(dirname(home), { recursive: true });
  await mkdir(home, { recursive: true, mode: 0o700 });
}

/** @returns the password of the superuser, made at the first call */
export async function ensurePassword(home: string, { owner }: PostgresAccount): Promise<string> {
  const file = join(home, 'password');
  const kept = await readIfThere(file);
  if (kept !== null && kept.trim() !== '') return kept.trim();

  const password = randomBytes(24).toString('base64url');
  // If we die while writing, the next run finds a file without the whole password, but then no cluster either: both come anew.
  const handle = await open(file, 'w', 0o600);
  await handle.writeFile(`${password}\n`);
  await handle.sync();
  await handle.close();
  if (owner) await chown(file, owner.uid, owner.gid);
  return password;
}

/**
 * Makes the cluster unless there is one. If we die in here, `data.new` stays and the next run begins it again.
 * @throws Failure `DatabaseUnavailable` when the cluster is of another major version of Postgres
 */
export async function ensureCluster(
  home: string,
  binaries: PostgresBinaries,
  account: PostgresAccount,
  say: (line: string) => void,
): Promise<void> {
  const data = join(home, 'data');
  const has = await readIfThere(join(data, 'PG_VERSION'));
  if (has !== null) return requireVersion(home, has.trim(), await majorVersion(binaries));

  say('Postgres: making a new database cluster …');
  const unfinished = join(home, 'data.new');
  await rm(unfinished, { recursive: true, force: true });
  const files = [`--pgdata=${unfinished}`, `--pwfile=${join(home, 'password')}`];
  const login = [`--username=${SUPERUSER}`, '--auth=scram-sha-256'];
  const { command, args, ...ids } = account.command(binaries.initdb, [...files, ...login, ...LOCALE]);
  try {
    await runBriefly(command, args, { ...ids, env: serverEnvironment(), timeoutMs: INITDB_TIMEOUT_MS });
  } catch (error) {
    const message = `Postgres could not make a database cluster in ${home}: ${toFailure(error).message}`;
    throw new Failure('DatabaseUnavailable', message, { cause: error });
  }
  await rename(unfinished, data);
}

/**
 * Removes the lock file of a Postgres that was killed. Postgres does that too, but not when its old pid belongs to another process of the same
 * account by now, which is common in containers.
 * @throws Failure `DatabaseUnavailable` when a Postgres that nobody has claimed runs on this cluster
 */
export async function removeStaleLock(home: string): Promise<void> {
  const data = join(home, 'data');
  const lock = join(data, 'postmaster.pid');
  const pid = Number((await readIfThere(lock))?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;

  const command = await processCommand(pid);
  if (command?.includes(data)) {
    const message = `A Postgres that this Starkeep did not start runs on ${data} (process ${pid}).`;
    throw new Failure('DataFolderInUse', message);
  }
  await rm(lock, { force: true });
}

function requireVersion(home: string, has: string, needed: string): void {
  if (has === needed) return;
  const message = `The database in ${home} was made by Postgres ${has}, and this Starkeep brings Postgres ${needed}. Move it with pg_dump and psql, or go back to the Starkeep that made it.`;
  throw new Failure('DatabaseUnavailable', message);
}

async function majorVersion({ postgres }: PostgresBinaries): Promise<string> {
  return /\(PostgreSQL\) (\d+)/.exec(await runBriefly(postgres, ['--version']))?.[1] ?? '';
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns whether a cluster was ever made in this data folder */
export async function hasCluster(dataDir: string): Promise<boolean> {
  try {
    await access(join(dataDir, 'postgres', 'data'));
    return true;
  } catch {
    return false;
  }
}
