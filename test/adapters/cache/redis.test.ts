import { mkdtemp } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@keyv/redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAnswerCache } from '../../../src/adapters/cache/answers.ts';
import type { Cache, CacheOptions } from '../../../src/adapters/cache/cache.ts';
import { createRedisCache } from '../../../src/adapters/cache/redis.ts';
import { sealedCache } from '../../../src/adapters/cache/sealed.ts';
import { createTokenCache } from '../../../src/adapters/cache/tokens.ts';
import { createGithub } from '../../../src/adapters/github.ts';
import { trustAlso } from '../../../src/adapters/trust.ts';
import { parsePayloadKeys } from '../../../src/domain/payload-keys.ts';
import { createGithubStandin } from '../../standins/github.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { createCa, startTlsFront } from '../../support/tls.ts';

const MINUTE = 60_000;
const keysOf = (id: string) => parsePayloadKeys(`${id}:${Buffer.alloc(32, id).toString('base64')}`);

let redis: TestRedis;
let told: string[];
let recoveries: number;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(() => {
  told = [];
  recoveries = 0;
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await withRedis((client) => client.flushDb());
});

afterAll(() => redis.stop());

/** Asks again at once after a failure, where the product rests. */
function open(url = redis.url, options: Partial<CacheOptions> = {}): Cache {
  const cache = createRedisCache(url, {
    onTrouble: (reason) => told.push(reason),
    onRecovery: () => (recoveries += 1),
    restMs: 0,
    // On a busy machine a second is short.
    deadlineMs: 20_000,
    ...options,
  });
  closing.push(() => cache.close());
  return cache;
}

/** It connects in the background, and what comes before that is a miss. */
async function connected(cache: Cache): Promise<Cache> {
  await eventually(async () => {
    await cache.set('probe', 'there', MINUTE);
    return (await cache.get('probe')) === 'there';
  });
  told = [];
  recoveries = 0;
  return cache;
}

const clientOf = (url: string) => createClient({ url });
type Client = ReturnType<typeof clientOf>;

