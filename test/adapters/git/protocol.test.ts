import { describe, expect, it } from 'vitest';
import {
  CutShort,
  demultiplexed,
  NotGitProtocol,
  type Packet,
  packetOf,
  packetsOf,
  RemoteError,
} from '../../../src/adapters/git/protocol-packets.ts';
import {
  fetchRequest,
  lsRefsRequest,
  offers,
  readCapabilities,
  readFetch,
  readLsRefs,
} from '../../../src/adapters/git/protocol-read.ts';
import { commandsOf, readPushAdvertisement, readPushReport } from '../../../src/adapters/git/protocol-write.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

/** The bytes in pieces of a size, as they may come over a socket. */
async function* inPieces(text: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function lines(...texts: string[]): string {
  return texts.map((text) => (text.length === 4 && /^000/.test(text) ? text : packetOf(text).toString())).join('');
}

/** `text` as the side-band carries it. */
function band(number: number, text: string | Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([number]), Buffer.from(text)]);
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, '0')), payload]);
}

describe('packets', () => {
  it.each([1, 2, 3, 5, 7, 1000])('are the same in pieces of %i bytes', async (size) => {
    const stream = `${lines('hello\n', '0001', '', 'ü💥\n', '0000', '0002')}`;

    const packets = await all(packetsOf(inPieces(stream, size)));

    const shown = packets.map((packet) => (packet.kind === 'data' ? packet.payload.toString() : packet.kind));
    expect(shown).toEqual(['hello\n', 'delimiter', '', 'ü💥\n', 'flush', 'response-end']);
  });

  it('take the longest there may be, and no longer', async () => {
    const longest = Buffer.concat([Buffer.from('fff0'), Buffer.alloc(65_516, 'x')]);

    const [packet] = await all(packetsOf(inPieces(longest, 1_000)));

    expect((packet as Packet & { kind: 'data' }).payload).toHaveLength(65_516);
    expect(() => packetOf('x'.repeat(65_517))).toThrow(RangeError);
  });

  it.each(['0003', 'fff1', '00g0', '-001', ' 004', 'HTTP'])('with the length %j are none', async (length) => {
    await expect(all(packetsOf(inPieces(`${length}xxxx`, 3)))).rejects.toThrow(NotGitProtocol);
  });

  it.each(['00', '0008ab'])('that end in the middle (%j) are cut short', async (text) => {
    await expect(all(packetsOf(inPieces(text, 1)))).rejects.toThrow(CutShort);
  });
});

describe('the side-band', () => {
  it('gives out the data, and tells what is for people line by line', async () => {
    const texts: string[] = [];
    const [half, rest] = [Buffer.from('grün').subarray(0, 3), Buffer.from('grün').subarray(3)];
    const stream = Buffer.concat([
      band(2, 'Counting: 1\rCount'),
      band(1, 'PA'),
      band(2, 'ing: 2\nlast '),
      band(1, ''),
      band(2, half),
      band(2, rest),
      band(1, 'CK'),
      Buffer.from('0000'),
    ]);

    const data = await all(demultiplexed(packetsOf(inPieces(stream, 3)), (line) => texts.push(line)));

    expect(Buffer.concat(data).toString()).toBe('PACK');
    expect(data).toHaveLength(2);
    expect(texts).toEqual(['Counting: 1', 'Counting: 2', 'last grün']);
  });

  it.each([
    ['band 3', band(3, 'out of memory\n'), RemoteError],
    ['an ERR packet', packetOf('ERR out of memory'), RemoteError],
    ['a band nobody knows', band(7, 'x'), NotGitProtocol],
    ['nothing in a packet', Buffer.from('0004'), NotGitProtocol],
    ['no end', band(1, 'x'), CutShort],
    ['another mark', Buffer.from('0001'), NotGitProtocol],
  ])('with %s is an error', async (_, stream, kind) => {
    await expect(all(demultiplexed(packetsOf(inPieces(stream, 4)), () => undefined))).rejects.toThrow(kind);
  });
});

