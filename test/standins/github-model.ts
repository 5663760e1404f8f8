import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the stand-in knows: repositories, people, stars, renames. Fields are changed freely by tests; every answer reads them anew. */

export interface StandinRepository {
  /** Decimal; may exceed 2^53. */
  readonly id: string;
  /** Changed by `rename` alone. */
  fullName: string;
  /** The bare repository that git serves; `null`: git finds nothing. */
  gitDir: string | null;
  description: string | null;
  /** `null`: whatever HEAD in `gitDir` names. */
  defaultBranch: string | null;
  language: string | null;
  topics: string[];
  stars: number;
  sizeKb: number;
  fork: boolean;
  archived: boolean;
  /** By GitHub's staff: git answers 403. */
  disabled: boolean;
  private: boolean;
  /** Whether the token's owner may see it while it is private. Nobody else ever may. */
  accessible: boolean;
  deleted: boolean;
  blocked: 'dmca' | 'tos' | null;
  /** Another repository that is answered under this one's id: what must never be believed. */
  impostor: StandinRepository | null;
  createdAt: string;
  updatedAt: string;
  pushedAt: string | null;
}

export interface AddRepositoryOptions {
  fullName: string;
  /** Default null: REST only. */
  gitDir?: string | null;
  id?: string;
  description?: string | null;
  defaultBranch?: string;
  language?: string | null;
  topics?: string[];
  stars?: number;
  sizeKb?: number;
  fork?: boolean;
  archived?: boolean;
  private?: boolean;
  pushedAt?: string | null;
}

export interface StandinUser {
  readonly id: number;
  login: string;
}

export interface GithubModel {
  readonly repositories: StandinRepository[];
  /** Whose stars these are. */
  readonly user: StandinUser;
  /** Starred repository → ISO time of the star. */
  readonly stars: Map<StandinRepository, string>;
  add(options: AddRepositoryOptions): StandinRepository;
  rename(repository: StandinRepository, fullName: string): void;
  /** The repository called so today, whatever its state. */
  byName(fullName: string): StandinRepository | undefined;
  /** The repository once called so; a new one under the old name ends the redirect. */
  byOldName(fullName: string): StandinRepository | undefined;
  byId(id: string): StandinRepository | undefined;
  userNamed(login: string): StandinUser;
}

const FIRST_REPOSITORY_ID = 710_000_001;
const FIRST_USER_ID = 41_000_001;

export function createGithubModel(login: string): GithubModel {
  const repositories: StandinRepository[] = [];
  const byId = new Map<string, StandinRepository>();
  const byName = new Map<string, StandinRepository>();
  const users = new Map<string, StandinUser>();
  const oldNames = new Map<string, StandinRepository>();
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

  const userNamed = (name: string): StandinUser => {
    const known = users.get(name.toLowerCase());
    if (known) return known;
    const made = { id: FIRST_USER_ID + users.size, login: name };
    users.set(name.toLowerCase(), made);
    return made;
  };

  const model: GithubModel = {
    repositories,
    user: userNamed(login),
    stars: new Map(),
    userNamed,
    byName(fullName) {
      const found = byName.get(fullName.toLowerCase());
      return found && !found.deleted ? found : undefined;
    },
    byOldName: (fullName) => oldNames.get(fullName.toLowerCase()),
    byId: (id) => byId.get(id),
    add(options) {
      if (model.byName(options.fullName)) throw new Error(`stand-in: ${options.fullName} exists already`);
      const now = new Date().toISOString().replace(/\.\d+/, '');
      const repository: StandinRepository = {
        id: options.id ?? String(FIRST_REPOSITORY_ID + repositories.length),
        fullName: options.fullName,
        gitDir: options.gitDir ?? null,
        description: options.description ?? null,
        defaultBranch: options.defaultBranch ?? null,
        language: options.language ?? null,
        topics: options.topics ?? [],
        stars: options.stars ?? 0,
        sizeKb: options.sizeKb ?? 0,
        fork: options.fork ?? false,
        archived: options.archived ?? false,
        disabled: false,
        private: options.private ?? false,
        accessible: true,
        deleted: false,
        blocked: null,
        impostor: null,
        createdAt: now,
        updatedAt: now,
        pushedAt: options.pushedAt === undefined ? now : options.pushedAt,
      };
      repositories.push(repository);
      byId.set(repository.id, repository);
      byName.set(repository.fullName.toLowerCase(), repository);
      oldNames.delete(options.fullName.toLowerCase());
      return repository;
    },
    rename(repository, fullName) {
      if (model.byName(fullName) && !same(fullName, repository.fullName)) {
        throw new Error(`stand-in: ${fullName} exists already`);
      }
      const oldName = repository.fullName.toLowerCase();
      oldNames.set(oldName, repository);
      if (byName.get(oldName) === repository) byName.delete(oldName);
      byName.set(fullName.toLowerCase(), repository);
      repository.fullName = fullName;
      oldNames.delete(fullName.toLowerCase());
    },
  };
  return model;
}

/** GitHub names a default branch even for an empty repository. */
export function defaultBranchOf(repository: StandinRepository): string {
  if (repository.defaultBranch !== null || repository.gitDir === null) return repository.defaultBranch ?? 'main';
  const head = readFileSync(join(repository.gitDir, 'HEAD'), 'utf8');
  return /^ref: refs\/heads\/(.+)$/m.exec(head)?.[1] ?? 'main';
}

/** GraphQL, other than REST, has no default branch for a repository without a commit on it. */
export function hasNoCommit(repository: StandinRepository): boolean {
  if (repository.gitDir === null) return false;
  const ref = `refs/heads/${defaultBranchOf(repository)}`;
  if (existsSync(join(repository.gitDir, ref))) return false;
  const packed = join(repository.gitDir, 'packed-refs');
  return (
    !existsSync(packed) ||
    !readFileSync(packed, 'utf8')
      .split('\n')
      .some((line) => line.endsWith(` ${ref}`))
  );
}
