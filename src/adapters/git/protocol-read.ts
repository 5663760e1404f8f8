import type { Oid, Ref, RefListing } from '../../domain/model.ts';
import { oidOf } from './listing.ts';
import { atMost, MAX_LIST_BYTES, MAX_TALK_BYTES } from './protocol-bounds.ts';
import {
  CutShort,
  DELIMITER,
  demultiplexed,
  drain,
  FLUSH,
  lineOf,
  NotGitProtocol,
  packetOf,
  type Packets,
  packetsOf,
} from './protocol-packets.ts';

/**
 * What one asks upload-pack, in protocol v2: which refs there are, and for a pack.
 * @see https://git-scm.com/docs/gitprotocol-v2
 */

const AGENT = 'agent=starkeep';

/** `agent` and the object format come with every command. */
const COMMON = [AGENT, 'object-format=sha1'];

function request(command: string, args: Iterable<string>): Buffer {
  const head = [`command=${command}\n`, ...COMMON.map((line) => `${line}\n`)].map(packetOf);
  const lines = Array.from(args, (line) => packetOf(`${line}\n`));
  return Buffer.concat([...head, DELIMITER, ...lines, FLUSH]);
}

// ---------------------------------------------------------------------------------------------------------- capabilities

/** What a server can do, by command or feature: `fetch` → `shallow filter`. */
export type Capabilities = ReadonlyMap<string, string>;

/**
 * Reads the answer to `info/refs?service=git-upload-pack` when version 2 was asked for.
 * @returns `null` when the server speaks an older version
 * @throws NotGitProtocol · CutShort · RemoteError
 * @see https://git-scm.com/docs/gitprotocol-v2#_capability_advertisement
 */
export async function readCapabilities(chunks: AsyncIterable<Buffer>): Promise<Capabilities | null> {
  const found = new Map<string, string>();
  let speaksV2 = false;
  let ended = false;
  for await (const packet of packetsOf(atMost(MAX_LIST_BYTES, chunks))) {
    // OneDev sends a flush before the version too, behind the service line.
    if (packet.kind === 'flush') ended = true;
    if (packet.kind !== 'data') continue;
    ended = false;
    const line = lineOf(packet.payload);
    if (line === 'version 2') speaksV2 = true;
    // Some servers (OneDev) send the service line also to clients of version 2.
    else if (!line.startsWith('# service=') && speaksV2) {
      const [name = '', ...value] = line.split('=');
      found.set(name, value.join('='));
    }
  }
  // Half of it would pass for a server that cannot fetch.
  if (!ended) throw new CutShort('the list of capabilities has no end');
  return speaksV2 ? found : null;
}

/** Whether a command has a feature, as in `fetch=shallow filter`. */
export function offers(capabilities: Capabilities, command: string, feature: string): boolean {
  return (capabilities.get(command) ?? '').split(' ').includes(feature);
}

// --------------------------------------------------------------------------------------------------------------- ls-refs

/**
 * Asks for the refs under some prefixes, with what annotated tags point at and where HEAD points. Not for a HEAD whose branch has no commit yet (`unborn`):
 * `git ls-remote` does not show it either, and both ways of transfer must come to the same digest.
 * @see https://git-scm.com/docs/gitprotocol-v2#_ls_refs
 */
export function lsRefsRequest(prefixes: readonly string[]): Buffer {
  return request('ls-refs', ['peel', 'symrefs', ...prefixes.map((prefix) => `ref-prefix ${prefix}`)]);
}

/**
 * Reads `<oid> <name> [symref-target:<name>] [peeled:<oid>]` lines.
 * @throws Failure `ObjectFormatUnsupported` for SHA-256 · NotGitProtocol · CutShort · RemoteError
 */
