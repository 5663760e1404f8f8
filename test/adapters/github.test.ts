import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheKey, createMemoryEtagCache, type CachedAnswer, type EtagCache } from '../../src/adapters/github-cache.ts';
import { createGithub, type GithubOptions } from '../../src/adapters/github.ts';
import { Failure } from '../../src/domain/failures.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';

let standin: GithubStandin;

beforeEach(async () => {
  standin = await createGithubStandin({ login: 'Ann' });
});

afterEach(async () => {
  await standin.close();
});

const withToken = (options: Partial<GithubOptions> = {}) =>
  createGithub({ ...withoutToken(options), token: standin.token, ...options });

const anonymous = (options: Partial<GithubOptions> = {}) => createGithub(withoutToken(options));

function withoutToken(options: Partial<GithubOptions>): GithubOptions {
  return { apiUrl: standin.apiUrl, webUrl: standin.url, userAgent: 'starkeep-test', ...options };
}

const paths = (): string[] => standin.log.map(({ path }) => path.replace('/api/v3', ''));

/** What a call fails with; a call that succeeds fails the test. */
async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    (value) => new Error(`succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

describe('every request', () => {
  it('names us, the API version and a written-out media type', async () => {
    const github = withToken();

    await github.account();
    await github.starPage(null);

    const [user, stars] = standin.log.map(({ headers }) => headers);
    expect(user?.['user-agent']).toMatch(/^starkeep-test /);
    expect(user?.['x-github-api-version']).toBe('2022-11-28');
    expect(user?.accept).toBe('application/vnd.github+json');
    expect(stars?.accept).toBe('application/vnd.github.star+json');
  });

  it('tells what is left of the hour and when the token ends', async () => {
    standin.switches.tokenExpiration = '2031-10-07 19:07:53 UTC';
    const github = withToken();
    const before = [github.limits(), github.tokenExpiresAt()];

    await github.account();

    expect(before).toEqual([null, undefined]);
    expect(github.limits()).toEqual({ limit: 5000, remaining: 4999, reset: expect.any(Number) });
    expect(github.tokenExpiresAt()).toBe('2031-10-07T19:07:53.000Z');
  });

  it('says that a token does not end only once an answer was without an end, and keeps what it was told', async () => {
    const endless = withToken();
    await endless.account();
    standin.switches.tokenExpiration = '2031-10-07 19:07:53 UTC';
    const ending = withToken();
    await ending.account();
    standin.switches.tokenExpiration = null;
    await ending.account();

    expect([endless.tokenExpiresAt(), ending.tokenExpiresAt()]).toEqual([null, '2031-10-07T19:07:53.000Z']);
  });

  it('is a failure without an answer, with the token in none of its words', async () => {
    standin.switches.resetConnections = true;

    const failure = await failureOf(withToken().account());

    expect(failure.kind).toBe('SourceUnreachable');
    expect(failure.message).not.toContain(standin.token);
  });

  it('does not repeat what GitHub echoes of the token', async () => {
    standin.answerNext(/./, {
      status: 500,
      body: JSON.stringify({ message: `cannot use ${standin.token}` }),
      headers: json,
    });

    const failure = await failureOf(withToken().account());

    expect(failure.message).toBe('GitHub answered 500 to GET /api/v3/user: cannot use [redacted]');
  });
});

const json = { 'content-type': 'application/json' };

describe('the account', () => {
  it('is the owner of the token', async () => {
    expect(await withToken().account()).toEqual({ externalId: standin.userId, login: 'Ann' });
  });

  it('is the login when there is no token', async () => {
    expect(await anonymous({ login: 'ann' }).account()).toEqual({ externalId: standin.userId, login: 'Ann' });
  });

  it('may be named together with the token, in any case of letters', async () => {
    expect((await withToken({ login: 'aNN' }).account()).login).toBe('Ann');
  });

  it('is refused when the token belongs to somebody else', async () => {
    expect((await failureOf(withToken({ login: 'bob' }).account())).kind).toBe('AccountMismatch');
  });

  it.each([{ login: 'nobody' }, {}])('is unknown for %j without a token', async (options) => {
    expect((await failureOf(anonymous(options).account())).kind).toBe('AccountUnknown');
  });
});

describe('one repository', () => {
  it('is read by id, with the facts we use', async () => {
    const { id } = standin.addRepository({
      fullName: 'ann/hello',
      description: 'Hi',
      language: 'C',
      topics: ['x'],
      sizeKb: 7,
      defaultBranch: 'trunk',
      pushedAt: '2026-01-02T03:04:05Z',
    });

    const lookup = await withToken().repository(id);

    expect(lookup).toEqual({
      found: 'yes',
      repository: {
        repoId: id,
        fullName: 'ann/hello',
        cloneUrl: `${standin.url}/ann/hello.git`,
        sshUrl: 'git@127.0.0.1:ann/hello.git',
        htmlUrl: `${standin.url}/ann/hello`,
        description: 'Hi',
        defaultBranch: 'trunk',
        visibility: 'public',
        archived: false,
        disabled: false,
        fork: false,
        language: 'C',
        topics: ['x'],
        stars: 0,
        sizeKb: 7,
        pushedAt: '2026-01-02T03:04:05Z',
      },
    });
  });

  it('keeps every digit of an id beyond 2^53', async () => {
    standin.addRepository({ fullName: 'ann/big', id: '3804004623172239366' });

    const lookup = await withToken().repository('3804004623172239366');

    expect(lookup).toMatchObject({ found: 'yes', repository: { repoId: '3804004623172239366' } });
  });

  it('is found under its new name by its old one', async () => {
    const repository = standin.addRepository({ fullName: 'ann/old' });
    standin.renameRepository(repository, 'ann/new');

    const lookup = await withToken().repositoryByName('ann/old');

    expect(lookup).toMatchObject({ found: 'yes', repository: { repoId: repository.id, fullName: 'ann/new' } });
    expect(paths()).toEqual(['/repos/ann/old', `/repositories/${repository.id}`]);
  });

  it('is not what somebody else put under its old name', async () => {
    const repository = standin.addRepository({ fullName: 'ann/old' });
    standin.renameRepository(repository, 'ann/new');
    const squatter = standin.addRepository({ fullName: 'ann/old' });

    const [byName, byId] = [await withToken().repositoryByName('ann/old'), await withToken().repository(repository.id)];

    expect(byName).toMatchObject({ repository: { repoId: squatter.id } });
    expect(byId).toMatchObject({ repository: { fullName: 'ann/new' } });
  });

  it('is gone when another one answers under its id', async () => {
    const repository = standin.addRepository({ fullName: 'ann/one' });
    repository.impostor = standin.addRepository({ fullName: 'eve/one' });

    expect(await withToken().repository(repository.id)).toEqual({ found: 'gone' });
  });

  it('is gone when deleted, and when private to others', async () => {
    const deleted = standin.addRepository({ fullName: 'ann/deleted' });
    const hidden = standin.addRepository({ fullName: 'bob/hidden', private: true });
    deleted.deleted = true;
    hidden.accessible = false;

    expect(await withToken().repository(deleted.id)).toEqual({ found: 'gone' });
    expect(await withToken().repositoryByName('bob/hidden')).toEqual({ found: 'gone' });
  });

  it.each(['', 'ann', 'ann/..', '../user', 'a/b/c', 'ann/x?y'])('is gone by the name "%s", unasked', async (name) => {
    expect(await withToken().repositoryByName(name)).toEqual({ found: 'gone' });
    expect(standin.log).toEqual([]);
  });

  it.each(['dmca', 'tos'] as const)('is blocked, not gone, for reason %s', async (reason) => {
    const repository = standin.addRepository({ fullName: 'ann/blocked' });
    repository.blocked = reason;

    expect(await withToken().repository(repository.id)).toEqual({ found: 'blocked', reason });
  });

  it('is not taken for gone because a proxy has a 404 page', async () => {
    standin.answerNext(/repositories/, { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>No</h1>' });

    expect((await failureOf(withToken().repository('1'))).kind).toBe('SourceBadResponse');
  });

  it('is not looked for on another origin', async () => {
    const other = await createGithubStandin();
    const body = JSON.stringify({ message: 'Moved Permanently' });
    standin.answerNext(/repos/, {
      status: 301,
      headers: { ...json, location: `${other.apiUrl}/repositories/1` },
      body,
    });

    const failure = await failureOf(withToken().repositoryByName('ann/x'));
    const asked = other.log.length;
    await other.close();

    expect(failure.kind).toBe('SourceBadResponse');
    expect(asked).toBe(0);
  });

  it('is looked for through three redirects and no more', async () => {
    const redirect = { status: 301, headers: { ...json, location: '/api/v3/repositories/5' }, body: '{}' };
    for (let hop = 0; hop < 4; hop += 1) standin.answerNext(/repos/, redirect);

    const failure = await failureOf(withToken().repositoryByName('ann/x'));

    expect(failure.kind).toBe('SourceBadResponse');
    expect(standin.log).toHaveLength(4);
  });

  it('is not what a redirect to anything else leads to', async () => {
    standin.answerNext(/repos/, { status: 301, headers: { ...json, location: '/api/v3/user' }, body: '{}' });

    expect((await failureOf(withToken().repositoryByName('ann/x'))).kind).toBe('SourceBadResponse');
  });
});

describe('the star list', () => {
  it('has the newest star first and follows the links literally', async () => {
    const names = Array.from({ length: 230 }, (_, number) => `ann/r${number}`);
    for (const fullName of names) standin.star(standin.addRepository({ fullName }));
    const github = withToken();

    const read: string[] = [];
    let next: string | null = null;
    do {
      const page = await github.starPage(next);
      read.push(...page.repositories.map(({ fullName }) => fullName));
      next = page.next;
    } while (next !== null);

    expect(read).toEqual(names.reverse());
    expect(standin.log).toHaveLength(3);
  });

  it('goes on where GitHub says, for a login too', async () => {
    for (let number = 0; number < 101; number += 1) standin.star(standin.addRepository({ fullName: `ann/r${number}` }));
    const github = anonymous({ login: 'ann' });

    const first = await github.starPage(null);
    const second = await github.starPage(first.next);

    expect(second).toMatchObject({ next: null, repositories: [{ fullName: 'ann/r0' }] });
    expect(paths()[0]).toMatch(/^\/users\/ann\/starred\?/);
    expect(paths()[1]).toMatch(/^\/user\/\d+\/starred\?/);
  });

  it('says when each star was given', async () => {
    standin.star(standin.addRepository({ fullName: 'ann/x' }), '2026-03-04T05:06:07Z');

    const { repositories } = await withToken().starPage(null);

    expect(repositories[0]?.starredAt).toBe('2026-03-04T05:06:07Z');
  });

  it('has private repositories with a token only', async () => {
    standin.star(standin.addRepository({ fullName: 'ann/secret', private: true }));

    const [own, seen] = [await withToken().starPage(null), await anonymous({ login: 'Ann' }).starPage(null)];

    expect(own.repositories).toMatchObject([{ fullName: 'ann/secret', visibility: 'private' }]);
    expect(seen.repositories).toEqual([]);
  });

  it('has a gap when GitHub leaves out organisations', async () => {
    standin.star(standin.addRepository({ fullName: 'acme/x' }));
    standin.switches.ssoHidden = ['acme'];

    const page = await withToken().starPage(null);

    expect(page.repositories).toEqual([]);
    expect(page.gap).toMatch(/not authorised for \(organisation ids \d+\)$/);
  });

  it('has no gap otherwise', async () => {
    expect(await withToken().starPage(null)).toEqual({ repositories: [], next: null, gap: null });
  });

  it('has a gap where a star names no repository', async () => {
    const body = JSON.stringify([{ starred_at: '2026-03-04T05:06:07Z', repo: null }]);
    standin.answerNext(/starred/, { status: 200, headers: json, body });

    expect((await withToken().starPage(null)).gap).toContain('1 starred');
  });

  it('is refused when it comes without the times', async () => {
    standin.answerNext(/starred/, { status: 200, headers: json, body: JSON.stringify([{ id: 1 }]) });

    expect((await failureOf(withToken().starPage(null))).kind).toBe('SourceBadResponse');
  });

  it('does not go on at another origin, whoever names it', async () => {
    const link = '<http://127.0.0.2:1/user/starred?page=2>; rel="next"';
    standin.answerNext(/starred/, { status: 200, headers: { ...json, link }, body: '[]' });

    const named = await failureOf(withToken().starPage(null));
    const handed = await failureOf(withToken().starPage('http://127.0.0.2:1/user/starred?page=2'));

    expect([named.kind, handed.kind]).toEqual(['SourceBadResponse', 'SourceBadResponse']);
    expect(standin.log).toHaveLength(1);
  });

  it('does not go round in a circle', async () => {
    const github = withToken();
    const next = `${standin.apiUrl}/user/starred?page=2`;
    standin.answerNext(/starred/, { status: 200, headers: { ...json, link: `<${next}>; rel="next"` }, body: '[]' });

    expect((await failureOf(github.starPage(next))).kind).toBe('SourceBadResponse');
  });

  it('may go on under another path of the same origin', async () => {
    const link = `<${standin.url}/user/1/starred?page=2>; rel="next"`;
    standin.answerNext(/starred/, { status: 200, headers: { ...json, link }, body: '[]' });

    expect((await withToken().starPage(null)).next).toBe(`${standin.url}/user/1/starred?page=2`);
  });
});

describe('one star', () => {
  it('is there or not', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const github = withToken();

    const before = await github.isStarred('ann/x');
    standin.star(repository);
    const after = await github.isStarred('ann/x');

    expect([before, after]).toEqual([false, true]);
    expect(github.canCheckStars).toBe(true);
  });

  it('cannot be told without a token', async () => {
    const github = anonymous({ login: 'Ann' });

    expect(github.canCheckStars).toBe(false);
    expect((await failureOf(github.isStarred('ann/x'))).kind).toBe('SourceForbidden');
  });

  it.each([
    [200, '{}', 'SourceBadResponse'],
    [301, '{}', 'SourceBadResponse'],
    [403, '{"message":"no"}', 'SourceForbidden'],
    [500, '{}', 'SourceError'],
    [404, 'plain text', 'SourceBadResponse'],
  ])('is neither there nor not after %i %s', async (status, body, kind) => {
    standin.answerNext(/starred/, { status, headers: json, body });

    expect((await failureOf(withToken().isStarred('ann/x'))).kind).toBe(kind);
  });
});

describe('refusals', () => {
  it('tell a revoked token', async () => {
    standin.switches.tokenRevoked = true;

    const failure = await failureOf(withToken().account());

    expect(failure.kind).toBe('SourceUnauthorized');
    expect(standin.log).toHaveLength(1);
  });

  it('tell a missing permission, even on the last request of the hour', async () => {
    const headers = { ...json, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' };
    const body = '{"message":"Resource not accessible by personal access token"}';
    standin.answerNext(/./, { status: 403, headers, body });

    expect((await failureOf(withToken().starPage(null))).kind).toBe('SourceForbidden');
  });

  it('tell a single sign-on that is missing', async () => {
    const repository = standin.addRepository({ fullName: 'acme/x' });
    standin.switches.ssoHidden = ['acme'];

    expect((await failureOf(withToken().repository(repository.id))).kind).toBe('SourceForbidden');
  });

  it('name the reset and a second when the primary limit is used up', async () => {
    const until = Math.ceil(Date.now() / 1000) * 1000 + 60_000;
    standin.switches.primaryLimitUntil = until;

    const failure = await failureOf(withToken({ now: () => until - 20_000 }).account());

    expect(failure).toMatchObject({ kind: 'SourceRateLimited', retryAfterMs: 21_000 });
  });

  it.each([
    [403, 17, 17_000],
    [429, 17, 17_000],
    [403, null, 60_000],
    [429, null, 60_000],
  ] as const)('tell a secondary limit with %i and retry-after %s', async (status, retryAfterSeconds, retryAfterMs) => {
    standin.switches.secondaryLimit = { status, retryAfterSeconds };

    const failure = await failureOf(withToken().starPage(null));

    expect(failure).toMatchObject({ kind: 'SourceRateLimited', retryAfterMs });
    expect(standin.log).toHaveLength(1);
  });

  it('tell trouble at GitHub, asked once', async () => {
    standin.switches.failNext = 1;

    const failure = await failureOf(withToken().account());

    expect(failure.kind).toBe('SourceError');
    expect(standin.log).toHaveLength(1);
  });

  it('tell an answer that breaks off, and one that is no JSON at all', async () => {
    standin.switches.truncateJson = true;
    const broken = await failureOf(withToken().account());
    standin.answerNext(/./, { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' });

    const page = await failureOf(withToken().account());

    expect([broken.kind, page.kind]).toEqual(['SourceBadResponse', 'SourceBadResponse']);
  });

  it('tell an API base that is none', async () => {
    const failure = await failureOf(withToken({ apiUrl: `${standin.url}/nowhere` }).account());

    expect(failure.kind).toBe('SourceError');
  });
});

describe('remembered answers', () => {
  it('are used again while nothing changed, and cost nothing', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const github = withToken();
    const first = await github.repository(repository.id);
    const left = github.limits()?.remaining;

    const second = await github.repository(repository.id);

    expect(second).toEqual(first);
    expect(standin.log.map(({ status }) => status)).toEqual([200, 304]);
    expect(github.limits()?.remaining).toBe(left);
  });

  it('are replaced as soon as something did', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const github = withToken();
    await github.repository(repository.id);
    repository.archived = true;

    const changed = await github.repository(repository.id);

    expect(changed).toMatchObject({ repository: { archived: true } });
  });

  it('keep the link to the next page', async () => {
    for (let number = 0; number < 101; number += 1) standin.star(standin.addRepository({ fullName: `ann/r${number}` }));
    const github = withToken();
    const first = await github.starPage(null);

    const again = await github.starPage(null);

    expect(again).toEqual(first);
    expect(again.next).not.toBeNull();
    expect(standin.log[1]?.status).toBe(304);
  });

  it('are not shared between tokens, and hold no credential', async () => {
    const kept = new Map<string, CachedAnswer>();
    const etagCache: EtagCache = {
      get: async (key) => kept.get(key) ?? null,
      set: async (key, answer) => void kept.set(key, answer),
    };
    const repository = standin.addRepository({ fullName: 'ann/x' });

    await withToken({ etagCache }).repository(repository.id);
    await anonymous({ etagCache, login: 'Ann' }).repository(repository.id);

    expect(kept.size).toBe(2);
    expect(JSON.stringify([...kept])).not.toContain(standin.token);
    expect(JSON.stringify([...kept])).not.toContain('ABKEEPITOUTOFTHECACHE');
    expect(standin.log.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('have a key of their own for every token, address and media type', () => {
    const keys = [
      cacheKey('token a', 'http://h/1', 'x/y'),
      cacheKey('token b', 'http://h/1', 'x/y'),
      cacheKey(undefined, 'http://h/1', 'x/y'),
      cacheKey('token a', 'http://h/2', 'x/y'),
      cacheKey('token a', 'http://h/1', 'x/z'),
    ];

    expect(new Set(keys).size).toBe(5);
  });

  it('are bounded by number and by size, the longest unused going first', async () => {
    const cache = createMemoryEtagCache({ maxEntries: 2, maxCharacters: 10 });
    const answer = (body: string): CachedAnswer => ({ etag: 'x', body, headers: {} });
    await cache.set('a', answer('1'));
    await cache.set('b', answer('2'));
    await cache.get('a');

    await cache.set('c', answer('3'));
    const byNumber = await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)));
    await cache.set('d', answer('1234567890'));
    const bySize = await Promise.all(['a', 'c', 'd'].map((key) => cache.get(key)));

    expect(byNumber.map((found) => found?.body)).toEqual(['1', undefined, '3']);
    expect(bySize.map((found) => found?.body)).toEqual([undefined, undefined, '1234567890']);
  });
});

describe('the git remote', () => {
  const at = (path = '/ann/x.git') => ({ cloneUrl: standin.url + path, sshUrl: 'git@127.0.0.1:ann/x.git' });

  it('has the token as password and not in the address', async () => {
    expect(await withToken().gitRemote(at())).toEqual({
      url: `${standin.url}/ann/x.git`,
      auth: { kind: 'basic', username: 'x-access-token', password: standin.token },
    });
  });

  it('has no credentials without a token', async () => {
    expect((await anonymous({ login: 'Ann' }).gitRemote(at())).auth).toEqual({ kind: 'none' });
  });

  it('is read by SSH when there is a key and an address for it', async () => {
    const sshKey = { privateKey: 'KEY', knownHosts: 'HOSTS' };
    const github = withToken({ sshKey });

    const [known, unknown] = [await github.gitRemote(at()), await github.gitRemote({ ...at(), sshUrl: null })];

    expect(known).toEqual({ url: 'git@127.0.0.1:ann/x.git', auth: { kind: 'ssh', ...sshKey } });
    expect(unknown.auth.kind).toBe('basic');
  });

  it('is refused on another host, port or protocol, whatever the means', async () => {
    standin.switches.cloneHost = 'http://127.0.0.1:1';
    const repository = standin.addRepository({ fullName: 'ann/x' });
    const lookup = await withToken().repository(repository.id);
    const named = lookup.found === 'yes' ? lookup.repository : at();
    const others = [
      'https://127.0.0.1/ann/x.git',
      `${standin.url.replace('//', '//u@')}/ann/x.git`,
      'file:///etc',
      'x',
    ];

    const kinds = await Promise.all(
      [named, ...others.map((cloneUrl) => ({ cloneUrl, sshUrl: null }))].map(
        async (one) => (await failureOf(withToken().gitRemote(one))).kind,
      ),
    );

    expect(kinds).toEqual(Array(5).fill('SourceForeignUrl'));
  });

  it.each(['git@elsewhere.example:ann/x.git', '-oProxyCommand=x@127.0.0.1:a', 'git@127.0.0.1', 'ssh://127.0.0.1/x'])(
    'is refused by SSH at %s',
    async (sshUrl) => {
      const github = withToken({ sshKey: { privateKey: 'KEY', knownHosts: '' } });

      expect((await failureOf(github.gitRemote({ ...at(), sshUrl }))).kind).toBe('SourceForeignUrl');
    },
  );
});

describe('a GitHub App without a token', () => {
  const asApp = (options: Partial<GithubOptions> = {}) =>
    anonymous({ app: { appId: standin.app.appId, privateKey: standin.app.privateKey }, ...options });

  it('reads a private repository with the token of the installation that covers it', async () => {
    standin.app.install('bob', [standin.addRepository({ fullName: 'bob/other' })]);
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);

    const lookup = await asApp().repository(repository.id);

    expect(lookup).toMatchObject({ found: 'yes', repository: { fullName: 'ann/secret' } });
  });

  it('asks for a token once an hour and hands it to git, 500 characters and more with dots', async () => {
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);
    const github = asApp();
    await github.repository(repository.id);

    const { auth } = await github.gitRemote({ cloneUrl: `${standin.url}/Ann/secret.git`, sshUrl: null });

    expect(auth).toEqual({
      kind: 'basic',
      username: 'x-access-token',
      password: expect.stringMatching(/^ghs_[^.]+\.[^.]+\..{300,}$/),
    });
    expect(standin.log.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('gives git no token that is about to end', async () => {
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);
    let now = Date.now();
    const github = asApp({ now: () => now });
    const remote = { cloneUrl: `${standin.url}/ann/secret.git`, sshUrl: null };
    const first = await github.gitRemote(remote);
    now += 45 * 60_000;

    const second = await github.gitRemote(remote);

    expect(second.auth).not.toEqual(first.auth);
  });

  it('takes a new token when the old one ends early', async () => {
    const repository = standin.addRepository({ fullName: 'ann/secret', private: true });
    standin.app.install('ann', [repository]);
    const github = asApp();
    await github.repository(repository.id);
    standin.app.revokeTokens();

    expect(await github.repository(repository.id)).toMatchObject({ found: 'yes' });
  });

  it('says where it would have to be installed', async () => {
    const repository = standin.addRepository({ fullName: 'ann/elsewhere' });

    const failure = await failureOf(asApp().repository(repository.id));

    expect(failure.kind).toBe('SourceForbidden');
    expect(failure.message).toMatch(/not installed for/);
  });

  it('reads what is public without it when a login says whose stars these are', async () => {
    const repository = standin.addRepository({ fullName: 'bob/public' });

    const lookup = await asApp({ login: 'Ann' }).repository(repository.id);

    expect(lookup).toMatchObject({ found: 'yes', repository: { fullName: 'bob/public' } });
  });

  it('skips a suspended installation', async () => {
    const repository = standin.addRepository({ fullName: 'ann/x' });
    standin.app.install('bob', []).suspendedAt = '2026-01-01T00:00:00Z';
    standin.app.install('ann', [repository]);

    expect(await asApp().repository(repository.id)).toMatchObject({ found: 'yes' });
  });

  it('fails with a key that is none, and with one that is not its own', async () => {
    standin.app.install('ann', [standin.addRepository({ fullName: 'ann/x' })]);
    const other = await createGithubStandin();
    const keys = ['no key', other.app.privateKey];
    await other.close();

    const failures = await Promise.all(
      keys.map((privateKey) => failureOf(asApp({ app: { appId: '4711', privateKey } }).repository('1'))),
    );

    expect(failures.map(({ kind }) => kind)).toEqual(['SourceUnauthorized', 'SourceUnauthorized']);
  });
});
