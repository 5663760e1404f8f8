import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCloneTransfer } from '../../../src/adapters/git/clone.ts';
import type { FailureKind } from '../../../src/domain/failures.ts';
import { commit, readRef, refsOf } from '../../support/repo.ts';
import {
  type CloneWorld,
  createWorld,
  deferred,
  eventually,
  filesBelow,
  isFetch,
  MIRROR_ID,
  processesOf,
  stallAfter,
} from './clone-world.ts';
import { refuse } from './git-server.ts';

const BIG = { bigFileMb: 4 };

/** The pack of the next fetch stops in the middle, for ever. @returns when it has stopped */
function stallFetch(world: CloneWorld, afterBytes = 1024 * 1024): Promise<void> {
  const stalled = deferred();
  world.server.intercept = (request, response) =>
    isFetch(request.url) && stallAfter(response, afterBytes, stalled.resolve);
  return stalled.promise;
}

/** `bin/git` that does something before, or instead of, the real one; `$REAL` is that. */
async function wrapGit(world: CloneWorld, script: string): Promise<void> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const bin = join(world.dir, 'bin');
  const found = await Promise.all(
    folders.map(async (dir) => (await readdir(dir).catch((): string[] => [])).includes('git')),
  );
  const real = join(folders[found.indexOf(true)] ?? '', 'git');
  await mkdir(bin);
  await writeFile(join(bin, 'git'), `#!/bin/sh\nREAL='${real}'\n${script}\nexec "$REAL" "$@"\n`);
  await chmod(join(bin, 'git'), 0o755);
  world.options = { ...world.options, hostEnvironment: { PATH: [bin, ...folders].join(delimiter) } };
}

/** Nothing may be left of a transfer that is over. */
async function expectNothingLeft(world: CloneWorld): Promise<void> {
  expect(await processesOf(world.cacheDir)).toEqual([]);
  expect(await readdir(join(world.cacheDir, 'tmp'))).toEqual([]);
  const files = (await filesBelow(world.cacheDir)).map(({ path }) => path);
  expect(files.filter((path) => /tmp_|\.lock/.test(path))).toEqual([]);
}

