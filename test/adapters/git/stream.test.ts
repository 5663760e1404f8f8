import { describe, expect, it } from 'vitest';
import { createStreamTransfer } from '../../../src/adapters/git/stream.ts';
import { CARRIER } from '../../../src/adapters/git/stream-target.ts';
import { commit, git, readRef, refsOf, setRefs } from '../../support/repo.ts';
import { installHook } from './git-server.ts';
import { askedOf, createStreamWorld, type StreamWorld } from './stream-world.ts';

/** A hook that declines every push with a ref of this pattern. */
const DECLINE = (pattern: string) => `
while read old new ref; do
  case "$ref" in ${pattern}) echo "*  ERROR PUSHING REF: $ref" >&2; echo "*  Not that one" >&2; exit 1;; esac
done`;

function pushesOf(world: StreamWorld): number {
  return askedOf(world, 'target').filter((asked) => asked === 'POST git-receive-pack').length;
}

describe('a first sync', () => {
  it('brings heads and tags over, the default branch first, and nothing else', async () => {
    const world = await createStreamWorld({
      defaultBranch: 'trunk',
      branches: ['dev'],
      tags: 3,
      annotatedTags: 2,
      pulls: 2,
    });

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    expect(await git(world.target, ['fsck', '--full'])).toBe('');
    expect(world.defaultBranches).toEqual(['trunk']);
    expect(report).toMatchObject({
      outcome: 'changed',
      transport: 'stream',
      refs: { source: 7, created: 7, updated: 0, forced: 0, deleted: 0, archived: 0, declined: 0 },
      declined: [],
      held: [],
      defaultBranch: 'trunk',
    });
    const objects = await git(world.source, ['rev-list', '--objects', '--branches', '--tags', '--count']);
    expect(report.objects).toBe(Number(objects));
    expect(report.bytes).toBeGreaterThan(500);
    expect(report.phases.map(({ name }) => name)).toEqual(['listing', 'planning', 'pushing', 'verifying']);
  });

  it('fetches one pack, opens two pushes, and lists the target twice', async () => {
    const world = await createStreamWorld({ branches: ['dev'], tags: 300 });

    await world.sync();

    expect(askedOf(world, 'source').sort()).toEqual([
      'GET info/refs?service=git-upload-pack',
      // The refs, what the tags point at, the pack.
      ...Array.from({ length: 3 }, () => 'POST git-upload-pack'),
    ]);
    expect(askedOf(world, 'target').sort()).toEqual([
      ...Array.from({ length: 2 }, () => 'GET info/refs?service=git-receive-pack'),
      ...Array.from({ length: 2 }, () => 'POST git-receive-pack'),
      'POST git-upload-pack',
    ]);
  });

  it('says how far it is', async () => {
    const world = await createStreamWorld({ bigFileMb: 2, tags: 3 });

    const report = await world.sync();

    expect(world.progress.some(({ bytes, bytesPerSecond }) => bytes > 1_000_000 && bytesPerSecond > 0)).toBe(true);
    expect(world.progress.at(-1)).toMatchObject({ phase: 'verifying', refsDone: 4, refsTotal: 4 });
    expect(report.bytes).toBeGreaterThan(2_000_000);
  });
});

describe('a sync without news', () => {
  it('is one request to the source, and none to the target', async () => {
    const world = await createStreamWorld({ branches: ['dev'], annotatedTags: 2 });
    const first = await world.sync();
    world.server.requests.length = 0;

    const report = await world.sync({ knownDigest: first.sourceDigest });

    expect(report.outcome).toBe('unchanged');
    expect(askedOf(world, 'source')).toEqual(['POST git-upload-pack']);
    expect(askedOf(world, 'target')).toEqual([]);
  });

  it('changes nothing where no digest is known', async () => {
    const world = await createStreamWorld({ branches: ['dev'], annotatedTags: 2 });
    await world.sync();
    world.server.requests.length = 0;

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'unchanged', objects: 0, bytes: 0 });
    expect(askedOf(world, 'target')).not.toContain('POST git-receive-pack');
  });

  it('only looks when it is told to', async () => {
    const world = await createStreamWorld({ branches: ['dev'] });
    const first = await world.sync();
    await setRefs(world.target, [{ name: 'refs/heads/dev', oid: null }]);
    const before = await refsOf(world.target);

    const report = await world.sync({ knownDigest: first.sourceDigest, compareOnly: { except: [] } });

    expect(report).toMatchObject({ outcome: 'unchanged', drift: { refs: 1, names: ['refs/heads/dev'] } });
    expect(await refsOf(world.target)).toEqual(before);
  });
});

