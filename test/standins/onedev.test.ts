import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOnedevStandin, type OnedevStandin } from './onedev.ts';

const REQUIRED = { gitPackConfig: {}, codeAnalysisSetting: {} };

let onedev: OnedevStandin;

beforeEach(async () => {
  onedev = await createOnedevStandin();
});

afterEach(async () => {
  await onedev.close();
});

interface Answer {
  status: number;
  text: string;
  headers: Headers;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${onedev.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${onedev.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

async function create(name: string, parentId: number | null = null, more: object = {}): Promise<number> {
  const answer = await call('POST', '/~api/projects', { name, parentId, ...REQUIRED, ...more });
  expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(/^\d+$/) });
  return Number(answer.text);
}

describe('creating projects', () => {
  it('answers 200 and the bare id, and fills in OneDev’s defaults', async () => {
    const id = await create('repo', null, { description: '  ' });

    const read = await call('GET', `/~api/projects/${id}`);

    expect(read.headers.get('content-type')).toBe('application/json');
    expect(read.text).toContain('{\n  "');
    expect(JSON.parse(read.text)).toMatchObject({
      id,
      name: 'repo',
      path: 'repo',
      parentId: null,
      description: null,
      codeManagement: true,
      issueManagement: true,
      packManagement: true,
      timeTracking: false,
    });
  });

  it.each([
    ['name', { ...REQUIRED }],
    ['name', { ...REQUIRED, name: ' ' }],
    ['gitPackConfig', { name: 'x', codeAnalysisSetting: {} }],
    ['codeAnalysisSetting', { name: 'x', gitPackConfig: {}, codeAnalysisSetting: null }],
  ])('refuses one without %s with 400 and text that calls itself JSON', async (field, body) => {
    const answer = await call('POST', '/~api/projects', body);

    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.text).toMatch(new RegExp(`^createProject\\.arg0\\.${field}: must not be (null|empty)$`));
  });

  it.each([
    ['an unknown field', { name: 'x', ...REQUIRED, defaultRoleId: 1 }],
    ['a wrong type', { name: 'x', ...REQUIRED, parentId: 'twelve' }],
    ['broken JSON', '{"name":'],
  ])('refuses %s with 400', async (_, body) => {
    expect((await call('POST', '/~api/projects', body)).status).toBe(400);
  });

  it('refuses another content type with 415', async () => {
    const answer = await call('POST', '/~api/projects', '{}', { 'content-type': 'text/plain' });

    expect(answer.status).toBe(415);
  });

  it('takes a name with slashes literally, as one root project', async () => {
    const id = await create('a/b/c');

    expect(onedev.projects()).toHaveLength(1);
    expect(onedev.project('a/b/c')).toMatchObject({ id, name: 'a/b/c', parentId: null });
  });

  it('never makes parents, and knows only existing ones', async () => {
    const answer = await call('POST', '/~api/projects', { name: 'x', parentId: 99, ...REQUIRED });

    expect(answer.status).toBe(404);
    expect(answer.text).toMatch(/^No row with the given identifier exists/);
  });

  it('calls a duplicate a server error, without regard to case', async () => {
    const parent = await create('Top');
    await create('Repo', parent);

    const child = await call('POST', '/~api/projects', { name: 'repo', parentId: parent, ...REQUIRED });
    const root = await call('POST', '/~api/projects', { name: 'top', ...REQUIRED });

    expect(child).toMatchObject({ status: 500, text: "Name 'repo' is already used by another project under 'Top'" });
    expect(root).toMatchObject({ status: 500, text: "Name 'top' is already used by another root project" });
  });

  it('lets one of two racing creates under a parent fail in the database’s words', async () => {
    const parent = await create('top');
    const body = { name: 'x', parentId: parent, ...REQUIRED };

    const answers = await Promise.all([1, 2].map(() => call('POST', '/~api/projects', body)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 500]);
    expect(answers.find(({ status }) => status === 500)?.text).toBe('could not execute statement');
  });

  it('lets two racing creates at the root both succeed', async () => {
    const answers = await Promise.all([1, 2].map(() => call('POST', '/~api/projects', { name: 'x', ...REQUIRED })));

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(onedev.projects().map(({ path }) => path)).toEqual(['x', 'x']);
  });
});

