import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLfsMetadata, type Look } from '../../../src/adapters/git/lfs-metadata.ts';
import { lookAtTip } from '../../../src/adapters/git/lfs-look.ts';
import { createCacheFolder } from '../../../src/adapters/git/cache.ts';
import { createConnectionPool } from '../../../src/adapters/git/smart-http.ts';
import '../../support/leaks.ts';
import { commit, git, readRef, setRefs } from '../../support/repo.ts';
import { ATTRIBUTES, createLfsWorld, type LfsWorld } from './lfs-world.ts';

const ENDLESS = new AbortController().signal;

function sourceOf({ github }: LfsWorld) {
  const auth = { kind: 'basic', username: 'x-access-token', password: github.token } as const;
  return { url: `${github.url}/acme/art.git`, auth };
}

async function tipOf({ repo }: LfsWorld): Promise<string> {
  return (await readRef(repo, 'refs/heads/main')) ?? expect.fail('main has no commit');
}

/** In memory, as a sync does it. */
async function look(world: LfsWorld, plain: string[] = [], tip?: string): Promise<Look | null> {
  const pool = createConnectionPool();
  const options = {
    source: sourceOf(world),
    pool,
    signal: ENDLESS,
    idleTimeoutMs: 10_000,
    redact: world.options.redact,
  };
  try {
    return await lookAtTip(options, tip ?? (await tipOf(world)), plain);
  } finally {
    pool.http.destroy();
    pool.https.destroy();
  }
}

/** The same by git, which unpacks and lists. */
async function lookByGit(world: LfsWorld, plain: string[] = []): Promise<Look> {
  const dir = await mkdtemp(join(tmpdir(), 'look-'));
  try {
    const metadata = await createLfsMetadata({
      mirrorId: 'github-1',
      source: sourceOf(world),
      folder: createCacheFolder(join(dir, 'cache')),
      workspace: { dir, home: dir },
      limits: { signal: ENDLESS, idleTimeoutMs: 10_000 },
      hostEnvironment: process.env,
      redact: world.options.redact,
    });
    return await metadata.look(await tipOf(world), plain);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const sorted = (found: Look | null) => found && { ...found, plain: [...found.plain].sort() };

describe('a look at the tip in memory', () => {
  const deep = Object.fromEntries(
    Array.from({ length: 300 }, (_, n) => [`src/part-${n % 7}/of-${n % 40}/file-${n}.txt`, `content ${n}`]),
  );
  it.each<[string, Record<string, string>]>([
    ['no attributes at all', { 'a.txt': 'a' }],
    ['attributes that do not speak of it', { '.gitattributes': '* text=auto\n', 'a/.gitattributes': '*.sh eol=lf\n' }],
    ['attributes at the root', { '.gitattributes': ATTRIBUTES }],
    ['attributes deep below', { ...deep, 'src/part-3/of-3/.gitattributes': '*.psd filter=lfs\n' }],
    ['names that only look alike', { 'x.gitattributes': ATTRIBUTES, '.gitattributes.bak': ATTRIBUTES, ...deep }],
    ['a folder of that name', { 'a/.gitattributes/b.txt': ATTRIBUTES }],
    ['the same file at many places', { 'a/.gitattributes': '* text\n', 'b/.gitattributes': '* text\n', ...deep }],
  ])('finds what git finds: %s', async (_, files) => {
    const world = await createLfsWorld();
    // Several commits, so that the trees of the last are deltas of earlier ones where git makes them so.
    for (let round = 0; round < 3; round += 1) await commit(world.repo, { files: { ...files, round: `${round}` } });
    await git(world.repo, ['repack', '-adfq', '--window=50', '--depth=50']);

    const found = await look(world);

    expect(found).not.toBeNull();
    expect(sorted(found)).toEqual(sorted(await lookByGit(world)));
  });

  it('does not take a link or a submodule for a file', async () => {
    const world = await createLfsWorld();
    const blob = await git(world.repo, ['hash-object', '-w', '--stdin'], ATTRIBUTES);
    const inner = await git(world.repo, ['mktree'], `160000 commit ${'a'.repeat(40)}\t.gitattributes\n`);
    const tree = await git(world.repo, ['mktree'], `120000 blob ${blob}\t.gitattributes\n040000 tree ${inner}\tsub\n`);
    const tip = await git(world.repo, [
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b',
      'commit-tree',
      tree,
      '-m',
      'links',
    ]);
    await setRefs(world.repo, [{ name: 'refs/heads/main', oid: tip }]);

    expect(await look(world)).toEqual({ usesLfs: false, plain: [], partial: true });
  });

  it('asks once where the attributes are known, and twice where they are not', async () => {
    const world = await createLfsWorld();
    await commit(world.repo, { files: { '.gitattributes': '* text=auto\n' } });
    const plain = (await lookByGit(world)).plain;
    world.fetches();

    const first = await look(world);
    expect(world.fetches()).toBe(2);
    const again = await look(world, plain);

    expect(world.fetches()).toBe(1);
    expect([first, again]).toEqual([again, { usesLfs: false, plain, partial: true }]);
  });

  it('is left to git when the source has the commit no more', async () => {
    const world = await createLfsWorld();

    expect(await look(world, [], 'a'.repeat(40))).toBeNull();
  });

  it('is left to git over SSH, before anybody is asked', async () => {
    const source = { url: 'ssh://git@github.example/acme/art.git', auth: { kind: 'none' } } as const;
    const options = { source, pool: createConnectionPool(), signal: ENDLESS, idleTimeoutMs: 1_000, redact: String };

    expect(await lookAtTip(options, 'a'.repeat(40), [])).toBeNull();
  });

  it('says what keeps it from the source, and does not have git try it again', async () => {
    const world = await createLfsWorld();
    const source = { url: 'http://127.0.0.1:1/acme/art.git', auth: { kind: 'none' } } as const;

    await expect(world.run({ source })).rejects.toMatchObject({ kind: 'SourceUnreachable' });
  });
});

describe('a repository without Git LFS', () => {
  it('needs no git on this machine', async () => {
    const world = await createLfsWorld({ hostEnvironment: { PATH: '/nowhere' } });
    await commit(world.repo, { files: { '.gitattributes': '* text=auto\n' } });

    expect(await world.run()).toBeNull();
    expect(await readdir(join(world.options.cacheDir, 'lfs'))).toContain(`github-${world.repository.id}.json`);
  });
});
