import { QueryError, type Selection } from './github-graphql-query.ts';

/** The part of GitHub's GraphQL schema (July 2026) that the star list needs; every other field is refused, as GitHub refuses unknown ones. */

export interface GraphqlProblem {
  message: string;
  type?: string;
  path?: (string | number)[];
  extensions?: Record<string, unknown>;
}

/** What ends a query before it is run. */
export class GraphqlRefusal extends QueryError {
  readonly problem: GraphqlProblem;

  constructor(problem: GraphqlProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Type → field → the field's type. Lower-case ones are scalars. */
const FIELDS: Record<string, Record<string, string>> = {
  Query: { viewer: 'User', rateLimit: 'RateLimit' },
  RateLimit: { cost: 'int', limit: 'int', remaining: 'int', used: 'int', resetAt: 'time' },
  User: { id: 'id', databaseId: 'int', login: 'string', starredRepositories: 'StarredRepositoryConnection' },
  StarredRepositoryConnection: {
    totalCount: 'int',
    isOverLimit: 'boolean',
    pageInfo: 'PageInfo',
    edges: 'StarredRepositoryEdge',
    nodes: 'Repository',
  },
  PageInfo: { hasNextPage: 'boolean', hasPreviousPage: 'boolean', startCursor: 'string', endCursor: 'string' },
  StarredRepositoryEdge: { cursor: 'string', starredAt: 'time', node: 'Repository' },
  Repository: {
    id: 'id',
    databaseId: 'int',
    name: 'string',
    nameWithOwner: 'string',
    url: 'string',
    sshUrl: 'string',
    description: 'string',
    defaultBranchRef: 'Ref',
    visibility: 'enum',
    isPrivate: 'boolean',
    isArchived: 'boolean',
    isDisabled: 'boolean',
    isFork: 'boolean',
    isLocked: 'boolean',
    isEmpty: 'boolean',
    primaryLanguage: 'Language',
    repositoryTopics: 'RepositoryTopicConnection',
    stargazerCount: 'int',
    viewerHasStarred: 'boolean',
    diskUsage: 'int',
    pushedAt: 'time',
    updatedAt: 'time',
    createdAt: 'time',
  },
  Ref: { name: 'string' },
  Language: { name: 'string' },
  RepositoryTopicConnection: { totalCount: 'int', nodes: 'RepositoryTopic' },
  RepositoryTopic: { topic: 'Topic' },
  Topic: { name: 'string' },
};

const ARGUMENTS: Record<string, string[]> = {
  starredRepositories: ['first', 'after', 'orderBy', 'ownedByViewer'],
  repositoryTopics: ['first', 'after'],
};

/** Connections refuse to be read without a bound, and with one above this. */
const MAX_FIRST = 100;

/** @throws GraphqlRefusal as GitHub words it for what does not fit the schema */
export function validate(selections: Selection[], type = 'Query'): void {
  for (const { name, arguments: given, selections: inner } of selections) {
    const fieldType = FIELDS[type]?.[name];
    if (fieldType === undefined) {
      const extensions = { code: 'undefinedField', typeName: type, fieldName: name };
      throw new GraphqlRefusal({ message: `Field '${name}' doesn't exist on type '${type}'`, extensions });
    }
    checkArguments(name, given);
    const isObject = Object.hasOwn(FIELDS, fieldType);
    if (isObject !== (inner !== null)) {
      const message = isObject
        ? `Field must have selections (field '${name}' returns ${fieldType} but has no selections)`
        : `Selections can't be made on scalars (field '${name}')`;
      throw new GraphqlRefusal({ message, extensions: { code: 'selectionMismatch', nodeName: name } });
    }
    if (inner) validate(inner, fieldType);
  }
}

function checkArguments(field: string, given: Selection['arguments']): void {
  const known = ARGUMENTS[field] ?? [];
  const foreign = Object.keys(given).find((argument) => !known.includes(argument));
  if (foreign !== undefined) {
    const extensions = { code: 'argumentNotAccepted', name: field, argumentName: foreign };
    throw new GraphqlRefusal({ message: `Field '${field}' doesn't accept argument '${foreign}'`, extensions });
  }
  if (!known.includes('first')) return;
  const { first } = given;
  if (typeof first !== 'number') {
    const message = `You must provide a \`first\` or \`last\` value to properly paginate the \`${field}\` connection.`;
    throw new GraphqlRefusal({ type: 'MISSING_PAGINATION_BOUNDARIES', message });
  }
  if (first < 1 || first > MAX_FIRST) {
    const message = `Requesting ${first} records on the \`${field}\` connection exceeds the \`first\` limit of ${MAX_FIRST} records.`;
    throw new GraphqlRefusal({ type: 'EXCESSIVE_PAGINATION', message });
  }
}

/** @returns of `value` what was selected, in the order of the query */
export function project(value: unknown, selections: Selection[] | null): unknown {
  if (value === null || value === undefined || selections === null) return value ?? null;
  if (Array.isArray(value)) return value.map((one) => project(one, selections));
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(selections.map(({ name, selections: inner }) => [name, project(fields[name], inner)]));
}
