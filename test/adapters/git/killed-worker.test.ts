import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLife, mortalOnedev, shown } from '../../activities/mortal.ts';
import { git, refsOf, setHead, setRefs } from '../../support/repo.ts';
import { filesBelow, processesOf } from './clone-world.ts';
import { type KillableTransfer, runTransfer } from './killable-worker.ts';
import { addObjects, createLfsWorld, type LfsWorld, named, oids, PROJECT } from './lfs-world.ts';

/**
 * A worker killed by SIGKILL in the middle of a transfer, right after each of its effects on OneDev: with what it leaves on its disk (a lock, a clone,
 * what is remembered of LFS objects) the next worker brings both sides to be equal. What never comes as far as an effect is in `clone-failures.test.ts`.
 */

type Transport = KillableTransfer['transport'];

function inputFor(world: LfsWorld, transport: Transport, onedevUrl = world.onedev.url): KillableTransfer {
  return {
    dataDir: join(world.dir, 'data'),
    transport,
    mirrorId: `github-${world.repository.id}`,
    source: { url: `${world.github.url}/acme/art.git`, token: world.github.token },
    onedev: { url: onedevUrl, token: world.onedev.token, projectId: String(project(world).id), path: PROJECT },
  };
}

function project(world: LfsWorld) {
  const found = world.onedev.project(PROJECT);
  if (!found) throw new Error('OneDev has no project of it');
  return found;
}

/** @returns what a transfer in this process changes on OneDev */
async function effectsOf(world: LfsWorld, transport: Transport): Promise<string[]> {
  const life = createLife();
  const way = await mortalOnedev(world.onedev, life);
  await runTransfer(inputFor(world, transport, way.url)).finally(() => way.close());
  return life.effects;
}

/** Runs a worker in a process of its own and kills it right after its effect number `count`, before it hears of it. */
async function killedAfter(world: LfsWorld, transport: Transport, count: number): Promise<void> {
  const life = createLife(count, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const way = await mortalOnedev(world.onedev, life);
  const script = join(import.meta.dirname, 'killable-worker.ts');
  const input = JSON.stringify(inputFor(world, transport, way.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, input], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const exited = once(child, 'exit');
  try {
    const [, signal] = (await exited) as [number | null, NodeJS.Signals | null];
    if (signal !== 'SIGKILL') throw new Error(`it was not killed: ${words}`);
  } finally {
    await way.close();
  }
}

/** A repository with three branches and an LFS object, mirrored once; rewritten since, with another default branch and two objects more. */
async function rewritten(transport: Transport): Promise<LfsWorld> {
  const world = await createLfsWorld();
  const { repo } = world;
  await git(repo, ['config', 'uploadpack.allowFilter', 'true']);
  const objects = addObjects(world, 3);
  const old = await world.commitLfs(named(objects.slice(0, 1)));
  await setRefs(
    repo,
    ['dev', 'gone'].map((name) => ({ name: `refs/heads/${name}`, oid: old })),
  );
  await runTransfer(inputFor(world, transport));
  await world.commitLfs(named(objects), 'dev');
  await setRefs(repo, [
    { name: 'refs/heads/gone', oid: null },
    { name: 'refs/heads/main', oid: await git(repo, ['rev-parse', `${old}^`]) },
  ]);
  await setHead(repo, 'dev');
  return world;
}

const EFFECTS = [
  'OneDev: push refs/starkeep/<time>/gone, refs/starkeep/<time>/main',
  'OneDev: push refs/heads/dev',
  'OneDev: POST /repositories/{id}/default-branch',
  'OneDev: push refs/heads/main',
  'OneDev: push refs/heads/gone gone',
  'OneDev: a Git LFS object',
  'OneDev: a Git LFS object',
];

describe.each<Transport>(['stream', 'clone'])('a worker that transfers by %s', (transport) => {
  it('changes this on OneDev, and nothing else', async () => {
    const world = await rewritten(transport);

    expect(await effectsOf(world, transport)).toEqual(EFFECTS);
  });

  // A stream has nothing on disk before the LFS objects; its refs are in `crash-points.test.ts`.
  const from = transport === 'stream' ? EFFECTS.indexOf('OneDev: a Git LFS object') : 0;

  it.each(EFFECTS.map((effect, index) => ({ effect, count: index + 1 })).slice(from))(
    'and is killed after effect $count ($effect) is followed by one that brings the rest',
    async ({ count }) => {
      const world = await rewritten(transport);
      const target = { dir: project(world).gitDir };
      const source = await refsOf(world.repo);

      await killedAfter(world, transport, count);
      await runTransfer(inputFor(world, transport));

      const refs = await refsOf(target);
      const kept = Object.keys(refs).filter((name) => !name.startsWith('refs/heads/'));
      expect(Object.fromEntries(Object.entries(refs).filter(([name]) => !kept.includes(name)))).toEqual(source);
      expect(kept.map((name) => shown(name)).sort()).toEqual([
        'refs/starkeep/<time>/gone',
        'refs/starkeep/<time>/main',
      ]);
      expect(await git(target, ['symbolic-ref', 'HEAD'])).toBe('refs/heads/dev');
      expect(await git(target, ['fsck', '--full'])).toBe('');
      expect(world.held().sort()).toEqual(oids(addObjects(world, 3)));
      await expectNothingLeft(world);
    },
  );
});

/** Neither a process, nor a lock, nor half a pack. */
async function expectNothingLeft(world: LfsWorld): Promise<void> {
  const data = join(world.dir, 'data');
  const files = (await filesBelow(data)).map(({ path }) => path);
  expect(await processesOf(data)).toEqual([]);
  expect(files.filter((path) => /tmp_|\.lock/.test(path))).toEqual([]);
  expect(await readdir(join(data, 'cache', 'lfs', 'tmp'))).toEqual([]);
}