export async function readLsRefs(chunks: AsyncIterable<Buffer>): Promise<RefListing> {
  const refs: Ref[] = [];
  let head: string | null = null;
  let ended = false;
  for await (const packet of packetsOf(atMost(MAX_LIST_BYTES, chunks))) {
    if (packet.kind === 'flush') ended = true;
    if (packet.kind !== 'data') continue;
    if (ended) throw new NotGitProtocol('something follows the end of the list');
    const line = lineOf(packet.payload);
    const [what = '', name = '', ...attributes] = line.split(' ');
    if (name === '') throw new NotGitProtocol(`not a ref: ${line.slice(0, 200)}`);
    const oid = oidOf(what, line);
    if (name === 'HEAD') {
      const target = attributeOf(attributes, 'symref-target:');
      if (target?.startsWith('refs/heads/') === true) head = target;
    } else {
      const peeled = attributeOf(attributes, 'peeled:');
      refs.push({ name, oid, ...(peeled === undefined ? {} : { peeled: oidOf(peeled, line) }) });
    }
  }
  // Half a list would pass for the whole, and the rest for deleted upstream.
  if (!ended) throw new CutShort('the list of refs has no end');
  return { refs, head };
}

function attributeOf(attributes: readonly string[], key: string): string | undefined {
  return attributes.find((attribute) => attribute.startsWith(key))?.slice(key.length);
}

// ----------------------------------------------------------------------------------------------------------------- fetch

export interface FetchRequest {
  wants: readonly Oid[];
  /** Ids whose whole history is at the other end already; what the server does not know of them it ignores. */
  haves: readonly Oid[];
  /** `false`: the server first says which of the haves it knows, and sends the pack at once only when they suffice. */
  done: boolean;
  /** Deltas against objects that only the haves reach. Default false. */
  thin?: boolean;
  /** Deltas that name their base by its place in the pack. Default true. */
  ofsDelta?: boolean;
  /** Nothing but commits and tags, and what is wanted by its id. Needs the feature `filter`. */
  commitsOnly?: boolean;
  /** No file's content but what is wanted by its id. Needs the feature `filter`. */
  blobless?: boolean;
  /** No parents. Needs the feature `shallow`. */
  tipsOnly?: boolean;
}

/** @see https://git-scm.com/docs/gitprotocol-v2#_fetch */
export function fetchRequest(asked: FetchRequest): Buffer {
  const { wants, haves, done, thin, ofsDelta, commitsOnly, blobless, tipsOnly } = asked;
  return request('fetch', [
    ...(thin === true ? ['thin-pack'] : []),
    ...(ofsDelta === false ? [] : ['ofs-delta']),
    ...(tipsOnly === true ? ['deepen 1'] : []),
    ...(commitsOnly === true ? ['filter tree:0'] : []),
    ...(blobless === true ? ['filter blob:none'] : []),
    ...wants.map((oid) => `want ${oid}`),
    ...haves.map((oid) => `have ${oid}`),
    ...(done ? ['done'] : []),
  ]);
}

/** An answer to {@link fetchRequest}. */
export interface FetchAnswer {
  /** Which of the haves the server knows; empty also where it was told not to say. */
  acknowledged: ReadonlySet<Oid>;
  /** The pack, which must be read to its end; `null` when the server wants to hear more first. */
  pack: AsyncGenerator<Buffer> | null;
}

/**
 * Reads the sections of an answer up to the pack.
 * @param onText what the server says meanwhile, line by line
 */
export async function readFetch(chunks: AsyncIterable<Buffer>, onText: (line: string) => void): Promise<FetchAnswer> {
  const packets = packetsOf(chunks);
  const acknowledged = new Set<Oid>();
  let section: string | null = null;
  let bytes = 0;
  for (;;) {
    const { value: packet, done } = await packets.next();
    if (done === true) throw new CutShort('the answer to the fetch has no end');
    if (packet.kind === 'flush') {
      await drain(packets);
      return { acknowledged, pack: null };
    }
    if (packet.kind === 'delimiter') section = null;
    if (packet.kind !== 'data') continue;
    bytes += packet.payload.length;
    if (bytes > MAX_TALK_BYTES) throw new NotGitProtocol(`more than ${MAX_TALK_BYTES} bytes come before the pack`);
    const line = lineOf(packet.payload);
    if (section === null) section = line;
    else if (line.startsWith('ACK ')) acknowledged.add(line.slice('ACK '.length));
    if (section === 'packfile') return { acknowledged, pack: packThenEnd(packets, onText) };
  }
}

/** Reads on to the end of the answer, so that its connection can be used again. */
async function* packThenEnd(packets: Packets, onText: (line: string) => void): AsyncGenerator<Buffer> {
  try {
    yield* demultiplexed(packets, onText);
    await drain(packets);
  } finally {
    // Whoever stops in the middle breaks the connection.
    await packets.return();
  }
}
