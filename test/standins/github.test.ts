import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { verify } from '@octokit/webhooks-methods';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGithubStandin, type GithubStandin } from './github.ts';

let standin: GithubStandin;
let folder: string;

beforeEach(async () => {
  standin = await createGithubStandin();
  folder = await mkdtemp(join(tmpdir(), 'github-standin-'));
});

afterEach(async () => {
  await standin.close();
  await rm(folder, { recursive: true });
});

const run = promisify(execFile);

/** Native git without anybody's settings. @returns what it printed; its complaint when it failed */
async function git(args: string[], credentials?: string): Promise<string> {
  const header = credentials
    ? ['-c', `http.extraHeader=Authorization: Basic ${btoa(`x-access-token:${credentials}`)}`]
    : [];
  const env = {
    PATH: process.env['PATH'],
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };
  return run('git', [...header, ...args], { env }).then(
    ({ stdout }) => stdout,
    (error: { stderr: string }) => error.stderr,
  );
}

/** A bare repository with one commit on `trunk`. */
async function bareRepository(): Promise<{ gitDir: string; oid: string }> {
  const gitDir = join(folder, 'bare.git');
  await git(['init', '--bare', '-b', 'trunk', gitDir]);
  const tree = (await git(['-C', gitDir, 'hash-object', '-t', 'tree', '-w', '/dev/null'])).trim();
  const oid = (await git(['-C', gitDir, 'commit-tree', '-m', 'one', tree])).trim();
  await git(['-C', gitDir, 'update-ref', 'refs/heads/trunk', oid]);
  return { gitDir, oid };
}

describe('git of the stand-in', () => {
  it('serves a public repository to anybody, also under its old name', async () => {
    const { gitDir, oid } = await bareRepository();
    const repository = standin.addRepository({ fullName: 'ann/old', gitDir });
    standin.renameRepository(repository, 'ann/new');

    const listings = [
      await git(['ls-remote', `${standin.url}/ann/new.git`, 'refs/heads/*']),
      await git(['-c', 'protocol.version=0', 'ls-remote', `${standin.url}/ann/old.git`, 'refs/heads/*']),
    ];

    expect(listings).toEqual(Array(2).fill(`${oid}\trefs/heads/trunk\n`));
  });

  it('serves a private one to the token, and asks everybody else who they are', async () => {
    const { gitDir } = await bareRepository();
    standin.addRepository({ fullName: 'ann/secret', gitDir, private: true });
    const url = `${standin.url}/ann/secret.git`;

    const own = await git(['ls-remote', url], standin.token);
    const refused = [await git(['ls-remote', url]), await git(['ls-remote', url], 'wrong')];

    expect(own).toContain('refs/heads/trunk');
    expect(refused.map((text) => /could not read Username|Authentication failed/.test(text))).toEqual([true, true]);
  });

  it('says in git what is blocked, missing, rate-limited and not writable', async () => {
    const { gitDir } = await bareRepository();
    const repository = standin.addRepository({ fullName: 'ann/x', gitDir });
    const url = `${standin.url}/ann/x.git`;

    const push = await git(['-C', gitDir, 'push', url, 'trunk:other'], standin.token);
    const missing = await git(['ls-remote', `${standin.url}/ann/none.git`], standin.token);
    repository.blocked = 'dmca';
    const blocked = await git(['ls-remote', url], standin.token);
    standin.switches.gitRateLimited = true;
    const limited = await git(['ls-remote', url], standin.token);

    expect(push).toContain('403');
    expect(missing).toContain('not found');
    expect(blocked).toContain('DMCA takedown');
    expect(limited).toContain('429');
  });
});

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers one request with 202 and `{"ok":true}`. */
async function receive(send: (url: string) => Promise<unknown>): Promise<Received> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const received = new Promise<Received>((resolve) => {
    server.once('request', async (request, response) => {
      const body = (await buffer(request)).toString();
      response.writeHead(202).end('{"ok":true}');
      resolve({ headers: request.headers, body });
    });
  });
  await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
  server.close();
  return received;
}

describe('webhooks of the stand-in', () => {
  it('are signed over the bytes sent, with ids beyond 2^53 as numbers', async () => {
    const repository = standin.addRepository({ fullName: 'ann/big', id: '3804004623172239366' });
    const payload = standin.payloads.star(repository, 'created');
    let answered: unknown;

    const { headers, body } = await receive(async (url) => {
      answered = await standin.deliver(url, 'star', payload, { secret: 'hush', guid: 'g-1', hookId: '9' });
    });

    expect(answered).toMatchObject({ status: 202, json: { ok: true }, guid: 'g-1' });
    expect(headers).toMatchObject({ 'x-github-event': 'star', 'x-github-delivery': 'g-1', 'x-github-hook-id': '9' });
    expect(body).toContain('"id":3804004623172239366,');
    expect(await verify('hush', body, String(headers['x-hub-signature-256']))).toBe(true);
  });

  it('have no signature without a secret, and come as a form if the hook is made so', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const contentType = 'application/x-www-form-urlencoded';

    const { headers, body } = await receive((url) =>
      standin.deliver(url, 'ping', standin.payloads.ping(repository), { secret: null, contentType }),
    );

    expect(headers['x-hub-signature-256']).toBeUndefined();
    expect(headers['content-type']).toBe(contentType);
    expect(JSON.parse(new URLSearchParams(body).get('payload') ?? '')).toHaveProperty('zen');
  });

  it('have every property GitHub’s own examples have', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const { payloads } = standin;
    const ours: [string, object][] = [
      ['star', payloads.star(repository, 'created')],
      ['star', payloads.star(repository, 'deleted')],
      ['push', payloads.push(repository, { after: 'a'.repeat(40), installationId: 1 })],
      ['repository', payloads.repository(repository, 'publicized')],
      ['public', payloads.public(repository)],
      ['meta', payloads.meta(repository)],
      ['ping', payloads.ping(repository)],
    ];

    const missing = await Promise.all(ours.map(async ([event, payload]) => lacking(await example(event), payload)));

    expect(missing.flat()).toEqual([]);
  });
});

/** The first of octokit's recorded payloads of an event. */
async function example(event: string): Promise<object> {
  const file = createRequire(import.meta.url).resolve('@octokit/webhooks-examples/api.github.com/index.json');
  const all = JSON.parse(await readFile(file, 'utf8')) as { name: string; examples: object[] }[];
  const found = all.find(({ name }) => name === event)?.examples[0];
  if (!found) throw new Error(`no example of ${event}`);
  return found;
}

/** Left out: things of one kind of sender only, and the details of commits. */
const OPTIONAL =
  /^(organization|installation|changes|commits|head_commit|repository\.(organization|custom_properties))/;

/** The paths an object of the example has and ours has not. */
function lacking(theirs: object, ours: object, path = ''): string[] {
  return Object.entries(theirs).flatMap(([name, value]) => {
    const here = `${path}${name}`;
    if (OPTIONAL.test(here)) return [];
    if (!(name in ours)) return [here];
    const own = (ours as Record<string, unknown>)[name];
    const nested = isObject(value) && isObject(own);
    return nested ? lacking(value, own, `${here}.`) : [];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
