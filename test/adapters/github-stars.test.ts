import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { graphqlUrl } from '../../src/adapters/github-graphql.ts';
import { createMemoryEtagCache } from '../../src/adapters/github-cache.ts';
import { createGithub, type GithubOptions } from '../../src/adapters/github.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { SweepPage } from '../../src/domain/ports.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';

let standin: GithubStandin;

beforeEach(async () => {
  standin = await createGithubStandin({ login: 'Ann' });
});

afterEach(async () => {
  await standin.close();
});

const json = { 'content-type': 'application/json' };

const withToken = (options: Partial<GithubOptions> = {}) =>
  createGithub({
    apiUrl: standin.apiUrl,
    webUrl: standin.url,
    userAgent: 'starkeep-test',
    token: standin.token,
    ...options,
  });

const anonymous = () =>
  createGithub({ apiUrl: standin.apiUrl, webUrl: standin.url, userAgent: 'starkeep-test', login: 'ann' });

/** What a call fails with; a call that succeeds fails the test. */
async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    (value) => new Error(`succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

/** Stars `ann/r0` to `ann/r<count - 1>`, the last one newest. */
function starMany(count: number): StandinRepository[] {
  return Array.from({ length: count }, (_, number) => {
    const repository = standin.addRepository({ fullName: `ann/r${number}` });
    standin.star(repository);
    return repository;
  });
}

async function sweep(github: ReturnType<typeof withToken>): Promise<SweepPage[]> {
  const pages: SweepPage[] = [];
  let next: string | null = null;
  do {
    const page: SweepPage = await github.sweepPage(next);
    pages.push(page);
    next = page.next;
  } while (next !== null);
  return pages;
}

const namesOf = ({ repositories }: { repositories: { fullName: string }[] }): string[] =>
  repositories.map(({ fullName }) => fullName);

describe('the newest stars', () => {
  it('cost nothing of the quota while they are what they were', async () => {
    starMany(2);
    const github = withToken();
    const first = await github.starPage(null);
    const left = github.limits()?.remaining;

    const second = await github.starPage(null);

    expect(namesOf(first)).toEqual(['ann/r1', 'ann/r0']);
    expect(second).toEqual(first);
    expect(standin.log.map(({ status }) => status)).toEqual([200, 304]);
    expect(github.limits()?.remaining).toBe(left);
  });

  it('are others after a star, and after an unstar', async () => {
    const [repository] = starMany(2);
    const github = withToken();
    await github.starPage(null);
    standin.star(standin.addRepository({ fullName: 'ann/new' }));

    const starred = await github.starPage(null);
    standin.unstar(repository as StandinRepository);
    const unstarred = await github.starPage(null);

    expect(namesOf(starred)).toEqual(['ann/new', 'ann/r1', 'ann/r0']);
    expect(namesOf(unstarred)).toEqual(['ann/new', 'ann/r1']);
  });

  it('are known to the next process by a cache that outlives this one', async () => {
    starMany(1);
    const etagCache = createMemoryEtagCache();
    await withToken({ etagCache }).starPage(null);

    const again = await withToken({ etagCache }).starPage(null);

    expect(namesOf(again)).toEqual(['ann/r0']);
    expect(standin.log.map(({ status }) => status)).toEqual([200, 304]);
  });

  it('that were cut off on the way are not remembered', async () => {
    starMany(1);
    const github = withToken();
    standin.switches.truncateJson = true;
    const cut = await failureOf(github.starPage(null));
    standin.switches.truncateJson = false;

    const whole = await github.starPage(null);

    expect(cut.kind).toBe('SourceBadResponse');
    expect(namesOf(whole)).toEqual(['ann/r0']);
    expect(standin.log.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('are read by login without a token, with the link to the next page', async () => {
    starMany(101);

    const page = await anonymous().starPage(null);

    expect(page.next).toMatch(/\/user\/\d+\/starred\?.*page=2/);
  });

  it('keep their gap when they come from memory', async () => {
    standin.star(standin.addRepository({ fullName: 'acme/x' }));
    standin.switches.ssoHidden = ['acme'];
    const github = withToken();
    await github.starPage(null);

    const again = await github.starPage(null);

    expect(again.gap).toMatch(/not authorised for/);
    expect(standin.log.at(-1)?.status).toBe(304);
  });

  it('are no answer when nobody asked for a "not changed"', async () => {
    standin.answerNext(/starred/, { status: 304 });

    expect((await failureOf(withToken().starPage(null))).kind).toBe('SourceBadResponse');
  });

  it('fail as every other reading does', async () => {
    standin.switches.tokenRevoked = true;

    expect((await failureOf(withToken().starPage(null))).kind).toBe('SourceUnauthorized');
    expect((await failureOf(createGithub({ ...base(), login: 'nobody' }).starPage(null))).kind).toBe('AccountUnknown');
  });

  const base = (): GithubOptions => ({ apiUrl: standin.apiUrl, webUrl: standin.url, userAgent: 'starkeep-test' });
});

describe('the stars pushed to last', () => {
  it('come first, page by page', async () => {
    const many = starMany(150);
    many.forEach(
      (repository, number) => (repository.pushedAt = `2026-01-01T00:${String(number % 60).padStart(2, '0')}:00Z`),
    );
    (many[7] as StandinRepository).pushedAt = '2026-02-02T00:00:00Z';
    const github = withToken();

    const first = await github.recentlyPushed(null);
    const second = await github.recentlyPushed(first.next);

    const times = [...first.repositories, ...second.repositories].map(({ pushedAt }) => pushedAt ?? '');
    expect(namesOf(first)[0]).toBe('ann/r7');
    expect(times).toEqual([...times].sort().reverse());
    expect([times.length, second.next]).toEqual([150, null]);
  });

  it('can be read by login without a token', async () => {
    starMany(1);

    expect(namesOf(await anonymous().recentlyPushed(null))).toEqual(['ann/r0']);
    expect(standin.log[0]?.path).toMatch(/\/users\/ann\/starred\?sort=updated&direction=desc&per_page=100$/);
  });
});

describe('a sweep', () => {
  it('reads every star once, each page with the same total, for a point each', async () => {
    const names = starMany(230).map(({ fullName }) => fullName);
    const github = withToken();

    const pages = await sweep(github);

    expect(pages.flatMap(namesOf)).toEqual(names.reverse());
    expect(pages.map(({ total, flaw }) => [total, flaw])).toEqual(Array(3).fill([230, null]));
    expect(standin.log.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /api/graphql'));
    expect(github.sweepLimits()).toEqual({ limit: 5000, remaining: 4997, reset: expect.any(Number) as number });
    expect(github.limits()).toBeNull();
  });

  it('says of a repository what REST says', async () => {
    const repository = standin.addRepository({
      fullName: 'ann/Hello.js',
      description: 'Hi',
      defaultBranch: 'trunk',
      language: 'Jupyter Notebook',
      topics: ['zoo', 'bar'],
      sizeKb: 7,
      fork: true,
      private: true,
      pushedAt: '2026-01-02T03:04:05Z',
    });
    repository.archived = true;
    repository.disabled = true;
    standin.star(repository);
    const github = withToken();

    const [{ repositories: swept }, { repositories: listed }] = [
      await github.sweepPage(null),
      await github.starPage(null),
    ];

    expect(swept).toEqual(listed);
    expect(swept).toMatchObject([
      { topics: ['bar', 'zoo'], visibility: 'private', starredAt: expect.any(String) as string },
    ]);
  });

  it('of no stars is complete', async () => {
    expect(await withToken().sweepPage(null)).toEqual({ repositories: [], next: null, total: 0, flaw: null });
  });

  it('goes on after the last item read, whatever was starred or unstarred meanwhile', async () => {
    const many = starMany(150);
    const github = withToken();
    const first = await github.sweepPage(null);
    standin.unstar(many[140] as StandinRepository);
    standin.unstar(many[20] as StandinRepository);
    standin.star(standin.addRepository({ fullName: 'ann/new' }));

    const second = await github.sweepPage(first.next);

    expect([first.total, second.total]).toEqual([150, 149]);
    expect(namesOf(second)).toEqual(
      many
        .slice(0, 50)
        .filter((_, n) => n !== 20)
        .map(({ fullName }) => fullName)
        .reverse(),
    );
  });

  it('shows a count that changes under way', async () => {
    const many = starMany(150);
    standin.beforeNext(/graphql/, () => undefined);
    standin.beforeNext(/graphql/, () => standin.unstar(many[149] as StandinRepository));

    const totals = (await sweep(withToken())).map(({ total }) => total);

    expect(totals).toEqual([150, 149]);
  });

  it.each([
    ['is cut short by GitHub', () => (standin.switches.graphql.overLimit = true), 2, /cuts this star list short/],
    [
      'comes with an error',
      () => (standin.switches.graphql.errors = 'partial'),
      1,
      /with an error: Something went wrong/,
    ],
    ['lacks an organisation', () => (standin.switches.ssoHidden = ['acme']), 1, /SAML enforcement/],
  ])('that %s has a flaw, and what could be read', async (_, switchOn, read, words) => {
    standin.star(standin.addRepository({ fullName: 'acme/x' }));
    standin.star(standin.addRepository({ fullName: 'ann/y' }));
    switchOn();

    const page = await withToken().sweepPage(null);

    expect([page.repositories.length, page.total]).toEqual([read, 2]);
    expect(page.flaw).toMatch(words);
  });

  it('has a flaw for a repository whose id GraphQL cannot say, and reads the others', async () => {
    standin.star(standin.addRepository({ fullName: 'ann/big', id: '3804004623172239366' }));
    standin.star(standin.addRepository({ fullName: 'ann/small' }));

    const page = await withToken().sweepPage(null);

    expect(namesOf(page)).toEqual(['ann/small']);
    expect(page.flaw).toMatch(/cannot be read \(node\.databaseId/);
  });

  it('does not count what GitHub counts and does not list', async () => {
    starMany(2);
    standin.switches.graphql.extraTotal = 1;

    const page = await withToken().sweepPage(null);

    expect([page.repositories.length, page.total, page.flaw]).toEqual([2, 3, null]);
  });

  it('cannot be asked for without a token', async () => {
    const github = anonymous();

    expect([github.canSweep, withToken().canSweep]).toEqual([false, true]);
    expect((await failureOf(github.sweepPage(null))).kind).toBe('SourceUnsupported');
    expect(standin.log).toEqual([]);
  });

  it('does not go round in a circle', async () => {
    starMany(101);
    const connection = {
      totalCount: 1,
      isOverLimit: false,
      edges: [],
      pageInfo: { hasNextPage: true, endCursor: 'same' },
    };
    const answer = (pageInfo: object) =>
      JSON.stringify({ data: { viewer: { starredRepositories: { ...connection, pageInfo } } } });
    const github = withToken();
    standin.answerNext(/graphql/, { status: 200, headers: json, body: answer(connection.pageInfo) });
    standin.answerNext(/graphql/, { status: 200, headers: json, body: answer({ hasNextPage: true, endCursor: null }) });

    const failures = [await failureOf(github.sweepPage('same')), await failureOf(github.sweepPage('x'))];

    expect(failures.map(({ kind }) => kind)).toEqual(['SourceBadResponse', 'SourceBadResponse']);
  });

  it('does not repeat the token when GitHub does', async () => {
    standin.star(standin.addRepository({ fullName: 'ann/x' }));
    const body = JSON.stringify({ data: null, errors: [{ message: `no ${standin.token}` }] });
    standin.answerNext(/graphql/, { status: 200, headers: json, body });

    const failure = await failureOf(withToken().sweepPage(null));

    expect(failure.message).toBe('GitHub answered POST /api/graphql with an error: no [redacted]');
  });
});

describe('a sweep without an answer', () => {
  const scripted = (status: number, body: object, headers: Record<string, string> = {}) =>
    standin.answerNext(/graphql/, { status, headers: { ...json, ...headers }, body: JSON.stringify(body) });

  it('is not supported by a server without GraphQL', async () => {
    standin.switches.graphql.absent = true;

    expect((await failureOf(withToken().sweepPage(null))).kind).toBe('SourceUnsupported');
  });

  it.each([410, 501])('is not supported after %i', async (status) => {
    scripted(status, {});

    expect((await failureOf(withToken().sweepPage(null))).kind).toBe('SourceUnsupported');
  });

  it('is not supported by a schema that lacks a field', async () => {
    const extensions = { code: 'undefinedField', typeName: 'StarredRepositoryConnection', fieldName: 'isOverLimit' };
    scripted(200, { errors: [{ message: "Field 'isOverLimit' doesn't exist", extensions }] });

    expect((await failureOf(withToken().sweepPage(null))).kind).toBe('SourceUnsupported');
  });

  it.each([502, 504] as const)('is trouble at GitHub when the query took too long (%i)', async (status) => {
    standin.switches.graphql.timeout = status;

    const failure = await failureOf(withToken().sweepPage(null));

    expect(failure.kind).toBe('SourceError');
    expect(failure.message).toContain('Something went wrong while executing your query');
  });

  it('is trouble at GitHub when status 200 comes with errors and no data', async () => {
    standin.switches.graphql.errors = 'none';

    expect((await failureOf(withToken().sweepPage(null))).kind).toBe('SourceError');
  });

  it('waits until the points are whole again', async () => {
    const until = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
    standin.switches.graphql.limitUntil = until;

    const failure = await failureOf(withToken({ now: () => until - 20_000 }).sweepPage(null));

    expect(failure).toMatchObject({ kind: 'SourceRateLimited', retryAfterMs: 21_000 });
  });

  it('waits a minute after a secondary limit told with status 200', async () => {
    standin.switches.graphql.errors = 'secondary';

    const failure = await failureOf(withToken().sweepPage(null));

    expect(failure).toMatchObject({ kind: 'SourceRateLimited', retryAfterMs: 60_000 });
  });

  it('waits as long as status 403 says', async () => {
    standin.switches.secondaryLimit = { status: 403, retryAfterSeconds: 17 };

    const failure = await failureOf(withToken().sweepPage(null));

    expect(failure).toMatchObject({ kind: 'SourceRateLimited', retryAfterMs: 17_000 });
  });

  it('is not held up by the limit of REST', async () => {
    standin.switches.primaryLimitUntil = Date.now() + 60_000;

    expect(await withToken().sweepPage(null)).toMatchObject({ total: 0 });
  });

  it.each([
    [
      { errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by personal access token' }] },
      'SourceForbidden',
    ],
    [{ errors: [{ type: 'INSUFFICIENT_SCOPES', message: 'Your token has not been granted' }] }, 'SourceForbidden'],
    [{ message: 'hello' }, 'SourceBadResponse'],
    [{ data: { viewer: null } }, 'SourceBadResponse'],
    [{ data: { viewer: { starredRepositories: { edges: [] } } } }, 'SourceBadResponse'],
    [{ data: null, errors: ['plain'] }, 'SourceBadResponse'],
  ])('%j is %s', async (body, kind) => {
    scripted(200, body);

    expect((await failureOf(withToken().sweepPage(null))).kind).toBe(kind);
  });

  it('tells a revoked token, and a connection that breaks', async () => {
    standin.switches.tokenRevoked = true;
    const revoked = await failureOf(withToken().sweepPage(null));
    standin.switches.resetConnections = true;

    const broken = await failureOf(withToken().sweepPage(null));

    expect([revoked.kind, broken.kind]).toEqual(['SourceUnauthorized', 'SourceUnreachable']);
  });
});

describe('the GraphQL address', () => {
  it.each([
    ['https://api.github.com', 'https://api.github.com/graphql'],
    ['https://api.acme.ghe.com/', 'https://api.acme.ghe.com/graphql'],
    ['https://ghe.example.org/api/v3', 'https://ghe.example.org/api/graphql'],
    ['https://ghe.example.org/api/v3/', 'https://ghe.example.org/api/graphql'],
    ['http://127.0.0.1:1/base', 'http://127.0.0.1:1/base/graphql'],
  ])('of %s is %s', (apiUrl, expected) => {
    expect(graphqlUrl(apiUrl)).toBe(expected);
  });
});

describe('5,000 stars', () => {
  it('are swept by 50 requests, in seconds', async () => {
    starMany(5_000);
    const github = withToken();
    const started = performance.now();

    const pages = await sweep(github);
    const seconds = (performance.now() - started) / 1000;

    expect([pages.length, pages.flatMap(namesOf).length]).toEqual([50, 5_000]);
    expect(github.sweepLimits()?.remaining).toBe(4_950);
    // The requests are counted above; this is for what else may take its time with each star.
    expect(seconds).toBeLessThan(60);
  });
});

describe('a star that cannot be read', () => {
  it('keeps none of the others from being mirrored, and makes the list incomplete', async () => {
    const good = { id: 7, full_name: 'ann/good', clone_url: `${standin.url}/ann/good.git` };
    const starred_at = '2026-01-01T00:00:00Z';
    const body = JSON.stringify([
      { starred_at, repo: { ...good, full_name: 'ann/' } },
      { starred_at, repo: good },
    ]);
    standin.answerNext(/^GET \/api\/v3\/user\/starred/, { status: 200, headers: json, body });

    const page = await withToken().starPage(null);

    expect(page.repositories.map(({ fullName }) => fullName)).toEqual(['ann/good']);
    expect(page.gap).toBe('GitHub listed 1 starred repositories that cannot be read');
  });
});
