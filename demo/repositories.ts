import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { commit, createRepo, git, type Repo, type RepoOptions } from '../test/support/repo.ts';

/** What the demo's GitHub offers: a dozen kinds of repository built with real git, or the bare repositories of a folder. */

export interface DemoRepository {
  fullName: string;
  repo: Repo;
  /** What is special about it. */
  about: string;
}

interface Kind extends RepoOptions {
  fullName: string;
  about: string;
}

const KINDS: Kind[] = [
  { fullName: 'ada/engine', about: 'a plain project', commits: 12, branches: ['next'], annotatedTags: 3 },
  { fullName: 'ada/many-tags', about: '1,200 tags', commits: 40, tags: 1_200 },
  { fullName: 'ada/merges', about: 'merges and nested tags', commits: 20, merge: true, nestedTag: true },
  { fullName: 'ada/.github', about: 'a name OneDev refuses', commits: 2 },
  { fullName: 'grace/compiler', about: 'about 50 MB', commits: 5, bigFileMb: 50 },
  { fullName: 'grace/empty', about: 'no commit yet', commits: 0 },
  { fullName: 'grace/projects', about: 'a name OneDev keeps for itself', commits: 3 },
  {
    fullName: 'linus/k3s',
    about: 'a tag v1+k3s1, which OneDev cannot take',
    commits: 6,
    namedTags: ['v1.28.2+k3s1', 'v1.0'],
  },
  { fullName: 'linus/objects', about: 'tags of a tree and of a blob', commits: 4, treeAndBlobTags: true },
  { fullName: 'linus/pulls', about: 'pull request refs, which are not mirrored', commits: 5, pulls: 30 },
  {
    fullName: 'margaret/trunk',
    about: 'default branch is trunk',
    commits: 7,
    defaultBranch: 'trunk',
    branches: ['main'],
  },
  {
    fullName: 'margaret/ünïcode',
    about: 'refs beyond ASCII',
    commits: 3,
    branches: ['grün/ärger'],
    namedTags: ['версия-1'],
  },
  { fullName: 'margaret/rewritten', about: 'a branch that will be rewritten', commits: 8, branches: ['wip'] },
];

/** The repositories the tour works on; built in any case, so that a folder given by the user is only read. */
export const TOUR = { push: 'tour/pushed-to', unstar: 'tour/unstarred', rewrite: 'margaret/rewritten' } as const;

/** Builds the demo's own repositories below `dir`. */
export async function buildRepositories(dir: string): Promise<DemoRepository[]> {
  return Promise.all(KINDS.map((kind) => build(dir, kind)));
}

export async function buildTourRepositories(dir: string): Promise<DemoRepository[]> {
  return [
    await build(dir, { fullName: TOUR.push, about: 'gets a push during the tour', commits: 4 }),
    await build(dir, { fullName: TOUR.unstar, about: 'is unstarred during the tour', commits: 4 }),
  ];
}

async function build(dir: string, { fullName, about, ...options }: Kind): Promise<DemoRepository> {
  // GitHub names are ASCII; what is beyond it here is in the refs.
  const name = fullName.replace('ünïcode', 'unicode');
  return { fullName: name, about, repo: await createRepo(join(dir, `${name}.git`), { ...options, seed: name }) };
}

/** Replaces a branch by another history, as a force push does. @returns the new tip */
export function rewriteBranch({ repo }: DemoRepository, branch: string): Promise<string> {
  return commit(repo, { branch, message: 'a rewritten history', parent: null });
}

/**
 * The bare repositories in a folder, directly or one folder down (`DIR/name.git`, `DIR/owner/name.git`). They are only read.
 * @param say is told of folders that look like repositories and are not bare
 * @throws Error when there is none
 */
export async function findRepositories(dir: string, say: (line: string) => void): Promise<DemoRepository[]> {
  const found: DemoRepository[] = [];
  for (const entry of await folders(dir)) {
    if (await isBare(entry)) found.push(described('upstream', entry));
    else if (await isBare(join(entry, '.git')))
      say(`${entry} is left out: it is not a bare repository (git clone --bare makes one).`);
    else
      for (const inner of await folders(entry)) if (await isBare(inner)) found.push(described(basename(entry), inner));
  }
  if (found.length === 0)
    throw new Error(`there is no bare repository in ${resolve(dir)} (looked for DIR/NAME.git and DIR/OWNER/NAME.git)`);
  return distinct(found);
}

function described(owner: string, dir: string): DemoRepository {
  const name = basename(dir).replace(/\.git$/, '') || 'repository';
  const allowed = (text: string) => text.replaceAll(/[^A-Za-z0-9._-]/g, '-');
  return {
    fullName: `${allowed(owner).replace(/^[^A-Za-z0-9]+/, 'x')}/${allowed(name)}`,
    about: 'yours',
    repo: { dir },
  };
}

/** Names that became the same get a number. */
function distinct(found: DemoRepository[]): DemoRepository[] {
  const seen = new Map<string, number>();
  return found.map((one) => {
    const key = one.fullName.toLowerCase();
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? one : { ...one, fullName: `${one.fullName}-${count}` };
  });
}

async function folders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(resolve(dir), entry.name));
  return paths.sort();
}

async function isBare(dir: string): Promise<boolean> {
  const kind = (path: string) =>
    stat(join(dir, path)).then(
      (found) => (found.isDirectory() ? 'folder' : 'file'),
      () => 'nothing',
    );
  return (await kind('HEAD')) === 'file' && (await kind('objects')) === 'folder';
}

/** Short name of HEAD's branch. */
export async function defaultBranchOf({ repo }: DemoRepository): Promise<string> {
  return git(repo, ['-c', 'safe.directory=*', 'symbolic-ref', '--short', 'HEAD']);
}
