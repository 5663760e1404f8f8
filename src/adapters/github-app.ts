import type { RepoId } from '../domain/model.ts';
import type { TokenCache } from './cache/tokens.ts';
import { createAppTokens, type AppCredentials } from './github-app-tokens.ts';
import type { GithubAnswer, GithubClient } from './github-client.ts';
import { failureOf } from './github-failures.ts';
import { readInstallationRepositories, readInstallations } from './github-shapes.ts';
import { nextLink } from './http.ts';

/** What names a repository to the App: its id where known, else `owner/name`. */
export type RepositoryKey = { repoId: RepoId } | { fullName: string };

export interface GithubApp {
  /** @returns the installation whose repositories include this one; `null` when none does */
  installationOf(key: RepositoryKey): Promise<number | null>;
  /** A GET with the installation's token. */
  get(installationId: number, url: string): Promise<GithubAnswer>;
  /** A token that lives for {@link GIT_TOKEN_LIFE_MS} at least, for git. It is opaque: about 520 characters with dots. */
  gitToken(installationId: number): Promise<string>;
}

export interface GithubAppOptions extends AppCredentials {
  client: GithubClient;
  /** Default: in this process. */
  tokenCache?: TokenCache | undefined;
  now: () => number;
}

/** The map of who covers what is read anew after this long, and on a miss after {@link MISS_AGE_MS}. */
const MAP_AGE_MS = 10 * 60_000;
const MISS_AGE_MS = 60_000;

/** A token lives for an hour, and a transfer that starts with the end of it would be cut off. */
const GIT_TOKEN_LIFE_MS = 30 * 60_000;

interface Coverage {
  readAt: number;
  byId: Map<RepoId, number>;
  byName: Map<string, number>;
}

/** A GitHub App's view: which installation covers a repository, and reading with that installation's token. */
export function createGithubApp({ appId, privateKey, client, tokenCache, now }: GithubAppOptions): GithubApp {
  const tokens = createAppTokens({ appId, privateKey, client, cache: tokenCache, now });
  let coverage: Coverage | null = null;

  /** Every page of a list, by its Link headers. */
  async function* pages(path: string, read: (url: string) => Promise<GithubAnswer>): AsyncGenerator<GithubAnswer> {
    for (let url: string | null = path; url !== null;) {
      const answer = await read(url);
      if (answer.status !== 200) throw failureOf(answer, client.redact, now());
      yield answer;
      url = nextLink(answer.headers);
    }
  }

  async function get(installationId: number, url: string): Promise<GithubAnswer> {
    const { token } = await tokens.installation(installationId);
    const answer = await client.get(url, { authorization: `token ${token}` });
    if (answer.status !== 401) return answer;
    // A remembered token ends early when the App's permissions change. One new token, then the answer stands.
    const { token: renewed } = await tokens.installation(installationId, true);
    return client.get(url, { authorization: `token ${renewed}` });
  }

  async function readCoverage(): Promise<Coverage> {
    const fresh: Coverage = { readAt: now(), byId: new Map(), byName: new Map() };
    const asApp = async (url: string) => client.get(url, { authorization: await tokens.jwt(), remember: 'nothing' });
    for await (const page of pages('/app/installations?per_page=100', asApp)) {
      for (const installation of readInstallations(page)) {
        if (installation.suspended_at) continue;
        const asInstallation = (url: string) => get(installation.id, url);
        for await (const list of pages('/installation/repositories?per_page=100', asInstallation)) {
          for (const repository of readInstallationRepositories(list).repositories) {
            fresh.byId.set(repository.id, installation.id);
            fresh.byName.set(repository.full_name.toLowerCase(), installation.id);
          }
        }
      }
    }
    return fresh;
  }

  const find = (known: Coverage | null, key: RepositoryKey): number | undefined =>
    'repoId' in key ? known?.byId.get(key.repoId) : known?.byName.get(key.fullName.toLowerCase());

  return {
    get,
    async installationOf(key) {
      const ageMs = coverage === null ? Infinity : now() - coverage.readAt;
      const found = find(coverage, key);
      if (ageMs > (found === undefined ? MISS_AGE_MS : MAP_AGE_MS)) coverage = await readCoverage();
      return find(coverage, key) ?? null;
    },
    async gitToken(installationId) {
      const { token, expiresAt } = await tokens.installation(installationId);
      const lifeMs = Date.parse(expiresAt) - now();
      return lifeMs >= GIT_TOKEN_LIFE_MS ? token : (await tokens.installation(installationId, true)).token;
    },
  };
}
