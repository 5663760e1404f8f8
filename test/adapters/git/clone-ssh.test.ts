import { stat } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { commit, refsOf } from '../../support/repo.ts';
import { createWorld, filesBelow } from './clone-world.ts';
import { type SshServer, startSshServer } from './ssh-server.ts';

const servers: SshServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function createSshWorld() {
  const world = await createWorld({ tags: 3, branches: ['dev'] });
  const ssh = await startSshServer(world.dir);
  servers.push(ssh);
  const auth = { kind: 'ssh', privateKey: ssh.privateKey, knownHosts: ssh.knownHosts } as const;
  world.request = {
    ...world.request,
    source: { url: ssh.urlOf('source.git'), auth },
    target: { url: ssh.urlOf('target.git'), auth },
  };
  return { world, ssh, auth };
}

describe('a transfer over SSH', () => {
  it('makes both sides equal, and later only what changed', async () => {
    const { world, ssh } = await createSshWorld();

    const first = await world.sync();
    const unchanged = await world.sync({ knownDigest: first.sourceDigest });
    await commit(world.source);
    const second = await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    expect([first.refs.created, unchanged.outcome, second.refs.updated]).toEqual([5, 'unchanged', 1]);
    expect(new Set(ssh.commands)).toEqual(
      new Set(["git-upload-pack '/source.git'", "git-upload-pack '/target.git'", "git-receive-pack '/target.git'"]),
    );
  });

  it('has its key in a file of mode 0600 while it runs, and nowhere afterwards', async () => {
    const { world, ssh } = await createSshWorld();
    const modes: number[] = [];
    ssh.onCommand = async () => {
      const keys = (await filesBelow(world.cacheDir)).filter(({ content }) => content.includes('PRIVATE KEY'));
      modes.push(...(await Promise.all(keys.map(async ({ path }) => (await stat(path)).mode & 0o777))));
    };

    await world.sync();

    expect(modes.length).toBeGreaterThan(0);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    const left = (await filesBelow(world.cacheDir)).filter(({ content }) => content.includes('PRIVATE KEY'));
    expect(left).toEqual([]);
  });

  it('removes the key also after a failure', async () => {
    const { world, auth } = await createSshWorld();

    await world.failing({ source: { url: world.request.source.url.replace('source', 'missing'), auth } });

    const left = (await filesBelow(world.cacheDir)).filter(({ content }) => content.includes('PRIVATE KEY'));
    expect(left).toEqual([]);
  });

  it('is refused when the host has another key than the one we know', async () => {
    const { world, ssh, auth } = await createSshWorld();
    const other = await startSshServer(world.dir);
    servers.push(other);
    const [, type, key] = other.knownHosts.split(' ');
    const knownHosts = `${ssh.knownHosts.split(' ')[0]} ${type} ${key}`;

    const failure = await world.failing({ source: { ...world.request.source, auth: { ...auth, knownHosts } } });

    expect(failure.kind).toBe('SourceUnreachable');
    expect(failure.message).toContain('Host key verification failed');
    expect(ssh.commands).toEqual([]);
  });

  it('is refused when the host does not know our key', async () => {
    const { world, auth } = await createSshWorld();
    const other = await startSshServer(world.dir);
    servers.push(other);

    const failure = await world.failing({
      source: { ...world.request.source, auth: { ...auth, privateKey: other.privateKey } },
    });

    expect(failure.kind).toBe('SourceUnauthorized');
  });
});
