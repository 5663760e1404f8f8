import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../support/leaks.ts';
import { annotatedTag, commit, setRefs } from '../../support/repo.ts';
import { addObjects, createLfsWorld, named, oids } from './lfs-world.ts';

describe('whether a repository uses Git LFS', () => {
  it('one without .gitattributes costs one exchange, and none until its default branch moves', async () => {
    const world = await createLfsWorld();

    const first = await world.run();
    const asked = world.fetches();
    const again = await world.run({ sourceDigest: 'another branch has moved' });

    expect([first, again]).toEqual([null, null]);
    expect(asked).toBe(1);
    expect(world.fetches()).toBe(0);
    expect(world.batches()).toEqual({ github: 0, onedev: 0 });
  });

  it('.gitattributes that do not speak of it are read once, and not again while they stay the same', async () => {
    const world = await createLfsWorld();
    await commit(world.repo, { files: { '.gitattributes': '# *.bin filter=lfs\n* text=auto\n' } });

    const first = await world.run();
    const asked = world.fetches();
    await commit(world.repo);
    const second = await world.run();

    expect([first, second]).toEqual([null, null]);
    expect(asked).toBe(2);
    expect(world.fetches()).toBe(1);
  });

  it('is found in a .gitattributes of a folder too', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1);
    await commit(world.repo, {
      files: { 'art/.gitattributes': '*.psd filter=lfs -text\n', 'art/a.psd': object!.pointer },
    });

    const report = await world.run();

    expect(report).toMatchObject({ objects: 1, transferred: 1 });
  });

  it('stays known when the attributes are gone, because history keeps its pointers', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    await world.run();
    await commit(world.repo, { parent: null, files: { 'README.md': 'a new beginning' } });

    const report = await world.run();

    expect(report).toMatchObject({ objects: 1, skipped: 1, failed: 0 });
  });

  it('an empty repository, and one whose tip nobody told, are no trouble', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));

    const empty = await world.run({ defaultTip: null });
    const asked = await world.run({ sourceDigest: 'new', defaultTip: undefined });

    expect(empty).toBeNull();
    expect(asked).toMatchObject({ objects: 1, transferred: 1 });
  });

  it('a HEAD that names no commit is no trouble', async () => {
    const world = await createLfsWorld();
    await setRefs(world.repo, [{ name: 'refs/heads/main', oid: null }]);

    const report = await world.run({ defaultTip: undefined });

    expect(report).toBeNull();
  });

  it('nothing but the memory of it stays on disk for a repository that does not use it', async () => {
    const world = await createLfsWorld();

    await world.run();

    expect(readdirSync(join(world.options.cacheDir, 'lfs'), { recursive: true }).sort()).toEqual([
      `github-${world.repository.id}.json`,
      'tmp',
    ]);
  });
});

describe('which objects are moved', () => {
  it('all that heads and tags name, in any commit, each once', async () => {
    const world = await createLfsWorld();
    const [old, current, onBranch, onTag, shared] = addObjects(world, 5);
    await world.commitLfs({ 'a.bin': old!, 'same.bin': shared! });
    await world.commitLfs({ 'a.bin': current!, 'copy.bin': shared! });
    await world.commitLfs({ 'b.bin': onBranch! }, 'topic');
    const tagged = await world.commitLfs({ 'c.bin': onTag! }, 'gone');
    await annotatedTag(world.repo, 'v1', tagged);
    await setRefs(world.repo, [{ name: 'refs/heads/gone', oid: null }]);

    const report = await world.run();

    expect(report).toEqual({
      objects: 5,
      transferred: 5,
      bytes: 200,
      skipped: 0,
      failed: 0,
      failures: [],
      again: false,
    });
    expect(world.held()).toEqual(oids([old!, current!, onBranch!, onTag!, shared!]));
  });

  it('what looks like a pointer and is none is left alone', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1);
    await world.commitLfs({
      'a.bin': object!,
      'words.txt': `${object!.pointer}and more\n`.replace(object!.oid, 'f'.repeat(64)),
      'long.txt': `${object!.pointer.replace(object!.oid, 'e'.repeat(64))}${'x'.repeat(900)}`,
    });

    const report = await world.run();

    expect(report).toMatchObject({ objects: 1, transferred: 1, failed: 0 });
  });

  it('hundreds go in batches of a hundred, and the next run asks for none of them', async () => {
    const world = await createLfsWorld();
    const objects = addObjects(world, 230);
    await world.commitLfs(named(objects));

    const report = await world.run();
    const asked = world.batches();
    const again = await world.run();

    expect(report).toMatchObject({ objects: 230, transferred: 230, failed: 0 });
    expect(asked).toEqual({ github: 3, onedev: 3 });
    expect(world.held()).toEqual(oids(objects));
    expect(again).toMatchObject({ objects: 230, transferred: 0, skipped: 230 });
    expect(world.batches()).toEqual({ github: 0, onedev: 0 });
    expect(world.progress.at(-1)).toMatchObject({ phase: 'lfs', objects: 230, bytes: 230 * 40 });
  }, 60_000);

  it('a later commit costs one listing and one fetch, and moves only what is new', async () => {
    const world = await createLfsWorld();
    const objects = addObjects(world, 3);
    await world.commitLfs(named(objects.slice(0, 2)));
    await world.run();
    world.fetches();
    await world.commitLfs({ 'new.bin': objects[2]! });

    const report = await world.run();

    expect(report).toMatchObject({ objects: 3, transferred: 1, skipped: 2 });
    expect(world.fetches()).toBe(2);
  });

  it('what OneDev lost is brought again when everything is asked for', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 2)));
    await world.run();
    await world.onedev.remove('github/acme/art');
    await world.onedev.addForeignProject('github/acme/art');

    const report = await world.run({ full: true });

    expect(report).toMatchObject({ transferred: 2, skipped: 0 });
  });

  it('a broken cache is thrown away and fetched anew', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 2)));
    await world.run();
    const cache = join(world.options.cacheDir, 'lfs', `github-${world.repository.id}.git`);
    const packs = readdirSync(join(cache, 'objects', 'pack')).filter((name) => /\.(idx|pack)$/.test(name));
    for (const name of packs) {
      // git's own files may not be written to.
      rmSync(join(cache, 'objects', 'pack', name));
      writeFileSync(join(cache, 'objects', 'pack', name), 'broken');
    }

    const report = await world.run({ full: true });

    expect(report).toMatchObject({ objects: 2, skipped: 2 });
    expect(existsSync(cache)).toBe(true);
  });
});
