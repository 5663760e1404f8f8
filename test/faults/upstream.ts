import { join } from 'node:path';
import { isSeen, type AtDeletion } from '../properties/deletion-model.ts';
import { createGithubModel, type StandinRepository } from '../standins/github-model.ts';
import { createPayloads } from '../standins/github-webhooks.ts';
import { commit, createRepo, git, readRef, type Repo, setRefs } from '../support/repo.ts';
import { applyChange, type GithubChange, LOGIN } from './github-changes.ts';
import type { PlannedRepository } from './plan.ts';
import type { Random } from './random.ts';

/** GitHub as it is: real bare repositories, and what the stand-in's lives are told of them. Every change gives the delivery GitHub sends. */

export interface Kept extends Omit<AtDeletion, 'starred'> {
  planned: PlannedRepository;
  repo: Repo;
}

export interface Event {
  event: 'push' | 'star' | 'repository';
  payload: object;
  /** The commit a push brings, which was nowhere before: seen again when it gets to OneDev. */
  oid?: string;
}

export interface Upstream {
  readonly all: readonly Kept[];
  /** From the beginning, for a new life of the stand-in. */
  readonly changes: readonly GithubChange[];
  at(index: number): Kept;
  isStarred(kept: Kept): boolean;
  push(kept: Kept): Promise<Event>;
  rewrite(kept: Kept): Promise<Event>;
  newBranch(kept: Kept): Promise<Event>;
  dropBranch(kept: Kept): Promise<Event>;
  tag(kept: Kept): Promise<Event>;
  star(kept: Kept): Promise<Event>;
  unstar(kept: Kept): Promise<Event>;
  rename(kept: Kept): Promise<Event>;
  /** Another repository, starred, under the name that this one had before. */
  newcomer(kept: Kept): Promise<Event>;
  show(kept: Kept, visible: boolean): Promise<Event>;
  remove(kept: Kept): Promise<Event>;
}

const ZEROS = '0'.repeat(40);

/** Larger than any id of the stand-in's own making. */
const FIRST_ID = 720_000_001;

export interface UpstreamOptions {
  dir: string;
  planned: readonly PlannedRepository[];
  random: Random;
  /** The stand-in's address. */
  url: string;
  /** Told of every change, in order, as soon as it is so; what it returns is waited for. */
  onChange: (told: { index: number; change: GithubChange }) => Promise<unknown>;
}

