import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Failure } from '../../domain/failures.ts';
import type { Oid, Ref, RefListing } from '../../domain/model.ts';
import type { TransferRequest } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { CacheFolder } from './cache.ts';
import { localEnvironment, remoteEnvironment, type Workspace } from './environment.ts';
import { LISTED_PATTERNS, LOCAL_FORMAT, parseListing, parseLocalRefs, parseObjects } from './listing.ts';
import { createLocalGit } from './local-git.ts';
import { failureOf, meansBrokenCache, meansNotHandedOut, type Side } from './messages.ts';
import { type Outgoing, pushArguments, writeOutgoing } from './outgoing.ts';
import { type GitProgress, parseProgress } from './progress.ts';
import { gitSpan } from './traced.ts';
import { type GitLimits, type GitResult, runGit } from './run.ts';

/** The cache on disk cannot be trusted; it is thrown away and fetched anew. Never leaves this folder. */
export class BrokenCache extends Error {}

export interface SessionOptions {
  request: TransferRequest;
  /** Objects on their way, in either direction. */
  onObjects: (progress: GitProgress) => void;
  limits: GitLimits;
  folder: CacheFolder;
  workspace: Workspace;
  hostEnvironment: NodeJS.ProcessEnv;
  redact: Redact;
}

/** The git commands of one transfer, each as one method. All of them throw `Failure`s, and those on the cache {@link BrokenCache} too. */
export interface GitSession {
  list(side: Side): Promise<RefListing>;
  /** Makes the mirror's cache unless it is there. */
  openCache(): Promise<void>;
  discardCache(): Promise<void>;
  /** Makes the cache's heads and tags equal to the source's. @returns what came over the wire */
  fetch(): Promise<{ objects: number; bytes: number }>;
  /** Heads and tags of the cache, with the type of what they point at in the end. */
  cachedRefs(): Promise<Ref[]>;
  /** Which of the objects the cache lacks. */
  missing(oids: readonly Oid[]): Promise<Oid[]>;
  /** Gets objects from the target by id, since only it still has them. What it does not hand out stays missing; that is no failure. */
  fetchOldTips(oids: readonly Oid[]): Promise<void>;
  /** Whether commit `ancestor` is contained in `tip`; `undefined` when the cache cannot tell. */
  contains(tip: Oid, ancestor: Oid): Promise<boolean | undefined>;
  push(outgoing: Outgoing): Promise<GitResult>;
  pushFailure(result: GitResult): Failure;
  /** Packs the cache when it has become untidy. */
  tidy(): Promise<void>;
}

/** How many objects are asked for in one fetch. */
const OLD_TIPS_CHUNK = 200;

const FETCH_OPTIONS = [
  '--prune',
  '--no-tags',
  '--force',
  '--no-auto-maintenance',
  '--no-write-fetch-head',
  '--no-recurse-submodules',
  '--progress',
];

const MIRRORED_REFSPECS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

