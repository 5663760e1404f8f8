import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, rename, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import { restoreBackup, writeBackup } from '../adapters/postgres/backup.ts';
import { createDatabase, type Database } from '../adapters/postgres/database.ts';
import { refuseOutdated } from '../adapters/postgres/migrate.ts';
import type { Config } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import { startPostgres } from '../local/embedded-postgres.ts';
import { hasCluster } from '../local/postgres-cluster.ts';
import { readRunFile } from '../local/run-file.ts';
import { VERSION } from '../version.ts';
import { Refusal, UsageError } from './refusal.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep backup` and `starkeep restore-backup`: the whole record in a file, and back into an empty database. */

export interface BackupOptions {
  /** Who asks. */
  by: string;
  json?: boolean;
}

/** @throws UsageError when the file is there already · Refusal when there is no record to save */
export async function backup(
  config: Config,
  file: string,
  { by, json = false }: BackupOptions,
  out: Output,
): Promise<void> {
  if (await exists(file)) throw new UsageError(`${file} is there already; name another file.`);
  await withRecord(config, { mustExist: true }, async (db) => {
    await refuseOutdated(db);
    // Before, so that the backup has it too.
    await createAuditStore(db).append({
      actor: by,
      action: 'backup.made',
      subject: null,
      details: { version: VERSION },
    });
    const { rows, tables } = await writeFile(file, (each) => writeBackup(db, VERSION, each));
    const { size } = await stat(file);
    if (json) return printJson(out, { file, rows, tables, bytes: size });
    const what = `${counted(rows, 'row')} of ${counted(tables, 'table')}`;
    out.print(`${file}: ${what}, ${Math.max(1, Math.round(size / 1000))} KB. Only its owner may read it; keep it so.`);
  });
}

/** @throws UsageError when there is no such file · Failure `BackupUnusable` · Refusal when the audit log in it is broken */
export async function restoreFrom(
  config: Config,
  file: string,
  { by, json = false }: BackupOptions,
  out: Output,
): Promise<void> {
  if (!(await exists(file))) throw new UsageError(`There is no file ${file}.`);
  const restored = await withRecord(config, { mustExist: false }, (db, url) =>
    readFile(file, (lines) => restoreBackup(db, url, lines, by)),
  );
  const { rows, madeAt, version, cancelled, audit } = restored;
  if (json) printJson(out, restored);
  else out.print(`Restored: ${counted(rows, 'row')}, as of ${time(new Date(madeAt))} (Starkeep ${version}).`);
  if (cancelled > 0 && !json) {
    out.print(
      `${counted(cancelled, 'deletion was', 'deletions were')} pending and called off; each needs a new proof.`,
    );
  }
  if (!audit.intact) {
    throw new Refusal(
      `The audit log in this backup is broken at entry ${audit.eventId}: ${audit.problem}. It was restored as it is; somebody changed the database before the backup was made, or the file.`,
    );
  }
  if (json) return;
  out.print(
    `The audit log in it is intact: ${counted(audit.events, 'entry', 'entries')}, the last with hash ${audit.head}`,
  );
  out.print(`Start it: ${typed('up')}. Every mirror is compared with GitHub and OneDev again; nothing is made twice.`);
}

/** The database of the settings, of the `starkeep up` that runs, or in the data folder of one that does not: that is started for as long. */
async function withRecord<T>(
  config: Config,
  { mustExist }: { mustExist: boolean },
  work: (db: Database, url: string) => Promise<T>,
): Promise<T> {
  const url = config.databaseUrl ?? (await readRunFile(config.dataDir))?.databaseUrl;
  if (url !== undefined) return withDatabaseAt(url, work);
  if (mustExist && !(await hasCluster(config.dataDir))) {
    throw new Refusal(
      `There is no record: DATABASE_URL is not set, and ${config.dataDir} is no data folder. If its settings are in a file, add: --settings FILE`,
    );
  }
  await mkdir(config.dataDir, { recursive: true });
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const server = await startPostgres({ dataDir: config.dataDir, say, onExit: say });
  try {
    return await withDatabaseAt(server.url, work);
  } finally {
    await server.stop();
  }
}

async function withDatabaseAt<T>(url: string, work: (db: Database, url: string) => Promise<T>): Promise<T> {
  const db = createDatabase({ url, applicationName: 'starkeep backup', maxConnections: 2 });
  try {
    return await work(db, url);
  } finally {
    await db.close();
  }
}

/** If we die here, `FILE.partial` is left, and the next run writes it anew: under its own name the file is whole. */
async function writeFile<T>(path: string, write: (each: (line: string) => Promise<void>) => Promise<T>): Promise<T> {
  await mkdir(dirname(resolve(path)), { recursive: true });
  const partial = `${path}.partial`;
  const file = createWriteStream(partial, { mode: 0o600, flush: true });
  const gzip = createGzip();
  const written = finished(gzip.pipe(file));
  // Heard of by whoever waits below, also when that is only after the failure.
  written.catch((error: Error) => gzip.destroy(error));
  gzip.on('error', (error) => file.destroy(error));
  const result = await write(async (line) => {
    if (gzip.destroyed) await written;
    if (!gzip.write(`${line}\n`)) await once(gzip, 'drain');
  });
  gzip.end();
  await written;
  await rename(partial, path);
  return result;
}

async function readFile<T>(path: string, read: (lines: AsyncIterator<string>) => Promise<T>): Promise<T> {
  const file = createReadStream(path);
  const gunzip = createGunzip();
  const reader = createInterface({ input: file.pipe(gunzip), crlfDelay: Infinity });
  const lines = reader[Symbol.asyncIterator]();
  let broken: Failure | null = null;
  for (const stream of [file, gunzip]) {
    stream.on('error', (error: Error) => {
      const message = `The backup cannot be restored: ${path} is damaged or not whole (${error.message}).`;
      broken ??= new Failure('BackupUnusable', message, { cause: error });
      reader.close();
    });
  }
  try {
    return await read({
      async next() {
        // What breaks off ends the lines, or fails them, depending on the version of Node.
        const line = await lines.next().catch((error: unknown) => {
          throw broken ?? error;
        });
        if (line.done && broken) throw broken;
        return line;
      },
    });
  } finally {
    reader.close();
    file.destroy();
    gunzip.destroy();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
