import { NotGitProtocol } from './protocol-packets.ts';

/** What is read into memory has an end, whatever the other side sends and however well it was compressed. */

/** A million refs are about 70 MB on the wire, and several times as much in memory. */
export const MAX_LIST_BYTES = 100 * 1024 * 1024;

/** Capabilities, and what comes before a pack: 20,000 acknowledged ids are 1 MB. */
export const MAX_TALK_BYTES = 4 * 1024 * 1024;

/**
 * Hands chunks on until there are too many.
 * @throws NotGitProtocol after `maxBytes`
 */
export async function* atMost(maxBytes: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new NotGitProtocol(`the answer is longer than ${maxBytes} bytes`);
    yield chunk;
  }
}
