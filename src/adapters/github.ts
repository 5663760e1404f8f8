import { Failure } from '../domain/failures.ts';
import type { OnExchange } from '../domain/meter.ts';
import type { RepoId } from '../domain/model.ts';
import type { GitAuth, SourceAccount, SourceHost, SourceLookup, SourceStars, SweepPage } from '../domain/ports.ts';
import { createGithubApp, type RepositoryKey } from './github-app.ts';
import type { TokenCache } from './cache/tokens.ts';
import type { EtagCache } from './github-cache.ts';
import { createGithubClient, type GithubAnswer } from './github-client.ts';
import { blockReason, failureOf, isNotFound, isRedirect, redirectTarget } from './github-failures.ts';
import { createStarSweep } from './github-graphql.ts';
import type { RequestBudget } from './github-limits.ts';
import { readRepository, readUser } from './github-shapes.ts';
import { createStarList } from './github-stars.ts';
import { clonePath, sshTarget } from './github-urls.ts';

export interface GithubOptions {
  /** REST base: `https://api.github.com`, or `https://HOST/api/v3` on GitHub Enterprise Server. */
  apiUrl: string;
  /** Web and git base: `https://github.com`. Clone addresses must be on the same protocol, host and port. */
  webUrl: string;
  /** The person's token, opaque. Without one only public stars can be read, by `login`. */
  token?: string;
  /** Whose public stars to read without a token; with one, whose token it has to be. */
  login?: string;
  /** Used for repositories only, where there is no token: an App has no stars. */
  app?: { appId: string; privateKey: string };
  /** When set, repositories are read by SSH. `knownHosts` has the lines of a known_hosts file. */
  sshKey?: { privateKey: string; knownHosts: string };
  /** GitHub refuses requests without one. */
  userAgent: string;
  /** Default: in memory, bounded. */
  etagCache?: EtagCache;
  /** Of the App's installation tokens. Default: in memory. */
  tokenCache?: TokenCache;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
  /** What octokit has to say, such as that an endpoint is deprecated. Default: nobody listens. */
  onNotice?: (notice: string) => void;
  /** Told of every request of REST and GraphQL that has ended; default: nobody listens. */
  onExchange?: OnExchange;
}

export interface GithubExtras {
  /** What the last answer said is left of the hour's requests; `null` before the first answer, and where there is no limit. */
  limits(): RequestBudget | null;
  /** The same of the hour's GraphQL points, which sweeps take from. */
  sweepLimits(): RequestBudget | null;
  /** What a classic token may do; `null`: it does not say, as fine-grained ones; `undefined`: nothing was answered yet. */
  tokenScopes(): string[] | null | undefined;
}

/** A rename and a transfer or two; more is a loop. */
const MAX_REDIRECTS = 3;

type Read = (url: string) => Promise<GithubAnswer>;

/**
 * GitHub as the source. The paths we ask of it are here, in `github-stars.ts` and in `github-graphql.ts`; every payload shape is in
 * `github-shapes.ts` and `github-graphql-shapes.ts`. Nothing is repeated or waited for: rate limits become failures with the time to wait.
 *
 * Any method may fail with `SourceUnreachable`, `SourceError`, `SourceBadResponse`, `SourceRateLimited`, `SourceUnauthorized` or `SourceForbidden`.
 * @see https://docs.github.com/en/rest
 */