describe('capabilities', () => {
  it('are read with and without the service line', async () => {
    const words = lines('version 2\n', 'agent=git/2.39\n', 'ls-refs=unborn\n', 'fetch=shallow filter\n', '0000');
    const plain = await readCapabilities(inPieces(words, 9));
    const served = await readCapabilities(inPieces(`${lines('# service=git-upload-pack\n', '0000')}${words}`, 9));

    expect(served).toEqual(plain);
    expect(plain && offers(plain, 'fetch', 'filter')).toBe(true);
    expect(plain && offers(plain, 'fetch', 'fil')).toBe(false);
    expect(plain && offers(plain, 'push', 'filter')).toBe(false);
  });

  it.each([
    lines('# service=git-upload-pack\n', '0000', `${A} HEAD\0side-band ofs-delta agent=x\n`, '0000'),
    lines('version 1\n', `${A} HEAD\0side-band\n`, '0000'),
  ])('of an older server are none', async (text) => {
    expect(await readCapabilities(inPieces(text, 9))).toBeNull();
  });
});

describe('ls-refs', () => {
  it('asks for peeled tags, symbolic refs, and prefixes', () => {
    const asked = lsRefsRequest(['HEAD', 'refs/tags/']).toString();

    expect(asked).toBe(
      lines(
        ...['command=ls-refs\n', 'agent=starkeep\n', 'object-format=sha1\n', '0001', 'peel\n', 'symrefs\n'],
        ...['ref-prefix HEAD\n', 'ref-prefix refs/tags/\n', '0000'],
      ),
    );
  });

  it('reads refs, what tags point at, and HEAD', async () => {
    const answer = lines(
      `${A} HEAD symref-target:refs/heads/main\n`,
      `${A} refs/heads/main\n`,
      `${B} refs/tags/грёза peeled:${A}\n`,
      '0000',
    );

    expect(await readLsRefs(inPieces(answer, 11))).toEqual({
      head: 'refs/heads/main',
      refs: [
        { name: 'refs/heads/main', oid: A },
        { name: 'refs/tags/грёза', oid: B, peeled: A },
      ],
    });
  });

  it.each([
    ['has no end', lines(`${A} refs/heads/main\n`), CutShort],
    ['is empty', '', CutShort],
    ['is no listing', lines('hello\n', '0000'), NotGitProtocol],
    ['is an error', lines('ERR access denied'), RemoteError],
  ])('never takes for a listing what %s', async (_, answer, kind) => {
    await expect(readLsRefs(inPieces(answer, 5))).rejects.toThrow(kind);
  });

  it('refuses ids of SHA-256', async () => {
    const answer = lines(`${'a'.repeat(64)} refs/heads/main\n`, '0000');

    await expect(readLsRefs(inPieces(answer, 50))).rejects.toMatchObject({ kind: 'ObjectFormatUnsupported' });
  });
});

describe('fetch', () => {
  it('says what is wanted, what is there, and in which form', () => {
    const asked = fetchRequest({ wants: [A], haves: [B], done: true, thin: true, tipsOnly: true, commitsOnly: true });

    expect(asked.toString()).toBe(
      lines(
        ...['command=fetch\n', 'agent=starkeep\n', 'object-format=sha1\n', '0001', 'thin-pack\n', 'ofs-delta\n'],
        ...['deepen 1\n', 'filter tree:0\n', `want ${A}\n`, `have ${B}\n`, 'done\n', '0000'],
      ),
    );
  });

  it.each([1, 6, 4_096])('reads the sections before the pack, in pieces of %i bytes', async (size) => {
    const head = lines(
      'acknowledgments\n',
      `ACK ${A}\n`,
      'ready\n',
      '0001',
      'shallow-info\n',
      `shallow ${B}\n`,
      '0001',
    );
    const answer = Buffer.concat([
      Buffer.from(head + lines('packfile\n')),
      band(1, 'PACK'),
      band(2, 'Total 3\n'),
      Buffer.from('0000'),
    ]);
    const texts: string[] = [];

    const { acknowledged, pack } = await readFetch(inPieces(answer, size), (text) => texts.push(text));

    expect([...acknowledged]).toEqual([A]);
    expect(Buffer.concat(await all(pack ?? inPieces('', 1))).toString()).toBe('PACK');
    expect(texts).toEqual(['Total 3']);
  });

  it('reads that the source wants to hear more', async () => {
    const answer = lines('acknowledgments\n', 'NAK\n', '0000');

    const { acknowledged, pack } = await readFetch(inPieces(answer, 5), () => undefined);

    expect([acknowledged.size, pack]).toEqual([0, null]);
  });
});

