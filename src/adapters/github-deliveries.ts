import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failures.ts';
import type { OnExchange } from '../domain/meter.ts';
import type { SourceDeliveries } from '../domain/ports.ts';
import { createAppTokens, type AppCredentials } from './github-app-tokens.ts';
import { createGithubClient } from './github-client.ts';
import { failureOf } from './github-failures.ts';
import { followingPage } from './github-pages.ts';
import { readDeliveries } from './github-shapes.ts';

export interface GithubDeliveriesOptions {
  /** REST base, as for `createGithub`. */
  apiUrl: string;
  app: AppCredentials;
  userAgent: string;
  /** Epoch milliseconds. Default `Date.now`. */
  now?: () => number;
  /** Between two requests for a redelivery. Default 1 s, which GitHub asks of everything that writes. */
  pauseMs?: number;
  /** What octokit has to say, such as that an endpoint is deprecated. Default: nobody listens. */
  onNotice?: (notice: string) => void;
  /** Told of every request that has ended; default: nobody listens. */
  onExchange?: OnExchange;
}

/**
 * GitHub's own list of the deliveries to the App's hook. It keeps them for three days (GitHub Enterprise Server for seven). An empty list may
 * also mean that the hook is switched off.
 *
 * Besides the failures of `createGithub`: `SourceGone` for a delivery that GitHub no longer has.
 * @see https://docs.github.com/en/rest/apps/webhooks
 */
export function createGithubDeliveries(options: GithubDeliveriesOptions): SourceDeliveries {
  const { apiUrl, app, userAgent, onNotice, onExchange, pauseMs = 1_000 } = options;
  const now = options.now ?? Date.now;
  const client = createGithubClient({ apiUrl, userAgent, secrets: [app.privateKey], onNotice, onExchange });
  const tokens = createAppTokens({ ...app, client, now });

  /** Settled when the next request may be sent. */
  let free: Promise<unknown> = Promise.resolve();

  return {
    appId: app.appId,
    async page(next) {
      const url = next ?? '/app/hook/deliveries?per_page=100';
      const answer = await client.get(url, { authorization: await tokens.jwt(), remember: 'nothing' });
      if (answer.status !== 200) throw failureOf(answer, client.redact, now());
      return { deliveries: readDeliveries(answer), next: followingPage(client, answer, url) };
    },
    // If we die after GitHub accepted this, the next run may ask again: the guid stays the same, and the inbox knows it.
    async redeliver(id) {
      if (!/^\d{1,20}$/.test(id)) throw new Failure('SourceBadResponse', `"${id}" cannot be the id of a delivery`);
      const turn = free;
      free = turn.then(() => sleep(pauseMs, undefined, { ref: false }));
      await turn;
      const answer = await client.post(`/app/hook/deliveries/${id}/attempts`, { authorization: await tokens.jwt() });
      if (answer.status === 202) return;
      if (answer.status === 404) throw new Failure('SourceGone', `GitHub no longer has the delivery ${id}`);
      throw failureOf(answer, client.redact, now());
    },
  };
}