/** Builds the repositories and stars those that are starred from the beginning. */
export async function createUpstream(options: UpstreamOptions): Promise<Upstream> {
  const { dir, random, url } = options;
  const model = createGithubModel(LOGIN);
  const payloads = createPayloads(model, () => ({ web: url, api: `${url}/api/v3`, clone: url }));
  const changes: GithubChange[] = [];
  const all: Kept[] = [];
  let made = 0;

  async function happen(change: GithubChange): Promise<void> {
    applyChange(model, change);
    const index = changes.push(change) - 1;
    await options.onChange({ index, change });
  }

  async function add(planned: PlannedRepository, starred: boolean): Promise<Kept> {
    const id = String(FIRST_ID + made);
    const repo = await createRepo(join(dir, `${id}.git`), planned.shape);
    // The list of stars says when something was pushed, which would make up for a delivery that was lost. So it says nothing.
    await happen({ do: 'add', id, fullName: planned.fullName, gitDir: repo.dir, at: starTime() });
    const repository = model.byId(id) as StandinRepository;
    const kept: Kept = { planned, repo, repository, unstarredAt: null, approved: false };
    all.push(kept);
    if (starred) await happen({ do: 'star', id, at: starTime() });
    return kept;
  }

  /** A second later each time, as whole seconds are all GitHub has. */
  function starTime(): string {
    made += 1;
    return new Date(Date.UTC(2026, 0, 1) + made * 1_000).toISOString().replace('.000', '');
  }

  const branchOf = async ({ repo }: Kept): Promise<string> => git(repo, ['symbolic-ref', '--short', 'HEAD']);

  async function pushed(kept: Kept, ref: string, before: string | null, after: string | null): Promise<Event> {
    const details = { ref, before: before ?? ZEROS, after: after ?? ZEROS };
    const payload = payloads.push(kept.repository, details);
    return after === null ? { event: 'push', payload } : { event: 'push', payload, oid: after };
  }

  async function committed(kept: Kept, branch: string, parent?: null): Promise<Event> {
    const ref = `refs/heads/${branch}`;
    const before = await readRef(kept.repo, ref);
    made += 1;
    const message = `change ${made} of ${kept.repository.id}`;
    const after = await commit(kept.repo, { branch, message, ...(parent === null ? { parent } : {}) });
    return pushed(kept, ref, before, after);
  }

  const upstream: Upstream = {
    all,
    changes,
    at(index) {
      const kept = all[index];
      if (!kept) throw new Error(`there is no repository ${index}`);
      return kept;
    },
    isStarred: ({ repository }) => model.stars.has(repository),
    push: async (kept) => committed(kept, await branchOf(kept)),
    rewrite: async (kept) => committed(kept, await branchOf(kept), null),
    async newBranch(kept) {
      const name = `news/${(made += 1)}`;
      const from = (await readRef(kept.repo, `refs/heads/${await branchOf(kept)}`)) ?? '';
      await setRefs(kept.repo, [{ name: `refs/heads/${name}`, oid: from }]);
      return committed(kept, name);
    },
    async dropBranch(kept) {
      const head = `refs/heads/${await branchOf(kept)}`;
      const names = (await git(kept.repo, ['for-each-ref', '--format=%(refname)', 'refs/heads'])).split('\n');
      const others = names.filter((name) => name !== head);
      if (others.length === 0) return upstream.push(kept);
      const name = random.pick(others);
      const before = await readRef(kept.repo, name);
      await setRefs(kept.repo, [{ name, oid: null }]);
      return pushed(kept, name, before, null);
    },
    async tag(kept) {
      const name = `refs/tags/r${(made += 1)}`;
      const oid = (await readRef(kept.repo, `refs/heads/${await branchOf(kept)}`)) ?? '';
      await setRefs(kept.repo, [{ name, oid }]);
      const { oid: _, ...event } = await pushed(kept, name, null, oid);
      return event;
    },
    async star(kept) {
      kept.unstarredAt = null;
      kept.approved = false;
      await happen({ do: 'star', id: kept.repository.id, at: starTime() });
      return { event: 'star', payload: payloads.star(kept.repository, 'created') };
    },
    async unstar(kept) {
      kept.unstarredAt = Date.now();
      await happen({ do: 'unstar', id: kept.repository.id, at: starTime() });
      return { event: 'star', payload: payloads.star(kept.repository, 'deleted') };
    },
    async rename(kept) {
      const { id, fullName } = kept.repository;
      const from = fullName.split('/')[1] ?? '';
      await happen({ do: 'rename', id, fullName: `${fullName}-moved` });
      return {
        event: 'repository',
        payload: payloads.repository(kept.repository, 'renamed', { repository: { name: { from } } }),
      };
    },
    async newcomer({ planned }) {
      const shape = { seed: `newcomer ${planned.fullName}`, commits: 3 };
      const kept = await add({ ...planned, shape, career: 'plain' }, true);
      return { event: 'star', payload: payloads.star(kept.repository, 'created') };
    },
    async show(kept, visible) {
      const fields = { private: !visible, accessible: visible };
      await happen({ do: 'set', id: kept.repository.id, fields });
      return {
        event: 'repository',
        payload: payloads.repository(kept.repository, visible ? 'publicized' : 'privatized'),
      };
    },
    async remove(kept) {
      await happen({ do: 'set', id: kept.repository.id, fields: { deleted: true } });
      return { event: 'repository', payload: payloads.repository(kept.repository, 'deleted') };
    },
  };

  for (const planned of options.planned) await add(planned, planned.career !== 'late');
  return upstream;
}

/** What must be true of a repository's mirror in the end. */
export type Fate = 'mirrored' | 'frozen' | 'deleted' | 'kept for its children' | 'never';

export function fateOf(upstream: Upstream, kept: Kept): Fate {
  const starred = upstream.isStarred(kept);
  if (!isSeen(kept.repository)) return 'frozen';
  if (starred) return 'mirrored';
  if (kept.planned.career === 'guarded') return 'kept for its children';
  return kept.unstarredAt === null ? 'never' : 'deleted';
}
