import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, git, readRef, refsOf, setRefs } from '../../support/repo.ts';
import { eventually } from './clone-world.ts';
import { createStreamWorld, type StreamWorld } from './stream-world.ts';

function packet(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, '0')), payload]);
}

/** The source lists these refs, all at one commit, whatever it has. */
function lists(world: StreamWorld, oid: string, names: string[]): void {
  let asked = false;
  world.server.intercept = (request, response) => {
    if (request.url !== '/source.git/git-upload-pack' || asked) return false;
    asked = true;
    request.resume();
    const lines = names.map((name) => packet(`${oid} ${name}\n`));
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
    response.end(Buffer.concat([packet(`${oid} HEAD symref-target:refs/heads/main\n`), ...lines, Buffer.from('0000')]));
    return true;
  };
}

describe('a source that lists names git allows nobody', () => {
  it('gets the others mirrored, and each of those reported in a form that can be stored', async () => {
    const world = await createStreamWorld();
    const oid = (await readRef(world.source, 'refs/heads/main')) ?? '';
    const odd = ['a\nb', 'a\0atomic', '../../starkeep/x', 'a..b', 'x.lock', 'a//b', '@{', `l${'o'.repeat(65_000)}ng`];
    lists(world, oid, ['refs/heads/main', 'refs/heads/fine', ...odd.map((name) => `refs/heads/${name}`)]);

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual({ 'refs/heads/fine': oid, 'refs/heads/main': oid });
    expect(report.declined).toHaveLength(odd.length);
    expect(JSON.stringify(report)).not.toMatch(/\\u0000|\\n/);
    expect(Math.max(...report.declined.map(({ name }) => name.length))).toBeLessThan(300);
  });

  it('is heard with the words of the target where only that cannot keep a name', async () => {
    const world = await createStreamWorld();
    const oid = (await readRef(world.source, 'refs/heads/main')) ?? '';
    const long = `refs/heads/${'n'.repeat(300)}`;
    lists(world, oid, ['refs/heads/main', 'refs/heads/fine', long]);

    const report = await world.sync();

    expect(await refsOf(world.target)).toEqual({ 'refs/heads/fine': oid, 'refs/heads/main': oid });
    expect(report.declined.map(({ name }) => name)).toEqual([long]);
  });

  it('is not believed that a name that is not UTF-8 is another', async () => {
    const world = await createStreamWorld();
    const tip = await readRef(world.source, 'refs/heads/main');
    const add = Buffer.from(`update refs/heads/caf\xe9 ${tip}\nupdate refs/heads/caf\xe8 ${tip}\n`, 'latin1');
    await git(world.source, ['update-ref', '--stdin'], add);

    const report = await world.sync();
    const cloned = await world.clone({ knownDigest: report.sourceDigest });

    expect(Object.keys(await refsOf(world.target))).toEqual(['refs/heads/main']);
    expect(report.declined.map(({ reason }) => reason)).toEqual(Array(2).fill('its name is not valid UTF-8'));
    expect(cloned.outcome).toBe('unchanged');
  });
});

describe('a HEAD that is no branch', () => {
  it('leaves the default branch of the target as it is, by either way', async () => {
    const world = await createStreamWorld({ branches: ['dev'] });
    await git(world.source, ['update-ref', '--no-deref', 'HEAD', 'refs/heads/dev']);

    const report = await world.sync();
    const cloned = await world.clone({ knownDigest: report.sourceDigest });

    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    expect(world.defaultBranches).toEqual([]);
    expect([report.defaultBranch, cloned.outcome]).toEqual([null, 'unchanged']);
  });
});