describe('looking projects up', () => {
  it('finds a path without regard to case', async () => {
    const id = await create('Repo', await create('Top'));

    const answer = await call('GET', '/~api/projects/ids/top/REPO');

    expect(answer).toMatchObject({ status: 200, text: String(id) });
  });

  it('says the same of a missing and of a hidden project', async () => {
    onedev.addToken('other', { kind: 'user', name: 'other' });
    await onedev.addForeignProject('secret', { hidden: true });
    const as = { authorization: 'Bearer other' };

    const hidden = await call('GET', '/~api/projects/ids/secret', undefined, as);
    const missing = await call('GET', '/~api/projects/ids/nothing', undefined, as);

    expect(hidden).toMatchObject({ status: 404, text: 'Project not found or inaccessible: secret' });
    expect(missing).toMatchObject({ status: 404, text: 'Project not found or inaccessible: nothing' });
  });

  it.each([
    ['offset=0', 'Missing query params: [count]'],
    ['', 'Missing query params: [offset, count]'],
    ['offset=0&count=1&_=123', 'Unexpected query params: [_]'],
    [`offset=0&count=1&query=${encodeURIComponent('children of')}`, 'Invalid query'],
  ])('answers 406 to ?%s', async (query, text) => {
    expect(await call('GET', `/~api/projects?${query}`)).toMatchObject({ status: 406, text });
  });

  it('pages by at most 100 for everybody but administrators', async () => {
    onedev.addToken('other', { kind: 'user', name: 'other' });
    const as = { authorization: 'Bearer other' };

    const answer = await call('GET', '/~api/projects?offset=0&count=101', undefined, as);

    expect(answer).toMatchObject({ status: 406, text: 'Count should not be greater than 100' });
    expect((await call('GET', '/~api/projects?offset=0&count=101')).status).toBe(200);
  });

  it.each([
    ['children of "top"', ['top/b', 'top/a']],
    ['children of "top" order by "Path" asc', ['top/a', 'top/b']],
    ['roots', ['top']],
    ['"Name" is "_"', ['top/b', 'top/a']],
    ['"Path" is "TOP/*" and not("Name" is "a")', ['top/b']],
    ['"Description" contains "HELD" or "Path" is "top"', ['top/a', 'top']],
  ])('understands the query %s', async (query, paths) => {
    const top = await create('top');
    await create('a', top, { description: 'held here' });
    await create('b', top);

    const answer = await call('GET', `/~api/projects?${new URLSearchParams({ query, offset: '0', count: '9' })}`);

    expect((JSON.parse(answer.text) as { path: string }[]).map(({ path }) => path)).toEqual(paths);
  });

  it('names a field it does not know in a server error', async () => {
    const answer = await call('GET', `/~api/projects?offset=0&count=1&query=${encodeURIComponent('"Foo" is "x"')}`);

    expect(answer).toMatchObject({ status: 500, text: 'Field not found: Foo' });
  });

  it('builds clone-url from the configured address, not from its own', async () => {
    const id = await create('repo');

    const answer = await call('GET', `/~api/projects/${id}/clone-url`);

    expect(JSON.parse(answer.text)).toMatchObject({ http: 'http://onedev.invalid/repo.git' });
  });
});

describe('changing projects', () => {
  it('replaces everything: no parentId moves to the root, absent switches go back to their defaults', async () => {
    const id = await create('repo', await create('top'), { issueManagement: false, description: 'text' });
    await create('below', id);

    const answer = await call('POST', `/~api/projects/${id}`, { name: 'repo', ...REQUIRED });

    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(onedev.project('repo')).toMatchObject({ id, parentId: null, issueManagement: true, description: null });
    expect(onedev.project('repo/below')).toBeDefined();
    expect(onedev.project('top/repo')).toBeUndefined();
  });

  it('refuses to put a project below itself with 406', async () => {
    const id = await create('a');
    const below = await create('b', id);

    const answer = await call('POST', `/~api/projects/${id}`, { name: 'a', parentId: below, ...REQUIRED });

    expect(answer.status).toBe(406);
  });

  it('deletes everything below as well', async () => {
    const id = await create('a');
    await create('c', await create('b', id));

    const answer = await call('DELETE', `/~api/projects/${id}`);

    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(onedev.projects()).toEqual([]);
  });

  it('refuses to delete what global settings name, as a server error', async () => {
    const id = await create('a');
    onedev.edit('a', { inUse: true });

    const answer = await call('DELETE', `/~api/projects/${id}`);

    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('in use') });
  });

  it('opens a project to others with a base authorization, once', async () => {
    onedev.addToken('other', { kind: 'user', name: 'other' });
    const as = { authorization: 'Bearer other' };
    const projectId = await create('a');
    const roleId = Number((await call('GET', '/~api/roles/ids/Code%20Reader')).text);

    const before = await call('GET', `/~api/projects/${projectId}`, undefined, as);
    const opened = await call('POST', '/~api/base-authorizations', { projectId, roleId });
    const after = await call('GET', `/~api/projects/${projectId}`, undefined, as);
    const twice = await call('POST', '/~api/base-authorizations', { projectId, roleId });
    await call('DELETE', `/~api/base-authorizations/${opened.text}`);
    const closed = await call('GET', `/~api/projects/${projectId}`, undefined, as);

    expect([before, after, twice, closed].map(({ status }) => status)).toEqual([403, 200, 500, 403]);
  });
});

