import type { Oid, Ref, RefName } from '../../domain/model.ts';
import type { RefUpdate } from '../../domain/refs.ts';
import { oidOf } from './listing.ts';
import { atMost, MAX_LIST_BYTES } from './protocol-bounds.ts';
import {
  CutShort,
  demultiplexed,
  drain,
  FLUSH,
  lineOf,
  NotGitProtocol,
  packetOf,
  packetsOf,
} from './protocol-packets.ts';

/**
 * What one tells receive-pack: which refs shall move from where to where. It speaks version 0 and 1 only.
 * @see https://git-scm.com/docs/gitprotocol-pack#_pushing_data_to_a_server
 */

const NO_OBJECT = '0'.repeat(40);

/** What a target says of itself before a push. */
export interface PushAdvertisement {
  refs: Ref[];
  /** Ids it has without a ref of their own (`.have`). */
  alternates: Oid[];
  /** `report-status`, `delete-refs`, `ofs-delta`, … */
  capabilities: ReadonlySet<string>;
}

/**
 * Reads the answer to `info/refs?service=git-receive-pack`: `<oid> <name>` lines, the first with the capabilities behind a NUL; an empty
 * repository names `capabilities^{}` in place of a ref.
 * @throws Failure `ObjectFormatUnsupported` for SHA-256 · NotGitProtocol · CutShort · RemoteError
 * @see https://git-scm.com/docs/gitprotocol-pack#_reference_discovery
 */
export async function readPushAdvertisement(chunks: AsyncIterable<Buffer>): Promise<PushAdvertisement> {
  const found: PushAdvertisement = { refs: [], alternates: [], capabilities: new Set() };
  let first = true;
  let ended = false;
  for await (const packet of packetsOf(atMost(MAX_LIST_BYTES, chunks))) {
    // One flush is behind the service line, one at the end.
    if (packet.kind === 'flush' && !first) ended = true;
    if (packet.kind !== 'data') continue;
    if (ended) throw new NotGitProtocol('something follows the end of the list');
    const line = lineOf(packet.payload);
    if (line.startsWith('# service=') || line.startsWith('version ')) continue;
    const [ref = '', words] = line.split('\0');
    if (first) found.capabilities = new Set((words ?? '').trim().split(' '));
    first = false;
    takeRef(found, ref);
  }
  if (!ended) throw new CutShort('the list of refs has no end');
  return found;
}

function takeRef({ refs, alternates }: PushAdvertisement, line: string): void {
  const space = line.indexOf(' ');
  if (space < 0) throw new NotGitProtocol(`not a ref: ${line.slice(0, 200)}`);
  const oid = oidOf(line.slice(0, space), line);
  const name = line.slice(space + 1);
  if (name === '.have') alternates.push(oid);
  else if (name !== 'capabilities^{}') refs.push({ name, oid });
}

/** The capabilities we answer with, of those offered. Not `quiet`: progress is a sign of life. */
const WANTED = ['report-status-v2', 'report-status', 'side-band-64k', 'delete-refs', 'ofs-delta'];

/**
 * The commands of a push, up to the flush behind which the pack begins. Each says what the target must still hold; it refuses those that do not
 * fit, and takes the others.
 * @see https://git-scm.com/docs/gitprotocol-pack#_reference_update_request_and_packfile_transfer
 */
export function commandsOf(updates: readonly RefUpdate[], offered: ReadonlySet<string>): Buffer {
  const taken = WANTED.filter((name) => offered.has(name)).filter(
    // The second form of the report replaces the first.
    (name) => name !== 'report-status' || !offered.has('report-status-v2'),
  );
  const format = offered.has('object-format=sha1') ? ['object-format=sha1'] : [];
  const words = [...taken, ...format, 'agent=starkeep'].join(' ');
  const lines = updates.map(({ name, expected, desired }, index) =>
    packetOf(`${expected ?? NO_OBJECT} ${desired ?? NO_OBJECT} ${name}${index === 0 ? `\0 ${words}` : ''}\n`),
  );
  return Buffer.concat([...lines, FLUSH]);
}

/** What a target says of a push. */
export interface PushReport {
  /** `ok`, or why it could not take the pack. */
  unpack: string;
  /** `null`: taken; otherwise why not. A ref that is missing here was not spoken of. */
  refs: Map<RefName, string | null>;
}

/**
 * Reads the report, out of the side-band where there is one.
 * @param onText what the target and its hooks print
 * @see https://git-scm.com/docs/gitprotocol-pack#_report_status
 */
export async function readPushReport(
  chunks: AsyncIterable<Buffer>,
  sideBand: boolean,
  onText: (line: string) => void,
): Promise<PushReport> {
  // Chatter of hooks included.
  const packets = packetsOf(atMost(MAX_LIST_BYTES, chunks));
  const inner = sideBand ? packetsOf(demultiplexed(packets, onText)) : packets;
  let unpack: string | null = null;
  const refs = new Map<RefName, string | null>();
  for await (const packet of inner) {
    if (packet.kind !== 'data') continue;
    const line = lineOf(packet.payload);
    const [, word, rest = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    if (word === 'unpack') unpack = rest;
    else if (word === 'ok') refs.set(rest, null);
    else if (word === 'ng') {
      const [name = '', ...reason] = rest.split(' ');
      refs.set(name, reason.join(' '));
    } else if (word !== 'option') throw new NotGitProtocol(`not a report: ${line.slice(0, 200)}`);
  }
  await drain(packets);
  if (unpack === null) throw new CutShort('the push was not reported on');
  return { unpack, refs };
}