describe('a side that never says a word', () => {
  it.each<[string, (request: IncomingMessage) => boolean]>([
    ['the source when it is to list', ({ url }) => url === '/source.git/git-upload-pack'],
    ['the source when it is to say what it can do', ({ url }) => url?.startsWith('/source.git/info/refs') ?? false],
    ['the target when it is to list', ({ url }) => url?.startsWith('/target.git/info/refs') ?? false],
    ['the target when it is asked for its HEAD', ({ url }) => url === '/target.git/git-upload-pack'],
    ['the target when it gets a push', ({ url }) => url === '/target.git/git-receive-pack'],
  ])('is left: %s', async (_, isSilent) => {
    const world = await createStreamWorld({ bigFileMb: 2 });
    world.streamOptions = { ...world.streamOptions, idleTimeoutMs: 1_000 };
    const open = new Set<ServerResponse>();
    world.server.intercept = (request, response) => {
      open.add(response);
      response.once('close', () => open.delete(response));
      if (!isSilent(request)) return false;
      // Who does not read does not notice either that nobody is there any more.
      request.resume();
      return true;
    };

    const failure = await world.failing();

    expect(failure.kind).toBe('TransferTimeout');
    expect(await refsOf(world.target)).toEqual({});
    await eventually(async () => open.size === 0);
  });
});

describe('a connection that is reset', () => {
  it.each([10, 1024 * 1024])('by the source after %i bytes of an answer is a failure like another', async (after) => {
    const world = await createStreamWorld({ bigFileMb: 3 });
    let posts = 0;
    world.server.intercept = (request, response) => {
      // Not the listing. One that breaks before it is answered, on a connection that waited, is asked once more.
      if (request.url !== '/source.git/git-upload-pack' || (posts += 1) < 2) return false;
      const write = response.write.bind(response);
      let sent = 0;
      response.write = (chunk: Buffer | string) => {
        sent += chunk.length;
        if (sent > after) request.socket.resetAndDestroy();
        return sent <= after && write(chunk);
      };
      return false;
    };

    expect((await world.failing()).kind).toBe('SourceUnreachable');
    expect(await refsOf(world.target)).toEqual({});
  });
});

describe('more than one request can carry', () => {
  it('of ids that the target has: the source is told of the most useful ones, and sends little', async () => {
    const world = await createStreamWorld();
    await world.sync();
    await addBlobRefs(world, 20_500);
    const oid = await commit(world.source);

    const report = await world.sync();

    expect(await readRef(world.target, 'refs/heads/main')).toBe(oid);
    // The commit, its tree and a file: that the target has the rest was among what the source was told.
    expect(report.objects).toBe(3);
  });
});

/** Gives the target refs of its own, before all others in its list, to ids that the source does not know. */
async function addBlobRefs({ dir, target }: StreamWorld, count: number): Promise<void> {
  const script = Array.from({ length: count }, (_, at) => `blob\nmark :${at + 1}\ndata <<.\n${at}\n.\n`);
  const marks = join(dir, 'marks');
  await git(target, ['fast-import', '--quiet', `--export-marks=${marks}`], script.join(''));
  const oids = [...(await readFile(marks, 'utf8')).matchAll(/[0-9a-f]{40}/g)].map(String);
  const lines = oids.map((oid, at) => `${oid} refs/changes/${String(at).padStart(6, '0')}\n`);
  await writeFile(join(target.dir, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${lines.join('')}`);
}

describe('two workers on one mirror at once', () => {
  it('lose nothing: what one does the other finds done, or leaves for the next sync', async () => {
    const world = await createStreamWorld({ branches: ['a', 'b', 'c'] });
    await world.sync();
    const old = await world.mirrored(world.target);
    for (const branch of ['a', 'b']) await commit(world.source, { branch, parent: null });
    await setRefs(world.source, [{ name: 'refs/heads/c', oid: null }]);

    const ends = await Promise.allSettled([world.sync(), world.sync(), world.sync()]);
    await world.sync();

    const kinds = ends.map((end) => (end.status === 'fulfilled' ? 'done' : (end.reason as { kind: string }).kind));
    expect(kinds.filter((kind) => !['done', 'TargetChanged', 'TargetDiffers'].includes(kind))).toEqual([]);
    expect(await world.mirrored(world.target)).toEqual(await world.mirrored(world.source));
    const kept = Object.entries(await refsOf(world.target)).filter(([name]) => name.startsWith('refs/starkeep'));
    for (const branch of ['a', 'b', 'c']) expect(kept.map(([, oid]) => oid)).toContain(old[`refs/heads/${branch}`]);
    expect(kept.map(([name]) => name).filter((name) => name.includes('carrier'))).toEqual([]);
  });
});
