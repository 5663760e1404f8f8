import { defaultBranchOf, type StandinRepository, type StandinUser } from './github-model.ts';

/**
 * JSON objects as GitHub sends them, with every property the specification requires (`simple-user`, `repository`, `full-repository` of
 * `@octokit/openapi` 23, version 2022-11-28).
 */

export type JsonObject = Record<string, unknown>;

export interface Bases {
  /** Web and git. */
  web: string;
  api: string;
  /** Origin of clone addresses; differs from `web` only to see that refused. */
  clone: string;
}

const RAW = '\u0000raw:';

/** An id as GitHub sends it: a JSON number, whatever its size. Beyond 2^53 only {@link toJson} knows how. */
export function jsonId(id: string): unknown {
  return Number.isSafeInteger(Number(id)) ? Number(id) : RAW + id;
}

export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(/"\\u0000raw:(\d+)"/g, '$1');
}

export function userObject(user: StandinUser, { web, api }: Bases): JsonObject {
  const self = `${api}/users/${user.login}`;
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId('04:User', user.id),
    avatar_url: `${web}/avatars/u/${user.id}?v=4`,
    gravatar_id: '',
    url: self,
    html_url: `${web}/${user.login}`,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type: 'User',
    user_view_type: 'public',
    site_admin: false,
  };
}

/** Relative links of a repository, in the specification's order. */
const LINKS: Record<string, string> = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
};

/** `repository`: what lists and webhooks carry. */
export function repositoryObject(repository: StandinRepository, owner: StandinUser, bases: Bases): JsonObject {
  const { fullName } = repository;
  const self = `${bases.api}/repos/${fullName}`;
  const clone = new URL(bases.clone);
  const links = Object.entries(LINKS).map(([name, path]) => [name, self + path]);
  return {
    id: jsonId(repository.id),
    node_id: nodeId('010:Repository', repository.id),
    name: fullName.slice(fullName.indexOf('/') + 1),
    full_name: fullName,
    private: repository.private,
    owner: userObject(owner, bases),
    html_url: `${bases.web}/${fullName}`,
    description: repository.description,
    fork: repository.fork,
    url: self,
    ...Object.fromEntries(links),
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    pushed_at: repository.pushedAt,
    git_url: `git://${clone.host}/${fullName}.git`,
    ssh_url: `git@${clone.hostname}:${fullName}.git`,
    clone_url: `${bases.clone}/${fullName}.git`,
    svn_url: `${bases.web}/${fullName}`,
    homepage: null,
    size: repository.sizeKb,
    stargazers_count: repository.stars,
    watchers_count: repository.stars,
    language: repository.language,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: repository.archived,
    disabled: repository.disabled,
    open_issues_count: 0,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: repository.topics,
    visibility: repository.private ? 'private' : 'public',
    forks: 0,
    open_issues: 0,
    watchers: repository.stars,
    default_branch: defaultBranchOf(repository),
  };
}

/** `full-repository`: what the single read adds. */
export function fullRepositoryObject(repository: StandinRepository, owner: StandinUser, bases: Bases): JsonObject {
  return {
    ...repositoryObject(repository, owner, bases),
    // Also on public repositories, for those who may push; a credential that must not be kept.
    temp_clone_token: 'ABKEEPITOUTOFTHECACHE',
    network_count: 0,
    subscribers_count: 0,
    permissions: { admin: false, maintain: false, push: false, triage: false, pull: true },
  };
}

export function nodeId(prefix: string, id: string | number): string {
  return Buffer.from(`${prefix}${id}`).toString('base64');
}
