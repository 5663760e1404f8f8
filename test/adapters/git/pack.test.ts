import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitsOf, EMPTY_PACK, passing, UnreadablePack } from '../../../src/adapters/git/pack.ts';
import { createRepo, git, type Repo } from '../../support/repo.ts';

const LIMITS = { maxBytes: 10 * 1024 * 1024, maxObjects: 10_000 };

let dir: string;
let repo: Repo;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pack-'));
  repo = await createRepo(join(dir, 'r.git'), { commits: 60, merge: true, annotatedTags: 2, bigFileMb: 1 });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A pack of everything, as git makes it. */
function packOf(...options: string[]): Buffer {
  const args = ['-C', repo.dir, 'pack-objects', '--stdout', '--all', '--quiet', ...options];
  return spawnSync('git', args, { input: '', maxBuffer: 64 * 1024 * 1024 }).stdout;
}

async function* inPieces(bytes: Buffer, size = 1_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function expectedCommits(): Promise<Map<string, string[]>> {
  const list = await git(repo, ['rev-list', '--all', '--parents']);
  return new Map(list.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1)]));
}

describe('a small pack', () => {
  it.each([
    ['without deltas', ['--window=0', '--no-reuse-delta']],
    // A window over everything makes deltas of commits, some of them deep.
    ['with deltas', ['--delta-base-offset', '--window=200', '--depth=40', '--no-reuse-delta']],
  ])('gives out its commits and their parents: %s', async (_, options) => {
    const commits = await commitsOf(inPieces(packOf(...options)), LIMITS);

    expect(new Map(commits?.map(({ oid, parents }) => [oid, parents]))).toEqual(await expectedCommits());
  });

  it('is not read when it is larger than allowed', async () => {
    const pack = packOf();

    expect(await commitsOf(inPieces(pack), { ...LIMITS, maxBytes: 100_000 })).toBeNull();
    expect(await commitsOf(inPieces(pack), { ...LIMITS, maxObjects: 10 })).toBeNull();
  });

  it('with deltas that name their base by id is not guessed at', async () => {
    const pack = packOf('--window=200', '--no-reuse-delta');

    await expect(commitsOf(inPieces(pack), LIMITS)).rejects.toThrow(UnreadablePack);
  });

  it.each([
    ['cut short', (pack: Buffer) => pack.subarray(0, -30)],
    [
      'changed on the way',
      (pack: Buffer) =>
        Buffer.concat([pack.subarray(0, 500), Buffer.from([(pack[500] ?? 0) ^ 255]), pack.subarray(501)]),
    ],
    ['no pack at all', () => Buffer.from('hello, this is not a pack of any kind')],
    ['empty', () => Buffer.alloc(0)],
    ['that says it has more', withMore],
  ])('is not believed when it is %s', async (_, change) => {
    await expect(commitsOf(inPieces(change(packOf())), LIMITS)).rejects.toThrow(UnreadablePack);
  });
});

describe('a small pack that means harm', () => {
  const [commitType, deltaType] = [1, 6];
  const copyAll = Buffer.from([0x80 | 0x40, 0x10]);

  it.each<[string, () => Buffer]>([
    ['has a delta that is its own base', () => sealed(1, head(deltaType, 4), Buffer.from([0]), deflateSync(DELTA))],
    [
      'has a delta whose base lies before it all',
      () => sealed(1, head(deltaType, 4), Buffer.from([99]), deflateSync(DELTA)),
    ],
    [
      'has an object of a length that nobody has memory for',
      () => sealed(1, head(commitType, 2 ** 40), deflateSync(DELTA)),
    ],
    [
      'has an object that unfolds to more than it says',
      () => sealed(1, head(commitType, 4), deflateSync(Buffer.alloc(64 * MEGABYTE))),
    ],
    [
      'has a small delta that makes gigabytes',
      () => {
        const base = Buffer.concat([head(commitType, MEGABYTE), deflateSync(Buffer.alloc(MEGABYTE))]);
        const delta = Buffer.concat([
          varint(MEGABYTE),
          varint(4_000 * MEGABYTE),
          ...Array<Buffer>(4_000).fill(copyAll),
        ]);
        return sealed(2, base, head(deltaType, delta.length), distance(base.length), deflateSync(delta));
      },
    ],
  ])('is not believed when it %s', async (_, make) => {
    const before = process.memoryUsage.rss();

    await expect(commitsOf(inPieces(make()), LIMITS)).rejects.toThrow(UnreadablePack);

    expect(process.memoryUsage.rss() - before).toBeLessThan(300 * MEGABYTE);
  });
});

const MEGABYTE = 1024 * 1024;

/** A base of one byte, a result of one byte, and that byte. */
const DELTA = Buffer.from([1, 1, 1, 65]);

function sealed(objects: number, ...parts: Buffer[]): Buffer {
  const header = Buffer.from('5041434b0000000200000000', 'hex');
  header.writeUInt32BE(objects, 8);
  const body = Buffer.concat([header, ...parts]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Seven bits at a time, the lowest first. */
function varint(value: number): Buffer {
  return value < 128
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([128 | (value % 128)]), varint(Math.floor(value / 128))]);
}

/** The type and the length of an object, as they stand before it. */
function head(type: number, size: number): Buffer {
  const rest = Math.floor(size / 16);
  const first = (type << 4) | (size % 16);
  return rest === 0 ? Buffer.from([first]) : Buffer.concat([Buffer.from([128 | first]), varint(rest)]);
}

/** How far before a delta its base begins. */
function distance(value: number): Buffer {
  const bytes = [value & 127];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(128 | (--rest & 127));
  return Buffer.from(bytes);
}

function withMore(pack: Buffer): Buffer {
  const body = Buffer.from(pack.subarray(0, -20));
  body.writeUInt32BE(body.readUInt32BE(8) + 1, 8);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

describe('a pack that passes', () => {
  it.each([1, 5, 12, 10_000])('tells how much there is of it, in pieces of %i bytes', async (size) => {
    const pack = packOf().subarray(0, 20_000);
    const seen: { objects: number; bytes: number }[] = [];
    const out: Buffer[] = [];

    for await (const chunk of passing(inPieces(pack, size), (progress) => seen.push(progress))) out.push(chunk);

    expect(Buffer.concat(out)).toEqual(pack);
    expect(seen.at(-1)).toEqual({ objects: pack.readUInt32BE(8), bytes: pack.length });
  });

  it('must begin as one', async () => {
    const read = async (text: string) => {
      for await (const _ of passing(inPieces(Buffer.from(text)), () => undefined));
    };

    await expect(read('<html>not a pack</html>')).rejects.toThrow(UnreadablePack);
    await expect(read('PACK')).rejects.toThrow(UnreadablePack);
  });

  it('may be empty, as git makes it', () => {
    const made = spawnSync('git', ['-C', repo.dir, 'pack-objects', '--stdout', '--quiet'], { input: '' }).stdout;

    expect(EMPTY_PACK).toEqual(made);
  });
});
