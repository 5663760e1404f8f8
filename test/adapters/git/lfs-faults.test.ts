import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withLfs } from '../../../src/adapters/git/lfs.ts';
import type { LfsReport, SyncReport } from '../../../src/domain/model.ts';
import type { TransferRequest } from '../../../src/domain/ports.ts';
import { eventually } from '../../support/eventually.ts';
import '../../support/leaks.ts';
import { filesBelow } from './clone-world.ts';
import { startGitServer } from './git-server.ts';
import { addObjects, createLfsWorld, named, oids, PROJECT } from './lfs-world.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

describe('an object that is not what it should be', () => {
  it('of other content leaves nothing at the target, and is reported', async () => {
    const world = await createLfsWorld();
    const [good, bad] = addObjects(world, 2, 300_000);
    await world.commitLfs(named([good!, bad!]));
    world.github.lfs.corrupt(bad!.oid, Buffer.alloc(300_000, 'other'));

    const report = await world.run();

    expect(report).toMatchObject({ objects: 2, transferred: 1, failed: 1, again: false });
    expect(report?.failures).toMatchObject([{ oid: bad!.oid, problem: 'mismatch' }]);
    expect(report?.failures[0]?.reason).toContain('other content');
    expect(world.held()).toEqual([good!.oid]);
    expect(world.onedev.requests.filter(({ method, status }) => method === 'PUT' && status === 200)).toHaveLength(1);
  });

  it.each([
    ['shorter', 200],
    ['longer', 400],
  ])('of a length other than the pointer says (%s) is reported', async (_, length) => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1, 300);
    await world.commitLfs(named([object!]));
    world.github.lfs.corrupt(object!.oid, Buffer.alloc(length, 'other'));

    const report = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'mismatch', size: 300 }]);
    expect(world.held()).toEqual([]);
  });

  it('that grows on the way, without a length, is broken off', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1, 300);
    await world.commitLfs(named([object!]));
    world.github.lfs.switches.intercept = (_request, response) => {
      response.writeHead(200).write(Buffer.alloc(200));
      response.end(Buffer.alloc(200));
      return true;
    };

    const report = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'mismatch' }]);
    expect(world.held()).toEqual([]);
  });

  it('of no bytes is moved too', async () => {
    const world = await createLfsWorld();
    const empty = world.github.lfs.add(Buffer.alloc(0));
    await world.commitLfs(named([empty]));

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1, bytes: 0 });
    expect(world.held()).toEqual([empty.oid]);
  });
});

describe('an object that cannot be had, or may not be kept', () => {
  it('missing at GitHub is reported and costs the others nothing; it is asked for again after a day', async () => {
    const clock = { now: Date.now() };
    const world = await createLfsWorld({ now: () => clock.now });
    const [here, gone] = addObjects(world, 2);
    await world.commitLfs(named([here!, gone!]));
    world.github.lfs.lose(gone!.oid);

    const report = await world.run();
    world.batches();
    const soon = await world.run();
    const askedSoon = world.batches();
    world.github.lfs.add(Buffer.alloc(40, 'object 1 '));
    clock.now += DAY_MS + 1;
    const later = await world.run();

    expect(report).toMatchObject({ transferred: 1, failed: 1, again: false });
    expect(report?.failures).toMatchObject([{ oid: gone!.oid, problem: 'missing' }]);
    expect(soon).toEqual({ ...report, transferred: 0, bytes: 0, skipped: 1 });
    expect(askedSoon).toEqual({ github: 0, onedev: 0 });
    expect(later).toMatchObject({ objects: 2, transferred: 1, skipped: 1, failed: 0 });
  });

  it('over the cap is not moved, unless the target has it already, and is when the cap is raised', async () => {
    const world = await createLfsWorld({ maxBytes: 100 });
    const [small, large] = [world.github.lfs.add(Buffer.alloc(100)), world.github.lfs.add(Buffer.alloc(101))];
    await world.commitLfs(named([small, large]));

    const report = await world.run();
    world.options.maxBytes = 101;
    const raised = await world.run();
    world.options.maxBytes = 1;
    const lowered = await world.run();

    expect(report?.failures).toMatchObject([{ oid: large.oid, size: 101, problem: 'too-large' }]);
    expect(report?.failures[0]?.reason).toContain('STARKEEP_LFS_MAX_SIZE');
    expect(raised).toMatchObject({ transferred: 1, skipped: 1, failed: 0 });
    expect(lowered).toMatchObject({ skipped: 2, failed: 0 });
  });

  it("over OneDev's own limit is reported with OneDev's words", async () => {
    const world = await createLfsWorld();
    const object = world.github.lfs.add(Buffer.alloc(1024 * 1024 + 1));
    await world.commitLfs(named([object]));
    world.onedev.lfs.settings.maxSizeMb = 1;

    const report = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'too-large' }]);
    expect(report?.failures[0]?.reason).toContain('Exceeded max acceptable LFS file size');
  });
});