async function withRedis<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = clientOf(redis.url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** Everything that is in it, names and values. */
async function dump(): Promise<string> {
  return withRedis(async (client) => {
    const names = await client.keys('*');
    const values = await Promise.all(names.map((name) => client.get(name)));
    return JSON.stringify([names, values]);
  });
}

describe('what is remembered in Redis', () => {
  it('is there for every worker, under our prefix, until it ends', async () => {
    const [one, other] = [await connected(open()), await connected(open())];

    await one.set('a', 'é\u2028', MINUTE);

    expect(await other.get('a')).toBe('é\u2028');
    expect(await other.get('b')).toBeNull();
    const [names, left] = await withRedis(async (client) => [await client.keys('*'), await client.pTTL('starkeep:a')]);
    expect((names as string[]).every((name) => name.startsWith('starkeep:'))).toBe(true);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(MINUTE);
    expect(told).toEqual([]);
  });

  it('leaves alone what belongs to others', async () => {
    await withRedis((client) => client.set('theirs', 'kept'));
    const cache = await connected(open());

    await cache.set('theirs', 'ours', MINUTE);
    await cache.close();

    expect(await withRedis((client) => client.get('theirs'))).toBe('kept');
  });

  it.each([
    ['text', (client: Client) => client.set('starkeep:a', 'no json at all')],
    ['a list', (client: Client) => client.rPush('starkeep:a', 'x')],
    ['another shape', (client: Client) => client.set('starkeep:a', '{"value":{"x":1}}')],
  ])('is nothing where somebody else wrote %s, and that is no outage', async (_, write) => {
    const cache = await connected(open());
    await withRedis(async (client) => void (await write(client)));

    expect(await cache.get('a')).toBeNull();
    expect(told).toEqual([]);
    await cache.set('b', 'x', MINUTE);
    expect(await cache.get('b')).toBe('x');
  });

  it('is nothing while Redis is gone, told once, and is remembered anew when it is back', async () => {
    const cache = await connected(open());
    await redis.kill();

    const got = [await cache.get('a'), await cache.get('a')];
    await cache.set('a', 'x', MINUTE);

    expect(got).toEqual([null, null]);
    expect(told).toHaveLength(1);
    await redis.start();
    await eventually(async () => {
      await cache.set('a', 'again', MINUTE);
      return (await cache.get('a')) === 'again';
    });
    expect(recoveries).toBe(1);
  });

  it('holds nobody up while Redis stands still, and does not ask it again for a while', async () => {
    let cache: Cache;
    do {
      // One that was too slow the first time rests for a minute: then another.
      cache = open(redis.url, { deadlineMs: 2_000, restMs: 60_000 });
      await cache.set('probe', 'there', MINUTE);
    } while ((await cache.get('probe')) !== 'there');
    told = [];
    redis.freeze();
    const began = performance.now();

    const first = await cache.get('a');
    const asked = performance.now() - began;
    const others = await Promise.all(Array.from({ length: 500 }, () => cache.get('a')));
    redis.thaw();

    expect([first, ...new Set(others)]).toEqual([null, null]);
    // One deadline in all; with one each it would be that of 500.
    expect(asked).toBeLessThan(20_000);
    expect(told).toEqual([expect.stringContaining('no answer within 2 s')]);
  });

  it('is there again when Redis goes on', async () => {
    const cache = await connected(open(redis.url, { deadlineMs: 2_000 }));
    await cache.set('a', 'x', MINUTE);
    redis.freeze();
    const during = await cache.get('a');
    redis.thaw();

    await eventually(async () => (await cache.get('a')) === 'x');

    expect(during).toBeNull();
    expect([told.length, recoveries]).toEqual([1, 1]);
  });

  it('does not wait for a Redis that is not there at the start', async () => {
    const cache = open('redis://127.0.0.1:9/0');

    expect(await cache.get('a')).toBeNull();
    expect(told).toHaveLength(1);
  });

  it('says that a password is wrong, without it', async () => {
    const locked = await startRedis({ password: 'open-sesame-1' });
    closing.push(() => locked.stop());
    const url = locked.url.replace('open-sesame-1', 'wrong-password-2');
    const cache = open(url);

    await cache.get('a');

    expect(told).toEqual([expect.stringMatching(/^WRONGPASS/)]);
    expect(told.join()).not.toContain('wrong-password-2');
    const right = await connected(open(locked.url));
    await right.set('a', 'x', MINUTE);
    expect(await right.get('a')).toBe('x');
  });

  it('goes over TLS where the certificate is trusted, and nowhere else', async () => {
    const ca = await createCa(await mkdtemp(join(tmpdir(), 'ca-')), 'own');
    const front = await startTlsFront(redis.url.replace('redis:', 'http:'), await ca.issue('DNS:localhost'));
    closing.push(() => front.close());
    const url = `rediss://localhost:${front.port}/0`;
    const untrusting = open(url);
    await untrusting.get('a');
    expect(told).toEqual([expect.stringMatching(/certificate/)]);

    trustAlso(ca.pem);
    closing.push(async () => trustAlso(undefined));
    const trusting = await connected(open(url));
    await trusting.set('a', 'x', MINUTE);

    expect(await trusting.get('a')).toBe('x');
  });
});

describe('what is sealed', () => {
  it('tells nobody anything who reads it, or what goes over the wire', async () => {
    const wire = await tap(redis.url);
    const cache = sealedCache(await connected(open(wire.url)), keysOf('one'));

    await cache.set('answer https://api.github.com/repos/ann/secret-project', 'a secret body', MINUTE);
    const got = await cache.get('answer https://api.github.com/repos/ann/secret-project');

    expect(got).toBe('a secret body');
    for (const text of [await dump(), wire.bytes()]) {
      expect(text).toContain('starkeep:answer:');
      expect(text).not.toMatch(/secret/);
    }
  });

  it('cannot be put in the place of something else, changed, or read with another key', async () => {
    const plain = await connected(open());
    const cache = sealedCache(plain, keysOf('one'));
    await cache.set('token a', 'of a', MINUTE);
    await cache.set('token b', 'of b', MINUTE);
    const [a, b] = await withRedis(async (client) => {
      const names = await client.keys('starkeep:token:*');
      const [first = '', second = ''] = names;
      await client.copy(first, second, { REPLACE: true });
      return [await cache.get('token a'), await cache.get('token b')];
    });
    await cache.set('token c', 'of c', MINUTE);

    expect([a, b].filter((value) => value === null)).toHaveLength(1);
    expect(await sealedCache(plain, keysOf('other')).get('token c')).toBeNull();
    expect(await sealedCache(plain, [...keysOf('other'), ...keysOf('one')]).get('token c')).toBe('of c');
    expect(told).toEqual([]);
  });
});

describe("GitHub's answers", () => {
  it('come back as they were, and what is no answer does not', async () => {
    const cache = await connected(open());
    const answers = createAnswerCache(cache);
    const answer = { etag: 'W/"1"', body: '{"é":"\u2028"}', headers: { link: '<x>; rel="next"' } };

    await answers.set('a', answer);
    await answers.set('large', { ...answer, body: 'x'.repeat(4_000_001) });
    await cache.set('answer b', '{"etag":1}', MINUTE);
    await cache.set('answer c', 'no json', MINUTE);

    expect(await answers.get('a')).toEqual(answer);
    expect(await Promise.all(['b', 'c', 'large'].map((key) => answers.get(key)))).toEqual([null, null, null]);
  });
});

describe("a GitHub App's installation tokens", () => {
  it('are minted once for all workers with the same key, and are in Redis only sealed', async () => {
    const standin = await createGithubStandin();
    closing.push(() => standin.close());
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);
    const worker = async (key: string) => {
      const shared = sealedCache(await connected(open()), keysOf(key));
      const tokenCache = createTokenCache({ shared, scope: 'test' });
      const { appId, privateKey } = standin.app;
      const { apiUrl, url: webUrl } = standin;
      return createGithub({ apiUrl, webUrl, userAgent: 'test', app: { appId, privateKey }, tokenCache });
    };
    const remote = { cloneUrl: `${standin.url}/ann/secret.git`, sshUrl: null };
    const [one, other, stranger] = [await worker('one'), await worker('one'), await worker('other')];
    const minted = () => standin.log.filter(({ method }) => method === 'POST').length;

    const first = (await one.gitRemote(remote)).auth;
    const second = (await other.gitRemote(remote)).auth;
    const after = minted();
    await stranger.gitRemote(remote);
    await stranger.gitRemote(remote);

    expect(second).toEqual(first);
    expect([after, minted()]).toEqual([1, 2]);
    const everything = await dump();
    expect(everything).toContain('starkeep:token:');
    expect(everything).not.toContain('ghs_');
    // One that ended early is renewed by whoever meets it, for all.
    standin.app.revokeTokens();
    expect(await one.repository(repository.id)).toMatchObject({ found: 'yes' });
    expect(await other.repository(repository.id)).toMatchObject({ found: 'yes' });
  });

  it('are remembered by the worker itself while Redis is gone', async () => {
    const standin = await createGithubStandin();
    closing.push(() => standin.close());
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);
    const shared = sealedCache(open('redis://127.0.0.1:9/0'), keysOf('one'));
    const { appId, privateKey } = standin.app;
    const github = createGithub({
      apiUrl: standin.apiUrl,
      webUrl: standin.url,
      userAgent: 'test',
      app: { appId, privateKey },
      tokenCache: createTokenCache({ shared, scope: 'test' }),
    });

    await github.repository(repository.id);
    await github.repository(repository.id);

    expect(standin.log.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(told).toHaveLength(1);
  });
});

/** Something between a client and Redis that listens. */
async function tap(url: string): Promise<{ url: string; bytes: () => string }> {
  const target = new URL(url);
  const seen: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    sockets.push(near, far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => seen.push(Buffer.from(bytes)));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: `redis://127.0.0.1:${port}/0`, bytes: () => Buffer.concat(seen).toString('latin1') };
}
