import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { stagesOf, together } from '../../../src/adapters/git/stream-stages.ts';
import type { RefListing } from '../../../src/domain/model.ts';
import { planSync, type SyncPlan } from '../../../src/domain/refs.ts';
import { commit, git, readRef, refsOf, setRefs } from '../../support/repo.ts';
import { installHook } from './git-server.ts';
import { askedOf, createStreamWorld, type StreamWorld } from './stream-world.ts';

const MB = 1_000_000;

function listing(names: string[], head: string | null = 'refs/heads/main'): RefListing {
  return { refs: names.map((name, index) => ({ name, oid: String(index + 1).padStart(40, '0') })), head };
}

function staged(source: RefListing, target: RefListing, sizeBytes?: number, aboveBytes: number | null = MB) {
  const plan = planSync(source, target, { rewritePolicy: 'keep-old', archiveDate: 'now', contains: () => undefined });
  return { plan, stages: stagesOf(plan, source, target, { sizeBytes, aboveBytes }) };
}

/** The names a plan creates or moves, in the order it does. */
function namesIn({ first, updates, isolated }: SyncPlan): string[] {
  return [...(first ? [first] : []), ...updates, ...isolated].map(({ name }) => name.replace(/^refs\//, ''));
}

const NOWHERE = listing([], null);
const LARGE = listing([
  'refs/heads/dev',
  'refs/heads/main',
  ...['v1.10', 'v1.9', 'v2.0', 'v1.2', 'v0.1+rc'].map((tag) => `refs/tags/${tag}`),
]);

describe('the stages of a first transfer', () => {
  it('are the tags by version, then the default branch, then everything else', () => {
    const { stages } = staged(LARGE, NOWHERE, 2 * MB);

    expect(stages.map(namesIn)).toEqual([
      ['tags/v1.2', 'tags/v1.9', 'tags/v1.10'],
      ['tags/v2.0'],
      ['heads/main'],
      // A name that OneDev trips over has a push of its own, at the end as ever.
      ['heads/dev', 'tags/v0.1+rc'],
    ]);
  });

  it('are as many as the size asks for, but no more than there are tags', () => {
    const { stages } = staged(LARGE, NOWHERE, 1000 * MB);

    expect(stages.map(namesIn).slice(0, 4)).toEqual([['tags/v1.2'], ['tags/v1.9'], ['tags/v1.10'], ['tags/v2.0']]);
    expect(stages).toHaveLength(6);
  });

  it('without tags are the default branch and the others', () => {
    const { stages } = staged(listing(['refs/heads/dev', 'refs/heads/main']), NOWHERE, 2 * MB);

    expect(stages.map(namesIn)).toEqual([['heads/main'], ['heads/dev']]);
  });

  it('go on where a run broke off, with stages of the same size', () => {
    const { refs, head } = LARGE;
    const there = { refs: refs.filter(({ name }) => /v1\.(2|9|10)$/.test(name)), head: null };

    const { stages } = staged({ refs, head }, there, 2 * MB);

    expect(stages.map(namesIn)).toEqual([['tags/v2.0'], ['heads/main'], ['heads/dev', 'tags/v0.1+rc']]);
  });

  it('leave a tag that moved meanwhile to the last, behind the archive of what it was', () => {
    const there: RefListing = { refs: [{ name: 'refs/tags/v1.9', oid: 'f'.repeat(40) }], head: null };

    const { stages } = staged(LARGE, there, 2 * MB);

    const last = stages.at(-1);
    expect(stages.slice(0, -1).flatMap(({ archives }) => archives)).toEqual([]);
    expect(last?.archives).toMatchObject([{ name: 'refs/starkeep/now/tags/v1.9', desired: 'f'.repeat(40) }]);
    expect(last && namesIn(last)).toContain('tags/v1.9');
  });

  it.each<[string, RefListing, number | undefined, number | null]>([
    ['the repository is small', NOWHERE, MB, MB],
    ['nobody knows its size', NOWHERE, undefined, MB],
    ['they are turned off', NOWHERE, 1000 * MB, null],
    ['the target has branches already', listing(['refs/heads/dev'], null), 1000 * MB, MB],
    // It has to go before v1.9 can come.
    ['something is in the way', listing(['refs/tags/v1.9/old'], null), 1000 * MB, MB],
  ])('are one where %s', (_, target, sizeBytes, aboveBytes) => {
    const { plan, stages } = staged(LARGE, target, sizeBytes, aboveBytes);

    expect(stages).toEqual([plan]);
  });

  it('together are the plan', () => {
    const { plan, stages } = staged(LARGE, NOWHERE, 5 * MB);
    const byName = ({ updates }: SyncPlan) => updates.map(({ name }) => name).sort();

    const whole = together(stages) as SyncPlan;

    expect({ ...whole, updates: byName(whole) }).toEqual({ ...plan, updates: byName(plan) });
    expect(together([])).toBeNull();
  });
});

// ------------------------------------------------------------------------------------------------------------- with real git

/** Half a megabyte of its own in each of six tags and in the branch behind them. */
async function largeWorld(): Promise<StreamWorld> {
  const world = await createStreamWorld({ commits: 1 });
  for (let version = 1; version <= 7; version += 1) {
    const content = await git(world.source, ['hash-object', '--stdin'], `seed ${version}`);
    const oid = await commit(world.source, { files: { [`part-${version}.bin`]: incompressible(content, 500_000) } });
    if (version < 7) await setRefs(world.source, [{ name: `refs/tags/v0.${version + 6}.0`, oid }]);
  }
  world.streamOptions = { ...world.streamOptions, stageAbove: MB };
  world.request = { ...world.request, sizeBytes: 3 * MB };
  return world;
}

/** The same bytes for the same seed. */
function incompressible(seed: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = Number.parseInt(seed.slice(0, 8), 16);
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Breaks the n-th connection that carries a pack, in the middle of the pack. */
function breakPack(world: StreamWorld, n: number): void {
  let packs = 0;
  world.server.intercept = (request, response) => {
    if (request.url === '/source.git/git-upload-pack') spoil(response);
    return false;
  };
  const spoil = (response: ServerResponse) => {
    const write = response.write.bind(response);
    let sent = 0;
    response.write = (chunk: Buffer | string) => {
      const before = sent;
      sent += chunk.length;
      // Listings are small.
      if (before <= 100_000 && sent > 100_000 && (packs += 1) === n) {
        response.destroy();
        return false;
      }
      return write(chunk);
    };
  };
}

/** Counts what the source sends from now on. */
function countSent(world: StreamWorld): { bytes: number } {
  const sent = { bytes: 0 };
  world.server.intercept = (request, response) => {
    if (request.url !== '/source.git/git-upload-pack') return false;
    const write = response.write.bind(response);
    response.write = (chunk: Buffer | string) => {
      sent.bytes += chunk.length;
      return write(chunk);
    };
    return false;
  };
  return sent;
}

async function expectTheSame(world: StreamWorld): Promise<void> {
  expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  expect(await git(world.target, ['fsck', '--full'])).toBe('');
  expect(await readRef(world.target, 'refs/heads/main')).toBe(await readRef(world.source, 'refs/heads/main'));
}

describe('a large first transfer', () => {
  it('goes in stages, each with what it needs and no more', async () => {
    const world = await largeWorld();

    const report = await world.sync();

    await expectTheSame(world);
    // Three times two tags, and the branch.
    expect(askedOf(world, 'target').filter((asked) => asked === 'POST git-receive-pack')).toHaveLength(4);
    expect(world.logged).toEqual(['a large first transfer goes in stages']);
    expect(report).toMatchObject({ refs: { created: 7, declined: 0 }, defaultBranch: 'main' });
    expect(report.objects).toBe(Number(await git(world.source, ['rev-list', '--objects', '--all', '--count'])));
    expect(report.bytes).toBeLessThan(4 * MB);
    expect(world.defaultBranches).toEqual(['main']);
    expect(world.progress.at(-1)).toMatchObject({ refsDone: 7, refsTotal: 7 });
  });

  it('that breaks off in the third stage keeps the first two, and the next run fetches only the rest', async () => {
    const world = await largeWorld();
    breakPack(world, 3);

    const failure = await world.failing();
    const kept = Object.keys(await refsOf(world.target));
    const sent = countSent(world);
    const report = await world.sync();

    expect(failure.kind).toBe('SourceUnreachable');
    expect(kept).toEqual(['refs/tags/v0.10.0', 'refs/tags/v0.7.0', 'refs/tags/v0.8.0', 'refs/tags/v0.9.0']);
    expect(report.refs.created).toBe(3);
    // Two tags and the branch, half a megabyte each, of seven.
    expect(sent.bytes).toBeGreaterThan(1.5 * MB);
    expect(sent.bytes).toBeLessThan(1.6 * MB);
    await expectTheSame(world);
  });

  it('goes in one where a target takes none of the first stage', async () => {
    const world = await largeWorld();
    const noTags = 'while read old new ref; do case "$ref" in refs/tags/*) echo "no tags" >&2; exit 1;; esac; done';
    await installHook(world.target, 'pre-receive', noTags);

    const report = await world.sync();

    expect(report.refs).toMatchObject({ created: 1, declined: 6 });
    expect(report.declined.every(({ reason }) => reason.includes('no tags'))).toBe(true);
    expect(await refsOf(world.target)).toEqual({ 'refs/heads/main': await readRef(world.source, 'refs/heads/main') });
  });
});
