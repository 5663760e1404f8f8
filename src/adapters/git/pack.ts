import { createHash } from 'node:crypto';
import { inflateSync, type Inflate } from 'node:zlib';
import type { Oid } from '../../domain/model.ts';
import { NotGitProtocol } from './protocol-packets.ts';

/**
 * Packs: `PACK`, the version, the number of objects, the objects, and the SHA-1 of all that.
 * @see https://git-scm.com/docs/gitformat-pack
 */

const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 20;
const SIGNATURE = 'PACK';
const VERSION = 2;

/** A pack without an object: what goes with a push whose objects are at the target already. */
export const EMPTY_PACK = emptyPack();

function emptyPack(): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(SIGNATURE, 'latin1');
  header.writeUInt32BE(VERSION, 4);
  return Buffer.concat([header, createHash('sha1').update(header).digest()]);
}

/** What is no pack, or one that this version cannot read. */
export class UnreadablePack extends NotGitProtocol {}

/** A pack on its way: how much there is of it. */
export interface PassingPack {
  /** As its header says; 0 before that has come. */
  objects: number;
  bytes: number;
}

/**
 * Hands a pack on as it comes, and looks at its header in passing.
 * @param onBytes called with each chunk
 * @throws UnreadablePack when it does not begin as one
 */
export async function* passing(
  chunks: AsyncIterable<Buffer>,
  onBytes: (pack: PassingPack) => void,
): AsyncGenerator<Buffer> {
  let header = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (header.length < HEADER_BYTES) {
      header = Buffer.concat([header, chunk.subarray(0, HEADER_BYTES - header.length)]);
    }
    onBytes({ objects: header.length < HEADER_BYTES ? 0 : objectsOf(header), bytes });
    yield chunk;
  }
  if (header.length < HEADER_BYTES) throw new UnreadablePack(`a pack of ${bytes} bytes`);
}

function objectsOf(header: Buffer): number {
  if (header.toString('latin1', 0, 4) !== SIGNATURE) throw new UnreadablePack('what came is not a pack');
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new UnreadablePack(`a pack of version ${version}`);
  return header.readUInt32BE(8);
}

// --------------------------------------------------------------------------------------------------------- small packs

/** How large a pack may be that is held in memory to be read. */
export interface PackLimits {
  maxBytes: number;
  maxObjects: number;
}

/** A commit in a pack: its id, and what it grew from. */
export interface PackedCommit {
  oid: Oid;
  parents: Oid[];
}

/** Objects read between two breaths: the event loop has heartbeats to send. */
const OBJECTS_AT_ONCE = 500;

/** A commit is a few hundred bytes, and the largest known are some megabytes; a source that means harm can make a gigabyte out of one. */
const MAX_OBJECT_BYTES = 16 * 1024 * 1024;

/** All that one pack may unfold to, bases of deltas counted each time they are needed: what takes longer than a second or two is not worth it. */
const MAX_UNFOLDED_BYTES = 512 * 1024 * 1024;

const PARENT_LINE = /^parent ([0-9a-f]{40})$/;

/**
 * Reads the commits of a small pack; objects of other types are passed over. Each id is computed from the content.
 * @returns `null` when the pack is larger than allowed; then it was not read to its end
 * @throws UnreadablePack
 */
export async function commitsOf(chunks: AsyncIterable<Buffer>, limits: PackLimits): Promise<PackedCommit[] | null> {
  const commits: PackedCommit[] = [];
  const isWhole = await readObjects(chunks, limits, {
    types: new Set([OBJECT_TYPES.commit]),
    onObject: (content) => void commits.push(commitOf(content)),
  });
  return isWhole ? commits : null;
}

/** As a pack numbers them. */
export const OBJECT_TYPES = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

export interface ObjectReader {
  /** {@link OBJECT_TYPES} that are wanted; the others are passed over. */
  types: ReadonlySet<number>;
  /** Given each of them whole, be it a delta in the pack or not, in the order of the pack. */
  onObject: (content: Buffer, type: number) => void;
}

