import { Failure } from '../domain/failures.ts';
import type { SweepPage } from '../domain/ports.ts';
import type { GithubAnswer, GithubClient } from './github-client.ts';
import { failureOf } from './github-failures.ts';
import { limitedWaitMs, saysLimited } from './github-limits.ts';
import { signOnGap } from './github-pages.ts';
import { readStarSweep, type GraphqlError, type StarConnection } from './github-graphql-shapes.ts';

/**
 * The one GraphQL query there is, 100 stars for one point of 5,000 an hour. `databaseId` is a 32-bit number, and `Repository` has no
 * `fullDatabaseId` (schema of July 2026): a repository beyond that is a flaw of the sweep.
 * @see https://docs.github.com/en/graphql/reference/objects#starredrepositoryconnection
 */
const STARS_QUERY = `query ($after: String) {
  viewer {
    starredRepositories(first: 100, after: $after, orderBy: {field: STARRED_AT, direction: DESC}) {
      totalCount
      isOverLimit
      pageInfo { hasNextPage endCursor }
      edges {
        starredAt
        node {
          databaseId
          nameWithOwner
          url
          sshUrl
          description
          defaultBranchRef { name }
          visibility
          isArchived
          isDisabled
          isFork
          primaryLanguage { name }
          repositoryTopics(first: 20) { nodes { topic { name } } }
          stargazerCount
          diskUsage
          pushedAt
        }
      }
    }
  }
}`;

export interface StarSweepOptions {
  client: GithubClient;
  /** REST base. */
  apiUrl: string;
  authorization: string;
  now: () => number;
}

/** `/graphql` beside `/api/v3` on GitHub Enterprise Server, below the REST base everywhere else. */
export function graphqlUrl(apiUrl: string): string {
  const base = apiUrl.replace(/\/+$/, '');
  return base.endsWith('/api/v3') ? base.replace(/\/v3$/, '/graphql') : `${base}/graphql`;
}

/** @returns a function that reads one page of all stars. What GitHub says with status 200 and `errors` is a flaw, or a failure as with REST. */
export function createStarSweep({ client, apiUrl, authorization, now }: StarSweepOptions) {
  const url = graphqlUrl(apiUrl);

  return async (next: string | null): Promise<SweepPage> => {
    const answer = await client.post(url, { authorization, body: { query: STARS_QUERY, variables: { after: next } } });
    if ([404, 410, 501].includes(answer.status)) {
      throw new Failure('SourceUnsupported', `GitHub answered ${answer.status} to ${answer.asked}: it has no GraphQL`);
    }
    if (answer.status !== 200) throw failureOf(answer, client.redact, now());
    const { stars, errors } = readStarSweep(answer);
    if (errors.some(isLimit)) {
      const retryAfterMs = limitedWaitMs(answer.headers, now());
      throw new Failure('SourceRateLimited', client.redact(told(answer, errors)), { retryAfterMs });
    }
    if (!stars) throw new Failure(kindOf(errors), client.redact(told(answer, errors)));
    const flaw = flawOf(answer, stars, errors);
    return {
      repositories: stars.repositories,
      next: cursorAfter(stars, next, answer),
      total: stars.totalCount,
      flaw: flaw === null ? null : client.redact(flaw),
    };
  };
}

function isLimit({ type, message }: GraphqlError): boolean {
  return type === 'RATE_LIMITED' || type === 'RATE_LIMIT' || saysLimited(message);
}

/** Without any data: the query does not fit the server, the token may not ask it, or GitHub is in trouble. */
function kindOf(errors: GraphqlError[]): 'SourceUnsupported' | 'SourceForbidden' | 'SourceError' | 'SourceBadResponse' {
  if (errors.length === 0) return 'SourceBadResponse';
  if (errors.some(({ code }) => /^(undefined|argument)/.test(code ?? ''))) return 'SourceUnsupported';
  const refused = errors.some(({ type }) => type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES');
  return refused ? 'SourceForbidden' : 'SourceError';
}

function flawOf(answer: GithubAnswer, stars: StarConnection, errors: GraphqlError[]): string | null {
  if (errors.length > 0) return told(answer, errors);
  if (stars.isOverLimit) return 'GitHub cuts this star list short because it is so long';
  const [unreadable] = stars.unreadable;
  if (unreadable !== undefined) {
    const more = stars.unreadable.length - 1;
    return `GitHub listed a star that cannot be read (${unreadable})${more > 0 ? `, and ${more} more` : ''}`;
  }
  return signOnGap(answer);
}

function told(answer: GithubAnswer, errors: GraphqlError[]): string {
  const [first] = errors;
  if (!first) return `GitHub answered ${answer.asked} without data and without an error`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more errors)` : '';
  return `GitHub answered ${answer.asked} with an error: ${first.message}${more}`;
}

function cursorAfter({ pageInfo }: StarConnection, current: string | null, answer: GithubAnswer): string | null {
  if (!pageInfo.hasNextPage) return null;
  if (pageInfo.endCursor !== null && pageInfo.endCursor !== current) return pageInfo.endCursor;
  throw new Failure('SourceBadResponse', `GitHub says that there is more, but not where, after ${answer.asked}`);
}