describe('a server that refuses everything', () => {
  it("GitHub's quota: every object is reported, GitHub is asked once, and not again the same day", async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 150)));
    world.github.lfs.switches.overQuota = true;

    const report = await world.run();
    const asked = world.batches();
    await world.run();

    expect(report).toMatchObject({ objects: 150, transferred: 0, failed: 150, again: false });
    expect(report?.failures[0]).toMatchObject({ problem: 'refused' });
    expect(report?.failures[0]?.reason).toContain('over its data quota');
    expect(asked).toEqual({ github: 1, onedev: 2 });
    expect(world.batches()).toEqual({ github: 0, onedev: 0 });
  });

  it("GitHub's rate limit is an interruption, and waits for as long as GitHub says", async () => {
    const clock = { now: Date.now() };
    const world = await createLfsWorld({ now: () => clock.now });
    const [object] = addObjects(world, 1);
    await world.commitLfs(named([object!]));
    const limited = { status: 429, headers: { 'retry-after': '60' }, body: '{"message":"Rate limit exceeded"}' };
    world.github.answerNext(/objects\/batch/, limited);

    const report = await world.run();
    const early = await world.run();
    clock.now += 60_001;
    const late = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'interrupted' }]);
    expect(early).toMatchObject({ failed: 1, again: true });
    expect(late).toMatchObject({ transferred: 1, failed: 0 });
  });

  it('OneDev without the right to write is reported, and GitHub is not asked at all', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 2)));
    world.onedev.addToken('reader-token', { grants: [{ path: PROJECT, right: 'read' }] });
    const auth = { kind: 'basic', username: 'x-access-token', password: 'reader-token' } as const;

    const report = await world.run({ target: { url: `${world.onedev.url}/${PROJECT}`, auth } });

    expect(report).toMatchObject({ failed: 2 });
    expect(report?.failures[0]).toMatchObject({ problem: 'refused' });
    expect(report?.failures[0]?.reason).toContain('Permission denied');
    expect(world.batches().github).toBe(0);
  });

  it('a target over SSH is reported', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    const auth = { kind: 'ssh', privateKey: 'unused', knownHosts: 'unused' } as const;

    const report = await world.run({ target: { url: 'ssh://onedev.invalid/art', auth } });

    expect(report?.failures).toMatchObject([{ problem: 'refused' }]);
    expect(report?.failures[0]?.reason).toContain('over SSH');
  });

  it('a source that hands out whole histories only is reported, and nothing of it kept', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    const server = await startGitServer(world.dir);
    closers.push(() => server.close());

    const report = await world.run({ source: { url: server.urlOf(world.repo), auth: { kind: 'none' } } });

    expect(report).toMatchObject({ objects: 0, failed: 0 });
    expect(report?.unreadable).toContain('no partial fetch');
    const kept = await filesBelow(join(world.options.cacheDir, 'lfs'));
    expect(kept.map(({ path }) => path)).toEqual([expect.stringMatching(/\.json$/)]);
  });
});

