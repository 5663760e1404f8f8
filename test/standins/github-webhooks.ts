import { createHmac, randomUUID } from 'node:crypto';
import { defaultBranchOf, type GithubModel, type StandinRepository, type StandinUser } from './github-model.ts';
import { jsonId, nodeId, repositoryObject, toJson, userObject, type Bases, type JsonObject } from './github-objects.ts';

/** GitHub's side of a webhook: payloads on a full repository object, and their delivery with every header of the specification. */

export type RepositoryAction =
  | 'created'
  | 'archived'
  | 'unarchived'
  | 'renamed'
  | 'transferred'
  | 'edited'
  | 'privatized'
  | 'publicized'
  | 'deleted';

export interface PayloadOptions {
  /** Default: the stand-in's own user. */
  sender?: string;
  /** Makes it a delivery to an App. */
  installationId?: number;
}

export interface PushDetails extends PayloadOptions {
  /** Full; default the default branch. */
  ref?: string;
  /** Default 40 zeros: the ref is new. */
  before?: string;
  /** 40 zeros: the ref is deleted. */
  after: string;
  forced?: boolean;
}

export interface WebhookPayloads {
  star(repository: StandinRepository, action: 'created' | 'deleted', options?: PayloadOptions): JsonObject;
  push(repository: StandinRepository, details: PushDetails): JsonObject;
  /** @param changes as GitHub words them, e.g. `{ repository: { name: { from: 'old' } } }` for `renamed` */
  repository(
    repository: StandinRepository,
    action: RepositoryAction,
    changes?: JsonObject,
    options?: PayloadOptions,
  ): JsonObject;
  public(repository: StandinRepository, options?: PayloadOptions): JsonObject;
  /** Our hook was deleted. */
  meta(repository: StandinRepository, options?: PayloadOptions): JsonObject;
  ping(repository: StandinRepository, options?: PayloadOptions & { contentType?: 'json' | 'form' }): JsonObject;
}

export interface DeliverOptions {
  /** `null`: the hook has no secret and the delivery no signature. */
  secret: string | null;
  /** Default: a new one. A redelivery keeps it. */
  guid?: string;
  hookId?: string;
  /** Default `application/json`; a hook made by REST without `content_type` sends the other. */
  contentType?: 'application/json' | 'application/x-www-form-urlencoded';
  /** Default `repository`. */
  targetType?: 'repository' | 'organization' | 'integration';
}

export interface DeliverResult {
  status: number;
  /** The answer's body; `null` when it was no JSON. */
  json: unknown;
  text: string;
  headers: Headers;
  guid: string;
}

const ZEROS = '0'.repeat(40);

const HOOK_ID = 109_948_940;

/** GitHub gives a receiver 10 s, and does not try again by itself. */
const DELIVERY_TIMEOUT_MS = 10_000;

/** A delivery as it goes over the wire, for those who send it in a way of their own. */
export function signedDelivery(
  event: string,
  payload: unknown,
  options: DeliverOptions,
): { guid: string; body: string; headers: Record<string, string> } {
  const { secret, guid = randomUUID(), hookId = String(HOOK_ID), contentType = 'application/json' } = options;
  const json = toJson(payload);
  const body = contentType === 'application/json' ? json : new URLSearchParams({ payload: json }).toString();
  const digest = (algorithm: string): string =>
    createHmac(algorithm, secret ?? '')
      .update(body)
      .digest('hex');
  const headers = {
    accept: '*/*',
    'content-type': contentType,
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': guid,
    'x-github-event': event,
    'x-github-hook-id': hookId,
    'x-github-hook-installation-target-id': '186853002',
    'x-github-hook-installation-target-type': options.targetType ?? 'repository',
    ...(secret === null
      ? {}
      : { 'x-hub-signature': `sha1=${digest('sha1')}`, 'x-hub-signature-256': `sha256=${digest('sha256')}` }),
  };
  return { guid, body, headers };
}

/** Sends one delivery to `url`, once. */
export async function deliver(
  url: string,
  event: string,
  payload: unknown,
  options: DeliverOptions,
): Promise<DeliverResult> {
  const { guid, body, headers } = signedDelivery(event, payload, options);
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
    headers,
  });
  const text = await response.text();
  return { status: response.status, json: parsed(text), text, headers: response.headers, guid };
}

