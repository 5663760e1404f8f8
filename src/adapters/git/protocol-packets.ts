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

/**
 * Cuts a stream into packets, wherever its chunks begin and end. Holds one chunk and one packet at most. Payloads may share memory with the chunks.
 * @throws NotGitProtocol for a length that is none · CutShort when the stream ends inside a packet
 */
export async function* packetsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Packet> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = lengthAt(bytes, at);
      if (length < LENGTH_BYTES) {
        yield { kind: markOf(length) };
        at += LENGTH_BYTES;
        continue;
      }
      if (bytes.length - at < length) break;
      yield { kind: 'data', payload: bytes.subarray(at + LENGTH_BYTES, at + length) };
      at += length;
    }
    rest = bytes.subarray(at);
  }
  if (rest.length > 0) throw new CutShort('the answer ended inside a packet');
}

/** Reads on to the end of an answer, so that its connection can be used again. @throws NotGitProtocol when more comes than a mark */
export async function drain(packets: AsyncIterable<Packet>): Promise<void> {
  for await (const packet of packets) {
    if (packet.kind === 'data') throw new NotGitProtocol('something follows the end of the answer');
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const digits = bytes.toString('latin1', at, at + LENGTH_BYTES);
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
 * @param onText each line of band 2; a carriage return ends a line too
 * @throws RemoteError for band 3 · NotGitProtocol for any other band · CutShort when there is no flush
 * @see https://git-scm.com/docs/gitprotocol-pack#_packfile_data
 */
export async function* demultiplexed(
  packets: AsyncIterator<Packet>,
  onText: (line: string) => void,
): AsyncGenerator<Buffer> {
  const text = createLineSplitter(onText);
  for (;;) {
    const { value: packet, done } = await packets.next();
    if (done === true) throw new CutShort('the answer ended without saying so');
    if (packet.kind === 'flush') break;
    if (packet.kind !== 'data') throw new NotGitProtocol(`a ${packet.kind} packet in the side-band`);
    const [band] = packet.payload;
    const content = packet.payload.subarray(1);
    if (band === 1) {
      // An empty one only says that the other side is alive.
      if (content.length > 0) yield content;
    } else if (band === 2) text.add(content);
    else if (band === 3) throw new RemoteError(content.toString('utf8').trim());
    else throw notABand(packet.payload);
  }
  text.end();
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
