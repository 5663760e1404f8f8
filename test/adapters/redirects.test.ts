import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/domain/failures.ts';
import { refuse } from './git/git-server.ts';
import { addObjects, createLfsWorld, named } from './git/lfs-world.ts';
import { createStreamWorld } from './git/stream-world.ts';

/** Where a redirect leads away from a configured host, by every way that carries credentials; for the REST of both hosts see http.test.ts. */

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A host that nobody configured. */
async function elsewhere(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  return { url, asked };
}

const AUTH = { kind: 'basic', username: 'x-access-token', password: 'a-password-of-git' } as const;

describe('a redirect to another host is not followed', () => {
  it.each([
    ['stream', 'source'],
    ['stream', 'target'],
    ['clone', 'source'],
    ['clone', 'target'],
  ] as const)('by a %s from the %s', async (way, side) => {
    const world = await createStreamWorld();
    const other = await elsewhere();
    world.request.source = { ...world.request.source, auth: AUTH };
    world.request.target = { ...world.request.target, auth: AUTH };
    world.server.intercept = (request, response) =>
      request.url?.startsWith(`/${side}.git/`) === true &&
      refuse(response, 302, '', { location: `${other.url}${request.url}` });

    const failure: unknown = await (way === 'stream' ? world.sync() : world.clone()).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Failure);
    expect((failure as Failure).kind).toBe(side === 'source' ? 'SourceError' : 'TargetError');
    expect(other.asked).toEqual([]);
  });

  it('by the batch API of Git LFS', async () => {
    const world = await createLfsWorld();
    await world.commitLfs(named(addObjects(world, 1)));
    const other = await elsewhere();
    world.github.answerNext(/objects\/batch/, { status: 307, headers: { location: `${other.url}/batch` } });

    const report = await world.run();

    expect(report).toMatchObject({ transferred: 0 });
    expect(other.asked).toEqual([]);
  });

  it('by the upload of an LFS object', async () => {
    const world = await createLfsWorld();
    const [object] = addObjects(world, 1);
    await world.commitLfs(named([object!]));
    const other = await elsewhere();
    const asked: string[] = [];
    const onedev = await serve((request, response) => {
      asked.push(request.method ?? '');
      request.resume();
      if (request.method === 'PUT') return response.writeHead(307, { location: `${other.url}/upload` }).end();
      const actions = { upload: { href: `http://${request.headers.host}/upload` } };
      return response.end(JSON.stringify({ objects: [{ oid: object!.oid, size: object!.size, actions }] }));
    });

    const report = await world.run({ target: { url: `${onedev}/github/acme/art`, auth: AUTH } });

    expect(asked).toContain('PUT');
    expect(report).toMatchObject({ transferred: 0 });
    expect(other.asked).toEqual([]);
  });
});
