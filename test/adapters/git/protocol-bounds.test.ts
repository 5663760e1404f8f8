import { describe, expect, it } from 'vitest';
import { createBatchReader, MAX_BLOB_BYTES } from '../../../src/adapters/git/lfs-metadata.ts';
import { MAX_LIST_BYTES, MAX_TALK_BYTES } from '../../../src/adapters/git/protocol-bounds.ts';
import { CutShort, NotGitProtocol, packetOf } from '../../../src/adapters/git/protocol-packets.ts';
import { readCapabilities, readFetch, readLsRefs } from '../../../src/adapters/git/protocol-read.ts';
import { readPushAdvertisement, readPushReport } from '../../../src/adapters/git/protocol-write.ts';

const A = 'a'.repeat(40);

/** The same bytes again and again: more than anybody may keep, and no more than this machine can. */
async function* tooMuch(bytes: Buffer, most: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < 2 * most; sent += bytes.length) yield bytes;
}

async function* once(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield text.length === 4 ? Buffer.from(text) : packetOf(text);
}

/** Many lines that say little, so that the test takes no memory to speak of. */
const LONG = Buffer.concat(Array.from({ length: 20 }, () => packetOf(`${A} refs/tags/${'x'.repeat(60_000)}\n`)));

describe('an answer that never ends', () => {
  it.each<[string, Buffer, (chunks: AsyncIterable<Buffer>) => Promise<unknown>, number]>([
    ['a list of refs', LONG, readLsRefs, MAX_LIST_BYTES],
    ['a list of what a target has', LONG, readPushAdvertisement, MAX_LIST_BYTES],
    ['capabilities', LONG, readCapabilities, MAX_LIST_BYTES],
    ['acknowledgments', packetOf(`ACK ${A}\n`), (chunks) => readFetch(chunks, () => undefined), MAX_TALK_BYTES],
    [
      'a report on a push',
      packetOf(`ok refs/tags/${'x'.repeat(60_000)}\n`),
      (chunks) => readPushReport(chunks, false, () => undefined),
      MAX_LIST_BYTES,
    ],
  ])('is not read to its end: %s', async (_, bytes, read, most) => {
    await expect(read(tooMuch(bytes, most))).rejects.toThrow(/^(?:the answer is longer|more) than \d+ bytes/);
  });
});

describe('half an answer never passes for the whole', () => {
  it('where capabilities break off between two packets', async () => {
    await expect(readCapabilities(once('version 2\n', 'agent=git/2.39\n'))).rejects.toThrow(CutShort);
  });

  it('where refs go on behind the end of the list', async () => {
    const ref = (name: string) => `${A} refs/heads/${name}\n`;

    await expect(readLsRefs(once(ref('a'), '0000', ref('b'), '0000'))).rejects.toThrow(NotGitProtocol);
    await expect(readPushAdvertisement(once(`${A} refs/heads/a\0report-status\n`, '0000', ref('b')))).rejects.toThrow(
      NotGitProtocol,
    );
  });
});

describe('blobs that git hands out one after the other', () => {
  it.each([1, 3, 1_000_000])('are read in pieces of %i bytes, and those that are missing are left out', (size) => {
    const bytes = Buffer.from(`${A} blob 5\nab\ncd\n${A} missing\n${A} blob 0\n\n${A} blob 2\nef\n`);
    const found: string[] = [];
    const read = createBatchReader((content) => found.push(content.toString()));

    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));

    expect(found).toEqual(['ab\ncd', '', 'ef']);
  });

  it('are kept to a megabyte each, however long somebody made one', () => {
    const found: number[] = [];
    const read = createBatchReader((content) => found.push(content.length));
    const piece = Buffer.alloc(64 * 1024, 'x');

    read(Buffer.from(`${A} blob ${2_000 * piece.length}\n`));
    for (let index = 0; index < 2_000; index += 1) read(piece);
    read(Buffer.from(`\n${A} blob 1\ny\n`));

    expect(found).toEqual([MAX_BLOB_BYTES, 1]);
  });
});
