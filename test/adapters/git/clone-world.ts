import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type CloneTransferOptions, createCloneTransfer } from '../../../src/adapters/git/clone.ts';
import { Failure } from '../../../src/domain/failures.ts';
import type { SyncReport, TransferProgress } from '../../../src/domain/model.ts';
import type { TransferRequest } from '../../../src/domain/ports.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { createRepo, git, type Repo, type RepoOptions, refsOf } from '../../support/repo.ts';
import { type GitServer, startGitServer } from './git-server.ts';

/** A source and a target over HTTP, and a transfer between them. Everything goes away after the test. */
export interface CloneWorld {
  dir: string;
  cacheDir: string;
  cache: Repo;
  server: GitServer;
  source: Repo;
  target: Repo;
  request: TransferRequest;
  /** The arguments of every call of `setDefaultBranch`. */
  defaultBranches: string[];
  progress: TransferProgress[];
  logged: string[];
  options: CloneTransferOptions;
  sync(request?: Partial<TransferRequest>, signal?: AbortSignal): Promise<SyncReport>;
  /** @returns the failure a sync ends with; throws when it ends well */
  failing(request?: Partial<TransferRequest>, signal?: AbortSignal): Promise<Failure>;
  /** Heads and tags of a repository on disk. */
  mirrored(repo: Repo): Promise<Record<string, string>>;
}

const worlds: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((close) => close()));
});

export const MIRROR_ID = 'github-1';

export async function createWorld(source: RepoOptions = {}, target: RepoOptions = { commits: 0 }): Promise<CloneWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'clone-'));
  const server = await startGitServer(dir);
  worlds.push(async () => {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });
  const repos = {
    source: await createRepo(join(dir, 'source.git'), source),
    target: await createRepo(join(dir, 'target.git'), target),
  };
  await git(repos.target, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  const cacheDir = join(dir, 'cache');
  const world: CloneWorld = {
    dir,
    cacheDir,
    cache: { dir: join(cacheDir, `${MIRROR_ID}.git`) },
    server,
    ...repos,
    defaultBranches: [],
    progress: [],
    logged: [],
    options: { cacheDir, redact: createRedactor([]), log: (message) => world.logged.push(message) },
    request: {
      mirrorId: MIRROR_ID,
      source: { url: server.urlOf(repos.source), auth: { kind: 'none' } },
      target: { url: server.urlOf(repos.target), auth: { kind: 'none' } },
      knownDigest: null,
      rewritePolicy: 'keep-old',
      async setDefaultBranch(branch) {
        world.defaultBranches.push(branch);
        await git(repos.target, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
      },
    },
    sync: (request = {}, signal = new AbortController().signal) =>
      createCloneTransfer(world.options).run(
        { ...world.request, ...request },
        { signal, onProgress: (progress) => world.progress.push(progress) },
      ),
    async failing(request, signal) {
      const end = await world.sync(request, signal).catch((error: unknown) => error);
      if (end instanceof Failure) return end;
      throw new Error(`expected a Failure, got ${JSON.stringify(end)}`);
    },
    async mirrored(repo) {
      const refs = Object.entries(await refsOf(repo));
      return Object.fromEntries(refs.filter(([name]) => /^refs\/(heads|tags)\//.test(name)));
    },
  };
  return world;
}

/** Stops handing out bytes after so many: the exchange stands still until the client leaves. */
export function stallAfter(response: ServerResponse, bytes: number, onStall: () => void): false {
  const write = response.write.bind(response);
  let left = bytes;
  response.write = (chunk: Buffer | string) => {
    left -= chunk.length;
    if (left >= 0) return write(chunk);
    onStall();
    return false;
  };
  return false;
}

export function isFetch(url: string | undefined): boolean {
  return url?.endsWith('/source.git/git-upload-pack') ?? false;
}

export interface Deferred<Value = void> {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A process of this machine, with the arguments it was started with. */
export interface SeenProcess {
  pid: number;
  group: number;
  command: string;
}

/** The processes whose environment or arguments contain a text (a path of this test). Reads /proc, so Linux only. */
export async function processesOf(text: string): Promise<SeenProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const seen = await Promise.all(pids.map((pid) => readProcess(Number(pid), text)));
  return seen.filter((found) => found !== null);
}

async function readProcess(pid: number, text: string): Promise<SeenProcess | null> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const [environment, command, stat] = await Promise.all([read('environ'), read('cmdline'), read('stat')]);
  if (!environment.includes(text) && !command.includes(text)) return null;
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || state === 'Z'
    ? null
    : { pid, group: Number(group), command: command.replaceAll('\0', ' ').trim() };
}

/** Waits for a condition, and fails when it does not come. */
export async function eventually<Value>(look: () => Promise<Value | null | false>, withinMs = 20_000): Promise<Value> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (Date.now() > until) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Every file below a folder, with its content. Files that go while we look are left out. */
export async function filesBelow(dir: string): Promise<{ path: string; content: Buffer }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => ({ path, content: await readFile(path).catch(() => null) })),
  );
  return files.flatMap(({ path, content }) => (content === null ? [] : [{ path, content }]));
}
