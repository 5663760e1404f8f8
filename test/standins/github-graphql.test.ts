import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGithubStandin, type GithubStandin } from './github.ts';

let standin: GithubStandin;

beforeEach(async () => {
  standin = await createGithubStandin();
});

afterEach(async () => {
  await standin.close();
});

interface Answered {
  status: number;
  data?: { viewer: { starredRepositories: Record<string, unknown> } } | null;
  errors?: { message: string; type?: string }[];
  headers: Headers;
}

async function ask(body: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const response = await fetch(`${standin.url}/api/graphql`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'user-agent': 'test', authorization: `bearer ${standin.token}`, ...headers },
  });
  const json = (await response.json()) as Pick<Answered, 'data' | 'errors'>;
  return { ...json, status: response.status, headers: response.headers };
}

const ORDER = 'orderBy: {field: STARRED_AT, direction: DESC}';

const stars = (given: string, selections: string) => ({
  query: `query Stars($after: String) { viewer { starredRepositories(${given}) { ${selections} } } }`,
});

function starMany(count: number): void {
  for (let number = 0; number < count; number += 1) {
    standin.star(standin.addRepository({ fullName: `ann/r${number}` }), '2026-01-01T00:00:00Z');
  }
}

describe('GraphQL of the stand-in', () => {
  it('gives what was asked for and nothing else', async () => {
    starMany(2);

    const { status, data, errors } = await ask(
      stars(`first: 1, ${ORDER}`, 'totalCount edges { node { nameWithOwner } }'),
    );

    expect([status, errors]).toEqual([200, undefined]);
    expect(data).toEqual({
      viewer: { starredRepositories: { totalCount: 2, edges: [{ node: { nameWithOwner: 'ann/r1' } }] } },
    });
  });

  it('goes on after a cursor, also among stars of the same second, in both directions', async () => {
    starMany(5);

    const orders = ['ASC', 'DESC'].map(async (direction) => {
      const query = stars(
        `first: 2, after: $after, orderBy: {field: STARRED_AT, direction: ${direction}}`,
        'pageInfo { hasNextPage endCursor } nodes { name }',
      );
      const names: string[] = [];
      let page = { hasNextPage: true, endCursor: null };
      while (page.hasNextPage) {
        const { data } = await ask({ ...query, variables: { after: page.endCursor } });
        const { pageInfo, nodes } = data?.viewer.starredRepositories ?? {};
        page = pageInfo as typeof page;
        names.push(...(nodes as { name: string }[]).map(({ name }) => name));
      }
      return names.join(' ');
    });

    expect(await Promise.all(orders)).toEqual(['r0 r1 r2 r3 r4', 'r4 r3 r2 r1 r0']);
  });

  it('names no default branch of a repository without a commit', async () => {
    const gitDir = await mkdtemp(join(tmpdir(), 'github-graphql-'));
    execFileSync('git', ['init', '--quiet', '--bare', '-b', 'trunk', gitDir]);
    standin.star(standin.addRepository({ fullName: 'ann/empty', gitDir }));
    standin.star(standin.addRepository({ fullName: 'ann/x', defaultBranch: 'trunk' }));

    const { data } = await ask(stars(`first: 2, ${ORDER}`, 'nodes { isEmpty defaultBranchRef { name } }'));
    await rm(gitDir, { recursive: true });

    expect(data?.viewer.starredRepositories['nodes']).toEqual([
      { isEmpty: false, defaultBranchRef: { name: 'trunk' } },
      { isEmpty: true, defaultBranchRef: null },
    ]);
  });

  it('takes a point for 100 repositories with their topics, from a budget of its own', async () => {
    const page = stars(`first: 100, ${ORDER}`, 'nodes { repositoryTopics(first: 20) { nodes { topic { name } } } }');

    const { headers } = await ask(page);
    const limits = await fetch(`${standin.apiUrl}/rate_limit`, {
      headers: { 'user-agent': 'test', authorization: `bearer ${standin.token}` },
    });

    expect([headers.get('x-ratelimit-resource'), headers.get('x-ratelimit-remaining')]).toEqual(['graphql', '4999']);
    expect(await limits.json()).toMatchObject({
      resources: { core: { used: 0, remaining: 5000 }, graphql: { used: 1, limit: 5000, remaining: 4999 } },
    });
  });

  it.each([
    [
      stars(`first: 1, ${ORDER}`, 'fullDatabaseId'),
      "Field 'fullDatabaseId' doesn't exist on type 'StarredRepositoryConnection'",
    ],
    [
      stars(`first: 1, ${ORDER}`, 'nodes { fullDatabaseId }'),
      "Field 'fullDatabaseId' doesn't exist on type 'Repository'",
    ],
    [stars(`first: 1, ${ORDER}`, 'nodes'), 'Field must have selections'],
    [stars(`first: 1, ${ORDER}`, 'totalCount { x }'), "Selections can't be made on scalars"],
    [stars(`first: 101, ${ORDER}`, 'totalCount'), 'exceeds the `first` limit of 100'],
    [stars(ORDER, 'totalCount'), 'You must provide a `first` or `last` value'],
    [stars('first: 1, page: 2', 'totalCount'), "doesn't accept argument 'page'"],
    [stars('first: 1, orderBy: {field: NAME, direction: DESC}', 'totalCount'), "Argument 'orderBy'"],
    [stars('first: 1, after: "page 2"', 'totalCount'), '`page 2` does not appear to be a valid cursor'],
    [stars('first: 1, after: $cursor', 'totalCount'), 'Variable $cursor is used by anonymous query but not declared'],
    [{ query: '{ viewer { login }' }, 'Parse error on end of file'],
    [{ query: '{ viewer { login } } }' }, 'Parse error on "}"'],
    [{ query: 'mutation { addStar }' }, 'Parse error on "mutation"'],
  ])('refuses %j at status 200', async (body, message) => {
    const { status, data, errors } = await ask(body);

    expect([status, data]).toEqual([200, undefined]);
    expect(errors?.[0]?.message).toContain(message);
  });

  it('refuses who does not say who they are, an installation, and what is no JSON', async () => {
    const { token } = standin.app.issueToken(standin.app.install('ann', []));

    const anonymous = await ask({ query: '{ viewer { login } }' }, { authorization: '' });
    const wrong = await ask({ query: '{ viewer { login } }' }, { authorization: 'bearer wrong' });
    const installation = await ask({ query: '{ viewer { login } }' }, { authorization: `token ${token}` });
    const broken = await ask('no json');

    expect([anonymous.status, wrong.status, broken.status]).toEqual([401, 401, 400]);
    expect(installation.errors).toMatchObject([{ type: 'FORBIDDEN' }]);
  });
});

describe('the rest of the API of the stand-in', () => {
  it.each([
    ['/meta', { hooks: expect.arrayContaining(['127.0.0.0/8']) as string[] }],
    ['/versions', ['2022-11-28', '2026-03-10']],
  ])('%s is there for everybody', async (path, expected) => {
    const response = await fetch(standin.apiUrl + path, { headers: { 'user-agent': 'test' } });

    expect(await response.json()).toEqual(Array.isArray(expected) ? expected : expect.objectContaining(expected));
  });

  it('shows the App its hook, and nobody else', async () => {
    const response = await fetch(`${standin.apiUrl}/app/hook/config`, {
      headers: { 'user-agent': 'test', authorization: `token ${standin.token}` },
    });

    expect(response.status).toBe(401);
  });
});
