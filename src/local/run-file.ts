import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { processIdentity } from './process-identity.ts';

/** Where a running `starkeep up` is to be found, for the other commands on the same machine. */
const Running = z.object({
  databaseUrl: z.string(),
  /** The database is that of DATABASE_URL, and `databaseUrl` lacks its password: who set it sets it for the commands too. */
  needsDatabaseUrl: z.boolean().optional(),
  apiUrl: z.string(),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
});

/** `identity` tells a `starkeep up` that was killed, and left its file, from one that runs. */
const RunFile = Running.extend({ pid: z.number(), identity: z.string() });

export type Running = z.infer<typeof Running>;

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

/** The password of the embedded Postgres is in it, as it is beside it for Postgres itself: readable by the owner only. No other secret is. */
export async function writeRunFile(dataDir: string, running: Running): Promise<void> {
  const { pid } = process;
  const content = { ...running, pid, identity: (await processIdentity(pid)) ?? '' };
  await rm(fileIn(dataDir), { force: true });
  await writeFile(fileIn(dataDir), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

export async function removeRunFile(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** @returns `null` when nothing was started with this data folder, or it has ended, however it did */
export async function readRunFile(dataDir: string): Promise<Running | null> {
  try {
    const { pid, identity, ...running } = RunFile.parse(JSON.parse(await readFile(fileIn(dataDir), 'utf8')));
    return (await processIdentity(pid)) === identity ? running : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns which database it is, and not how to get in */
export function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  url.searchParams.delete('password');
  return url.href;
}