export async function createSession(options: SessionOptions): Promise<GitSession> {
  const { request, limits, folder, workspace, hostEnvironment, redact } = options;
  const cache = folder.pathOf(request.mirrorId);
  const remotes = { source: request.source, target: request.target };
  const environments = {
    source: await remoteEnvironment(hostEnvironment, workspace, request.source),
    target: await remoteEnvironment(hostEnvironment, workspace, request.target),
  };
  const localOnly = { ...localEnvironment(hostEnvironment, workspace), GIT_DIR: cache };
  const local = createLocalGit({ dir: workspace.home, environment: localOnly, ...limits });

  const anonymous = (side: Side) => remotes[side].auth.kind === 'none';
  const complaint = (side: Side, doing: string, result: GitResult) =>
    failureOf({ side, doing, stderr: result.stderr, anonymous: anonymous(side), redact });

  const watch = (line: string): GitProgress | null => {
    const progress = parseProgress(line);
    if (progress === null || !/^(?:Receiving|Unpacking|Writing) objects$/.test(progress.title)) return null;
    options.onObjects(progress);
    return progress;
  };

  /** On the cache, and with the wire where `side` says so. */
  const inCache = (args: string[], side: Side | null, more: { input?: string; onLine?: (line: string) => void } = {}) =>
    runGit(
      { args, cwd: workspace.home, env: { ...(side ? environments[side] : localOnly), GIT_DIR: cache }, ...more },
      limits,
    );

  const checked = (result: GitResult): GitResult => {
    if (result.exitCode !== 0 && meansBrokenCache(result.stderr)) throw new BrokenCache(result.stderr);
    return result;
  };

  const readLocally = async (args: string[]): Promise<string> => {
    try {
      return await local(args);
    } catch (error) {
      limits.signal.throwIfAborted();
      const stderr = error instanceof Error ? error.message : String(error);
      if (meansBrokenCache(stderr)) throw new BrokenCache(stderr);
      throw failureOf({ side: 'source', doing: 'working on the cache', stderr, anonymous: false, redact });
    }
  };

  const describe = async (names: readonly string[]) => {
    if (names.length === 0) return [];
    const input = names.map((name) => `${name}\n`).join('');
    const result = checked(await inCache(['cat-file', '--batch-check', '--buffer'], null, { input }));
    if (result.exitCode !== 0) throw complaint('source', 'reading the cache', result);
    return parseObjects(result.stdout);
  };

  return {
    list: (side) =>
      gitSpan('list', side, async (span) => {
        const args = ['ls-remote', '--symref', '--', remotes[side].url, ...LISTED_PATTERNS];
        const result = await runGit({ args, cwd: workspace.home, env: environments[side] }, limits);
        if (result.exitCode !== 0) throw complaint(side, 'listing its refs', result);
        const listed = parseListing(result.stdout);
        span.set({ 'git.refs': listed.refs.length });
        return listed;
      }),

    async openCache() {
      if (existsSync(join(cache, 'HEAD'))) return;
      await folder.discard(request.mirrorId);
      await readLocally(['init', '--bare', '--quiet', '--template=', '--initial-branch=main', cache]);
    },

    discardCache: () => folder.discard(request.mirrorId),

    async fetch() {
      let received = { objects: 0, bytes: 0 };
      const onLine = (line: string) => {
        const progress = watch(line);
        if (progress) received = { objects: progress.done, bytes: progress.bytes };
      };
      const args = ['fetch', ...FETCH_OPTIONS, '--', request.source.url, ...MIRRORED_REFSPECS];
      await gitSpan('fetch', 'source', async (span) => {
        const result = checked(await inCache(args, 'source', { onLine }));
        if (result.exitCode !== 0) throw complaint('source', 'fetching from it', result);
        span.set({ 'git.bytes': received.bytes, 'git.objects': received.objects });
      });
      // A first fetch of 40,000 tags makes 40,000 files.
      await readLocally(['pack-refs', '--all']);
      return received;
    },

    async cachedRefs() {
      const output = await readLocally(['for-each-ref', `--format=${LOCAL_FORMAT}`, 'refs/heads/', 'refs/tags/']);
      const found = parseLocalRefs(output);
      const tags = found.filter(({ type }) => type === 'tag');
      const ends = await describe(tags.map(({ oid }) => `${oid}^{}`));
      const peeled = new Map(tags.map(({ name }, index) => [name, ends[index] ?? null]));
      return found.map(({ name, oid, type }) => {
        const end = peeled.get(name);
        if (end === null) throw new BrokenCache(`${name} points at a missing object`);
        return { name, oid, ...(end ? { peeled: end.oid } : {}), peelsTo: peelsTo(end?.type ?? type) };
      });
    },

    async missing(oids) {
      const found = await describe(oids);
      return oids.filter((_, index) => found[index] === null);
    },

    async fetchOldTips(oids) {
      const flags = FETCH_OPTIONS.filter((option) => option !== '--prune');
      const fetchTips = async (wanted: readonly Oid[]): Promise<void> => {
        const result = checked(await inCache(['fetch', ...flags, '--', request.target.url, ...wanted], 'target'));
        if (result.exitCode === 0) return;
        if (!meansNotHandedOut(result.stderr)) throw complaint('target', 'fetching old tips from it', result);
        // One that is refused makes git get none of them.
        if (wanted.length > 1) for (const oid of wanted) await fetchTips([oid]);
      };
      for (let at = 0; at < oids.length; at += OLD_TIPS_CHUNK) await fetchTips(oids.slice(at, at + OLD_TIPS_CHUNK));
    },

    async contains(tip, ancestor) {
      const { exitCode } = checked(await inCache(['merge-base', '--is-ancestor', ancestor, tip], null));
      return exitCode === 0 ? true : exitCode === 1 ? false : undefined;
    },

    async push(outgoing) {
      const dir = join(workspace.dir, 'outgoing.git');
      await writeOutgoing(dir, outgoing);
      const { options, refspecs } = pushArguments(outgoing);
      const args = ['push', '--porcelain', '--progress', '--no-verify', '--no-follow-tags', '--no-recurse-submodules'];
      const call = {
        args: [...args, ...options, '--', request.target.url, ...refspecs],
        cwd: workspace.home,
        env: { ...environments.target, GIT_DIR: dir, GIT_OBJECT_DIRECTORY: join(cache, 'objects') },
      };
      return gitSpan('push', 'target', async (span) => {
        span.set({ 'git.refs': refspecs.length });
        const onLine = (line: string) => {
          const progress = watch(line);
          if (progress) span.set({ 'git.bytes': progress.bytes, 'git.objects': progress.done });
        };
        const result = checked(await runGit({ ...call, onLine }, limits));
        span.set({ 'git.exit_code': result.exitCode });
        return result;
      });
    },

    pushFailure: (result) => complaint('target', 'pushing to it', result),

    async tidy() {
      const environment = localEnvironment(hostEnvironment, workspace, [['gc.auto', '6700']]);
      const call = { args: ['gc', '--auto', '--quiet'], cwd: workspace.home, env: { ...environment, GIT_DIR: cache } };
      const result = checked(await runGit(call, limits));
      if (result.exitCode !== 0) throw complaint('source', 'packing the cache', result);
    },
  };
}

function peelsTo(type: string): NonNullable<Ref['peelsTo']> {
  return type === 'tree' || type === 'blob' ? type : 'commit';
}
