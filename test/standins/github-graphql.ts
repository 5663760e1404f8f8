import { problem, type Answer, type Call } from './github-answers.ts';
import { maySee } from './github-credentials.ts';
import { parseQuery, QueryError, type Selection, type Value } from './github-graphql-query.ts';
import { GraphqlRefusal, project, validate, type GraphqlProblem } from './github-graphql-schema.ts';
import { defaultBranchOf, hasNoCommit, type GithubModel, type StandinRepository } from './github-model.ts';
import { nodeId, type Bases } from './github-objects.ts';

/** GraphQL: `viewer { starredRepositories }` with real cursors, points, and everything that can come with status 200 and yet be no answer. */

export interface GraphqlSwitches {
  /** The server has no such endpoint. */
  absent: boolean;
  /** Every query took longer than 10 s; `null`: none did. */
  timeout: 502 | 504 | null;
  /** The list is cut short, and says so. */
  overLimit: boolean;
  /** `totalCount` says so many more than there are. */
  extraTotal: number;
  /**
   * What status 200 comes with besides or instead of data: `partial`: all but the last star and an error. `none`: an error and no data.
   * `secondary`: the secondary limit, told here and not by the status.
   */
  errors: 'partial' | 'none' | 'secondary' | null;
  /** Epoch milliseconds until which the points of the hour count as used up; `null`: they are not. */
  limitUntil: number | null;
}

interface State {
  model: GithubModel;
  switches: { graphql: GraphqlSwitches; ssoHidden: string[] };
  bases(): Bases;
}

const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
const BROKEN = 'Something went wrong while executing your query. Please include `C0FFEE` when reporting this issue.';

/** 2^31 - 1: what GraphQL's Int ends at. */
const MAX_INT = 2_147_483_647;

type Starred = [StandinRepository, string];

/** @returns the answer, and the points it cost */
export function answerGraphql(state: State, call: Call): Answer & { cost: number } {
  const { timeout, limitUntil, errors } = state.switches.graphql;
  if (call.method !== 'POST') return { ...problem(404, 'Not Found'), cost: 0 };
  if (call.credential.kind === 'anonymous') {
    return { ...problem(401, 'This endpoint requires you to be authenticated.'), cost: 0 };
  }
  if (timeout !== null) return { status: timeout, body: { data: null, errors: [{ message: BROKEN }] }, cost: 1 };
  if (limitUntil !== null && limitUntil > Date.now()) {
    const message = 'API rate limit already exceeded for user ID 41000001.';
    return refused({ type: 'RATE_LIMITED', message }, 0);
  }
  if (errors === 'secondary') return refused({ message: SECONDARY }, 0);
  if (errors === 'none') return { status: 200, body: { data: null, errors: [{ message: BROKEN }] }, cost: 1 };
  return run(state, call);
}

function refused(problem: GraphqlProblem, cost: number): Answer & { cost: number } {
  return { status: 200, body: { errors: [problem] }, cost };
}

function run(state: State, call: Call): Answer & { cost: number } {
  const request = bodyOf(call.body);
  if (!request) return { ...problem(400, 'Problems parsing JSON'), cost: 0 };
  try {
    const selections = parseQuery(request.query, request.variables);
    validate(selections);
    if (call.credential.kind !== 'user') {
      return refused({ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }, 1);
    }
    const cost = pointsOf(selections);
    const problems: GraphqlProblem[] = [];
    const viewer = viewerOf(state, call, selections, problems);
    const data = project({ viewer, rateLimit: { cost, limit: 5000 } }, selections);
    return { status: 200, body: problems.length > 0 ? { data, errors: problems } : { data }, cost };
  } catch (error) {
    if (error instanceof GraphqlRefusal) return refused(error.problem, 1);
    if (error instanceof QueryError) return refused({ message: error.message }, 1);
    throw error;
  }
}

function bodyOf(body: string): { query: string; variables: Record<string, unknown> } | null {
  try {
    const { query, variables } = JSON.parse(body) as { query?: unknown; variables?: Record<string, unknown> };
    return typeof query === 'string' ? { query, variables: variables ?? {} } : null;
  } catch {
    // Not JSON: the caller answers 400.
    return null;
  }
}

/** A connection costs one request for each of its parents; a hundred of them are a point. */
function pointsOf(selections: Selection[], parents = 1): number {
  const requests = (all: Selection[], times: number): number =>
    all.reduce((sum, { arguments: { first }, selections: inner }) => {
      const own = typeof first === 'number' ? times : 0;
      return sum + own + requests(inner ?? [], typeof first === 'number' ? times * first : times);
    }, 0);
  return Math.max(1, Math.round(requests(selections, parents) / 100));
}

function viewerOf(state: State, call: Call, selections: Selection[], problems: GraphqlProblem[]): unknown {
  const { user } = state.model;
  const asked = selections.find(({ name }) => name === 'viewer')?.selections ?? [];
  const stars = asked.find(({ name }) => name === 'starredRepositories');
  return {
    id: nodeId('04:User', user.id),
    databaseId: user.id,
    login: user.login,
    starredRepositories: stars ? connectionOf(state, call, stars.arguments, problems) : null,
  };
}

