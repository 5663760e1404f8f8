import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import type { SourceRepository } from '../domain/model.ts';
import type { SourceDelivery } from '../domain/ports.ts';
import type { GithubAnswer } from './github-client.ts';

/**
 * What we read of GitHub's answers: only the fields we use, looser than the specification, because real answers (and GitHub Enterprise
 * Server's) are too.
 */

/** Numbers above 2^53 arrive as bigints; past here every id is a decimal string. */
const id = z.union([z.int().nonnegative(), z.bigint().nonnegative()]).transform(String);

export const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'not a time');

const repository = z
  .object({
    id,
    full_name: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
    clone_url: z.string().min(1),
    html_url: z.string().nullish(),
    ssh_url: z.string().nullish(),
    description: z.string().nullish(),
    default_branch: z.string().nullish(),
    private: z.boolean().default(false),
    visibility: z.enum(['public', 'private', 'internal']).optional().catch(undefined),
    archived: z.boolean().default(false),
    disabled: z.boolean().default(false),
    fork: z.boolean().default(false),
    language: z.string().nullish(),
    topics: z.array(z.string()).default([]),
    stargazers_count: z.number().default(0),
    size: z.number().default(0),
    pushed_at: time.nullish(),
  })
  .transform((raw): SourceRepository => ({
    repoId: raw.id,
    fullName: raw.full_name,
    cloneUrl: raw.clone_url,
    sshUrl: raw.ssh_url ?? null,
    htmlUrl: raw.html_url ?? raw.clone_url.replace(/\.git$/, ''),
    description: raw.description ?? null,
    defaultBranch: raw.default_branch ?? null,
    visibility: raw.visibility ?? (raw.private ? 'private' : 'public'),
    archived: raw.archived,
    disabled: raw.disabled,
    fork: raw.fork,
    language: raw.language ?? null,
    topics: [...raw.topics].sort(),
    stars: raw.stargazers_count,
    sizeKb: raw.size,
    pushedAt: raw.pushed_at ?? null,
  }));

/**
 * `repo` may be null where a star outlives its repository: GitHub does not say, so it is allowed for. One that cannot be read is taken the
 * same way: it makes the list incomplete, and must not keep the others from being mirrored.
 */
const star = z.object({ starred_at: time, repo: repository.nullable().catch(null) });

const user = z.object({ id, login: z.string().min(1) });

const installation = z.object({ id: z.int().positive(), suspended_at: z.string().nullish() });

const installationRepositories = z.object({ repositories: z.array(z.object({ id, full_name: z.string() })) });

const delivery = z
  .object({
    id,
    guid: z.string().min(1),
    delivered_at: time,
    status: z.string(),
    status_code: z.int().default(0),
    event: z.string().min(1),
    redelivery: z.boolean().default(false),
  })
  .transform((raw): SourceDelivery => ({
    id: raw.id,
    guid: raw.guid,
    deliveredAt: raw.delivered_at,
    status: raw.status,
    statusCode: raw.status_code,
    event: raw.event,
    redelivery: raw.redelivery,
  }));

export const readUser = reader(user);
export const readRepository = reader(repository);
export const readStars = reader(z.array(star));
export const readDeliveries = reader(z.array(delivery));
export const readInstallations = reader(z.array(installation));
export const readInstallationRepositories = reader(installationRepositories);

/** @returns a function that parses an answer's body. @throws Failure `SourceBadResponse` naming the first thing that does not fit */
export function reader<T>(schema: z.ZodType<T>): (answer: GithubAnswer) => T {
  return (answer) => {
    const result = schema.safeParse(answer.data);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
    const message = `GitHub's answer to ${answer.asked} is not what was expected${where}: ${issue?.message ?? 'no reason'}`;
    throw new Failure('SourceBadResponse', message, { cause: result.error });
  };
}