describe('credentials', () => {
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

  it.each([
    ['Bearer', { authorization: 'Bearer TOKEN' }],
    ['token', { authorization: 'token TOKEN' }],
    ['basic, token as password', { authorization: basic('x-access-token:TOKEN') }],
    ['basic, token as user', { authorization: basic('TOKEN:') }],
    ['OneDev’s own header', { onedevauthorization: 'Bearer TOKEN', authorization: 'Basic proxy' }],
  ])('are taken as %s', async (_, headers) => {
    onedev.addToken('TOKEN', { kind: 'user', name: 'me' });

    const answer = await call('GET', '/~api/users/me', undefined, headers);

    expect(JSON.parse(answer.text)).toMatchObject({ name: 'me', disabled: false });
  });

  it.each([
    ['none', {}, 'Not authenticated'],
    ['a wrong token', { authorization: 'Bearer wrong' }, 'Invalid account or incorrect credentials'],
    ['a scheme in other letters', { authorization: 'bearer onedev-standin-token' }, 'Not authenticated'],
  ])('%s gets 401 without WWW-Authenticate', async (_, headers, text) => {
    const response = await fetch(`${onedev.url}/~api/version/server`, { headers });

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(await response.text()).toBe(text);
  });

  it('of a scoped token are good, but may not ask who they are nor make root projects', async () => {
    const parentId = await create('top');
    onedev.addToken('scoped', { kind: 'token', grants: [{ path: 'top', right: 'createChildren' }] });
    const as = { authorization: 'Bearer scoped' };

    const me = await call('GET', '/~api/users/me', undefined, as);
    const root = await call('POST', '/~api/projects', { name: 'x', ...REQUIRED }, as);
    const child = await call('POST', '/~api/projects', { name: 'x', parentId, ...REQUIRED }, as);

    expect(me.status).toBe(403);
    expect(root).toMatchObject({ status: 403, text: 'Not authorized to create root project' });
    expect(child.status).toBe(200);
  });

  it('without the right to create get a 403 that names the parent', async () => {
    const parentId = await create('top');
    onedev.addToken('reader', { kind: 'token', grants: [{ path: 'top', right: 'read' }] });
    const as = { authorization: 'Bearer reader' };

    const answer = await call('POST', '/~api/projects', { name: 'x', parentId, ...REQUIRED }, as);

    expect(answer).toMatchObject({ status: 403, text: "Not authorized to create project under 'top'" });
  });
});