describe('a commit more', () => {
  it('brings over nothing but what is new', async () => {
    const world = await createStreamWorld({ bigFileMb: 1 });
    await world.sync();
    await commit(world.source);

    const report = await world.sync();

    expect(report).toMatchObject({ objects: 3, refs: { updated: 1, forced: 0, archived: 0 } });
    expect(report.bytes).toBeLessThan(2_000);
  });

  it('goes over a connection that waited, also when the server closed it meanwhile', async () => {
    const world = await createStreamWorld();
    const transfer = createStreamTransfer(world.streamOptions);
    const sync = () =>
      transfer.run(world.request, { signal: new AbortController().signal, onProgress: () => undefined });
    await sync();
    await commit(world.source);
    world.server.dropConnections();

    await sync();
    transfer.close();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });
});

describe('a push with the pack that the hook of the target declines', () => {
  it('of the default branch does not cost the others, and leaves nothing of ours behind', async () => {
    const world = await createStreamWorld({ branches: ['dev'], tags: 3 });
    await installHook(world.target, 'pre-receive', DECLINE('refs/heads/main'));

    const report = await world.sync();

    const { 'refs/heads/main': main, ...rest } = await world.mirrored(world.source);
    expect(main).toBeDefined();
    expect(await refsOf(world.target)).toEqual(rest);
    expect(report.declined).toEqual([{ name: 'refs/heads/main', reason: 'Not that one' }]);
    expect(await git(world.target, ['fsck', '--full', '--no-dangling'])).toBe('');
  });

  it('of some among many costs nobody else', async () => {
    const world = await createStreamWorld({ branches: ['dev', 'b1', 'b2', 'b3', 'b4', 'b5'] });
    await world.sync();
    for (const branch of ['dev', 'b1', 'b2', 'b3', 'b4', 'b5']) await commit(world.source, { branch });
    await installHook(world.target, 'pre-receive', DECLINE('refs/heads/b2|refs/heads/b4'));
    const before = await world.mirrored(world.target);
    world.server.requests.length = 0;

    const report = await world.sync();

    const wanted = await world.mirrored(world.source);
    const kept = Object.fromEntries(['refs/heads/b2', 'refs/heads/b4'].map((name) => [name, before[name]]));
    expect(await refsOf(world.target)).toEqual({ ...wanted, ...kept });
    expect(report.declined.map(({ name }) => name)).toEqual(['refs/heads/b2', 'refs/heads/b4']);
  });

  it('whatever the ref is ends with every ref declined, after a few tries', async () => {
    const world = await createStreamWorld({ branches: ['dev'], tags: 40 });
    await setRefs(world.source, [{ name: 'refs/heads/dev', oid: await commit(world.source, { branch: 'dev' }) }]);
    await installHook(world.target, 'pre-receive', 'echo "closed today" >&2; exit 1');

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual({});
    expect(report.refs).toMatchObject({ created: 0, declined: 42 });
    expect(report.declined[0]?.reason).toContain('closed today');
    expect(pushesOf(world)).toBeLessThan(10);
  });

  it('by a run that died leaves a carrier, which the next run removes', async () => {
    const world = await createStreamWorld();
    await world.sync();
    await setRefs(world.target, [{ name: CARRIER, oid: await readRef(world.target, 'refs/heads/main') }]);
    await commit(world.source);

    await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });
});

describe('tags of trees and blobs', () => {
  it('are pushed one by one, and those of commits together', async () => {
    const world = await createStreamWorld({ tags: 5, annotatedTags: 2, nestedTag: true, treeAndBlobTags: true });

    await world.sync();

    expect(pushesOf(world)).toBe(4);
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('are pushed alone to be safe where the source does not say what tags are', async () => {
    const world = await createStreamWorld({ tags: 3, treeAndBlobTags: true });
    await git(world.source, ['config', 'uploadpack.allowFilter', 'false']);

    await world.sync();

    // `t-0003` is what `main` points at, so there is nothing to ask.
    expect(pushesOf(world)).toBe(2 + 4);
    expect(world.logged).toContain('the source does not say what its tags point at');
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });
});

describe('a rewritten branch', () => {
  it('is stored before it moves, also where the source cannot say what contains what', async () => {
    const world = await createStreamWorld();
    await git(world.source, ['config', 'uploadpack.allowFilter', 'false']);
    await world.sync();
    const old = await readRef(world.target, 'refs/heads/main');
    await commit(world.source);

    const report = await world.sync();

    expect(report.refs).toMatchObject({ updated: 1, forced: 1, archived: 1 });
    expect(Object.entries(await refsOf(world.target)).filter(([name]) => name.startsWith('refs/starkeep/'))).toEqual([
      [expect.stringMatching(/\/main$/), old],
    ]);
  });
});

describe('a repository of SHA-256 ids', () => {
  it('is refused before anything is done', async () => {
    const world = await createStreamWorld();
    await git(world.source, ['init', '--bare', '--quiet', '--object-format=sha256', '../sha256.git']);
    const url = world.request.source.url.replace('source', 'sha256');

    const failure = await world.failing({ source: { url, auth: { kind: 'none' } } });

    expect(failure.kind).toBe('ObjectFormatUnsupported');
  });
});
