import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, type FailureKind } from '../domain/failures.ts';
import { processIdentity, waitUntilGone } from './process-identity.ts';

/**
 * Who owns a server of ours in a data folder. It keeps two Starkeeps from running one data folder, and lets the next start end a server
 * whose Starkeep died without ending it.
 *
 * A claim is a file with a number, complete from the moment it appears; the highest number counts. Whoever wants the server makes the next
 * number, which only one can do, and removes the lower ones. Released claims stay, so that no number is ever made twice.
 */

interface ProcessRecord {
  pid: number;
  identity: string;
}

interface ClaimRecord {
  /** `null`: released. */
  owner: ProcessRecord | null;
  server: ProcessRecord | null;
}

export interface ClaimRequest {
  /** A folder for nothing but claims on this server; made when missing. */
  folder: string;
  /** What people call the server: `Postgres`, `Temporal`. */
  name: string;
  /** The kind of failure when a server left behind does not end. */
  failure: FailureKind;
  /** How a server left behind is asked to end, and how long it may take before it is killed. */
  stopSignal: NodeJS.Signals;
  stopTimeoutMs: number;
  say: (line: string) => void;
}

export interface Claim {
  /** Writes down the server's pid. Called before the server does anything. */
  holds(pid: number): Promise<void>;
  release(): Promise<void>;
}

/**
 * Claims a server for this process, and ends one that a dead Starkeep left behind.
 * @throws Failure `DataFolderInUse` when a living Starkeep has it, this process included · `request.failure` when a server left behind does not end
 */
export async function claimServer(request: ClaimRequest): Promise<Claim> {
  const { folder } = request;
  await mkdir(folder, { recursive: true });
  const owner = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' };
  for (;;) {
    const latest = await latestNumber(folder);
    await endAbandoned(request, await readClaim(fileOf(folder, latest)));

    const own = latest + 1;
    if (!(await appeared(folder, own, { owner, server: null }))) continue;
    // Whoever was held up since it looked may have made a number that was used and removed meanwhile.
    if ((await latestNumber(folder)) !== own) await rm(fileOf(folder, own), { force: true });
    else return claimWith(folder, own, owner);
  }
}

async function claimWith(folder: string, own: number, owner: ProcessRecord): Promise<Claim> {
  const lower = (await numbersIn(folder)).filter((number) => number < own);
  await Promise.all(lower.map((number) => rm(fileOf(folder, number), { force: true })));
  return {
    holds: async (pid) => {
      const server = { pid, identity: (await processIdentity(pid)) ?? '' };
      await replace(fileOf(folder, own), { owner, server });
    },
    release: () => replace(fileOf(folder, own), { owner: null, server: null }),
  };
}

/** Sends a signal; a process that has just ended is what was wanted. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** If we die in here, the claim still says what it said, and the next run goes on from there. */
async function endAbandoned(request: ClaimRequest, { owner, server }: ClaimRecord): Promise<void> {
  const serverRuns = server !== null && (await runs(server));
  // A server that ended while its Starkeep goes on may be started again, by that Starkeep.
  const isRestart = owner?.pid === process.pid && server !== null && !serverRuns;
  if (owner && !isRestart && (await runs(owner))) {
    const message = `${request.name} in this data folder belongs to another Starkeep that is running (process ${owner.pid}).`;
    throw new Failure('DataFolderInUse', message);
  }
  if (serverRuns) await endServer(request, server);
}

/** Ends a server whose Starkeep is gone. It is one of ours: pid and start time are the ones written down when it was started. */
async function endServer(request: ClaimRequest, server: ProcessRecord): Promise<void> {
  request.say(`${request.name} of a Starkeep that was killed still runs (process ${server.pid}); it is stopped first`);
  for (const name of [request.stopSignal, 'SIGKILL'] as const) {
    signal(server.pid, name);
    if (await waitUntilGone(server.pid, server.identity, request.stopTimeoutMs)) return;
  }
  throw new Failure(
    request.failure,
    `${request.name} left behind by a killed Starkeep (process ${server.pid}) does not end.`,
  );
}

async function runs(record: ProcessRecord): Promise<boolean> {
  return (await processIdentity(record.pid)) === record.identity;
}

function fileOf(folder: string, number: number): string {
  return join(folder, `${number}.json`);
}

async function numbersIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0));
}

async function latestNumber(folder: string): Promise<number> {
  return Math.max(0, ...(await numbersIn(folder)));
}

/** @returns false when the number is there already */
async function appeared(folder: string, number: number, record: ClaimRecord): Promise<boolean> {
  const unfinished = join(folder, `${randomUUID()}.part`);
  await writeFile(unfinished, JSON.stringify(record));
  try {
    await link(unfinished, fileOf(folder, number));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function replace(file: string, record: ClaimRecord): Promise<void> {
  const unfinished = `${file}.${randomUUID()}.part`;
  await writeFile(unfinished, JSON.stringify(record));
  await rename(unfinished, file);
}

/** A claim that is missing, or that a crash of the machine has spoilt, says that nobody owns anything. */
async function readClaim(file: string): Promise<ClaimRecord> {
  try {
    const claim = JSON.parse(await readFile(file, 'utf8')) as Partial<ClaimRecord> | null;
    return { owner: claim?.owner ?? null, server: claim?.server ?? null };
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
      return { owner: null, server: null };
    throw error;
  }
}
