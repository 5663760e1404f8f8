import { describe, expect, it } from 'vitest';
import { chunksOf } from '../../../src/adapters/git/push.ts';
import { commit, git, readRef, refsOf, setRefs } from '../../support/repo.ts';
import { createWorld, type CloneWorld } from './clone-world.ts';
import { installHook } from './git-server.ts';

/** As OneDev refuses: the whole push, with the reason in a box of stars. */
const DECLINE = (pattern: string, reason: string) => `
while read old new ref; do
  case "$ref" in
    ${pattern})
      echo '*******************************************************' >&2
      echo '*' >&2
      echo "*  ERROR PUSHING REF: $ref" >&2
      echo '*' >&2
      echo '*  ${reason}' >&2
      echo '*' >&2
      echo '*******************************************************' >&2
      exit 1;;
  esac
done`;

function pushesOf(world: CloneWorld): number {
  return world.server.requests.filter(({ url }) => url.includes('info/refs?service=git-receive-pack')).length;
}

describe('a push that the hook of the target declines', () => {
  it('goes through without the culprits, each of which is reported with the reason the target gave', async () => {
    const world = await createWorld({ tags: 60, branches: ['dev'] });
    await installHook(world.target, 'pre-receive', DECLINE('*t-0007|*t-0033', 'Tag creation is not allowed'));

    const report = await world.sync();

    const { 'refs/tags/t-0007': one, 'refs/tags/t-0033': other, ...rest } = await world.mirrored(world.source);
    expect([one, other].every(Boolean)).toBe(true);
    expect(await refsOf(world.target)).toEqual(rest);
    expect(report.outcome).toBe('changed');
    expect(report.declined).toEqual([
      { name: 'refs/tags/t-0007', reason: 'Tag creation is not allowed' },
      { name: 'refs/tags/t-0033', reason: 'Tag creation is not allowed' },
    ]);
    expect(report.refs).toMatchObject({ created: 60, declined: 2 });
    expect(pushesOf(world)).toBeLessThan(30);
  });

  it('is reported with what the hook printed when there is no box', async () => {
    const world = await createWorld();
    await installHook(world.target, 'pre-receive', 'echo "curl: (22) the server said 500" >&2; exit 1');

    const report = await world.sync();

    expect(report.declined).toEqual([{ name: 'refs/heads/main', reason: 'curl: (22) the server said 500' }]);
    expect(world.defaultBranches).toEqual([]);
  });

  it('names no more than fifty refs, and counts them all', async () => {
    const world = await createWorld({ tags: 60 });
    await installHook(world.target, 'update', 'case "$1" in refs/tags/*) exit 1;; esac');

    const report = await world.sync();

    expect(report.refs).toMatchObject({ created: 1, declined: 60 });
    expect(report.declined).toHaveLength(50);
    expect(report.declined[0]).toEqual({ name: 'refs/tags/t-0001', reason: 'hook declined' });
  });

  it('of an archive leaves the ref it was for as it is, and does not stop the rest', async () => {
    const world = await createWorld({ branches: ['gone', 'dev'] });
    await world.sync();
    const before = await world.mirrored(world.target);
    await installHook(world.target, 'pre-receive', DECLINE('refs/starkeep/*', 'No such namespace'));
    await commit(world.source, { parent: null });
    await setRefs(world.source, [{ name: 'refs/heads/gone', oid: null }]);
    const grown = await commit(world.source, { branch: 'dev' });

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual({ ...before, 'refs/heads/dev': grown });
    expect(report.declined.map(({ name }) => name)).toEqual(['refs/heads/gone', 'refs/heads/main']);
    expect(report.declined[0]?.reason).toMatch(/could not be kept as refs\/starkeep\/.*: No such namespace$/);
  });

  it('of the deletion of the branch HEAD points at is reported', async () => {
    const world = await createWorld({ branches: ['dev'] });
    await world.sync();
    await git(world.source, ['symbolic-ref', 'HEAD', 'refs/heads/nowhere']);
    await setRefs(world.source, [{ name: 'refs/heads/main', oid: null }]);

    const report = await world.sync();

    expect(report.declined).toEqual([
      { name: 'refs/heads/main', reason: expect.stringContaining('deletion of the current branch prohibited') },
    ]);
    expect(await readRef(world.target, 'refs/heads/main')).not.toBeNull();
  });
});

describe('what the target would trip over', () => {
  it('goes alone, so that it declines nobody else', async () => {
    const world = await createWorld({ tags: 3, namedTags: ['v1+k3s1', 'a%b', 'a&b', 'a=b'], treeAndBlobTags: true });
    // OneDev's hook declines every push in which one of these names is.
    await installHook(world.target, 'pre-receive', 'if grep -q "[+%&]"; then exit 1; fi');

    const report = await world.sync();

    expect(report.declined.map(({ name }) => name)).toEqual(['refs/tags/a%b', 'refs/tags/a&b', 'refs/tags/v1+k3s1']);
    // The default branch, the tags together, and six alone: nothing had to be halved.
    expect(pushesOf(world)).toBe(8);
  });
});

