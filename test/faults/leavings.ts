import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { endLeftovers, processesOf } from '../support/leftovers.ts';

/** What is left behind when it should not be, and whether the audit log is as it was written. */

const STARKEEP = resolve(import.meta.dirname, '../../bin/starkeep.js');

/** Names that only something unfinished has: git's, and ours. */
const UNFINISHED = /(?:^|\/)(?:tmp_|incoming-|tmp-)|\.lock$|\.part$|\.unfinished$/;

/** Files of the servers are theirs to clean. */
const SERVERS = /^(?:postgres|temporal|bin)\//;

/** Temporary files of Starkeep's while nothing is under way. */
export async function traces(dir: string): Promise<string[]> {
  const dataDir = join(dir, 'starkeep');
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => relative(dataDir, join(entry.parentPath, entry.name)));
  const unfinished = paths.filter((path) => !SERVERS.test(path) && UNFINISHED.test(path));
  const temporary = (await readdir(join(dir, 'tmp'))).filter((name) => !isOfTsx(name));
  return [...unfinished.map((path) => join('starkeep', path)), ...temporary.map((name) => join('tmp', name))].map(
    (path) => `${path} was left behind`,
  );
}

/** The loader of our TypeScript keeps its cache and a pipe where temporary files go. */
function isOfTsx(name: string): boolean {
  return /^tsx-|^node-compile-cache$/.test(name);
}

/** What git still does although nothing is under way: a worker that was killed left it behind. */
export async function gitAtRest(dir: string): Promise<string[]> {
  const running = await processesOf(dir);
  return running
    .filter(({ command }) => /^(?:\S*\/)?git\b/.test(command))
    .map(({ pid, command }) => `still running at rest: ${pid} ${command}`);
}

/** Processes that outlived the service. */
export async function orphans(dir: string): Promise<string[]> {
  return (await endLeftovers(dir)).map((process) => `left running: ${process}`);
}

/** @returns what `starkeep audit verify` complains of */
export async function verifyAudit(settings: Record<string, string | undefined>): Promise<string[]> {
  try {
    const env = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
    await promisify(execFile)(process.execPath, [STARKEEP, 'audit', 'verify'], { env });
    return [];
  } catch (error) {
    return [`starkeep audit verify: ${(error as { stderr?: string }).stderr ?? String(error)}`];
  }
}
