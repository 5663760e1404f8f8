import type { GithubOptions } from './adapters/github.ts';
import type { Config } from './config.ts';
import { USER_AGENT } from './version.ts';

/** GitHub as the settings name it, for every process that asks it something. */
export function githubOptions({ apiUrl, url, token, login, app, ssh }: Config['github']): GithubOptions {
  return {
    apiUrl,
    webUrl: url,
    userAgent: USER_AGENT,
    ...(token ? { token } : {}),
    ...(login ? { login } : {}),
    ...(app ? { app } : {}),
    ...(ssh ? { sshKey: ssh } : {}),
  };
}
