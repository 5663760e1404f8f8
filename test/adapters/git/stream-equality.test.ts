import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  annotatedTag,
  commit,
  createRepo,
  git,
  type Repo,
  readRef,
  refsOf,
  setHead,
  setRefs,
} from '../../support/repo.ts';
import type { RepoOptions } from '../../support/repo.ts';
import { createStreamWorld, type StreamWorld } from './stream-world.ts';

/** Both ways of transfer, from one source into a target each. */
interface Pair {
  world: StreamWorld;
  source: Repo;
  /** Syncs both, and expects them to have done the same. */
  expectEqual(): Promise<void>;
}

const YEAR_2026 = 1_767_225_600_000;

async function createPair(options: RepoOptions): Promise<Pair> {
  const world = await createStreamWorld(options);
  const other = await createRepo(join(world.dir, 'other.git'), { commits: 0 });
  await git(other, ['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  // The names of archived tips hold the time.
  let syncs = 0;
  const now = () => YEAR_2026 + syncs * 60_000;
  world.options = { ...world.options, now, pushChunk: 1_000 };
  world.streamOptions = { ...world.streamOptions, now };
  const setDefaultBranch = async (branch: string) =>
    void (await git(other, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]));
  const target = { url: world.server.urlOf(other), auth: { kind: 'none' } } as const;
  return {
    world,
    source: world.source,
    async expectEqual() {
      syncs += 1;
      const streamed = await world.sync();
      const cloned = await world.clone({ target, setDefaultBranch });

      expect(await refsOf(world.target)).toEqual(await refsOf(other));
      expect(await git(world.target, ['symbolic-ref', 'HEAD'])).toBe(await git(other, ['symbolic-ref', 'HEAD']));
      expect(await git(world.target, ['fsck', '--full', '--no-dangling'])).toBe('');
      const { transport: _, bytes: __, objects: ___, phases: ____, ...said } = streamed;
      expect(cloned).toMatchObject(said);
      expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    },
  };
}

async function octopus(repo: Repo, branch: string, parents: string[]): Promise<void> {
  const tree = await git(repo, ['rev-parse', `${parents[0]}^{tree}`]);
  const person = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org'];
  const oid = await git(repo, [
    ...person,
    'commit-tree',
    tree,
    ...parents.flatMap((parent) => ['-p', parent]),
    '-m',
    branch,
  ]);
  await setRefs(repo, [{ name: `refs/heads/${branch}`, oid }]);
}

async function tipOf(repo: Repo, branch: string): Promise<string> {
  return (await readRef(repo, `refs/heads/${branch}`)) ?? '';
}

/** Always the same numbers, from 0 up to 1. */
function createDice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe('stream and clone leave the same refs', () => {
  it('of every kind: merges, octopuses, tags of everything, odd names', async () => {
    const { source, expectEqual } = await createPair({
      branches: ['dev', 'feature/x', 'грёза', 'a%20b', "it's", 'x@y', 'sp,ace;'],
      tags: 5,
      annotatedTags: 2,
      nestedTag: true,
      treeAndBlobTags: true,
      merge: true,
      namedTags: ['v1+k3s1', 'вüñ-1', '💥', 'a=b', 'a&b'],
      pulls: 3,
    });
    const tips = await Promise.all(['main', 'dev', 'feature/x'].map((branch) => tipOf(source, branch)));
    await octopus(source, 'octopus', tips);
    await annotatedTag(source, 'tag-of-tree', await git(source, ['rev-parse', 'main^{tree}']));

    await expectEqual();
    // Tags move to something of another type, too.
    await setRefs(source, [{ name: 'refs/tags/t-0001', oid: await git(source, ['rev-parse', 'main^{tree}']) }]);
    await annotatedTag(source, 'v0.1.0', await tipOf(source, 'dev'));
    await expectEqual();
  });

  it('of an empty repository, of the first commit in it, and with a HEAD that points at nothing', async () => {
    const { source, expectEqual } = await createPair({ commits: 0 });

    await expectEqual();
    await commit(source, { branch: 'trunk', parent: null });
    await expectEqual();
    await setHead(source, 'trunk');
    await commit(source, { branch: 'trunk' });
    await expectEqual();
  });

  it('of thousands of refs, and when a few of them change', async () => {
    const { source, expectEqual } = await createPair({ commits: 20, tags: 5_000, branches: ['dev'] });

    await expectEqual();
    const oid = await commit(source);
    const moved = Array.from({ length: 20 }, (_, index) => ({ name: `refs/tags/t-${1001 + index}`, oid }));
    await setRefs(source, moved);
    await expectEqual();
  }, 240_000);

  it('when branches are rewritten, crossed, wound back and merged into each other', async () => {
    const { source, expectEqual } = await createPair({ commits: 6, branches: ['a', 'b', 'c', 'd', 'e'] });
    await expectEqual();
    const [a, b, main] = await Promise.all(['a', 'b', 'main'].map((branch) => tipOf(source, branch)));

    await setRefs(source, [
      { name: 'refs/heads/a', oid: b ?? '' },
      { name: 'refs/heads/b', oid: a ?? '' },
      { name: 'refs/heads/main', oid: await git(source, ['rev-parse', 'main~2']) },
    ]);
    // An amended commit has the parent of the one it replaces.
    await commit(source, { branch: 'c', parent: await git(source, ['rev-parse', 'c^']) });
    await octopus(source, 'd', [await tipOf(source, 'd'), main ?? '', a ?? '']);
    await octopus(source, 'e', [await tipOf(source, 'd'), await tipOf(source, 'e')]);
    await expectEqual();
    await setRefs(source, [{ name: 'refs/heads/main', oid: main ?? '' }]);
    await expectEqual();
  });

  it('when a large file changes a little, in a pack that leans on what the target has', async () => {
    const { source, world, expectEqual } = await createPair({});
    const large = randomBytes(1024 * 1024);
    await commit(source, { files: { 'large.bin': large } });
    await expectEqual();

    large.fill(0, 1_000, 1_020);
    await commit(source, { files: { 'large.bin': large } });
    const before = world.progress.length;
    await expectEqual();

    expect(Math.max(...world.progress.slice(before).map(({ bytes }) => bytes))).toBeLessThan(100_000);
  });

  it('when refs go, when a branch becomes a folder, and when the default branch is renamed', async () => {
    const { source, expectEqual } = await createPair({ branches: ['a', 'b/c', 'gone'], tags: 3, annotatedTags: 1 });
    await expectEqual();
    const main = await tipOf(source, 'main');

    await setRefs(source, [
      { name: 'refs/heads/a', oid: null },
      { name: 'refs/heads/b/c', oid: null },
      { name: 'refs/heads/gone', oid: null },
      { name: 'refs/tags/t-0002', oid: null },
      { name: 'refs/tags/v0.1.0', oid: null },
    ]);
    await setRefs(source, [
      { name: 'refs/heads/a/deep/er', oid: main },
      { name: 'refs/heads/b', oid: main },
    ]);
    await expectEqual();
    await setRefs(source, [{ name: 'refs/heads/trunk', oid: await commit(source) }]);
    await setHead(source, 'trunk');
    await setRefs(source, [{ name: 'refs/heads/main', oid: null }]);
    await expectEqual();
  });

  it.each([1, 2, 3])('whatever happens (%i)', async (seed) => {
    const { source, expectEqual } = await createPair({ commits: 4, branches: ['b0', 'b1', 'b2'], tags: 2 });
    const dice = createDice(seed);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(dice() * items.length)] as Item;
    const names = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5'];

    for (let round = 0; round < 3; round += 1) {
      for (let step = 0; step < 6; step += 1) {
        const all = Object.values(await refsOf(source));
        const branch = pick(names);
        const kind = pick(['grow', 'rewrite', 'delete', 'move', 'merge', 'tag', 'annotate']);
        const commits = [...new Set(all)].filter((oid) => oid !== '');
        if (kind === 'grow') await commit(source, { branch });
        if (kind === 'rewrite') await commit(source, { branch, parent: pick([null, await tipOf(source, 'main')]) });
        if (kind === 'delete') await setRefs(source, [{ name: `refs/heads/${branch}`, oid: null }]);
        const at = await git(source, ['rev-parse', `${pick(commits)}^{commit}`]);
        if (kind === 'move') await setRefs(source, [{ name: `refs/heads/${branch}`, oid: at }]);
        if (kind === 'merge') await octopus(source, branch, [await tipOf(source, 'main'), at]);
        if (kind === 'tag') await setRefs(source, [{ name: `refs/tags/${branch}`, oid: at }]);
        if (kind === 'annotate') await annotatedTag(source, `annotated-${branch}`, at);
      }
      await expectEqual();
    }
  });
});