/**
 * Reads a small pack.
 * @returns false when it is larger than allowed; then it was not read to its end, and nothing was handed out
 * @throws UnreadablePack
 */
export async function readObjects(
  chunks: AsyncIterable<Buffer>,
  limits: PackLimits,
  { types, onObject }: ObjectReader,
): Promise<boolean> {
  const bytes = await heldWhole(chunks, limits);
  if (bytes === null) return false;
  const reading: Reading = { bytes, entries: new Map(), whole: new Map(), wholeBytes: 0, budget: MAX_UNFOLDED_BYTES };
  let at = HEADER_BYTES;
  for (let index = 0, count = objectsOf(bytes); index < count; index += 1) {
    const { entry, unfolded } = entryAt(reading, at);
    reading.entries.set(at, entry);
    at = entry.end;
    if (types.has(entry.kind)) onObject(wholeOf(reading, entry, unfolded), entry.kind);
    if (index % OBJECTS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}

async function heldWhole(chunks: AsyncIterable<Buffer>, limits: PackLimits): Promise<Buffer | null> {
  const held: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    held.push(chunk);
    if (size > limits.maxBytes) return null;
  }
  const bytes = Buffer.concat(held);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES) throw new UnreadablePack(`a pack of ${bytes.length} bytes`);
  if (objectsOf(bytes) > limits.maxObjects) return null;
  const sum = createHash('sha1').update(bytes.subarray(0, end)).digest();
  if (!sum.equals(bytes.subarray(end))) throw new UnreadablePack('the checksum of the pack does not fit');
  return bytes;
}

const OFS_DELTA = 6;
const REF_DELTA = 7;

interface Entry {
  /** What it is in the end: of a delta, what its base is. */
  kind: number;
  /** Of an OFS_DELTA, where its base begins; `null` for everything else. */
  base: number | null;
  /** Where the compressed content begins, and where the next object does. */
  start: number;
  size: number;
  end: number;
}

/** A pack that is being read. */
interface Reading {
  bytes: Buffer;
  /** By where they begin. */
  entries: Map<number, Entry>;
  /** Contents that later deltas may build upon, by where their compressed form starts; as many as there is room for. */
  whole: Map<number, Buffer>;
  wholeBytes: number;
  /** Bytes that may still be unfolded. */
  budget: number;
}

/** Kept to build upon. What finds no room is unfolded again when it is needed. */
const MAX_WHOLE_BYTES = 32 * 1024 * 1024;

/** @see https://git-scm.com/docs/gitformat-pack#_pack_pack_files_have_the_following_format */
function entryAt(reading: Reading, at: number): { entry: Entry; unfolded: Buffer } {
  const { bytes, entries } = reading;
  let place = at;
  const next = () => {
    const byte = bytes[(place += 1) - 1];
    if (byte === undefined) throw new UnreadablePack('the pack ends inside an object');
    return byte;
  };
  let byte = next();
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let shift = 4; byte & 128; shift += 7) {
    byte = next();
    // Not by bits: an object may be larger than 2 GB.
    size += (byte & 127) * 2 ** shift;
  }
  if (type === REF_DELTA) throw new UnreadablePack('a delta names its base by id');
  let base: number | null = null;
  if (type === OFS_DELTA) {
    byte = next();
    let distance = byte & 127;
    while (byte & 128) {
      byte = next();
      distance = (distance + 1) * 128 + (byte & 127);
    }
    base = at - distance;
  }
  // A base stands before what is built upon it, so that nothing can be its own base.
  const kind = base === null ? type : entries.get(base)?.kind;
  if (kind === undefined) throw new UnreadablePack('a delta has no base');
  const { content, read } = inflated(reading, place, size);
  return { entry: { kind, base, size, start: place, end: place + read }, unfolded: content };
}

/** Node can tell how much of its input it read; its types do not know. */
type Inflated = { buffer: Buffer; engine: Inflate };

