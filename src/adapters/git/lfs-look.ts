import { Failure } from '../../domain/failures.ts';
import type { Oid } from '../../domain/model.ts';
import type { GitRemote } from '../../domain/ports.ts';
import type { Redact } from '../../domain/redaction.ts';
import { createIdleWatch, stoodStill } from './deadline.ts';
import { addressOf } from './environment.ts';
import type { Look } from './lfs-metadata.ts';
import { namesLfs } from './lfs-pointer.ts';
import { OBJECT_TYPES, type PackLimits, readObjects, UnreadablePack } from './pack.ts';
import type { FetchRequest } from './protocol-read.ts';
import { type ConnectionPool, createSmartHttp } from './smart-http.ts';
import { createStreamSource, SourceMoved, type StreamSource } from './stream-source.ts';

export interface TipLookOptions {
  source: GitRemote;
  /** Connections that the transfer before has left open. */
  pool: ConnectionPool;
  signal: AbortSignal;
  idleTimeoutMs: number;
  redact: Redact;
}

/**
 * The trees of one commit of nearly every repository. More of them are faster unpacked by git, which is what a `null` leads to.
 */
const LIMITS: PackLimits = { maxBytes: 8 * 1024 * 1024, maxObjects: 10_000 };

/** What a source says that does not know how to leave something out, or does not have the commit any more: git finds out which. */
const PERHAPS_UNABLE = new Set(['SourceError', 'SourceBadResponse']);

/**
 * Looks at every `.gitattributes` of one commit, in memory: its trees come in a pack without any file's content, and only where there are such files
 * that are not among `plain`, they come in a second one. Most repositories do not use Git LFS, and for them this is all that Git LFS costs: one
 * request over a connection that is open, where git needs eight processes and two connections.
 * @returns `null` where it cannot be done so: over SSH, with a source that does not leave out what it was asked to, or with a larger pack
 * @throws Failure when the source cannot be reached; the reason of an aborted signal
 */
export async function lookAtTip(options: TipLookOptions, tip: Oid, plain: readonly Oid[]): Promise<Look | null> {
  const { source: remote, pool, signal: outer, idleTimeoutMs, redact } = options;
  if (remote.auth.kind === 'ssh' || addressOf(remote.url).protocol === 'ssh') return null;
  const stalled = new AbortController();
  const idle = createIdleWatch(idleTimeoutMs, () => stalled.abort(stoodStill(idleTimeoutMs)));
  const signal = AbortSignal.any([outer, stalled.signal]);
  const source = createStreamSource(createSmartHttp({ side: 'source', remote, pool, signal, idle, redact }), () => {});
  try {
    return await lookWith(source, tip, plain);
  } catch (error) {
    if (error instanceof SourceMoved) return null;
    if (error instanceof Failure && PERHAPS_UNABLE.has(error.kind)) return null;
    throw error;
  }
}

async function lookWith(source: StreamSource, tip: Oid, plain: readonly Oid[]): Promise<Look | null> {
  const attributes = new Set<Oid>();
  let isPartial = true;
  const trees = { wants: [tip], tipsOnly: true };
  const isRead = await readPack(source, trees, (content, type) => {
    if (type === OBJECT_TYPES.blob) isPartial = false;
    if (type === OBJECT_TYPES.tree) for (const oid of attributesIn(content)) attributes.add(oid);
  });
  if (!isRead || !isPartial) return null;

  const known = new Set(plain);
  const unknown = [...attributes].filter((oid) => !known.has(oid));
  if (unknown.length === 0) return { usesLfs: false, plain: [...attributes], partial: true };
  let usesLfs = false;
  let blobs = 0;
  const isReadToo = await readPack(source, { wants: unknown }, (content, type) => {
    if (type !== OBJECT_TYPES.blob) return;
    blobs += 1;
    usesLfs ||= namesLfs(content.toString('utf8'));
  });
  // One that did not come may be the one that names it.
  if (!isReadToo || blobs < unknown.length) return null;
  return { usesLfs, plain: usesLfs ? [] : [...attributes], partial: true };
}

/** Everything but the files that are not wanted by their id. @returns whether it could be read */
function readPack(
  source: StreamSource,
  { wants, tipsOnly = false }: Pick<FetchRequest, 'wants' | 'tipsOnly'>,
  onObject: (content: Buffer, type: number) => void,
): Promise<boolean> {
  const types = new Set<number>([OBJECT_TYPES.tree, OBJECT_TYPES.blob]);
  return source.fetch({ wants, haves: [], done: true, blobless: true, tipsOnly }, async ({ pack }) =>
    pack === null ? false : readObjects(pack, LIMITS, { types, onObject }),
  );
}

const SPACE = 0x20;
const ID_BYTES = 20;

/**
 * The files of a tree that are called `.gitattributes`. A tree is entries of mode, space, name, NUL and the bytes of an id, one behind the other.
 * @see https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_tree_objects
 */
function attributesIn(tree: Buffer): Oid[] {
  const found: Oid[] = [];
  for (let at = 0; at < tree.length;) {
    const space = tree.indexOf(SPACE, at);
    const end = tree.indexOf(0, space + 1);
    const next = end + 1 + ID_BYTES;
    if (space < 0 || end < 0 || next > tree.length) throw new UnreadablePack('a tree ends inside an entry');
    const isFile = tree.toString('latin1', at, at + 3) === '100';
    if (isFile && tree.toString('latin1', space + 1, end) === '.gitattributes')
      found.push(tree.toString('hex', end + 1, next));
    at = next;
  }
  return found;
}