describe('addresses that expire', () => {
  it('are asked for anew, once, when the storage refuses them', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    const { switches } = world.github.lfs;
    Object.assign(switches, { linkLifeMs: -1000, tellsExpiry: false });
    switches.intercept = () => {
      switches.linkLifeMs = 3_600_000;
      return false;
    };

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1, failed: 0 });
    expect(world.batches().github).toBe(2);
  });

  it('that stay refused are reported', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    Object.assign(world.github.lfs.switches, { linkLifeMs: -1000, tellsExpiry: false });

    const report = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'refused' }]);
    expect(report?.failures[0]?.reason).toContain('Request has expired');
    expect(world.github.lfs.downloads).toHaveLength(2);
  });

  it('are not even tried when their time is over', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    world.github.lfs.switches.linkLifeMs = 5_000;

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1 });
    expect(world.github.lfs.downloads).toHaveLength(1);
    expect(world.batches().github).toBe(2);
  });

  it("OneDev's token for an upload that has ended is replaced", async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    world.onedev.lfs.settings.tokenLifeMs = -1;
    world.onedev.failNext({
      match: /^PUT .*lfs-objects=true/,
      before: () => void (world.onedev.lfs.settings.tokenLifeMs = 300_000),
    });

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1, failed: 0 });
  });
});