describe('hundreds of names with a plus', () => {
  const names = Array.from({ length: 120 }, (_, index) => `v1.${index}+k3s1`);

  it('are all reported after a few refusals, without a push for each', async () => {
    const world = await createWorld({ namedTags: names });
    await installHook(world.target, 'pre-receive', 'if grep -q "[+]"; then exit 1; fi');

    const report = await world.sync();

    expect(report.refs).toMatchObject({ created: 1, declined: 120 });
    expect(report.declined.at(-1)?.reason).toMatch(/^not tried, since 3 names like it were refused/);
    expect(pushesOf(world)).toBe(4);
  });

  it('are all pushed where the target takes them', async () => {
    const world = await createWorld({ namedTags: names });

    const report = await world.sync();

    expect(report.refs).toMatchObject({ created: 121, declined: 0 });
  });
});

describe('a target that somebody else changes meanwhile', () => {
  const changeAt = (world: CloneWorld, url: string, change: () => Promise<unknown>) => {
    let done = false;
    world.server.intercept = async (request) => {
      if (!done && request.url === url) {
        done = true;
        await change();
      }
      return false;
    };
  };

  it.each([
    ['before the push', '/target.git/info/refs?service=git-receive-pack'],
    ['during the push', '/target.git/git-receive-pack'],
  ])('%s is not overwritten', async (_, url) => {
    const world = await createWorld();
    await world.sync();
    await commit(world.source);
    let theirs = '';
    changeAt(world, url, async () => (theirs = await commit(world.target, { branch: 'main' })));

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetChanged');
    expect(failure.message).toContain('refs/heads/main');
    expect(await readRef(world.target, 'refs/heads/main')).toBe(theirs);
  });

  it('does not lose a branch that was to be deleted and just got a commit', async () => {
    const world = await createWorld({ branches: ['old'] });
    await world.sync();
    await setRefs(world.source, [{ name: 'refs/heads/old', oid: null }]);
    let theirs = '';
    let pushes = 0;
    world.server.intercept = async (request) => {
      if (request.url === '/target.git/info/refs?service=git-receive-pack' && (pushes += 1) === 2) {
        theirs = await commit(world.target, { branch: 'old' });
      }
      return false;
    };

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetChanged');
    expect(await readRef(world.target, 'refs/heads/old')).toBe(theirs);
  });

  it('does not overwrite a branch that appeared', async () => {
    const world = await createWorld();
    let theirs = '';
    changeAt(world, '/target.git/info/refs?service=git-receive-pack', async () => {
      theirs = await commit(world.target, { branch: 'main' });
    });

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetChanged');
    expect(await readRef(world.target, 'refs/heads/main')).toBe(theirs);
  });

  it('is a failure when a branch to delete is gone already', async () => {
    const world = await createWorld({ branches: ['old'] });
    await world.sync({ rewritePolicy: 'follow' });
    await setRefs(world.source, [{ name: 'refs/heads/old', oid: null }]);
    changeAt(world, '/target.git/info/refs?service=git-receive-pack', () =>
      setRefs(world.target, [{ name: 'refs/heads/old', oid: null }]),
    );

    const failure = await world.failing({ rewritePolicy: 'follow' });

    expect(failure.kind).toBe('TargetChanged');
  });

  it('is found by the listing afterwards', async () => {
    const world = await createWorld();
    await installHook(
      world.target,
      'post-receive',
      'read old new ref; env -u GIT_QUARANTINE_PATH git update-ref refs/heads/sneaked-in "$new"',
    );

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TargetDiffers' });
    expect(failure.message).toContain('refs/heads/sneaked-in');
  });
});

describe('chunks', () => {
  it('bound how many refs share a push, after the default branch', async () => {
    const world = await createWorld({ tags: 25 });
    world.options = { ...world.options, pushChunk: 10 };

    await world.sync();

    expect(pushesOf(world)).toBe(1 + 3);
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('bound the length of the arguments, however long the names are', () => {
    const updates = Array.from({ length: 2_000 }, (_, index) => ({
      name: `refs/tags/${index}-${'x'.repeat(900)}`,
      expected: null,
      desired: 'a'.repeat(40),
      forced: false,
    }));

    const chunks = chunksOf(updates, 5_000);

    expect(chunks.flat()).toEqual(updates);
    const longest = Math.max(...chunks.map((chunk) => chunk.reduce((sum, { name }) => sum + 2 * name.length, 0)));
    expect(longest).toBeLessThan(128 * 1024);
  });

  it('take long names of real refs', async () => {
    const long = Array.from({ length: 60 }, (_, index) => `${index}-${'x'.repeat(230)}`);
    const world = await createWorld({ namedTags: long });
    world.options = { ...world.options, pushChunk: 1_000 };

    const report = await world.sync();

    expect(report.refs.created).toBe(61);
  });
});