export function createGithub(options: GithubOptions): SourceHost & SourceStars & GithubExtras {
  const { token, login, sshKey } = options;
  const now = options.now ?? Date.now;
  const secrets = [token, options.app?.privateKey, sshKey?.privateKey].filter((secret) => secret !== undefined);
  const { apiUrl, userAgent, etagCache, tokenCache, onNotice, onExchange } = options;
  const client = createGithubClient({ apiUrl, userAgent, secrets, etagCache, onNotice, onExchange });
  const app = options.app && token === undefined ? createGithubApp({ ...options.app, client, tokenCache, now }) : null;
  const authorization = token === undefined ? undefined : `token ${token}`;

  const read: Read = (url) => client.get(url, { authorization });
  const failed = (answer: GithubAnswer): Failure => failureOf(answer, client.redact, now());
  const list = createStarList({
    client,
    authorization,
    personPath,
    failed: (answer) => unknownLogin(answer) ?? failed(answer),
  });
  const sweep = authorization === undefined ? null : createStarSweep({ client, apiUrl, authorization, now });

  /** The App's installation for a repository; `null`: read it without one. */
  async function installationFor(key: RepositoryKey): Promise<number | null> {
    if (!app) return null;
    const installationId = await app.installationOf(key);
    // With a login its public stars are mirrored, and those are readable without any credentials.
    if (installationId !== null || login !== undefined) return installationId;
    const name = 'repoId' in key ? `the repository with id ${key.repoId}` : key.fullName;
    throw new Failure(
      'SourceForbidden',
      `The GitHub App is not installed for ${name}; install it there, or set GITHUB_TOKEN`,
    );
  }

  async function readerFor(key: RepositoryKey): Promise<Read> {
    const installationId = await installationFor(key);
    return app && installationId !== null ? (url) => app.get(installationId, url) : read;
  }

  /** @param expected the id the answer must have: another repository may have moved to where we ask */
  async function lookUp(reader: Read, url: string, expected: RepoId | null, redirects = 0): Promise<SourceLookup> {
    const answer = await reader(url);
    if (isRedirect(answer)) {
      if (redirects === MAX_REDIRECTS) {
        throw new Failure('SourceBadResponse', `GitHub redirected ${answer.asked} more than ${MAX_REDIRECTS} times`);
      }
      const next = renamedTo(answer, url);
      return lookUp(reader, next.url, expected ?? next.repoId, redirects + 1);
    }
    if (isNotFound(answer)) return { found: 'gone' };
    const reason = blockReason(answer);
    if (reason !== null) return { found: 'blocked', reason };
    if (answer.status !== 200) throw failed(answer);
    const repository = readRepository(answer);
    return expected !== null && repository.repoId !== expected ? { found: 'gone' } : { found: 'yes', repository };
  }

  /** Where a rename led: always `…/repositories/<id>`, on the API's own origin. */
  function renamedTo(answer: GithubAnswer, asked: string): { url: string; repoId: RepoId } {
    const target = redirectTarget(answer);
    const base = client.resolve(asked);
    const url = target !== null && URL.canParse(target, base) ? client.resolve(new URL(target, base).href) : null;
    const repoId = url === null ? undefined : /\/repositories\/(\d+)$/.exec(new URL(url).pathname)?.[1];
    if (url === null || repoId === undefined) {
      throw new Failure('SourceBadResponse', `GitHub redirected ${answer.asked} to something that is no repository`);
    }
    return { url, repoId };
  }

  /** Without a token only what the login shows in public. */
  function personPath(): string {
    if (token !== undefined) return '/user';
    if (login !== undefined) return `/users/${encodeURIComponent(login)}`;
    throw new Failure('AccountUnknown', 'Neither GITHUB_TOKEN nor GITHUB_LOGIN says whose stars to mirror');
  }

  function unknownLogin(answer: GithubAnswer): Failure | null {
    return token === undefined && isNotFound(answer)
      ? new Failure('AccountUnknown', `GitHub at ${options.apiUrl} knows no account "${login}"`)
      : null;
  }

  async function account(): Promise<SourceAccount> {
    const answer = await read(personPath());
    if (answer.status !== 200) throw unknownLogin(answer) ?? failed(answer);
    const user = readUser(answer);
    if (login !== undefined && user.login.toLowerCase() !== login.toLowerCase()) {
      throw new Failure('AccountMismatch', `The token belongs to "${user.login}", but GITHUB_LOGIN says "${login}"`);
    }
    return { externalId: user.id, login: user.login };
  }

  async function isStarred(fullName: string): Promise<boolean> {
    if (token === undefined) {
      throw new Failure(
        'SourceForbidden',
        'Without GITHUB_TOKEN GitHub does not tell whether one repository is starred',
      );
    }
    const path = repositoryPath(fullName);
    if (path === null) throw new Failure('SourceBadResponse', `"${fullName}" cannot be the name of a repository`);
    const answer = await read(`/user/starred/${path}`);
    if (answer.status === 204) return true;
    if (isNotFound(answer)) return false;
    throw failed(answer);
  }

  async function sweepPage(next: string | null): Promise<SweepPage> {
    if (!sweep)
      throw new Failure('SourceUnsupported', 'Without GITHUB_TOKEN GitHub does not say how many stars there are');
    return sweep(next);
  }

  async function gitAuth(fullName: string): Promise<GitAuth> {
    // Public repositories get the token too: without one they fall under the limits for anonymous clones.
    if (token !== undefined) return { kind: 'basic', username: 'x-access-token', password: token };
    const installationId = await installationFor({ fullName });
    if (!app || installationId === null) return { kind: 'none' };
    return { kind: 'basic', username: 'x-access-token', password: await app.gitToken(installationId) };
  }

  return {
    canCheckStars: token !== undefined,
    account,
    isStarred,
    ...list,
    canSweep: sweep !== null,
    sweepPage,
    async repository(repoId) {
      return lookUp(await readerFor({ repoId }), `/repositories/${encodeURIComponent(repoId)}`, repoId);
    },
    async repositoryByName(fullName) {
      const path = repositoryPath(fullName);
      return path === null ? { found: 'gone' } : lookUp(await readerFor({ fullName }), `/repos/${path}`, null);
    },
    async gitRemote({ cloneUrl, sshUrl }) {
      const fullName = clonePath(cloneUrl, options.webUrl);
      if (sshKey && sshUrl !== null)
        return { url: sshTarget(sshUrl, options.webUrl), auth: { kind: 'ssh', ...sshKey } };
      return { url: cloneUrl, auth: await gitAuth(fullName) };
    },
    limits: () => client.budget('core'),
    sweepLimits: () => client.budget('graphql'),
    tokenExpiresAt: client.tokenExpiresAt,
    tokenScopes: client.tokenScopes,
  };
}

/** `owner/name` as part of a path; `null` for what would leave its place there. */
function repositoryPath(fullName: string): string | null {
  return /^[\w-]+\/(?!\.{1,2}$)[\w.-]+$/.test(fullName) ? fullName : null;
}
