import type { Failure } from '../domain/failures.ts';
import type { StarPage } from '../domain/ports.ts';
import type { GithubAnswer, GithubClient } from './github-client.ts';
import { followingPage, signOnGap } from './github-pages.ts';
import { readStars } from './github-shapes.ts';

export interface StarListOptions {
  client: GithubClient;
  authorization: string | undefined;
  /** `/user`, or `/users/LOGIN` without a token. @throws Failure `AccountUnknown` */
  personPath: () => string;
  /** What an answer without a list stands for. */
  failed: (answer: GithubAnswer) => Failure;
}

export interface StarList {
  starPage(next: string | null): Promise<StarPage>;
  recentlyPushed(next: string | null): Promise<StarPage>;
}

const STAR_MEDIA_TYPE = 'application/vnd.github.star+json';

const NEWEST_FIRST = 'sort=created&direction=desc&per_page=100';

/** GitHub's `updated` is the time of the last push. */
const PUSHED_FIRST = 'sort=updated&direction=desc&per_page=100';

/**
 * The star list over REST, in both of its orders.
 * @see https://docs.github.com/en/rest/activity/starring#list-repositories-starred-by-the-authenticated-user
 */
export function createStarList({ client, authorization, personPath, failed }: StarListOptions): StarList {
  const firstPage = (query: string): string => `${personPath()}/starred?${query}`;

  function pageOf(answer: GithubAnswer, url: string): StarPage {
    if (answer.status !== 200) throw failed(answer);
    const stars = readStars(answer);
    const repositories = stars.flatMap((star) =>
      star.repo === null ? [] : [{ ...star.repo, starredAt: star.starred_at }],
    );
    const missing = stars.length - repositories.length;
    const unnamed = missing > 0 ? `GitHub listed ${missing} starred repositories that cannot be read` : null;
    return { repositories, next: followingPage(client, answer, url), gap: signOnGap(answer) ?? unnamed };
  }

  async function page(url: string): Promise<StarPage> {
    return pageOf(await client.get(url, { authorization, accept: STAR_MEDIA_TYPE }), url);
  }

  return {
    starPage: (next) => page(next ?? firstPage(NEWEST_FIRST)),
    recentlyPushed: (next) => page(next ?? firstPage(PUSHED_FIRST)),
  };
}