describe('what a server says', () => {
  it.each<[FailureKind, 'source' | 'target', number, string]>([
    ['SourceForbidden', 'source', 403, 'no'],
    ['SourceBlocked', 'source', 403, 'Repository unavailable due to DMCA takedown.'],
    ['SourceGone', 'source', 404, 'Repository not found.'],
    ['SourceRateLimited', 'source', 429, 'This request was rate-limited due to too many requests'],
    ['SourceError', 'source', 500, 'oops'],
    ['TargetForbidden', 'target', 403, 'You do not have permission to push to this project.'],
    ['TargetProjectMissing', 'target', 404, 'Project not found or inaccessible: github/a/b'],
    ['TargetStarting', 'target', 404, '<html>HTTP ERROR 404</html>'],
    ['TargetStarting', 'target', 503, 'Server not ready'],
    ['TargetError', 'target', 500, 'Server Error'],
  ])('is %s when the %s answers %i %s', async (kind, side, status, text) => {
    const world = await createWorld();
    world.server.intercept = (request, response) =>
      (request.url?.startsWith(`/${side}.git/`) ?? false) && refuse(response, status, text);

    const failure = await world.failing();

    expect(failure.kind).toBe(kind);
    await expectNothingLeft(world);
  });

  it.each<[FailureKind, 'source' | 'target']>([
    ['SourceUnauthorized', 'source'],
    ['TargetUnauthorized', 'target'],
  ])('is %s when the %s refuses the credentials', async (kind, side) => {
    const world = await createWorld();
    const auth = { kind: 'basic', username: 'x-access-token', password: 'wrong-password' } as const;
    world.server.intercept = (request, response) =>
      (request.url?.startsWith(`/${side}.git/`) ?? false) &&
      refuse(response, 401, 'Invalid account', { 'www-authenticate': 'Basic realm="x"' });

    const failure = await world.failing({ [side]: { ...world.request[side], auth } });

    expect(failure.kind).toBe(kind);
  });

  it('is "gone" when GitHub asks for credentials and there are none', async () => {
    const world = await createWorld();
    world.server.intercept = (_, response) =>
      refuse(response, 401, 'Repository not found.', { 'www-authenticate': 'Basic realm="GitHub"' });

    expect((await world.failing()).kind).toBe('SourceGone');
  });

  it('is not followed when it names another address, and no credentials go there', async () => {
    const world = await createWorld();
    const auth = { kind: 'basic', username: 'x-access-token', password: 'secret-password' } as const;
    world.server.intercept = (request, response) => {
      if (!request.url?.startsWith('/source.git/')) return false;
      return refuse(response, 301, '', { location: request.url.replace('source', 'target') });
    };

    const failure = await world.failing({ source: { ...world.request.source, auth } });

    expect(failure.kind).toBe('SourceError');
    expect(world.server.requests.filter(({ url }) => url.startsWith('/target.git/'))).toEqual([]);
  });

  it.each<[FailureKind, 'source' | 'target']>([
    ['SourceUnreachable', 'source'],
    ['TargetUnreachable', 'target'],
  ])('is %s when the %s is not there', async (kind, side) => {
    const world = await createWorld();
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');

    const failure = await world.failing({ [side]: { url: `http://127.0.0.1:${port}/x.git`, auth: { kind: 'none' } } });

    expect(failure.kind).toBe(kind);
  });

  it('is "unreachable" when the connection breaks in the middle of a pack, and the next run goes on', async () => {
    const world = await createWorld(BIG);
    const stalled = stallFetch(world);
    void stalled.then(() => world.server.dropConnections());

    const failure = await world.failing();
    await expectNothingLeft(world);
    world.server.intercept = () => false;
    await world.sync();

    expect(failure.kind).toBe('SourceUnreachable');
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('is a failure, not a list of declined refs, when the target breaks off a push', async () => {
    const world = await createWorld(BIG);
    world.server.intercept = (request, response) => {
      const isPush =
        request.url === '/target.git/git-receive-pack' && request.headers['transfer-encoding'] === 'chunked';
      if (isPush) request.once('data', () => response.destroy());
      return isPush;
    };

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetUnreachable');
    expect(await refsOf(world.target)).toEqual({});
    await expectNothingLeft(world);
  });
});

describe('cancelling', () => {
  it('ends every process of git before the transfer rejects, and leaves nothing', async () => {
    const world = await createWorld(BIG);
    const stalled = stallFetch(world);
    const abort = new AbortController();
    const reason = new Error('the workflow was cancelled');

    const run = world.sync({}, abort.signal).catch((error: unknown) => error);
    await stalled;
    const running = await eventually(async () => {
      const found = await processesOf(world.cacheDir);
      return found.some(({ command }) => command.includes('index-pack')) && found;
    });
    abort.abort(reason);
    const end = await run;

    expect(running.map(({ command }) => command).join('\n')).toMatch(/git fetch[^]*remote-http[^]*index-pack/);
    expect(new Set(running.map(({ group }) => group)).size).toBe(1);
    expect(end).toBe(reason);
    await expectNothingLeft(world);
  });

  it('ends also what does not listen to SIGTERM', async () => {
    const world = await createWorld(BIG);
    await wrapGit(world, 'if [ "$1" = fetch ]; then trap "" TERM; while :; do sleep 1; done; fi');
    const abort = new AbortController();

    const run = world.sync({}, abort.signal).catch((error: unknown) => error);
    await eventually(async () => (await processesOf(world.cacheDir)).some(({ command }) => command.includes('fetch')));
    abort.abort('enough');

    expect(await run).toBe('enough');
    await expectNothingLeft(world);
  });

  it('before the start starts nothing', async () => {
    const world = await createWorld();

    const end = await world.sync({}, AbortSignal.abort('no')).catch((error: unknown) => error);

    expect(end).toBe('no');
    expect(world.server.requests).toEqual([]);
  });
});

describe('timeouts', () => {
  it('stop a transfer that stands still', async () => {
    const world = await createWorld(BIG);
    world.options = { ...world.options, idleTimeoutMs: 700 };
    void stallFetch(world);

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TransferTimeout', message: expect.stringContaining('no progress') });
    await expectNothingLeft(world);
  });

  it('let a transfer go on that is slow but moves', async () => {
    const world = await createWorld({ bigFileMb: 2 });
    world.options = { ...world.options, idleTimeoutMs: 5_000 };
    const startedAt = Date.now();
    world.server.intercept = (request, response) => {
      if (!isFetch(request.url)) return false;
      const write = response.write.bind(response);
      // 0.3 s for each 64 KB: nearly ten seconds in all.
      response.write = (chunk: Buffer | string) => {
        setTimeout(() => {
          if (write(chunk)) response.emit('drain');
        }, 300);
        return false;
      };
      return false;
    };

    const report = await world.sync();

    expect(report.refs.created).toBe(1);
    expect(Date.now() - startedAt).toBeGreaterThan(5_000);
  });

  it('stop a transfer that takes too long', async () => {
    const world = await createWorld(BIG);
    world.options = { ...world.options, overallTimeoutMs: 1_000 };
    void stallFetch(world);

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TransferTimeout', message: expect.stringContaining('longer than') });
    await expectNothingLeft(world);
  });
});

describe('a git that ends badly', () => {
  it('by a signal we did not send is reported as killed, and its helpers end too', async () => {
    const world = await createWorld(BIG);
    const stalled = stallFetch(world);
    const run = world.failing();
    await stalled;
    const fetch = await eventually(async () => {
      const found = (await processesOf(world.cacheDir)).find(({ pid, group }) => pid === group);
      return found ?? null;
    });

    process.kill(fetch.pid, 'SIGKILL');

    expect((await run).kind).toBe('TransferKilled');
    await expectNothingLeft(world);
  });

  it('by a signal while it lists the cache never makes the unlisted look deleted', async () => {
    const world = await createWorld({ branches: ['a', 'b', 'c'] });
    await world.sync();
    await commit(world.source);
    const before = await refsOf(world.target);
    await wrapGit(world, 'if [ "$1" = for-each-ref ]; then "$REAL" "$@" | head -n 1; kill -9 $$; fi');

    const failure = await world.failing();

    expect(failure.row.retry).toBe('later');
    expect(await refsOf(world.target)).toEqual(before);
  });

  it('for want of disk space says so', async () => {
    const world = await createWorld();
    const words = 'fatal: write error: No space left on device';
    await wrapGit(world, `if [ "$1" = fetch ]; then echo '${words}' >&2; exit 128; fi`);

    const failure = await world.failing();

    expect(failure.kind).toBe('DiskFull');
  });

  it('because it is not there is said as such', async () => {
    const world = await createWorld();
    world.options = { ...world.options, hostEnvironment: { PATH: '/nonexistent' } };

    const failure = await world.failing();

    expect(failure.kind).toBe('GitMissing');
    await expectNothingLeft(world);
  });

  it('for a reason nobody knows is reported with its last words', async () => {
    const world = await createWorld();
    await wrapGit(world, 'if [ "$1" = fetch ]; then echo "fatal: brand new" >&2; exit 3; fi');

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TransferFailed', message: expect.stringContaining('fatal: brand new') });
  });
});

describe('a worker that was killed', () => {
  async function killWorkerMidFetch(world: CloneWorld): Promise<void> {
    const stalled = stallFetch(world);
    const script = join(import.meta.dirname, 'crashing-worker.ts');
    const { source, target } = world.request;
    const worker = spawn(
      process.execPath,
      ['--import', 'tsx', script, world.cacheDir, MIRROR_ID, source.url, target.url],
      { stdio: 'inherit' },
    );
    await stalled;
    await eventually(async () => (await filesBelow(world.cache.dir)).some(({ path }) => path.includes('tmp_pack')));
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    world.server.intercept = () => false;
  }

  it('leaves a lock that the next run takes over, after ending the git it left running', async () => {
    const world = await createWorld(BIG);
    await killWorkerMidFetch(world);
    const orphans = await processesOf(world.cacheDir);

    await world.sync();

    expect(orphans.map(({ command }) => command).join('\n')).toMatch(/git fetch/);
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    await expectNothingLeft(world);
  });

  it('leaves nothing after the sweep of the next start', async () => {
    const world = await createWorld(BIG);
    await killWorkerMidFetch(world);

    await createCloneTransfer(world.options).sweep();

    await expectNothingLeft(world);
    expect(await readdir(world.cacheDir)).toEqual(['github-1.git', 'tmp']);
  });
});

describe('sweeping', () => {
  it('of a folder that is not there does nothing', async () => {
    const world = await createWorld();

    await expect(createCloneTransfer(world.options).sweep()).resolves.toBeUndefined();
  });

  it('leaves a running transfer alone', async () => {
    const world = await createWorld(BIG);
    const swept = deferred();
    world.server.intercept = async (request) => {
      if (isFetch(request.url)) await createCloneTransfer(world.options).sweep().then(swept.resolve);
      return false;
    };

    await world.sync();
    await swept.promise;

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('removes workspaces without an owner and old drafts of locks, and nothing else', async () => {
    const world = await createWorld();
    await world.sync();
    await mkdir(join(world.cacheDir, 'tmp', 'github-9.abcdef', 'ssh'), { recursive: true });
    const draft = join(world.cacheDir, 'github-9.lock.01234567-89ab-cdef-0123-456789abcdef');
    await writeFile(draft, '');
    await utimes(draft, new Date(0), new Date(0));
    await writeFile(join(world.cacheDir, 'README'), 'mine');
    await symlink('README', join(world.cacheDir, 'link'));

    await createCloneTransfer(world.options).sweep();

    expect(await readdir(world.cacheDir)).toEqual(['README', 'github-1.git', 'link', 'tmp']);
    expect(await readdir(join(world.cacheDir, 'tmp'))).toEqual([]);
  });

  it.each([
    ['is respected while it is touched', Date.now(), 'CacheBusy'],
    ['is taken over when nobody touched it for long', Date.now() - 600_000, 'synced'],
  ])('a lock from another machine %s', async (_, touchedAt, expected) => {
    const world = await createWorld();
    await mkdir(world.cacheDir);
    const lock = join(world.cacheDir, `${MIRROR_ID}.lock`);
    await writeFile(lock, JSON.stringify({ space: 'another machine', pid: 1, start: '1', git: null }));
    await utimes(lock, touchedAt / 1000, touchedAt / 1000);

    const end = await world.sync().then(
      () => 'synced',
      (error: { kind?: string }) => error.kind,
    );

    expect(end).toBe(expected);
  });

  it('a lock cut short by a crash is taken over once nobody touched it for long', async () => {
    const world = await createWorld();
    await mkdir(world.cacheDir);
    const lock = join(world.cacheDir, `${MIRROR_ID}.lock`);
    await writeFile(lock, '{"space":');
    await utimes(lock, 0, 0);

    await world.sync();

    expect(await readRef(world.target, 'refs/heads/main')).not.toBeNull();
    await expect(readFile(lock)).rejects.toThrow('ENOENT');
  });
});
