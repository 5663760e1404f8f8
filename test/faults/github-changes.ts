import { createGithubModel, type GithubModel, type StandinRepository } from '../standins/github-model.ts';

/** What happened at GitHub, in order. Whoever applies the same changes has the same GitHub: the campaign, and every life of the stand-in. */
export type GithubChange =
  | { do: 'add'; id: string; fullName: string; gitDir: string; at: string }
  | { do: 'rename'; id: string; fullName: string }
  | { do: 'star' | 'unstar'; id: string; at: string }
  | { do: 'set'; id: string; fields: Partial<Pick<StandinRepository, 'private' | 'accessible' | 'deleted'>> };

export const LOGIN = 'you';

/** @returns a GitHub to which all this happened */
export function githubAfter(changes: readonly GithubChange[]): GithubModel {
  const model = createGithubModel(LOGIN);
  for (const change of changes) applyChange(model, change);
  return model;
}

export function applyChange(model: GithubModel, change: GithubChange): void {
  if (change.do === 'add') {
    const { id, fullName, gitDir, at } = change;
    // Users get their ids in the order in which they are first named.
    model.userNamed(fullName.split('/')[0] ?? '');
    Object.assign(model.add({ id, fullName, gitDir }), { createdAt: at, updatedAt: at, pushedAt: at });
    return;
  }
  const repository = model.byId(change.id);
  if (!repository) throw new Error(`GitHub has no repository ${change.id}`);
  if (change.do === 'rename') model.rename(repository, change.fullName);
  else if (change.do === 'set') Object.assign(repository, change.fields);
  else if (change.do === 'star') model.stars.set(repository, change.at);
  else model.stars.delete(repository);
}