describe('states and probes', () => {
  const statuses = async (...paths: string[]): Promise<number[]> =>
    Promise.all(paths.map(async (path) => (await call('GET', path)).status));

  it('while starting, everything but the probes is a 404 page', async () => {
    onedev.state('starting');

    const api = await call('GET', '/~api/version/server');

    expect(api).toMatchObject({ status: 404, text: expect.stringMatching(/^<html>/) });
    expect(await statuses('/healthz', '/readyz', '/x.git/info/refs?service=git-upload-pack')).toEqual([200, 503, 404]);
  });

  it('during the first-run wizard REST answers and git does not', async () => {
    onedev.state('setup');

    expect(await statuses('/~api/version/server', '/readyz', '/x.git/info/refs?service=git-upload-pack')).toEqual([
      200, 503, 503,
    ]);
  });

  it('answers probes to GET and HEAD only, and is never cached', async () => {
    const ready = await call('GET', '/readyz');

    expect(ready).toMatchObject({ status: 200, text: 'ok' });
    expect(ready.headers.get('cache-control')).toBe('no-store');
    expect((await call('POST', '/readyz', {})).status).toBe(405);
  });

  it('knows OPTIONS and TRACE, wrong methods, and what it does not serve', async () => {
    const trace = await new Promise((resolve, reject) => {
      httpRequest(onedev.url, { method: 'TRACE' }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });

    expect(trace).toBe(405);
    expect((await call('OPTIONS', '/~api/projects')).status).toBe(204);
    expect((await call('DELETE', '/~api/projects/ids/x')).status).toBe(405);
    expect(await statuses('/~api/issues', '/~help', '/x.git/info/lfs/objects/batch')).toEqual([501, 501, 501]);
    expect(await statuses('/')).toEqual([200]);
  });

  it('writes the version bare although it calls it JSON', async () => {
    const answer = await call('GET', '/~api/version/server');

    expect(answer.text).toBe('16.5.6');
    expect(answer.headers.get('content-type')).toBe('application/json');
  });
});

// ------------------------------------------------------------------------------------------------------------------ git

interface GitResult {
  code: number;
  stdout: string;
  stderr: string;
}

describe('git', () => {
  let work: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'onedev-standin-test-'));
    await git('init', '-q', '-b', 'main');
    await git('commit', '-q', '--allow-empty', '-m', 'one');
    await git('branch', 'old');
    await git('commit', '-q', '--allow-empty', '-m', 'two');
    await writeFile(join(work, 'note.txt'), 'a note');
    await git('tag', '-a', '-m', 'a blob', 'note', (await git('hash-object', '-w', 'note.txt')).stdout);
    await git('tag', '-a', '-m', 'fine', 'v1');
  });

  afterAll(async () => {
    await rm(work, { recursive: true, force: true });
  });

  function git(...args: string[]): Promise<GitResult> {
    const env = {
      PATH: process.env['PATH'],
      HOME: work,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@example.com',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@example.com',
      GIT_TERMINAL_PROMPT: '0',
    };
    return new Promise((resolve) => {
      execFile('git', args, { cwd: work, env }, (error, stdout, stderr) => {
        const code = error ? Number(error.code ?? 1) : 0;
        resolve({ code, stdout: stdout.trim(), stderr });
      });
    });
  }

  const remote = (path: string, user = `x-access-token:${onedev.token}@`): string =>
    `${onedev.url.replace('://', `://${user}`)}/${path}`;

  const push = (...refspecs: string[]): Promise<GitResult> => git('push', remote('repo.git'), ...refspecs);

  const targetRefs = async (): Promise<string[]> => {
    const { stdout } = await git('ls-remote', '--refs', remote('repo.git'));
    return stdout
      .split('\n')
      .map((line) => line.split('\t')[1] ?? '')
      .filter(Boolean);
  };

  it('takes pushes and gives them back, with and without .git', async () => {
    await create('repo');

    const pushed = await push('main', 'v1');
    const listed = await git('ls-remote', remote('repo'), 'main');

    expect(pushed.code).toBe(0);
    expect(listed.stdout).toContain('refs/heads/main');
  });

  it('speaks protocol v2, with the service line before it', async () => {
    await create('repo');

    const answer = await call('GET', '/repo/info/refs?service=git-upload-pack', undefined, {
      'git-protocol': 'version=2',
    });

    expect(answer.text).toMatch(/^001e# service=git-upload-pack\n0000000eversion 2\n/);
    expect(answer.headers.get('content-type')).toBe('application/x-git-upload-pack-advertisement');
  });

  it('offers no push options, since OneDev sets nothing under receive', async () => {
    await create('repo');

    const answer = await call('GET', '/repo/info/refs?service=git-receive-pack');

    expect(answer.text).toContain('report-status');
    expect(answer.text).toContain('atomic');
    expect(answer.text).not.toContain('push-options');
  });

  it('asks nobody for credentials in the way git understands, with 401 and Basic', async () => {
    await create('repo');

    const response = await fetch(`${onedev.url}/missing.git/info/refs?service=git-upload-pack`);

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('BASIC realm="OneDev"');
  });

  it('never makes a project because of a push', async () => {
    const pushed = await git('push', remote('absent.git'), 'main');

    expect(pushed.code).not.toBe(0);
    expect(onedev.projects()).toEqual([]);
    const answer = await call('GET', '/absent.git/info/refs?service=git-receive-pack');
    expect(answer).toMatchObject({ status: 404, text: 'Project not found or inaccessible: absent' });
  });

  it('refuses a push without the right to write with 403', async () => {
    await create('repo');
    onedev.addToken('reader', { kind: 'token', grants: [{ path: 'repo', right: 'read' }] });
    const as = { authorization: 'Bearer reader' };

    const write = await call('GET', '/repo/info/refs?service=git-receive-pack', undefined, as);
    const read = await call('GET', '/repo/info/refs?service=git-upload-pack', undefined, as);

    expect(write).toMatchObject({ status: 403, text: 'You do not have permission to push to this project.' });
    expect(read.status).toBe(200);
  });

  it('knows a git POST only by its exact content type', async () => {
    await create('repo');

    const answer = await call('POST', '/repo.git/git-upload-pack', '0000', {
      'content-type': 'application/x-git-upload-pack-request; charset=utf-8',
    });

    expect(answer.status).toBe(501);
  });

  it('makes the last branch of a first push, as git sent them, the default, unless main is among them', async () => {
    await create('repo');
    const other = await create('other');

    await push('main', 'old');
    await git('push', remote('other.git'), 'old:a', 'old:z', 'old:m');

    expect((await call('GET', `/~api/repositories/${other}/default-branch`)).text).toBe('m');
    expect((await call('GET', `/~api/repositories/${onedev.project('repo')?.id}/default-branch`)).text).toBe('main');
  });

  it('has no default branch before the first push, and takes only one that exists', async () => {
    const id = await create('repo');

    const before = await call('GET', `/~api/repositories/${id}/default-branch`);
    await push('main', 'old');
    const unknown = await call('POST', `/~api/repositories/${id}/default-branch`, '"nope"');
    const bare = await call('POST', `/~api/repositories/${id}/default-branch`, 'old');
    const good = await call('POST', `/~api/repositories/${id}/default-branch`, '"old"');

    expect(before).toMatchObject({ status: 204, text: '' });
    expect(unknown).toMatchObject({ status: 500, text: 'Branch not exist: nope' });
    expect(bare.status).toBe(500);
    expect(good.status).toBe(200);
    expect((await call('GET', `/~api/repositories/${id}/default-branch`)).text).toBe('old');
  });

  it('lets native git refuse to delete the default branch', async () => {
    await create('repo');
    await push('main', 'old');

    const deleted = await push('--delete', 'main');

    expect(deleted.code).not.toBe(0);
    expect(deleted.stderr).toContain('deletion of the current branch prohibited');
  });

  it.each(['v1+k3s1', '100%', 'a%zz', 'q&a'])('declines the whole push for a ref called %s', async (name) => {
    await create('repo');

    const pushed = await push('main', `old:refs/heads/${name}`, 'old:refs/heads/zzz');

    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toMatch(/pre-receive hook declined[\s\S]*pre-receive hook declined/);
    expect(pushed.stderr).toContain('curl: (22)');
    expect(await targetRefs()).toEqual([]);
  });

  it('declines a ref with + even when it comes alone', async () => {
    await create('repo');

    expect((await push('old:refs/tags/v1+k3s1')).code).not.toBe(0);
  });

  it('takes a & in the last ref of a push', async () => {
    await create('repo');

    await push('main', 'old:refs/tags/q&a');

    expect(await targetRefs()).toEqual(['refs/heads/main', 'refs/tags/q&a']);
  });

  it('cuts a name at =, and never hears of the refs behind it', async () => {
    await create('repo');

    const pushed = await push('old:refs/heads/a', 'old:refs/heads/b=c', 'old:refs/heads/d');

    expect(pushed.code).toBe(0);
    expect(await targetRefs()).toEqual(['refs/heads/a', 'refs/heads/b=c', 'refs/heads/d']);
    expect(onedev.refUpdates.map(({ name }) => name)).toEqual(['refs/heads/b', 'refs/heads/a']);
  });

  it('hears of refs from the last to the first, and talks of pull requests', async () => {
    await create('repo');
    await push('main');

    const pushed = await push('old', 'old:refs/heads/ünï', 'v1');

    expect(pushed.stderr).toContain("Create a pull request for 'old'");
    expect(onedev.refUpdates.slice(1).map(({ name }) => name)).toEqual([
      'refs/tags/v1',
      'refs/heads/ünï',
      'refs/heads/old',
    ]);
  });

  it('lets a tag of a blob in, but then never hears of anything in that push', async () => {
    await create('repo');

    const pushed = await push('main', 'note', 'v1');

    expect(pushed.code).toBe(0);
    expect(pushed.stderr).toContain('curl: (22)');
    expect(await targetRefs()).toEqual(['refs/heads/main', 'refs/tags/note', 'refs/tags/v1']);
    expect(onedev.refUpdates).toEqual([]);
  });

  it('declines more refs than its form takes', async () => {
    const line = `${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/${'x'.repeat(40)}`;
    const { refsSeenByOnedev } = await import('./onedev-form.ts');

    const many = Array.from({ length: 40_000 }, () => line).join('\n');

    expect(() => refsSeenByOnedev(many)).toThrow('Form too large');
    expect(refsSeenByOnedev(many.slice(0, line.length * 2 + 1))).toHaveLength(2);
  });

  it('declines everything when one rule of an ancestor is broken, with the reason between stars', async () => {
    await create('repo', await create('top'));
    onedev.addProtection('top', { branch: 'rel*', reason: 'Only the release manager may do this.' });

    const pushed = await git('push', remote('top/repo.git'), 'main', 'old:refs/heads/rel1');

    expect(pushed.code).not.toBe(0);
    expect(pushed.stderr).toContain('*  ERROR PUSHING REF: refs/heads/rel1');
    expect(pushed.stderr).toContain('*  Only the release manager may do this.');
    expect(pushed.stderr).toMatch(/main -> main \(pre-receive hook declined\)/);
  });

  it('tells a forced push from a forward one', async () => {
    await create('repo');
    onedev.addProtection('repo', { branch: 'x', reason: 'No rewriting.', prevent: ['force'] });
    await push('old:x');

    const forward = await push('main:x');
    const backward = await push('+old:x');

    expect(forward.code).toBe(0);
    expect(backward.stderr).toContain('No rewriting.');
  });

  it('keeps refs/pulls and refs/updates to managers and lets other namespaces pass', async () => {
    await create('repo');
    onedev.addToken('writer', { kind: 'token', grants: [{ path: 'repo', right: 'write' }] });
    const asWriter = remote('repo.git', 'x-access-token:writer@');

    const writer = await git('push', asWriter, 'old:refs/pulls/1/head');
    const elsewhere = await git('push', asWriter, 'old:refs/starkeep/x/old');
    const manager = await push('old:refs/updates/1');

    expect(writer.stderr).toContain('ERROR PUSHING REF: refs/pulls/1/head');
    expect(elsewhere.code).toBe(0);
    expect(manager.code).toBe(0);
  });

  it('works on few requests at a time; others wait with the connection open', async () => {
    await onedev.close();
    onedev = await createOnedevStandin({ maxConcurrentGit: 1 });
    await create('repo');
    await push('main');

    const listings = await Promise.all([1, 2, 3].map(() => git('ls-remote', remote('repo.git'))));

    expect(listings.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});

describe('trouble on demand', () => {
  it('answers wrongly as often as told', async () => {
    onedev.failNext({ match: /version/, status: 502, body: 'Bad Gateway', times: 2 });

    const seen = [await call('GET', '/~api/version/server'), await call('GET', '/~api/version/server')];

    expect(seen.map(({ status }) => status)).toEqual([502, 502]);
    expect((await call('GET', '/~api/version/server')).status).toBe(200);
  });

  it('does the work and loses the answer', async () => {
    onedev.failNext({ match: /^POST .*projects/, disconnect: { afterResponseBytes: 0 } });

    await expect(call('POST', '/~api/projects', { name: 'x', ...REQUIRED })).rejects.toThrow();

    expect(onedev.project('x')).toBeDefined();
  });

  it('breaks off in the middle of a request', async () => {
    onedev.failNext({ match: /^POST .*projects/, disconnect: { afterRequestBytes: 10 } });

    await expect(call('POST', '/~api/projects', { name: 'x', ...REQUIRED })).rejects.toThrow();

    expect(onedev.project('x')).toBeUndefined();
  });

  it('closes a connection whose request stands still', async () => {
    await onedev.close();
    onedev = await createOnedevStandin({ idleTimeoutMs: 50 });
    const headers = {
      authorization: `Bearer ${onedev.token}`,
      'content-type': 'application/json',
      'content-length': 100,
    };

    const broken = await new Promise((resolve) => {
      const request = httpRequest(`${onedev.url}/~api/projects`, { method: 'POST', headers }, resolve);
      request.on('error', resolve);
      request.write('{');
    });

    expect(broken).toBeInstanceOf(Error);
  });

  it('keeps a log of what was asked', async () => {
    await call('GET', '/~api/users/me');

    expect(onedev.requests).toMatchObject([
      { method: 'GET', path: '/~api/users/me', status: 200, authenticated: true },
    ]);
  });
});
