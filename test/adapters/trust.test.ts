import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../../src/adapters/http.ts';
import { trustAlso } from '../../src/adapters/trust.ts';
import { Failure } from '../../src/domain/failures.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { refsOf } from '../support/repo.ts';
import { createCa, type Issued, type PrivateCa, startTlsFront, type TlsFront } from '../support/tls.ts';
import { addObjects, createLfsWorld, named, oids, PROJECT } from './git/lfs-world.ts';
import { createStreamWorld, type StreamWorld } from './git/stream-world.ts';

let dir: string;
let ca: PrivateCa;
let other: PrivateCa;
let good: Issued;
let otherName: Issued;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trust-'));
  [ca, other] = await Promise.all([createCa(dir, 'ours'), createCa(dir, 'other')]);
  [good, otherName] = await Promise.all([ca.issue('DNS:localhost'), ca.issue('DNS:elsewhere.example')]);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  trustAlso(undefined);
  for (const close of closers.splice(0).reverse()) await close();
});

async function front(plainUrl: string, certificate: Issued = good): Promise<TlsFront> {
  const started = await startTlsFront(plainUrl, certificate);
  closers.push(() => started.close());
  return started;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

/** What is wrong, and whom we trust then. */
const WRONG = [
  ['a CA that is not named', () => undefined, () => good, /self-signed|unable to|issuer|verification failed/],
  [
    'another CA than the one that is named',
    () => other.pem,
    () => good,
    /unable to|issuer|verification failed|self-signed/,
  ],
  ['a certificate for another name', () => ca.pem, () => otherName, /altnames|does not match|no alternative/],
] as const;

describe('an exchange by REST', () => {
  async function plainServer(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('well');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  it('trusts the CA of the setting', async () => {
    const { url } = await front((await plainServer()).url);
    trustAlso(ca.pem);

    expect((await exchange({ url, unreachable: 'TargetUnreachable' })).text).toBe('well');
  });

  it.each(WRONG)('refuses %s, and sends nothing', async (_, trusted, certificate, reason) => {
    const plain = await plainServer();
    const { url } = await front(plain.url, certificate());
    trustAlso(trusted());

    const atSource = await failureOf(exchange({ url, unreachable: 'SourceUnreachable' }));
    const atTarget = await failureOf(exchange({ url, unreachable: 'TargetUnreachable' }));

    expect([atSource.kind, atTarget.kind]).toEqual(['SourceUntrusted', 'TargetUntrusted']);
    expect(atTarget.message).toMatch(reason);
    expect(atTarget.row.hint).toContain('STARKEEP_CA_FILE');
    expect(plain.asked).toEqual([]);
  });
});

describe.each(['stream', 'clone'] as const)('a transfer by %s', (transport) => {
  const run = (world: StreamWorld) => (transport === 'stream' ? world.sync() : world.clone());

  async function tlsWorld(source: Issued, target: Issued): Promise<StreamWorld> {
    const world = await createStreamWorld({ commits: 3, tags: 2 });
    const fronts = [await front(world.server.origin, source), await front(world.server.origin, target)];
    const auth = { kind: 'basic', username: 'x-access-token', password: 'a-password-of-git' } as const;
    const at = (url: string, index: number) => url.replace(world.server.origin, fronts[index]?.url ?? '');
    world.request.source = { url: at(world.request.source.url, 0), auth };
    world.request.target = { url: at(world.request.target.url, 1), auth };
    return world;
  }

  it('trusts the CA of the setting at both sides', async () => {
    const world = await tlsWorld(good, good);
    trustAlso(ca.pem);

    await run(world);

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it.each(WRONG)('refuses %s, and sends nothing', async (_, trusted, certificate, reason) => {
    const world = await tlsWorld(certificate(), good);
    trustAlso(trusted());

    const failure = await failureOf(run(world));

    expect(failure.kind).toBe('SourceUntrusted');
    expect(failure.message).toMatch(reason);
    expect(world.server.requests.filter(({ url }) => url.startsWith('/source.git'))).toEqual([]);
  });

  it('says of which side the certificate is', async () => {
    const world = await tlsWorld(good, otherName);
    trustAlso(ca.pem);

    expect((await failureOf(run(world))).kind).toBe('TargetUntrusted');
    expect(world.server.requests.filter(({ url }) => url.startsWith('/target.git'))).toEqual([]);
  });
});

describe('LFS objects', () => {
  it('come and go under the CA of the setting', async () => {
    const world = await createLfsWorld();
    const objects = addObjects(world, 2);
    await world.commitLfs(named(objects));
    const [github, onedev, storage] = await Promise.all(
      [world.github.url, world.onedev.url, world.github.lfs.storageUrl].map((url) => front(url)),
    );
    world.github.lfs.switches.storageAlias = storage?.url ?? null;
    trustAlso(ca.pem);
    const basic = (password: string) => ({ kind: 'basic', username: 'x-access-token', password }) as const;

    const report = await world.run({
      source: { url: `${github?.url}/acme/art.git`, auth: basic(world.github.token) },
      target: { url: `${onedev?.url}/${PROJECT}`, auth: basic(world.onedev.token) },
    });

    expect(report).toMatchObject({ transferred: 2 });
    expect(world.held().sort()).toEqual(oids(objects));
  });

  it('do not come from a storage that is not trusted; the report says what to do', async () => {
    const world = await createLfsWorld();
    world.options.redact = createRedactor([]);
    await world.commitLfs(named(addObjects(world, 1)));
    const [github, storage] = [await front(world.github.url), await front(world.github.lfs.storageUrl, otherName)];
    world.github.lfs.switches.storageAlias = storage.url;
    trustAlso(ca.pem);

    const report = await world.run({
      source: { url: `${github.url}/acme/art.git`, auth: { kind: 'none' } },
    });

    expect(JSON.stringify(report)).toMatch(/not trusted .*STARKEEP_CA_FILE/);
    expect(world.github.lfs.downloads).toEqual([]);
  });
});