describe('a push', () => {
  const capabilities =
    'report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1';

  it('reads what a target has, where it has something', async () => {
    const answer = lines(
      ...['# service=git-receive-pack\n', '0000', `${A} refs/heads/main\0${capabilities} agent=git/2.39\n`],
      ...[`${B} refs/tags/грёза\n`, `${B} .have\n`, '0000'],
    );

    const found = await readPushAdvertisement(inPieces(answer, 7));

    expect(found.refs).toEqual([
      { name: 'refs/heads/main', oid: A },
      { name: 'refs/tags/грёза', oid: B },
    ]);
    expect(found.alternates).toEqual([B]);
    expect(found.capabilities).toContain('report-status-v2');
  });

  it('reads what an empty target says, also in version 1', async () => {
    const nothing = '0'.repeat(40);
    const answer = lines('version 1\n', `${nothing} capabilities^{}\0 ${capabilities}\n`, '0000');

    const found = await readPushAdvertisement(inPieces(answer, 7));

    expect(found.refs).toEqual([]);
    expect(found.capabilities).toContain('side-band-64k');
  });

  it('never takes half a list for the whole', async () => {
    const answer = lines('# service=git-receive-pack\n', '0000', `${A} refs/heads/main\0${capabilities}\n`);

    await expect(readPushAdvertisement(inPieces(answer, 7))).rejects.toThrow(CutShort);
  });

  it('says of each ref what it must be and what it shall be, and what we can do with the first', () => {
    const update = { name: 'refs/heads/a', expected: null, desired: A, forced: false };
    const removal = { name: 'refs/heads/b', expected: B, desired: null, forced: true };

    const commands = commandsOf([update, removal], new Set(capabilities.split(' '))).toString();

    const nothing = '0'.repeat(40);
    const ours = 'report-status-v2 side-band-64k delete-refs ofs-delta object-format=sha1 agent=starkeep';
    expect(commands).toBe(lines(`${nothing} ${A} refs/heads/a\0 ${ours}\n`, `${B} ${nothing} refs/heads/b\n`, '0000'));
  });

  it.each([true, false])('reads the report (side-band: %s)', async (sideBand) => {
    const report = lines(
      ...['unpack ok\n', 'ok refs/heads/a\n', 'option refname refs/heads/c\n'],
      ...['ng refs/heads/грёза pre-receive hook declined\n', '0000'],
    );
    const wrapped = Buffer.concat([band(2, 'careful\n'), band(1, report), Buffer.from('0000')]);
    const texts: string[] = [];

    const found = await readPushReport(inPieces(sideBand ? wrapped : report, 6), sideBand, (text) => texts.push(text));

    expect(found.unpack).toBe('ok');
    expect([...found.refs]).toEqual([
      ['refs/heads/a', null],
      ['refs/heads/грёза', 'pre-receive hook declined'],
    ]);
    expect(texts).toEqual(sideBand ? ['careful'] : []);
  });

  it.each([
    ['no report', '', CutShort],
    ['something else', lines('hello\n', '0000'), NotGitProtocol],
  ])('that is answered with %s is an error', async (_, answer, kind) => {
    await expect(readPushReport(inPieces(answer, 6), false, () => undefined)).rejects.toThrow(kind);
  });
});
