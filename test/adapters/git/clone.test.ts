import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { annotatedTag, commit, git, readRef, refsOf, setHead, setRefs } from '../../support/repo.ts';
import { refuse } from './git-server.ts';
import { createWorld, eventually, filesBelow, isFetch, processesOf } from './clone-world.ts';

const OF_ALL_KINDS = {
  branches: ['dev', 'feature/x', 'грёза'],
  tags: 5,
  annotatedTags: 2,
  nestedTag: true,
  treeAndBlobTags: true,
  merge: true,
  namedTags: ['v1+k3s1', 'вüñ-1'],
  pulls: 3,
};

describe('a first transfer', () => {
  it('makes heads and tags of every kind equal, and takes nothing else', async () => {
    const world = await createWorld(OF_ALL_KINDS);

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    expect(report).toMatchObject({
      outcome: 'changed',
      transport: 'clone',
      defaultBranch: 'main',
      declined: [],
      held: [],
      refs: { source: 18, created: 18, updated: 0, forced: 0, deleted: 0, archived: 0, declined: 0 },
    });
  });

  it('pushes the default branch alone and first, and makes it the default', async () => {
    const world = await createWorld({ defaultBranch: 'trunk', branches: ['a', 'z'] });
    const pushes: string[] = [];
    const before = world.server.intercept;
    world.server.intercept = async (request, response) => {
      if (request.url?.endsWith('git-receive-pack') && request.method === 'POST') {
        pushes.push(Object.keys(await refsOf(world.target)).join(' '));
      }
      return before(request, response);
    };

    await world.sync();

    expect(pushes).toEqual(['', 'refs/heads/trunk']);
    expect(world.defaultBranches).toEqual(['trunk']);
  });

  it('says what came over the wire, and where it is meanwhile', async () => {
    const world = await createWorld({ bigFileMb: 3, tags: 5 });

    const report = await world.sync();

    expect(report.objects).toBeGreaterThanOrEqual(9);
    expect(report.bytes).toBeGreaterThanOrEqual(3 * 1024 * 1024);
    expect(report.phases.map(({ name }) => name)).toEqual(['listing', 'fetching', 'planning', 'pushing', 'verifying']);
    const phases = [...new Set(world.progress.map(({ phase }) => phase))];
    expect(phases).toEqual(['listing', 'fetching', 'planning', 'pushing', 'verifying']);
    expect(world.progress.some(({ phase, objects }) => phase === 'fetching' && objects > 0)).toBe(true);
    expect(world.progress.at(-1)).toMatchObject({ refsDone: 6, refsTotal: 6 });
  });

  it('of an empty repository into an empty project does nothing, and is no failure', async () => {
    const world = await createWorld({ commits: 0 });

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'unchanged', refs: { source: 0, created: 0 }, defaultBranch: null });
    expect(world.defaultBranches).toEqual([]);
  });

  it('sets no default branch when HEAD points at nothing', async () => {
    const world = await createWorld({ branches: ['dev'] });
    await setHead(world.source, 'nowhere');

    const report = await world.sync();

    expect(report.defaultBranch).toBeNull();
    expect(world.defaultBranches).toEqual([]);
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('of a SHA-256 repository is refused before anything is done', async () => {
    const world = await createWorld();
    await rm(world.source.dir, { recursive: true });
    await git({ dir: world.dir }, ['init', '--bare', '--quiet', '--object-format=sha256', world.source.dir]);
    await commit(world.source, { branch: 'main' });

    const failure = await world.failing();

    expect(failure.kind).toBe('ObjectFormatUnsupported');
    expect(await refsOf(world.target)).toEqual({});
  });
});

