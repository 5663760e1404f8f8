import { createAppAuth } from '@octokit/auth-app';
import type { TokenCache } from './cache/tokens.ts';
import { Failure } from '../domain/failures.ts';
import { failureWithin, responseWithin, toHeaders, type GithubClient } from './github-client.ts';
import { failureOf } from './github-failures.ts';

export interface AppCredentials {
  /** Id or client id. */
  appId: string;
  /** PEM, PKCS#1 or PKCS#8. */
  privateKey: string;
}

export interface AppTokens {
  /** An authorization header for the App itself, good for minutes. */
  jwt(): Promise<string>;
  /** @param refresh asks for a new one although the remembered one has not ended */
  installation(installationId: number, refresh?: boolean): Promise<{ token: string; expiresAt: string }>;
}

export interface AppTokensOptions extends AppCredentials {
  client: GithubClient;
  /** Where installation tokens are kept. Default: in this process. */
  cache?: TokenCache | undefined;
  now: () => number;
}

/**
 * A GitHub App's credentials: JWT → installation token. auth-app signs, and keeps tokens until a minute before they end. Its request hook
 * is not used, since that repeats requests by itself. All methods throw what `createGithub` does.
 */
export function createAppTokens(options: AppTokensOptions): AppTokens {
  const { appId, privateKey, client, cache, now } = options;
  const log = { warn: () => undefined };
  const auth = createAppAuth({ appId, privateKey, request: client.request, log, ...(cache ? { cache } : {}) });

  /** Translates what goes wrong inside auth-app: a key it cannot read, or a refused exchange of the JWT for a token. */
  async function signedIn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = failureWithin(error);
      if (failure) throw failure;
      const response = responseWithin(error);
      if (!response) {
        throw new Failure('SourceUnauthorized', "The GitHub App's private key cannot be used to sign", {
          cause: error,
        });
      }
      const asked = 'POST /app/installations/…/access_tokens';
      throw failureOf({ ...response, headers: toHeaders(response.headers), asked }, client.redact, now());
    }
  }

  return {
    jwt: async () => `bearer ${(await signedIn(() => auth({ type: 'app' }))).token}`,
    installation: (installationId, refresh = false) =>
      signedIn(() => auth({ type: 'installation', installationId, refresh })),
  };
}