function connectionOf(
  state: State,
  call: Call,
  { first, after, orderBy }: Record<string, Value>,
  problems: GraphqlProblem[],
): unknown {
  const { overLimit, extraTotal, errors } = state.switches.graphql;
  const isBefore = orderOf(orderBy ?? null);
  const visible = [...state.model.stars].filter(([one]) => maySee(one, call.credential));
  const all = visible.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  const from = after === null || after === undefined ? 0 : indexAfter(all, after, isBefore);
  const page = all.slice(from, from + Number(first));
  const path = (index: number) => ['viewer', 'starredRepositories', 'edges', index, 'node'];
  const edges = page.map((starred, index) => {
    const hidden = state.switches.ssoHidden.includes(starred[0].fullName.split('/')[0] ?? '');
    if (hidden) problems.push({ ...SSO_PROBLEM, path: path(index) });
    const broken = errors === 'partial' && index === page.length - 1;
    if (broken) problems.push({ message: BROKEN, path: path(index) });
    return hidden || broken
      ? null
      : { cursor: cursorOf(starred), starredAt: starred[1], node: nodeOf(starred[0], state.bases()) };
  });
  return {
    totalCount: all.length + extraTotal,
    isOverLimit: overLimit,
    pageInfo: {
      hasNextPage: from + page.length < all.length,
      hasPreviousPage: from > 0,
      startCursor: page[0] ? cursorOf(page[0]) : null,
      endCursor: page.length > 0 ? cursorOf(page[page.length - 1] as Starred) : null,
    },
    edges,
    nodes: edges.map((edge) => edge?.node ?? null),
  };
}

const SSO_PROBLEM: GraphqlProblem = {
  type: 'FORBIDDEN',
  extensions: { saml_failure: true },
  message:
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
};

type IsBefore = (one: Starred, other: Starred) => boolean;

function orderOf(orderBy: Value): IsBefore {
  const { field, direction } = (orderBy ?? { field: 'STARRED_AT', direction: 'ASC' }) as Record<string, Value>;
  if (field !== 'STARRED_AT' || (direction !== 'ASC' && direction !== 'DESC')) {
    const extensions = { code: 'argumentLiteralsIncompatible', argumentName: 'orderBy' };
    const message = "Argument 'orderBy' on Field 'starredRepositories' has an invalid value";
    throw new GraphqlRefusal({ message, extensions });
  }
  return direction === 'ASC' ? wasEarlier : (one, other) => wasEarlier(other, one);
}

function wasEarlier([one, at]: Starred, [other, otherAt]: Starred): boolean {
  return at === otherAt ? BigInt(one.id) < BigInt(other.id) : at < otherAt;
}

/** A place in the order and not a number of items: what was starred or unstarred since shifts nothing. */
function cursorOf([repository, starredAt]: Starred): string {
  return Buffer.from(`cursor:v2:${JSON.stringify([starredAt, repository.id])}`).toString('base64');
}

function indexAfter(all: Starred[], cursor: Value, isBefore: IsBefore): number {
  const [, place] = /^cursor:v2:(\["[^"]+","\d+"\])$/.exec(Buffer.from(String(cursor), 'base64').toString()) ?? [];
  if (place === undefined) {
    const message = `\`${String(cursor)}\` does not appear to be a valid cursor.`;
    throw new GraphqlRefusal({ type: 'INVALID_CURSOR_ARGUMENTS', message });
  }
  const [starredAt, id] = JSON.parse(place) as [string, string];
  const here = [{ id }, starredAt] as Starred;
  const index = all.findIndex((starred) => isBefore(here, starred));
  return index < 0 ? all.length : index;
}

function nodeOf(repository: StandinRepository, { web }: Bases): Record<string, unknown> {
  const { fullName, id, topics } = repository;
  const isEmpty = hasNoCommit(repository);
  return {
    id: nodeId('010:Repository', id),
    databaseId: Number(id) > MAX_INT ? null : Number(id),
    name: fullName.slice(fullName.indexOf('/') + 1),
    nameWithOwner: fullName,
    url: `${web}/${fullName}`,
    sshUrl: `git@${new URL(web).hostname}:${fullName}.git`,
    description: repository.description,
    defaultBranchRef: isEmpty ? null : { name: defaultBranchOf(repository) },
    visibility: repository.private ? 'PRIVATE' : 'PUBLIC',
    isPrivate: repository.private,
    isArchived: repository.archived,
    isDisabled: repository.disabled,
    isFork: repository.fork,
    isLocked: false,
    isEmpty,
    primaryLanguage: repository.language === null ? null : { name: repository.language },
    repositoryTopics: { totalCount: topics.length, nodes: topics.map((name) => ({ topic: { name } })) },
    stargazerCount: repository.stars,
    viewerHasStarred: true,
    diskUsage: repository.sizeKb,
    pushedAt: repository.pushedAt,
    updatedAt: repository.updatedAt,
    createdAt: repository.createdAt,
  };
}