function inflated(reading: Reading, start: number, size: number): { content: Buffer; read: number } {
  // An object of no bytes costs a call all the same.
  spend(reading, size, size + 1024);
  try {
    const chunkSize = Math.max(64, Math.min(size + 1, 1024 * 1024));
    const options = { info: true, chunkSize, maxOutputLength: size + 1 };
    const { buffer, engine } = inflateSync(reading.bytes.subarray(start), options) as unknown as Inflated;
    if (buffer.length !== size) throw new UnreadablePack('an object is not as long as it says');
    return { content: buffer, read: engine.bytesWritten };
  } catch (error) {
    if (error instanceof UnreadablePack) throw error;
    throw new UnreadablePack('an object cannot be decompressed', { cause: error });
  }
}

/** @throws UnreadablePack when that is more than one object, or all of them together, may unfold to */
function spend(reading: Reading, size: number, cost: number): void {
  reading.budget -= cost;
  if (size > MAX_OBJECT_BYTES || reading.budget < 0) throw new UnreadablePack('the pack unfolds to more than allowed');
}

/** @param unfolded what the entry itself holds: the content, or instructions that make it of its base */
function wholeOf(reading: Reading, entry: Entry, unfolded: Buffer): Buffer {
  const deltas: Buffer[] = [];
  let content = unfolded;
  for (let at = entry; at.base !== null;) {
    deltas.push(content);
    const below = reading.entries.get(at.base);
    if (below === undefined) throw new UnreadablePack('a delta has no base');
    const known = reading.whole.get(below.start);
    content = known ?? inflated(reading, below.start, below.size).content;
    if (known !== undefined) break;
    at = below;
  }
  const whole = deltas.reduceRight((base, delta) => patched(reading, base, delta), content);
  if (reading.wholeBytes + whole.length <= MAX_WHOLE_BYTES) {
    reading.whole.set(entry.start, whole);
    reading.wholeBytes += whole.length;
  }
  return whole;
}

/**
 * Applies a delta: two sizes, then instructions that copy from the base or insert what follows.
 * @see https://git-scm.com/docs/gitformat-pack#_deltified_representation
 */
function patched(reading: Reading, base: Buffer, delta: Buffer): Buffer {
  let at = 0;
  const next = () => delta[(at += 1) - 1] ?? 0;
  const size = () => {
    let value = 0;
    for (let shift = 0, byte = 128; byte & 128; shift += 7) {
      byte = next();
      value += (byte & 127) * 2 ** shift;
    }
    return value;
  };
  const [baseSize, resultSize] = [size(), size()];
  spend(reading, resultSize, resultSize);
  const pieces: Buffer[] = [];
  let made = 0;
  const add = (piece: Buffer) => {
    made += piece.length;
    if (made > resultSize) throw new UnreadablePack('a delta does not fit');
    pieces.push(piece);
  };
  while (at < delta.length) {
    const instruction = next();
    if (instruction & 128) {
      let [offset, length] = [0, 0];
      for (let bit = 0; bit < 4; bit += 1) if (instruction & (1 << bit)) offset += next() * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit += 1) if (instruction & (16 << bit)) length += next() * 2 ** (8 * bit);
      add(base.subarray(offset, offset + (length || 0x10000)));
    } else {
      // 0 is reserved; taken for "insert nothing", a delta full of it would only take time.
      if (instruction === 0) throw new UnreadablePack('a delta does not fit');
      add(delta.subarray(at, (at += instruction)));
    }
  }
  const result = Buffer.concat(pieces);
  if (base.length !== baseSize || result.length !== resultSize) throw new UnreadablePack('a delta does not fit');
  return result;
}

function commitOf(content: Buffer): PackedCommit {
  const oid = createHash('sha1').update(`commit ${content.length}\0`).update(content).digest('hex');
  const parents: Oid[] = [];
  // The parents stand between the tree and the author, one line each.
  for (const line of content.toString('latin1').split('\n').slice(1)) {
    const parent = PARENT_LINE.exec(line)?.[1];
    if (parent === undefined) break;
    parents.push(parent);
  }
  return { oid, parents };
}
