import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MirrorId, Oid } from '../../domain/model.ts';
import type { GitRemote } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { CacheFolder } from './cache.ts';
import { localEnvironment, remoteEnvironment, type Workspace } from './environment.ts';
import { type LfsPointer, namesLfs, parsePointer, POINTER_LIMIT_BYTES, SHORTEST_POINTER_BYTES } from './lfs-pointer.ts';
import { failureOf, meansBrokenCache, meansNotHandedOut } from './messages.ts';
import { type GitCall, type GitLimits, type GitResult, runGit } from './run.ts';
import { BrokenCache } from './session.ts';

/** What the source's history says of Git LFS, read by partial fetches: commits, trees, and blobs so small that they can be pointers. */
export interface LfsMetadata {
  /**
   * Looks at every `.gitattributes` of one commit. One exchange, without any file's content; a second one only where there are such files that
   * are not among `plain`.
   * @param tip `undefined`: whatever HEAD names
   */
  look(tip: Oid | undefined, plain: readonly Oid[]): Promise<Look>;
  /**
   * Every pointer in the history of heads and tags, and of what they were when it was last asked. Fetches what is new since then.
   */
  pointers(): Promise<LfsPointer[]>;
}

export interface Look {
  usesLfs: boolean;
  /** @see LfsMemory.plain */
  plain: Oid[];
  /** The source left out what it was asked to leave out; otherwise {@link LfsMetadata.pointers} would bring the whole repository. */
  partial: boolean;
}

export interface LfsMetadataOptions {
  mirrorId: MirrorId;
  source: GitRemote;
  folder: CacheFolder;
  workspace: Workspace;
  limits: GitLimits;
  hostEnvironment: NodeJS.ProcessEnv;
  redact: Redact;
}

type InAndOut = Pick<GitCall, 'input' | 'onOutput'>;

/** What the source is called in the repositories here. Only environments have its address: it changes with a rename, and names no credentials. */
const REMOTE = 'source';

const FETCH = ['fetch', '--no-tags', '--force', '--no-auto-maintenance', '--no-write-fetch-head'];

const MIRRORED_REFSPECS = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

const TIP = 'refs/starkeep/tip';

/** Blobs that are read by one git. */
const READ_CHUNK = 5_000;

/** Each fetch makes a pack; with more than this, looking things up costs more than fetching everything again. */
const MANY_PACKS = 100;

export async function createLfsMetadata(options: LfsMetadataOptions): Promise<LfsMetadata> {
  const { mirrorId, source, folder, workspace, limits, hostEnvironment, redact } = options;
  const localOnly = localEnvironment(hostEnvironment, workspace);
  const withSource = asPartialRemote(await remoteEnvironment(hostEnvironment, workspace, source), source.url);

  const attempt = (dir: string, args: string[], call: InAndOut = {}) => {
    // Only a fetch may talk to the source: a missing object must not make git get it behind our back.
    const env = { ...(args.includes('fetch') ? withSource : localOnly), GIT_DIR: dir };
    return runGit({ args, cwd: workspace.home, env, ...call }, limits);
  };

  const run = async (dir: string, args: string[], call?: InAndOut): Promise<GitResult> => {
    const result = await attempt(dir, args, call);
    if (result.exitCode === 0) return result;
    if (meansBrokenCache(result.stderr)) throw new BrokenCache(result.stderr);
    throw complaint(result);
  };

  const complaint = ({ stderr }: GitResult) => {
    const doing = 'looking for Git LFS objects';
    return failureOf({ side: 'source', doing, stderr, anonymous: source.auth.kind === 'none', redact });
  };

  const makeRepository = (dir: string) =>
    run(dir, ['init', '--bare', '--quiet', '--template=', '--initial-branch=main', dir]);

  const readBlobs = async (dir: string, oids: readonly Oid[], onBlob: (content: Buffer) => void) => {
    for (let at = 0; at < oids.length; at += READ_CHUNK) {
      const input = oids.slice(at, at + READ_CHUNK).map((oid) => `${oid}\n`);
      const reader = createBatchReader(onBlob);
      await run(dir, ['cat-file', '--batch', '--buffer'], { input: input.join(''), onOutput: reader });
    }
  };

  const fetchBlobs = (dir: string, oids: readonly Oid[]) => {
    // Told of the commit we have, the source would take it that we have its blobs too.
    const negotiation = ['-c', 'fetch.negotiationAlgorithm=noop'];
    const input = oids.map((oid) => `${oid}\n`).join('');
    return run(dir, [...negotiation, ...FETCH, '--filter=blob:none', '--stdin', REMOTE], { input });
  };

  /** @returns the blobs that can be pointers by their size, be they in a branch of today or in one that was rewritten since */
  const smallBlobs = async (dir: string): Promise<Oid[]> => {
    const found: Oid[] = [];
    const onOutput = byLine((line) => {
      const [type, size, oid = ''] = line.split(' ');
      const length = Number(size);
      if (type === 'blob' && length >= SHORTEST_POINTER_BYTES && length < POINTER_LIMIT_BYTES) found.push(oid);
    });
    const format = '--batch-check=%(objecttype) %(objectsize) %(objectname)';
    await run(dir, ['cat-file', '--batch-all-objects', '--unordered', '--buffer', format], { onOutput });
    return found;
  };

  const pointersOnce = async (): Promise<LfsPointer[]> => {
    const dir = folder.pathOf(mirrorId);
    if (await isUntidy(dir)) await folder.discard(mirrorId);
    if (!existsSync(join(dir, 'HEAD'))) {
      await folder.discard(mirrorId);
      await makeRepository(dir);
    }
    await run(dir, [...FETCH, '--prune', `--filter=blob:limit=${POINTER_LIMIT_BYTES}`, REMOTE, ...MIRRORED_REFSPECS]);
    // Two pointers of one object that disagree on its size: the first counts, and if it is the wrong one, the object is reported.
    const pointers = new Map<string, LfsPointer>();
    await readBlobs(dir, await smallBlobs(dir), (content) => {
      const pointer = parsePointer(content);
      if (pointer && !pointers.has(pointer.oid)) pointers.set(pointer.oid, pointer);
    });
    return [...pointers.values()];
  };

  return {
    async look(tip, plain) {
      const dir = join(workspace.dir, 'tip.git');
      await makeRepository(dir);
      const refspec = `+${tip ?? 'HEAD'}:${TIP}`;
      const fetched = await attempt(dir, [...FETCH, '--depth=1', '--filter=blob:none', REMOTE, refspec]);
      if (fetched.exitCode !== 0) {
        // HEAD names a branch without a commit: there is nothing to look at.
        if (tip === undefined && meansNotHandedOut(fetched.stderr)) return { usesLfs: false, plain: [], partial: true };
        throw complaint(fetched);
      }
      const found = new Set<Oid>();
      await run(dir, ['ls-tree', '-r', '-z', TIP], { onOutput: byLine(collectAttributes(found), '\0') });
      const attributes = [...found];
      const known = new Set(plain);
      const unknown = attributes.filter((oid) => !known.has(oid));
      const partial = !/filtering not recognized/.test(fetched.stderr);
      if (unknown.length === 0) return { usesLfs: false, plain: attributes, partial };
      if (partial) await fetchBlobs(dir, unknown);
      let usesLfs = false;
      await readBlobs(dir, unknown, (content) => (usesLfs ||= namesLfs(content.toString('utf8'))));
      return { usesLfs, plain: usesLfs ? [] : attributes, partial };
    },

    async pointers() {
      try {
        return await pointersOnce();
      } catch (error) {
        if (!(error instanceof BrokenCache)) throw error;
        await folder.discard(mirrorId);
      }
      return pointersOnce();
    },
  };
}

