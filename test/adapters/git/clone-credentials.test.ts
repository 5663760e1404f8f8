import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localEnvironment, remoteEnvironment } from '../../../src/adapters/git/environment.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { refsOf } from '../../support/repo.ts';
import { createWorld, deferred, filesBelow, isFetch, processesOf, stallAfter } from './clone-world.ts';
import { refuse } from './git-server.ts';

const SOURCE_PASSWORD = 'source-password-12345';
const TARGET_PASSWORD = 'target-password-67890';
const basic = (password: string) => ({ kind: 'basic', username: 'x-access-token', password }) as const;
const encoded = (password: string) => Buffer.from(`x-access-token:${password}`).toString('base64');
const header = (password: string) => `Basic ${encoded(password)}`;

async function createGuardedWorld(bigFileMb = 0) {
  const world = await createWorld({ tags: 2, ...(bigFileMb === 0 ? {} : { bigFileMb }) });
  world.request = {
    ...world.request,
    source: { ...world.request.source, auth: basic(SOURCE_PASSWORD) },
    target: { ...world.request.target, auth: basic(TARGET_PASSWORD) },
  };
  world.options = { ...world.options, redact: createRedactor([SOURCE_PASSWORD, TARGET_PASSWORD]) };
  const guard: typeof world.server.intercept = (request, response) => {
    const password = request.url?.startsWith('/source.git/') ? SOURCE_PASSWORD : TARGET_PASSWORD;
    if (request.headers.authorization === header(password)) return false;
    return refuse(response, 401, 'Authentication required', { 'www-authenticate': 'Basic realm="x"' });
  };
  world.server.intercept = guard;
  return { world, guard };
}

describe('credentials over HTTP', () => {
  it('go with every request, each to its own side', async () => {
    const { world } = await createGuardedWorld();

    await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
    const sent = world.server.requests.map(({ url, authorization }) => `${url.split('/')[1]} ${authorization}`);
    expect([...new Set(sent)].sort()).toEqual([
      `source.git ${header(SOURCE_PASSWORD)}`,
      `target.git ${header(TARGET_PASSWORD)}`,
    ]);
  });

  it('are in no argument of any process', async () => {
    const { world, guard } = await createGuardedWorld(4);
    const stalled = deferred();
    world.server.intercept = (request, response) => {
      if (isFetch(request.url)) stallAfter(response, 1024 * 1024, stalled.resolve);
      return guard(request, response);
    };
    const abort = new AbortController();

    const run = world.sync({}, abort.signal).catch((error: unknown) => error);
    await stalled.promise;
    const commands = (await processesOf(world.cacheDir)).map(({ command }) => command).join('\n');
    abort.abort('seen enough');
    await run;

    expect(commands).toContain('git fetch');
    expect(commands).toContain('remote-http');
    for (const secret of [SOURCE_PASSWORD, encoded(SOURCE_PASSWORD)]) expect(commands).not.toContain(secret);
  });

  it('are in no file, neither during the transfer nor after it', async () => {
    const { world, guard } = await createGuardedWorld();
    const during: string[] = [];
    world.server.intercept = async (request, response) => {
      during.push(...(await leaks(world.cacheDir)));
      return guard(request, response);
    };

    await world.sync();

    expect(during).toEqual([]);
    expect(await leaks(world.cacheDir)).toEqual([]);
  });

  it('are in no message of a failure', async () => {
    const { world } = await createGuardedWorld();
    world.server.intercept = (_, response) =>
      refuse(response, 403, `${SOURCE_PASSWORD} and ${encoded(SOURCE_PASSWORD)} may not`);

    const failure = await world.failing();

    expect(failure.kind).toBe('SourceForbidden');
    expect(failure.message).toContain('[redacted]');
    expect(failure.message).not.toContain(SOURCE_PASSWORD);
    expect(failure.message).not.toContain(encoded(SOURCE_PASSWORD));
  });
});

async function leaks(dir: string): Promise<string[]> {
  const secrets = [SOURCE_PASSWORD, TARGET_PASSWORD].flatMap((secret) => [secret, encoded(secret)]);
  const files = await filesBelow(dir);
  return files.filter(({ content }) => secrets.some((secret) => content.includes(secret))).map(({ path }) => path);
}

describe('addresses', () => {
  it.each([
    ['a file', 'file:///srv/repo.git'],
    ['a path', '/srv/repo.git'],
    ["git's own protocol", 'git://127.0.0.1/repo.git'],
    ['a command', 'ext::sh -c id'],
    ['an option', '--upload-pack=id'],
    ['an option as SSH host', '-oProxyCommand=id:repo.git'],
    ['credentials', 'http://user:secret@127.0.0.1/repo.git'],
    ['a user name over HTTP', 'http://user@127.0.0.1/repo.git'],
  ])('with %s are refused before git is started', async (_, url) => {
    const world = await createWorld();

    const failure = await world.failing({ source: { url, auth: { kind: 'none' } } });

    expect(failure.kind).toBe('TransferFailed');
    expect(failure.message).not.toContain('secret');
    expect(world.server.requests).toEqual([]);
  });
});

describe('the environment of git', () => {
  const workspace = { dir: '/w', home: '/w/home' };

  it('has nothing of ours but PATH, proxies and certificate stores', () => {
    const environment = localEnvironment(
      { PATH: '/bin', GITHUB_TOKEN: 'secret', GIT_DIR: '/elsewhere', HOME: '/root', HTTPS_PROXY: 'http://proxy' },
      workspace,
    );

    const plain = Object.entries(environment).filter(([name]) => !name.startsWith('GIT_CONFIG_'));
    expect(Object.fromEntries(plain)).toEqual({
      PATH: '/bin',
      HTTPS_PROXY: 'http://proxy',
      HOME: '/w/home',
      TMPDIR: '/w',
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_CEILING_DIRECTORIES: '/w',
    });
    expect(environment).toMatchObject({ GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' });
  });

  it('allows only the protocol of the remote, and gives only its origin the credentials', async () => {
    const environment = await remoteEnvironment({}, workspace, {
      url: 'https://git.example.org:8443/a/b.git',
      auth: basic('password'),
    });

    const settings = settingsOf(environment);
    expect(settings).toMatchObject({
      'protocol.allow': 'never',
      'protocol.https.allow': 'always',
      'core.hooksPath': '/dev/null',
      'http.followRedirects': 'false',
      'http.sslVerify': 'true',
      'credential.helper': '',
      'http.https://git.example.org:8443/.extraHeader': `Authorization: ${header('password')}`,
    });
    expect(Object.keys(settings).filter((key) => /protocol\..*\.allow/.test(key))).toEqual(['protocol.https.allow']);
  });
});

function settingsOf(environment: Record<string, string>): Record<string, string> {
  const count = Number(environment['GIT_CONFIG_COUNT']);
  const pairs = Array.from({ length: count }, (_, index) => [
    environment[`GIT_CONFIG_KEY_${index}`] ?? '',
    environment[`GIT_CONFIG_VALUE_${index}`] ?? '',
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

describe('the folder of caches', () => {
  it('is closed to other users', async () => {
    const { world } = await createGuardedWorld();

    await world.sync();

    const mode = (await stat(join(world.cacheDir, 'tmp'))).mode & 0o777;
    expect(mode).toBe(0o700);
    expect(await readdir(join(world.cacheDir, 'tmp'))).toEqual([]);
  });
});
