import { StringDecoder } from 'node:string_decoder';

/**
 * Pkt-lines, the frames of every git conversation: four hex digits of length, which count themselves, and the payload. The lengths 0, 1 and 2
 * are marks without payload.
 * @see https://git-scm.com/docs/gitprotocol-common#_pkt_line_format
 * @see https://git-scm.com/docs/gitprotocol-v2#_packet_line_framing
 */
export type Packet = { kind: 'data'; payload: Buffer } | { kind: 'flush' | 'delimiter' | 'response-end' };

/** What the other side sent is not git's protocol. */
export class NotGitProtocol extends Error {}

/** The conversation ended in the middle. */
export class CutShort extends Error {}

/** The other side ended the conversation with an error of its own: an `ERR` packet, or side-band 3. */
export class RemoteError extends Error {}

const LENGTH_BYTES = 4;

/** 65,520 with the length. */
const MAX_PACKET_BYTES = 65_520;

const MARKS = ['flush', 'delimiter', 'response-end'] as const;

export const FLUSH = Buffer.from('0000');
export const DELIMITER = Buffer.from('0001');

/** @returns the packet of a line of text; the newline is the caller's */
export function packetOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length + LENGTH_BYTES;
  if (length > MAX_PACKET_BYTES) throw new RangeError(`a packet of ${length} bytes cannot be sent`);
  return Buffer.concat([Buffer.from(length.toString(16).padStart(LENGTH_BYTES, '0')), payload]);
}

/** The packets of a stream, one after the other. Payloads may share memory with the stream's chunks. */
export interface Packets extends AsyncIterableIterator<Packet> {
  /** The next packet if it has come already; `null`: it has to be waited for, or there is none. */
  arrived(): Packet | null;
  /** Stops reading; what has not come is not waited for. */
  return(): Promise<IteratorResult<Packet>>;
}

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream into packets, wherever its chunks begin and end. Holds one chunk and one packet at most, and copies nothing but a packet that lies
 * across chunks: not an async generator, because asking for each packet of a pack by a promise would cost more than moving it.
 * @throws NotGitProtocol for a length that is none · CutShort when the stream ends inside a packet
 */
export function packetsOf(chunks: AsyncIterable<Buffer>): Packets {
  const source = chunks[Symbol.asyncIterator]();
  let bytes: Buffer = NOTHING;
  /** What came behind a packet that had to be put together. */
  let behind: Buffer = NOTHING;

  const arrived = (): Packet | null => {
    if (bytes.length === 0) [bytes, behind] = [behind, NOTHING];
    if (bytes.length < LENGTH_BYTES) return null;
    const length = lengthAt(bytes);
    const end = Math.max(length, LENGTH_BYTES);
    if (bytes.length < end) return null;
    const payload = bytes.subarray(LENGTH_BYTES, end);
    bytes = bytes.subarray(end);
    return length < LENGTH_BYTES ? { kind: markOf(length) } : { kind: 'data', payload };
  };

  const take = (chunk: Buffer): void => {
    if (bytes.length === 0) {
      bytes = chunk;
      return;
    }
    const start = bytes.length < LENGTH_BYTES ? Buffer.concat([bytes, chunk.subarray(0, LENGTH_BYTES)]) : bytes;
    const end = start.length < LENGTH_BYTES ? LENGTH_BYTES : Math.max(lengthAt(start), LENGTH_BYTES);
    const missing = end - bytes.length;
    behind = chunk.subarray(missing);
    bytes = Buffer.concat([bytes, chunk.subarray(0, missing)]);
  };

  const next = async (): Promise<IteratorResult<Packet>> => {
    for (;;) {
      const packet = arrived();
      if (packet !== null) return { done: false, value: packet };
      const more = await source.next();
      if (more.done === true) {
        if (bytes.length > 0) throw new CutShort('the answer ended inside a packet');
        return { done: true, value: undefined };
      }
      take(more.value);
    }
  };

  return {
    arrived,
    next,
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Reads on to the end of an answer, so that its connection can be used again. @throws NotGitProtocol when more comes than a mark */
export async function drain(packets: AsyncIterable<Packet>): Promise<void> {
  for await (const packet of packets) {
    if (packet.kind === 'data') throw new NotGitProtocol('something follows the end of the answer');
  }
}

function lengthAt(bytes: Buffer): number {
  const digits = bytes.toString('latin1', 0, LENGTH_BYTES);
  const length = /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  if (length < 0 || length === 3 || length > MAX_PACKET_BYTES) {
    throw new NotGitProtocol(`a packet begins with ${JSON.stringify(digits)}`);
  }
  return length;
}

function markOf(length: number): (typeof MARKS)[number] {
  return MARKS[length] ?? 'flush';
}

/**
 * The text of a packet without its newline.
 * @throws RemoteError when it is an `ERR` packet, which may stand anywhere a line may
 * @see https://git-scm.com/docs/gitprotocol-pack#_git_transport
 */
export function lineOf(payload: Buffer): string {
  const text = payload.toString('utf8').replace(/\n$/, '');
  if (text.startsWith('ERR ')) throw new RemoteError(text.slice('ERR '.length));
  return text;
}

// ------------------------------------------------------------------------------------------------------------- side-band

/**
 * Takes the side-band off: band 1 is what was asked for, band 2 is for people, band 3 is a fatal error. Ends at a flush.
 *
 * What came together is handed on together, so that small packets do not become small writes.
 * @param onText each line of band 2; a carriage return ends a line too
 * @throws RemoteError for band 3 · NotGitProtocol for any other band · CutShort when there is no flush
 * @see https://git-scm.com/docs/gitprotocol-pack#_packfile_data
 */
export async function* demultiplexed(packets: Packets, onText: (line: string) => void): AsyncGenerator<Buffer> {
  const text = createLineSplitter(onText);
  let open: Buffer[] = [];
  for (;;) {
    let packet = packets.arrived();
    if (packet === null) {
      if (open.length > 0) yield joined(open);
      open = [];
      const { value, done } = await packets.next();
      if (done === true) throw new CutShort('the answer ended without saying so');
      packet = value;
    }
    if (packet.kind === 'flush') break;
    if (packet.kind !== 'data') throw new NotGitProtocol(`a ${packet.kind} packet in the side-band`);
    const [band] = packet.payload;
    const content = packet.payload.subarray(1);
    if (band === 1) {
      // An empty one only says that the other side is alive.
      if (content.length > 0) open.push(content);
    } else if (band === 2) text.add(content);
    else if (band === 3) throw new RemoteError(content.toString('utf8').trim());
    else throw notABand(packet.payload);
  }
  if (open.length > 0) yield joined(open);
  text.end();
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [first = NOTHING, ...others] = pieces;
  return others.length === 0 ? first : Buffer.concat(pieces);
}

function notABand(payload: Buffer): Error {
  // `ERR` may come where a band was expected.
  lineOf(payload);
  return new NotGitProtocol(`side-band ${payload[0] ?? 'without a number'}`);
}

/** Longer lines are cut: they are for people. */
const MAX_LINE = 4096;

function createLineSplitter(onLine: (line: string) => void): { add(bytes: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let open = '';
  const tell = (line: string) => {
    if (line.trim() !== '') onLine(line.slice(0, MAX_LINE).trimEnd());
  };
  return {
    add(bytes) {
      const lines = (open + decoder.write(bytes)).split(/[\r\n]/);
      open = (lines.pop() ?? '').slice(0, MAX_LINE);
      lines.forEach(tell);
    },
    end: () => tell(open),
  };
}