describe('credentials', () => {
  it("go to no other host: the storage gets its own header and neither GitHub's nor OneDev's token", async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 3)));

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 3 });
    for (const { headers } of world.github.lfs.downloads) {
      expect(headers.authorization).toBeUndefined();
      const text = JSON.stringify(headers);
      expect(text).not.toContain(world.github.token);
      expect(text).not.toContain(world.onedev.token);
      expect(headers['x-standin-storage']).toBeDefined();
    }
  });

  it('a redirect to yet another host gets none of the headers that were for the first', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1);
    await world.commitLfs(named([object!]));
    const seen: string[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(...Object.keys(request.headers));
      response.end(Buffer.alloc(40, 'object 0 '));
    });
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    closers.push(() => new Promise((resolve) => elsewhere.close(resolve).closeAllConnections()));
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/object`;
    world.github.lfs.switches.intercept = (_request, response) => {
      response.writeHead(302, { location }).end();
      return true;
    };

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1 });
    expect(seen.sort()).toEqual(['accept-encoding', 'connection', 'host', 'user-agent']);
  });

  it('are in no file, and in no reason of a report', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 2)));
    const body = JSON.stringify({ message: `no: ${world.github.token}` });
    world.github.answerNext(/objects\/batch/, { status: 403, body });

    const report = await world.run();

    expect(JSON.stringify(report)).not.toContain(world.github.token);
    for (const { content } of await filesBelow(world.options.cacheDir)) {
      expect(content.includes(world.github.token)).toBe(false);
      expect(content.includes(world.onedev.token)).toBe(false);
    }
  });

  it('OneDev under the address of its settings is reached at ours, and an address of somebody else never', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1);
    await world.commitLfs(named([object!]));
    const href = 'https://elsewhere.invalid/upload';
    const answer = { objects: [{ oid: object!.oid, size: 40, actions: { upload: { href } } }] };
    world.onedev.failNext({ match: /objects\/batch/, status: 200, body: JSON.stringify(answer) });

    const report = await world.run();
    const again = await world.run({ full: true });

    expect(report?.failures).toMatchObject([{ problem: 'refused' }]);
    expect(report?.failures[0]?.reason).toContain('elsewhere.invalid');
    expect(again).toMatchObject({ transferred: 1 });
  });
});

describe('a run that is broken off', () => {
  it('by the caller ends every exchange, keeps what is whole, and is taken up there', async () => {
    const world = await createLfsWorld({ concurrency: 1 });
    const objects = addObjects(world, 5, 200_000);
    await world.commitLfs(named(objects));
    const caller = new AbortController();
    const stop = new Error('stop');
    const { switches } = world.github.lfs;
    switches.intercept = (_request, response) => {
      if (world.github.lfs.downloads.length < 3) return false;
      response.writeHead(200, { 'content-length': 200_000 }).write(Buffer.alloc(100_000, 'object'));
      setImmediate(() => caller.abort(stop));
      return true;
    };

    const end = await world.run({}, caller.signal).catch((error: unknown) => error);
    await eventually(() => world.held().length === 2);
    switches.intercept = () => false;
    const report = await world.run();

    expect(end).toBe(stop);
    expect(report).toMatchObject({ objects: 5, transferred: 3, skipped: 2, failed: 0 });
    expect(world.held()).toEqual(oids(objects));
  });

  it('by OneDev in the middle of an object, whenever it is tried, leaves nothing of it and is worth another run', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1, 500_000);
    await world.commitLfs(named([object!]));
    world.onedev.failNext({ match: /^PUT /, disconnect: { afterRequestBytes: 100_000 }, times: 9 });

    const report = await world.run();
    // OneDev notices by itself, at its own pace.
    await eventually(() => world.held().length === 0);
    world.onedev.clearFaults();
    const next = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'interrupted' }]);
    expect(report?.again).toBe(true);
    expect(next).toMatchObject({ transferred: 1, failed: 0, again: false });
  });

  it('by the storage in the middle of an object is tried once more at once', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1, 300_000);
    await world.commitLfs(named([object!]));
    world.github.lfs.switches.intercept = (request, response) => {
      if (world.github.lfs.downloads.length > 1) return false;
      response.writeHead(200, { 'content-length': 300_000 }).write(Buffer.alloc(1000), () => request.socket.destroy());
      return true;
    };

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1, failed: 0 });
    expect(world.held()).toEqual([object!.oid]);
  });

  it('by a storage that stands still gives up that object only', async () => {
    const world = await createLfsWorld({ idleTimeoutMs: 4_000 });
    const [still, fine] = addObjects(world, 2);
    await world.commitLfs(named([still!, fine!]));
    world.github.lfs.switches.intercept = (request) => request.url?.includes(still!.oid) ?? false;

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 1, failed: 1, again: true });
    expect(report?.failures[0]?.reason).toContain('Nothing moved for 4 s');
  });

  it('by OneDev that refuses before it has read anything is told in its words', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1, 8_000_000)));
    const body = JSON.stringify({ message: 'Disk is full here' });
    world.onedev.failNext({ match: /^PUT /, status: 507, body });

    const report = await world.run();

    expect(report?.failures).toMatchObject([{ problem: 'interrupted' }]);
    expect(report?.failures[0]?.reason).toMatch(/Disk is full here|broke off/);
  });

  it('by OneDev that is not there is told for every object after one question', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 150)));
    world.onedev.failNext({ match: /objects\/batch/, disconnect: 'at once' });

    const report = await world.run();

    expect(report).toMatchObject({ failed: 150, again: true });
    expect(report?.failures).toHaveLength(20);
    expect(world.batches()).toEqual({ github: 0, onedev: 1 });
  });
});

describe('a transfer with LFS', () => {
  const synced = { outcome: 'unchanged', sourceDigest: 'abc', defaultTip: 'tip' } as SyncReport;
  const told: LfsReport = { objects: 1, transferred: 1, bytes: 5, skipped: 0, failed: 0, failures: [], again: false };
  const nowhere = { url: 'http://nowhere.invalid', auth: { kind: 'none' } } as const;
  const request: TransferRequest = {
    mirrorId: 'github-1',
    source: nowhere,
    target: nowhere,
    knownDigest: null,
    rewritePolicy: 'follow',
    setDefaultBranch: async () => undefined,
  };
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  const sweep = async () => undefined;

  it('brings the objects after the refs and tells of both', async () => {
    const asked: unknown[] = [];
    const lfs = { sweep, run: async (one: unknown) => (asked.push(one), told) };

    const report = await withLfs({ run: async () => synced }, lfs).run(request, context);

    expect(report).toEqual({ ...synced, outcome: 'changed', lfs: told });
    expect(asked).toMatchObject([{ mirrorId: 'github-1', sourceDigest: 'abc', defaultTip: 'tip', full: true }]);
  });

  it('that only compares looks at no object', async () => {
    const lfs = { sweep, run: () => Promise.reject(new Error('not now')) };

    const report = await withLfs({ run: async () => synced }, lfs).run(
      { ...request, compareOnly: { except: [] } },
      context,
    );

    expect(report).toEqual(synced);
  });
});