describe('a later transfer', () => {
  it('ends after one listing when the source is what it was, without touching target or cache', async () => {
    const world = await createWorld(OF_ALL_KINDS);
    const { sourceDigest } = await world.sync();
    await rm(world.cache.dir, { recursive: true });
    world.server.requests.length = 0;

    const report = await world.sync({ knownDigest: sourceDigest });

    expect(report).toMatchObject({ outcome: 'unchanged', sourceDigest, refs: { source: 18, created: 0 } });
    expect(world.server.requests.map(({ url }) => url.replace(/\?.*/, ''))).toEqual([
      '/source.git/info/refs',
      '/source.git/git-upload-pack',
    ]);
    expect(await readdir(world.cacheDir)).toEqual(['tmp']);
  });

  it('compares everything when no digest is known, and finds nothing to do', async () => {
    const world = await createWorld(OF_ALL_KINDS);
    const first = await world.sync();

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'unchanged', sourceDigest: first.sourceDigest });
    expect(report.refs).toMatchObject({ created: 0, updated: 0, deleted: 0 });
  });

  it('has the same digest whether the refs were listed or fetched', async () => {
    const world = await createWorld(OF_ALL_KINDS);
    const { sourceDigest } = await world.sync();

    const listed = await world.sync({ knownDigest: sourceDigest });

    expect(listed.outcome).toBe('unchanged');
  });

  it('brings new, moved and removed refs over', async () => {
    const world = await createWorld({ branches: ['dev', 'old'], tags: 2 });
    await world.sync();
    await commit(world.source, { branch: 'main' });
    await commit(world.source, { branch: 'new' });
    await setRefs(world.source, [
      { name: 'refs/heads/old', oid: null },
      { name: 'refs/tags/t-0002', oid: null },
    ]);

    const report = await world.sync();

    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    expect(report.refs).toMatchObject({ created: 1, updated: 1, forced: 0, deleted: 2, archived: 2 });
  });

  it('plans from what was fetched: a push between listing and fetch is mirrored as well', async () => {
    const world = await createWorld();
    let fetches = 0;
    world.server.intercept = async (request) => {
      if (isFetch(request.url)) fetches += 1;
      if (isFetch(request.url) && fetches === 2) await commit(world.source, { branch: 'late' });
      return false;
    };

    const report = await world.sync();

    expect(await readRef(world.target, 'refs/heads/late')).not.toBeNull();
    world.server.intercept = () => false;
    expect((await world.sync({ knownDigest: report.sourceDigest })).outcome).toBe('unchanged');
  });

  it('is refused when a repository that had refs lists none, and removes nothing', async () => {
    const world = await createWorld({ tags: 2 });
    await world.sync();
    const before = await refsOf(world.target);
    const all = Object.keys(await refsOf(world.source)).map((name) => ({ name, oid: null }));
    await setRefs(world.source, all);

    const failure = await world.failing();

    expect(failure.kind).toBe('SourceEmptied');
    expect(await refsOf(world.target)).toEqual(before);
  });

  it('follows a renamed default branch: new one first, then HEAD, then the old one goes', async () => {
    const world = await createWorld({ defaultBranch: 'master' });
    await world.sync();
    const tip = await readRef(world.source, 'refs/heads/master');
    await setRefs(world.source, [{ name: 'refs/heads/main', oid: tip }]);
    await setHead(world.source, 'main');
    await setRefs(world.source, [{ name: 'refs/heads/master', oid: null }]);

    const report = await world.sync();

    expect(Object.keys(await world.mirrored(world.target))).toEqual(['refs/heads/main']);
    expect(world.defaultBranches).toEqual(['master', 'main']);
    expect(report).toMatchObject({ defaultBranch: 'main', declined: [] });
  });

  it('follows a branch that became a folder of branches, and back, also when it is the default', async () => {
    const world = await createWorld({ defaultBranch: 'release' });
    await world.sync();
    const tip = await readRef(world.source, 'refs/heads/release');
    const move = async (from: string, to: string) => {
      await setHead(world.source, 'elsewhere');
      await setRefs(world.source, [{ name: `refs/heads/${from}`, oid: null }]);
      await setRefs(world.source, [{ name: `refs/heads/${to}`, oid: tip }]);
      await setHead(world.source, to);
    };

    await move('release', 'release/1.0');
    const there = await world.sync();
    expect(await world.mirrored(world.target)).toEqual({ 'refs/heads/release/1.0': tip });
    await move('release/1.0', 'release');
    const back = await world.sync();

    expect(await world.mirrored(world.target)).toEqual({ 'refs/heads/release': tip });
    expect([there.declined, back.declined]).toEqual([[], []]);
    expect(world.defaultBranches.at(-1)).toBe('release');
  });

  it('reports a ref whose name is not UTF-8, and never takes it for another', async () => {
    const world = await createWorld({ tags: 1 });
    const tip = await readRef(world.source, 'refs/heads/main');
    const add = Buffer.from(`update refs/heads/caf\xe9 ${tip}\nupdate refs/heads/caf\xe8 ${tip}\n`, 'latin1');
    await git(world.source, ['update-ref', '--stdin'], add);

    const report = await world.sync();

    expect(Object.keys(await refsOf(world.target))).toEqual(['refs/heads/main', 'refs/tags/t-0001']);
    expect(report.declined).toEqual([
      { name: 'refs/heads/caf\ufffd', reason: 'its name is not valid UTF-8' },
      { name: 'refs/heads/caf\ufffd', reason: 'its name is not valid UTF-8' },
    ]);
    expect((await world.sync({ knownDigest: report.sourceDigest })).outcome).toBe('unchanged');
  });

  it("leaves the target's own refs alone", async () => {
    const world = await createWorld();
    await world.sync();
    const oid = await readRef(world.target, 'refs/heads/main');
    await setRefs(world.target, [
      { name: 'refs/pulls/1/head', oid },
      { name: 'refs/updates/2', oid },
    ]);
    await commit(world.source);

    await world.sync();

    expect(await readRef(world.target, 'refs/pulls/1/head')).toBe(oid);
    expect(await readRef(world.target, 'refs/updates/2')).toBe(oid);
  });
});

