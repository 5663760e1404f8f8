/** Which call a path is, for whoever counts requests: a template out of a closed list, so that no name and no id becomes a label. */

type Routes = readonly (readonly [pattern: RegExp, template: string])[];

const GITHUB: Routes = [
  [/^(?:\/api)?\/graphql$/, '/graphql'],
  [/^\/user$/, '/user'],
  [/^\/users\/[^/]+$/, '/users/{login}'],
  [/^\/user\/starred$/, '/user/starred'],
  [/^\/user\/\d+\/starred$/, '/user/{id}/starred'],
  [/^\/users\/[^/]+\/starred$/, '/users/{login}/starred'],
  [/^\/user\/starred\/[^/]+\/[^/]+$/, '/user/starred/{owner}/{repo}'],
  [/^\/repos\/[^/]+\/[^/]+$/, '/repos/{owner}/{repo}'],
  [/^\/repos\/[^/]+\/[^/]+\/installation$/, '/repos/{owner}/{repo}/installation'],
  [/^\/repositories\/\d+$/, '/repositories/{id}'],
  [/^\/meta$/, '/meta'],
  [/^\/app(?:\/hook\/config)?$/, '/app'],
  [/^\/app\/installations(?:\/\d+)?$/, '/app/installations'],
  [/^\/app\/installations\/\d+\/access_tokens$/, '/app/installations/{id}/access_tokens'],
  [/^\/installation\/repositories$/, '/installation/repositories'],
  [/^\/app\/hook\/deliveries$/, '/app/hook/deliveries'],
  [/^\/app\/hook\/deliveries\/\d+(?:\/attempts)?$/, '/app/hook/deliveries/{id}'],
];

const ONEDEV: Routes = [
  [/^\/readyz$/, '/readyz'],
  [/^\/~api\/version\/server$/, '/version/server'],
  [/^\/~api\/users\/me$/, '/users/me'],
  [/^\/~api\/projects$/, '/projects'],
  [/^\/~api\/projects\/\d+$/, '/projects/{id}'],
  [/^\/~api\/projects\/ids\/./, '/projects/ids/{path}'],
  [/^\/~api\/repositories\/\d+\/default-branch$/, '/repositories/{id}/default-branch'],
];

/** What is none of ours: a redirect followed, a link that a host named. */
const OTHER = 'other';

/** @param base the REST base; on GitHub Enterprise Server that is `HOST/api/v3`, and GraphQL is beside it */
export function githubRoute(url: string, base: string): string {
  const { pathname } = new URL(url);
  const root = new URL(base).pathname.replace(/\/+$/, '');
  return routeIn(GITHUB, pathname.startsWith(`${root}/`) ? pathname.slice(root.length) : pathname);
}

/** @param path as it is asked for below OneDev's root address, with or without a query */
export function onedevRoute(path: string): string {
  return routeIn(ONEDEV, path.replace(/\?.*$/s, ''));
}

function routeIn(routes: Routes, path: string): string {
  return routes.find(([pattern]) => pattern.test(path))?.[1] ?? OTHER;
}