/** Adds the source under a name, which only a named remote can be fetched from in part, and marks as one that hands out the rest later. */
function asPartialRemote(environment: Record<string, string>, url: string): Record<string, string> {
  const first = Number(environment['GIT_CONFIG_COUNT'] ?? 0);
  const settings = [
    [`remote.${REMOTE}.url`, url],
    [`remote.${REMOTE}.promisor`, 'true'],
    [`remote.${REMOTE}.partialCloneFilter`, 'blob:none'],
  ];
  const numbered = settings.flatMap(([key = '', value = ''], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, key],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return { ...environment, ...Object.fromEntries(numbered), GIT_CONFIG_COUNT: String(first + settings.length) };
}

async function isUntidy(dir: string): Promise<boolean> {
  const names = await readdir(join(dir, 'objects', 'pack')).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.pack')).length > MANY_PACKS;
}

/** Takes lines of `git ls-tree -r -z`: `100644 blob <oid>\t<path>`. */
function collectAttributes(found: Set<Oid>): (line: string) => void {
  return (line) => {
    const [, oid, path = ''] = /^100\d{3} blob ([0-9a-f]{40})\t(.*)$/s.exec(line) ?? [];
    if (oid && /(?:^|\/)\.gitattributes$/.test(path)) found.add(oid);
  };
}

/** Names are bytes; all that is looked at in them is ASCII. */
function byLine(onLine: (line: string) => void, end = '\n'): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split(end);
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  };
}

/** A `.gitattributes` of more than this is nobody's work; of a longer blob, only so much is kept. */
export const MAX_BLOB_BYTES = 1024 * 1024;

/**
 * Reads `git cat-file --batch`: `<oid> blob <size>`, a line break, the content, a line break. What is missing is left out, and what is longer than
 * {@link MAX_BLOB_BYTES} is cut there: anybody may commit a file of 100 MB under any name.
 * @see https://git-scm.com/docs/git-cat-file#_batch_output
 */
export function createBatchReader(onBlob: (content: Buffer) => void): (chunk: Buffer) => void {
  let head = '';
  let pieces: Buffer[] = [];
  /** Of the content and its line break, what has not come; `null` while a head is read. */
  let missing: number | null = null;
  let room = 0;

  const takeHead = (bytes: Buffer): number => {
    const end = bytes.indexOf('\n');
    head += bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
    if (end < 0) return bytes.length;
    const [, type, size] = head.split(' ');
    head = '';
    if (type === 'blob') {
      missing = Number(size) + 1;
      room = Math.min(Number(size), MAX_BLOB_BYTES);
    }
    return end + 1;
  };

  const takeContent = (bytes: Buffer, left: number): number => {
    const length = Math.min(bytes.length, left);
    const kept = Math.min(length, room);
    if (kept > 0) pieces.push(bytes.subarray(0, kept));
    room -= kept;
    missing = left - length;
    if (missing > 0) return length;
    missing = null;
    onBlob(Buffer.concat(pieces));
    pieces = [];
    return length;
  };

  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const bytes = chunk.subarray(at);
      at += missing === null ? takeHead(bytes) : takeContent(bytes, missing);
    }
  };
}