describe('rewritten history', () => {
  it('keeps the old tip, then follows', async () => {
    const world = await createWorld();
    await world.sync();
    const old = await readRef(world.source, 'refs/heads/main');
    await commit(world.source, { parent: null });

    const report = await world.sync();

    const archives = Object.entries(await refsOf(world.target)).filter(([name]) => name.startsWith('refs/starkeep/'));
    expect(archives).toEqual([[expect.stringMatching(/^refs\/starkeep\/\d{4}-\d\d-\d\dT[\d.]+Z\/main$/), old]]);
    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    expect(report.refs).toMatchObject({ updated: 1, forced: 1, archived: 1 });
  });

  it('keeps an old tip that only the target has, because the cache was lost', async () => {
    const world = await createWorld({ branches: ['gone'] });
    await world.sync();
    const old = await readRef(world.source, 'refs/heads/gone');
    await commit(world.source, { parent: null });
    await setRefs(world.source, [{ name: 'refs/heads/gone', oid: null }]);
    await git(world.source, ['prune', '--expire=now']);
    await rm(world.cache.dir, { recursive: true });

    const report = await world.sync();

    expect(Object.values(await refsOf(world.target))).toContain(old);
    expect(report.refs).toMatchObject({ forced: 1, deleted: 1, archived: 2, declined: 0 });
  });

  it('neither forces nor deletes a ref whose old tip nobody hands out, and says so', async () => {
    const world = await createWorld({ branches: ['gone'] });
    await world.sync();
    await commit(world.source, { parent: null });
    await setRefs(world.source, [{ name: 'refs/heads/gone', oid: null }]);
    await git(world.source, ['prune', '--expire=now']);
    await rm(world.cache.dir, { recursive: true });
    const before = await refsOf(world.target);
    world.server.intercept = (request, response) => {
      // In the older protocol a listing is one GET, so that listing works and handing out objects does not.
      if (request.url?.startsWith('/target.git/')) delete request.headers['git-protocol'];
      if (request.url !== '/target.git/git-upload-pack') return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.end('0026ERR upload-pack: not our ref 12345\n');
      return true;
    };

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual(before);
    expect(report.declined).toEqual([
      { name: 'refs/heads/gone', reason: expect.stringMatching(/^its old tip could not be kept as refs\/starkeep\//) },
      { name: 'refs/heads/main', reason: expect.stringMatching(/^its old tip could not be kept as refs\/starkeep\//) },
    ]);
    expect(report.refs).toMatchObject({ forced: 0, deleted: 0, archived: 0, declined: 2 });
  });

  it('is a failure to try again when the target could not be asked for an old tip', async () => {
    const world = await createWorld();
    await world.sync();
    await commit(world.source, { parent: null });
    await git(world.source, ['prune', '--expire=now']);
    await rm(world.cache.dir, { recursive: true });
    world.server.intercept = (request, response) => {
      if (request.url?.startsWith('/target.git/')) delete request.headers['git-protocol'];
      return request.url === '/target.git/git-upload-pack' && refuse(response, 503, 'Server not ready');
    };

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetStarting');
  });

  it('holds what the policy says to hold, and goes on with the rest', async () => {
    const world = await createWorld({ branches: ['dev', 'old'] });
    await world.sync();
    const before = await world.mirrored(world.target);
    await commit(world.source, { parent: null });
    await setRefs(world.source, [{ name: 'refs/heads/old', oid: null }]);
    const grown = await commit(world.source, { branch: 'dev' });

    const report = await world.sync({ rewritePolicy: 'hold' });

    expect(await world.mirrored(world.target)).toEqual({ ...before, 'refs/heads/dev': grown });
    expect(report.held).toEqual(['refs/heads/main', 'refs/heads/old']);
  });

  it('keeps nothing when the policy is to follow', async () => {
    const world = await createWorld();
    await world.sync();
    await commit(world.source, { parent: null });

    const report = await world.sync({ rewritePolicy: 'follow' });

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    expect(report.refs).toMatchObject({ forced: 1, archived: 0 });
  });

  it('keeps the old id of a moved annotated tag', async () => {
    const world = await createWorld({ annotatedTags: 1 });
    await world.sync();
    const old = await readRef(world.source, 'refs/tags/v0.1.0');
    const tip = await commit(world.source);
    await annotatedTag(world.source, 'v0.1.0', tip);

    const report = await world.sync();

    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    expect(Object.values(await refsOf(world.target))).toContain(old);
    expect(report.refs).toMatchObject({ updated: 2, forced: 1, archived: 1 });
  });
});

describe('the cache', () => {
  it('holds heads and tags only, and neither addresses nor settings of ours', async () => {
    const world = await createWorld(OF_ALL_KINDS);

    await world.sync();

    expect(await refsOf(world.cache)).toEqual(await world.mirrored(world.source));
    const files = await filesBelow(world.cache.dir);
    expect(files.filter(({ content }) => content.includes(world.server.origin))).toEqual([]);
    expect(await git(world.cache, ['config', '--list', '--local'])).not.toMatch(/remote|url|header/i);
  });

  it('that is broken is thrown away and fetched anew, once', async () => {
    const world = await createWorld();
    await world.sync();
    await writeFile(join(world.cache.dir, 'config'), '[[[');
    await commit(world.source);

    const report = await world.sync();

    expect(report.outcome).toBe('changed');
    expect(world.logged).toEqual(['the cache is broken and is fetched anew']);
    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
  });

  it.each([
    ['a pack cut short', (dir: string) => cutPacks(dir)],
    ['a ref that is garbage', (dir: string) => writeFile(join(dir, 'refs/heads/dev'), 'garbage\n')],
    ['a ref that is empty', (dir: string) => writeFile(join(dir, 'refs/heads/dev'), '')],
    ['no HEAD', (dir: string) => rm(join(dir, 'HEAD'))],
    ['settings that are garbage', (dir: string) => writeFile(join(dir, 'config'), '[[[')],
    ['packed refs that are garbage', (dir: string) => writeFile(join(dir, 'packed-refs'), 'garbage\n')],
  ])('with %s never makes a ref look deleted', async (_, spoil) => {
    const world = await createWorld({ branches: ['dev', 'other'] });
    await world.sync();
    await spoil(world.cache.dir);
    await commit(world.source);

    const report = await world.sync();

    expect(report.refs).toMatchObject({ updated: 1, deleted: 0, archived: 0 });
    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('is worked on by one transfer at a time', async () => {
    const world = await createWorld();
    let second: string | undefined;
    world.server.intercept = async (request) => {
      if (isFetch(request.url) && second === undefined) {
        second = 'asked';
        second = (await world.failing()).kind;
      }
      return false;
    };

    await world.sync();

    expect(second).toBe('CacheBusy');
  });

  it('leaves no process, lock or workspace behind', async () => {
    const world = await createWorld(OF_ALL_KINDS);

    await world.sync();

    expect(await readdir(world.cacheDir)).toEqual([`github-1.git`, 'tmp']);
    expect(await readdir(join(world.cacheDir, 'tmp'))).toEqual([]);
    await eventually(async () => (await processesOf(world.cacheDir)).length === 0);
  });

  it('may be in a folder given relative to where we run', async () => {
    const world = await createWorld();
    world.options = { ...world.options, cacheDir: relative(process.cwd(), world.cacheDir) };

    const report = await world.sync();

    expect(report.outcome).toBe('changed');
    expect(await refsOf(world.cache)).toEqual(await world.mirrored(world.source));
  });

  it('inside a checkout does not make git read the settings of that checkout', async () => {
    const world = await createWorld();
    await git({ dir: world.dir }, ['init', '--quiet', '.']);
    await git({ dir: world.dir }, ['config', 'url.http://127.0.0.1:9/.insteadOf', `${world.server.origin}/`]);

    const report = await world.sync();

    expect(report.outcome).toBe('changed');
  });
});

async function cutPacks(dir: string): Promise<void> {
  const folder = join(dir, 'objects/pack');
  const packs = (await readdir(folder)).filter((name) => name.endsWith('.pack'));
  await Promise.all(packs.map((name) => truncate(join(folder, name), 100)));
}
