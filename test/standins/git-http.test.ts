import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commit, createRepo, git, lsRemote, refsOf } from '../support/repo.ts';
import { type GitHttpOptions, serveGit } from './git-http.ts';

let folder: string;
let server: Server;
let origin: string;
let serviceLineAlways: boolean;
/** One for each exchange, settled when `serveGit` is. */
let exchanges: Promise<void>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-http-'));
  await createRepo(join(folder, 'a.git'), { tags: 2 });
  serviceLineAlways = false;
  exchanges = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const [, name = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
    const isListing = rest === 'info/refs';
    const service = (isListing ? url.searchParams.get('service') : rest) as GitHttpOptions['service'];
    const endpoint = isListing ? 'info/refs' : 'rpc';
    exchanges.push(serveGit(request, response, { repoDir: join(folder, name), service, endpoint, serviceLineAlways }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await Promise.all(exchanges);
  await rm(folder, { recursive: true });
});

const listing = (headers: Record<string, string> = {}) =>
  fetch(`${origin}/a.git/info/refs?service=git-upload-pack`, { headers });

describe('serveGit', () => {
  it('lists with the exact content type and without caching', async () => {
    const response = await listing();

    expect(response.headers.get('content-type')).toBe('application/x-git-upload-pack-advertisement');
    expect(response.headers.get('cache-control')).toBe('no-cache, max-age=0, must-revalidate');
    expect(await response.text()).toMatch(/^001e# service=git-upload-pack\n0000[0-9a-f]{4}[0-9a-f]{40} HEAD\0/);
  });

  it('leaves the service line out for protocol v2, unless told otherwise', async () => {
    const without = await (await listing({ 'git-protocol': 'version=2' })).text();
    serviceLineAlways = true;
    const with_ = await (await listing({ 'git-protocol': 'version=2' })).text();

    expect(without).toMatch(/^000eversion 2\n/);
    expect(with_).toMatch(/^001e# service=git-upload-pack\n0000000eversion 2\n/);
  });

  it('takes a request body that is gzipped', async () => {
    const body = gzipSync('0014command=ls-refs\n0000');

    const response = await fetch(`${origin}/a.git/git-upload-pack`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
      },
      body,
    });

    expect(response.headers.get('content-type')).toBe('application/x-git-upload-pack-result');
    expect(await response.text()).toContain(' refs/tags/t-0002\n');
  });

  it('serves clone, fetch and a push too large for one request', async () => {
    const work = await createRepo(join(folder, 'work.git'), { bigFileMb: 3 });
    const empty = await createRepo(join(folder, 'b.git'), { commits: 0 });

    await git(work, ['push', '--quiet', `${origin}/b.git`, 'refs/heads/*:refs/heads/*']);

    expect(await refsOf(empty)).toEqual(await refsOf(work));
    expect(await lsRemote(`${origin}/b.git`)).toEqual(await refsOf(work));
  });

  it('answers 500 with the complaint of git when there is no repository', async () => {
    const response = await fetch(`${origin}/none.git/info/refs?service=git-upload-pack`);

    expect(response.status).toBe(500);
    expect(await response.text()).toContain('does not appear to be a git repository');
  });

  it('ends git when the client goes away in the middle of a pack', async () => {
    const big = await createRepo(join(folder, 'big.git'), { bigFileMb: 20 });
    const tip = await commit(big);
    const leave = new AbortController();
    const want = `0032want ${tip}\n`;
    const response = await fetch(`${origin}/big.git/git-upload-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request' },
      body: `${want}00000009done\n`,
      signal: leave.signal,
    });
    await response.body?.getReader().read();

    leave.abort();

    await expect(Promise.all(exchanges)).resolves.toHaveLength(1);
  });
});