export function createPayloads(model: GithubModel, bases: () => Bases): WebhookPayloads {
  const ownerOf = ({ fullName }: StandinRepository): StandinUser => model.userNamed(fullName.split('/')[0] ?? '');
  const objectOf = (repository: StandinRepository): JsonObject =>
    repositoryObject(repository, ownerOf(repository), bases());
  const common = (repository: StandinRepository, options: PayloadOptions = {}): JsonObject => ({
    repository: objectOf(repository),
    sender: userObject(options.sender === undefined ? model.user : model.userNamed(options.sender), bases()),
    ...(options.installationId === undefined
      ? {}
      : { installation: { id: options.installationId, node_id: nodeId('023:IntegrationInstallation', 1) } }),
  });

  return {
    star: (repository, action, options) => ({
      action,
      starred_at: action === 'created' ? (model.stars.get(repository) ?? new Date().toISOString()) : null,
      ...common(repository, options),
    }),
    push: (repository, details) => ({
      ...pushFields(repository, details, bases()),
      ...common(repository, details),
      repository: pushRepository(objectOf(repository), ownerOf(repository)),
      pusher: { name: details.sender ?? model.user.login, email: 'pusher@example.com' },
    }),
    repository: (repository, action, changes, options) => ({
      action,
      ...(changes ? { changes } : {}),
      ...common(repository, options),
    }),
    public: common,
    meta: (repository, options) => ({
      action: 'deleted',
      hook_id: HOOK_ID,
      hook: hookObject(repository, 'json', bases()),
      ...common(repository, options),
    }),
    ping: (repository, options = {}) => ({
      zen: 'Anything added dilutes everything else.',
      hook_id: HOOK_ID,
      hook: hookObject(repository, options.contentType ?? 'json', bases()),
      ...common(repository, options),
    }),
  };
}

function pushFields(repository: StandinRepository, details: PushDetails, { web }: Bases): JsonObject {
  const { ref = `refs/heads/${defaultBranchOf(repository)}`, before = ZEROS, after, forced = false } = details;
  const commit = {
    id: after,
    tree_id: after,
    distinct: true,
    message: 'a commit',
    added: [],
    removed: [],
    modified: [],
  };
  return {
    ref,
    before,
    after,
    created: before === ZEROS,
    deleted: after === ZEROS,
    forced,
    base_ref: null,
    compare: `${web}/${repository.fullName}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: after === ZEROS ? [] : [commit],
    head_commit: after === ZEROS ? null : commit,
  };
}

/** In push payloads some times are epoch seconds, and the owner has a name and an address. */
function pushRepository(object: JsonObject, owner: StandinUser): JsonObject {
  const seconds = (iso: unknown): unknown => (typeof iso === 'string' ? Math.floor(Date.parse(iso) / 1000) : iso);
  return {
    ...object,
    owner: { ...(object['owner'] as JsonObject), name: owner.login, email: 'owner@example.com' },
    created_at: seconds(object['created_at']),
    pushed_at: seconds(object['pushed_at']),
    stargazers: object['stargazers_count'],
    master_branch: object['default_branch'],
  };
}

function hookObject(repository: StandinRepository, contentType: 'json' | 'form', { api }: Bases): JsonObject {
  const self = `${api}/repos/${repository.fullName}/hooks/${HOOK_ID}`;
  return {
    type: 'Repository',
    id: jsonId(String(HOOK_ID)),
    name: 'web',
    active: true,
    events: ['star', 'push', 'repository', 'public', 'meta'],
    config: { content_type: contentType, insecure_ssl: '0', url: 'https://starkeep.example.com/webhooks/github' },
    updated_at: repository.updatedAt,
    created_at: repository.createdAt,
    url: self,
    test_url: `${self}/test`,
    ping_url: `${self}/pings`,
    deliveries_url: `${self}/deliveries`,
    last_response: { code: null, status: 'unused', message: null },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller has the text.
    return null;
  }
}
