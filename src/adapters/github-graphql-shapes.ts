import { z } from 'zod';
import type { SourceRepository } from '../domain/model.ts';
import { reader, time } from './github-shapes.ts';

/** What we read of GraphQL's answers, as loosely as `github-shapes.ts` reads REST's. */

export interface GraphqlError {
  message: string;
  /** `FORBIDDEN`, `RATE_LIMITED` …, where the error has one. */
  type: string | undefined;
  /** `undefinedField` …, for queries that do not fit the schema. */
  code: string | undefined;
}

export interface StarConnection {
  repositories: SourceRepository[];
  totalCount: number;
  isOverLimit: boolean;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  /** What is wrong with each item that is no repository. */
  unreadable: string[];
}

const QUOTED_CHARACTERS = 200;

const error = z
  .object({
    message: z.string(),
    type: z.string().optional().catch(undefined),
    extensions: z
      .object({ code: z.string().optional().catch(undefined) })
      .nullish()
      .catch(undefined),
  })
  .transform((raw): GraphqlError => ({
    message: raw.message.slice(0, QUOTED_CHARACTERS),
    type: raw.type,
    code: raw.extensions?.code,
  }));

const named = z.object({ name: z.string() });

const topic = z.object({ topic: named }).nullable();

const visibilities = { PUBLIC: 'public', PRIVATE: 'private', INTERNAL: 'internal' } as const;

const star = z
  .object({
    starredAt: time,
    node: z.object({
      databaseId: z.union([z.int().positive(), z.bigint().positive()]),
      nameWithOwner: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
      url: z.string().min(1),
      sshUrl: z.string().nullish(),
      description: z.string().nullish(),
      defaultBranchRef: named.nullish(),
      visibility: z.enum(['PUBLIC', 'PRIVATE', 'INTERNAL']),
      isArchived: z.boolean(),
      isDisabled: z.boolean(),
      isFork: z.boolean(),
      primaryLanguage: named.nullish(),
      repositoryTopics: z.object({ nodes: z.array(topic).nullable() }).nullish(),
      stargazerCount: z.number(),
      diskUsage: z.number().nullish(),
      pushedAt: time.nullish(),
    }),
  })
  .transform(({ starredAt, node }): SourceRepository => ({
    repoId: String(node.databaseId),
    fullName: node.nameWithOwner,
    cloneUrl: `${node.url}.git`,
    sshUrl: node.sshUrl ?? null,
    htmlUrl: node.url,
    description: node.description ?? null,
    defaultBranch: node.defaultBranchRef?.name ?? null,
    visibility: visibilities[node.visibility],
    archived: node.isArchived,
    disabled: node.isDisabled,
    fork: node.isFork,
    language: node.primaryLanguage?.name ?? null,
    topics: (node.repositoryTopics?.nodes ?? []).flatMap((one) => (one ? [one.topic.name] : [])).sort(),
    stars: node.stargazerCount,
    sizeKb: node.diskUsage ?? 0,
    pushedAt: node.pushedAt ?? null,
    starredAt,
  }));

const connection = z
  .object({
    totalCount: z.int().nonnegative(),
    isOverLimit: z.boolean(),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    edges: z.array(z.unknown()).nullable(),
  })
  .transform(({ edges, ...rest }): StarConnection => {
    // One by one, so that an item nobody can read costs itself and not the page.
    const read = (edges ?? []).map((edge) => star.safeParse(edge));
    return {
      ...rest,
      repositories: read.flatMap((one) => (one.success ? [one.data] : [])),
      unreadable: read.flatMap((one) => (one.success ? [] : [describe(one.error)])),
    };
  });

const sweep = z
  .object({
    data: z.object({ viewer: z.object({ starredRepositories: connection.nullish() }).nullish() }).nullish(),
    errors: z.array(error).nullish(),
  })
  .transform(({ data, errors }) => ({ stars: data?.viewer?.starredRepositories ?? null, errors: errors ?? [] }));

/** @returns `stars: null` where there is no data; then `errors` says why. @throws Failure `SourceBadResponse` */
export const readStarSweep = reader(sweep);

function describe({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.') || 'the item'}: ${issue.message}` : 'no reason';
}
