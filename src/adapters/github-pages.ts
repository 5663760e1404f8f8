import { Failure } from '../domain/failures.ts';
import type { GithubAnswer, GithubClient } from './github-client.ts';
import { nextLink } from './http.ts';

/**
 * The next page's address, literally: its shape is GitHub's to change, its origin is not.
 * @param current the address of the answered page
 * @returns `null` after the last page
 * @throws Failure `SourceBadResponse` when the next page is this one, or on another origin
 */
export function followingPage(client: GithubClient, answer: GithubAnswer, current: string): string | null {
  const link = nextLink(answer.headers);
  if (link === null) return null;
  const here = client.resolve(current);
  const url = client.resolve(URL.canParse(link, here) ? new URL(link, here).href : link);
  if (url === here) throw new Failure('SourceBadResponse', `GitHub named the same page again after ${answer.asked}`);
  return url;
}

/**
 * What a token does not see of a list because it is not authorised for an organisation's single sign-on; `null` when nothing says so.
 * @see https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
 */
export function signOnGap(answer: GithubAnswer): string | null {
  const sso = answer.headers.get('x-github-sso');
  if (!sso?.includes('partial-results')) return null;
  const ids = /organizations=([\d,]+)/.exec(sso)?.[1];
  const of = ids ? ` (organisation ids ${ids})` : '';
  return `GitHub left out repositories of organisations the token is not authorised for${of}`;
}
