import type { GithubApiState } from './github-api.ts';
import {
  DOCS,
  isStarMediaType,
  notFound,
  paged,
  problem,
  type Answer,
  type Call,
  type Handler,
} from './github-answers.ts';
import type { StandinInstallation } from './github-apps.ts';
import { maySee } from './github-credentials.ts';
import type { StandinRepository, StandinUser } from './github-model.ts';
import { fullRepositoryObject, nodeId, repositoryObject, userObject, type JsonObject } from './github-objects.ts';

/** The REST routes of the stand-in. */

export function createRoutes(state: GithubApiState): [RegExp, Handler][] {
  const { model, app, deliveries } = state;

  const ownerOf = ({ fullName }: StandinRepository): StandinUser => model.userNamed(fullName.split('/')[0] ?? '');
  const listed = (one: StandinRepository): JsonObject => repositoryObject(one, ownerOf(one), state.bases());

  function user(login: string, asked: StandinUser): Answer {
    if (login !== asked.login) return notFound();
    const { createdAt } = model.repositories[0] ?? { createdAt: '2019-05-15T15:19:25Z' };
    const profile = { name: null, company: null, blog: '', location: null, email: null, hireable: null, bio: null };
    const counts = { public_repos: 0, public_gists: 0, followers: 0, following: 0 };
    const times = { created_at: createdAt, updated_at: createdAt };
    return { status: 200, body: { ...userObject(asked, state.bases()), ...profile, ...counts, ...times } };
  }

  function one(repository: StandinRepository | undefined, { credential }: Call): Answer {
    if (!repository || !maySee(repository, credential)) return notFound();
    const owner = ownerOf(repository);
    if (credential.kind === 'user' && state.switches.ssoHidden.includes(owner.login)) {
      const text =
        'Resource protected by organization SAML enforcement. You must grant your token access to this organization.';
      const url = `${state.bases().web}/orgs/${owner.login}/sso?authorization_request=A`;
      return { ...problem(403, text), headers: { 'x-github-sso': `required; url=${url}` } };
    }
    if (repository.blocked) return blocked(repository);
    const shown = repository.impostor ?? repository;
    return { status: 200, body: fullRepositoryObject(shown, ownerOf(shown), state.bases()) };
  }

  function byName(call: Call, fullName: string): Answer {
    const repository = model.byName(fullName);
    const renamed = repository ? undefined : model.byOldName(fullName);
    return renamed && maySee(renamed, call.credential) ? moved(renamed) : one(repository, call);
  }

  function moved(repository: StandinRepository): Answer {
    const url = `${state.bases().api}/repositories/${repository.id}`;
    const body = { message: 'Moved Permanently', url, documentation_url: `${DOCS}/guides/best-practices` };
    return { status: 301, body, headers: { location: url } };
  }

  /** @param path where the next pages are, which is not always where the first one was */
  function stars(call: Call, path: string): Answer {
    const visible = [...model.stars].filter(([starred]) => maySee(starred, call.credential));
    const hidden = call.credential.kind === 'user' ? state.switches.ssoHidden : [];
    const items = visible.filter(([starred]) => !hidden.includes(ownerOf(starred).login));
    const key = call.query.get('sort') === 'updated' ? pushTime : starTime;
    items.sort((a, b) => (key(a) < key(b) ? 1 : key(a) > key(b) ? -1 : 0));
    if (call.query.get('direction') === 'asc') items.reverse();
    const { page, headers } = paged(call, items, state.bases().api + path);
    const envelope = isStarMediaType(call.accept);
    const organizations = hidden.map((login) => model.userNamed(login).id).join(',');
    return {
      status: 200,
      body: page.map(([starred, at]) => (envelope ? { starred_at: at, repo: listed(starred) } : listed(starred))),
      headers: {
        ...headers,
        ...(hidden.length > 0 ? { 'x-github-sso': `partial-results; organizations=${organizations}` } : {}),
      },
    };
  }

  function starCheck(call: Call, fullName: string): Answer {
    const repository = model.byName(fullName);
    const starred = repository !== undefined && maySee(repository, call.credential) && model.stars.has(repository);
    return starred ? { status: 204 } : notFound();
  }

  function deliveryPage({ query }: Call): Answer {
    const size = Math.min(100, Math.max(1, Number(query.get('per_page') ?? 30)));
    const page = deliveries.page(size, query.get('cursor'), query.get('status'));
    if (!page) return problem(422, 'Invalid cursor');
    const next = new URLSearchParams(query);
    next.set('cursor', page.next ?? '');
    const url = `${state.bases().api}/app/hook/deliveries?${next}`;
    const headers: Record<string, string> = page.next === null ? {} : { link: `<${url}>; rel="next"` };
    return { status: 200, body: page.items, headers };
  }

  function oneDelivery(id: string): Answer {
    const body = deliveries.detail(id);
    return body ? { status: 200, body } : notFound();
  }

  function redelivery(id: string): Answer {
    return deliveries.redeliver(id) ? { status: 202, body: {} } : notFound();
  }

  /** Wraps what only the token's own person may ask. */
  const asUser =
    (handler: Handler): Handler =>
    (call, parts) => {
      if (call.credential.kind === 'anonymous') return problem(401, 'Requires authentication');
      if (call.credential.kind === 'user') return handler(call, parts);
      return problem(403, 'Resource not accessible by integration');
    };

  const asApp =
    (handler: Handler): Handler =>
    (call, parts) =>
      call.credential.kind === 'app' ? handler(call, parts) : problem(401, 'A JSON web token could not be decoded');

  function accessToken(installation: StandinInstallation | undefined): Answer {
    if (!installation) return notFound();
    if (installation.suspendedAt !== null) return problem(403, 'This installation has been suspended');
    const { token, expiresAt } = app.issueToken(installation);
    const permissions = { metadata: 'read', contents: 'read' };
    return { status: 201, body: { token, expires_at: expiresAt, permissions, repository_selection: 'selected' } };
  }

  function installationObject(installation: StandinInstallation): JsonObject {
    return {
      id: installation.id,
      account: userObject(model.userNamed(installation.account), state.bases()),
      app_id: Number(app.appId),
      repository_selection: 'selected',
      permissions: { metadata: 'read', contents: 'read' },
      events: ['star', 'push', 'repository', 'public', 'meta'],
      node_id: nodeId('023:IntegrationInstallation', installation.id),
      suspended_at: installation.suspendedAt,
    };
  }

  function installationRepositories(call: Call): Answer {
    if (call.credential.kind !== 'installation')
      return problem(403, 'You must authenticate with an installation access token');
    const all = call.credential.installation.repositories.filter((repository) => !repository.deleted);
    const { page, headers } = paged(call, all, `${state.bases().api}/installation/repositories`);
    const body = { total_count: all.length, repository_selection: 'selected', repositories: page.map(listed) };
    return { status: 200, body, headers };
  }

  return [
    [/^GET \/user$/, asUser(() => user(model.user.login, model.user))],
    [/^GET \/user\/starred$/, asUser((call) => stars(call, '/user/starred'))],
    [/^GET \/user\/starred\/([^/]+)\/([^/]+)$/, asUser((call, [owner, name]) => starCheck(call, `${owner}/${name}`))],
    [/^GET \/users\/([^/]+)$/, (_, [login = '']) => (isUser(login) ? user(model.user.login, model.user) : notFound())],
    [
      /^GET \/users\/([^/]+)\/starred$/,
      (call, [login = '']) => (isUser(login) ? stars(call, `/user/${model.user.id}/starred`) : notFound()),
    ],
    [
      /^GET \/user\/(\d+)\/starred$/,
      (call, [id]) => (id === String(model.user.id) ? stars(call, `/user/${id}/starred`) : notFound()),
    ],
    [/^GET \/repos\/([^/]+)\/([^/]+)$/, (call, [owner, name]) => byName(call, `${owner}/${name}`)],
    [/^GET \/repositories\/(\d+)$/, (call, [id = '']) => one(model.byId(id), call)],
    [/^GET \/meta$/, () => ({ status: 200, body: META })],
    [/^GET \/versions$/, () => ({ status: 200, body: ['2022-11-28', '2026-03-10'] })],
    [
      /^GET \/app$/,
      asApp(() => ({ status: 200, body: { id: Number(app.appId), slug: 'starkeep', name: 'Starkeep' } })),
    ],
    [
      /^GET \/app\/installations$/,
      asApp((call) => {
        const { page, headers } = paged(call, app.installations, `${state.bases().api}/app/installations`);
        return { status: 200, body: page.map(installationObject), headers };
      }),
    ],
    [
      /^POST \/app\/installations\/(\d+)\/access_tokens$/,
      asApp((_, [id]) => accessToken(app.installations.find((installation) => String(installation.id) === id))),
    ],
    [/^GET \/installation\/repositories$/, installationRepositories],
    [/^GET \/app\/hook\/config$/, asApp(() => ({ status: 200, body: deliveries.config() }))],
    [/^GET \/app\/hook\/deliveries$/, asApp((call) => deliveryPage(call))],
    [/^GET \/app\/hook\/deliveries\/(\d+)$/, asApp((_, [id = '']) => oneDelivery(id))],
    [/^POST \/app\/hook\/deliveries\/(\d+)\/attempts$/, asApp((_, [id = '']) => redelivery(id))],
  ];

  function isUser(login: string): boolean {
    return login.toLowerCase() === model.user.login.toLowerCase();
  }
}

function blocked({ blocked: reason, createdAt, fullName }: StandinRepository): Answer {
  const html = `https://github.com/github/dmca/blob/master/${fullName}.md`;
  const body = { message: 'Repository access blocked', block: { reason, created_at: createdAt, html_url: html } };
  return { status: reason === 'dmca' ? 451 : 403, body };
}

const starTime = ([, at]: [StandinRepository, string]): string => at;
const pushTime = ([repository]: [StandinRepository, string]): string => repository.pushedAt ?? '';

/** This machine's addresses, so that deliveries of the stand-in come from GitHub. */
const META = {
  verifiable_password_authentication: false,
  hooks: ['127.0.0.0/8', '::1/128'],
  web: ['127.0.0.0/8'],
  api: ['127.0.0.0/8'],
  git: ['127.0.0.0/8'],
};
