import { describe, expect, it } from 'vitest';
import {
  containment,
  endsThatAreNoCommits,
  type History,
  type Move,
  moveKey,
} from '../../../src/adapters/git/ancestry.ts';
import { createIdleWatch } from '../../../src/adapters/git/deadline.ts';
import { createConnectionPool, createSmartHttp } from '../../../src/adapters/git/smart-http.ts';
import { createStreamSource } from '../../../src/adapters/git/stream-source.ts';
import { annotatedTag, commit, git, type Repo, type RepoOptions, readRef } from '../../support/repo.ts';
import { createStreamWorld, type StreamWorld } from './stream-world.ts';

interface Asked {
  world: StreamWorld;
  repo: Repo;
  history: History;
  /** The id behind a name. */
  at(name: string): Promise<string>;
  /** Asks about moves by names, and answers by them; `undefined`: nobody can tell. */
  contains(...moves: [tip: string, old: string][]): Promise<(boolean | undefined)[]>;
}

async function ask(options: RepoOptions): Promise<Asked> {
  const world = await createStreamWorld(options);
  const source = createStreamSource(
    createSmartHttp({
      side: 'source',
      remote: world.request.source,
      pool: createConnectionPool(),
      signal: new AbortController().signal,
      idle: createIdleWatch(60_000, () => undefined),
      redact: (text) => text,
    }),
    () => undefined,
  );
  await source.learn();
  const at = async (name: string) => (/^[0-9a-f]{40}$/.test(name) ? name : git(world.source, ['rev-parse', name]));
  return {
    world,
    repo: world.source,
    history: source,
    at,
    async contains(...names) {
      const moves: Move[] = [];
      for (const [tip, old] of names) moves.push({ tip: await at(tip), old: await at(old) });
      const known = await containment(source, moves);
      return moves.map((move) => known.get(moveKey(move)));
    },
  };
}

const UNKNOWN = '1234567890123456789012345678901234567890';

describe('whether a new tip contains the old one', () => {
  it('is known for every pair of a history with merges, as git knows it', async () => {
    const { repo, contains } = await ask({ commits: 5, merge: true, branches: ['dev', 'other'] });
    const names = ['main', 'main~1', 'main~3', 'topic', 'dev', 'other', 'main~4'];
    const pairs = names.flatMap((tip) => names.map((old): [string, string] => [tip, old]));
    const expected = await Promise.all(
      pairs.map(([tip, old]) =>
        git(repo, ['merge-base', '--is-ancestor', old, tip]).then(
          () => true,
          () => false,
        ),
      ),
    );

    const alone: (boolean | undefined)[] = [];
    for (const pair of pairs) alone.push(...(await contains(pair)));

    expect(alone).toEqual(expected);
    // Asked about together, most old tips lie behind others.
    expect(await contains(...pairs)).toEqual(expected);
  });

  it('is "no" for what the source does not have, and for an amended commit', async () => {
    const { repo, contains } = await ask({ commits: 3 });
    const old = await readRef(repo, 'refs/heads/main');
    await commit(repo, { branch: 'amended', parent: await git(repo, ['rev-parse', 'main^']) });

    expect(await contains(['main', UNKNOWN], ['amended', old ?? '']), 'together').toEqual([false, false]);
    expect(await contains(['main', UNKNOWN])).toEqual([false]);
    expect(await contains(['amended', old ?? ''])).toEqual([false]);
  });

  it('is not known where the source has no filter', async () => {
    const { world, history } = await ask({ commits: 3 });
    world.server.requests.length = 0;

    const known = await containment({ ...history, offers: () => false }, [{ tip: UNKNOWN, old: UNKNOWN }]);

    expect(known).toEqual(new Map());
    expect(world.server.requests).toEqual([]);
  });

  it('costs one request for a commit more', async () => {
    const { world, contains } = await ask({ commits: 200, bigFileMb: 1 });
    world.server.requests.length = 0;

    const answer = await contains(['main', 'main~1']);

    expect(answer).toEqual([true]);
    expect(world.server.requests).toHaveLength(1);
  });
});

describe('what tags point at in the end', () => {
  it('is told apart, also where a commit, its tree and a file of it are tagged', async () => {
    const { repo, history, at } = await ask({ tags: 3, annotatedTags: 2, nestedTag: true, treeAndBlobTags: true });
    await annotatedTag(repo, 'of-tree', await at('main^{tree}'));
    const lines = (
      await git(repo, ['for-each-ref', '--format=%(refname) %(objectname) %(*objectname)', 'refs/tags/'])
    ).split('\n');
    const tags = lines.map((line) => {
      const [name = '', oid = ''] = line.split(' ');
      return { name, oid };
    });
    const peeled = await Promise.all(tags.map(async (tag) => ({ ...tag, peeled: await at(`${tag.name}^{}`) })));

    const others = await endsThatAreNoCommits(history, peeled);

    const names = peeled.filter((tag) => others?.has(tag.peeled)).map(({ name }) => name);
    expect(names).toEqual(['refs/tags/blob-tag', 'refs/tags/of-tree', 'refs/tags/tree-tag']);
  });

  it('needs no question where there are no tags, and cannot be asked without a filter', async () => {
    const { world, history } = await ask({});
    world.server.requests.length = 0;
    const without = { ...history, offers: () => false };

    expect(await endsThatAreNoCommits(history, [])).toEqual(new Set());
    expect(await endsThatAreNoCommits(without, [{ name: 'refs/tags/x', oid: UNKNOWN }])).toBeNull();
    expect(world.server.requests).toEqual([]);
  });
});
