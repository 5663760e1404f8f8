import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { commit } from '../test/support/repo.ts';
import { compare } from './compare.ts';
import { readMirrors, type MirrorRow } from './mirrors.ts';
import { defaultBranchOf, rewriteBranch, TOUR, type DemoRepository } from './repositories.ts';
import type { World } from './world.ts';

type Title = (text: string) => void;

/** A walk through what happens after the first mirroring, printing what it does. @throws Error at the first thing that is not as promised */
export async function walk(world: World, repositories: DemoRepository[], say: (line: string) => void): Promise<void> {
  const named = (fullName: string) => repositories.find((one) => one.fullName === fullName);
  const pushed = named(TOUR.push);
  const rewritten = named(TOUR.rewrite);
  const stops = [
    ...(pushed ? [(title: Title) => pushReachesTheMirror(world, pushed, title, say)] : []),
    ...(rewritten ? [(title: Title) => rewriteKeepsTheOldTip(world, rewritten, title, say)] : []),
    (title: Title) => unstarDeletesOnlyAfterApproval(world, title, say),
  ];
  for (const [index, stop] of stops.entries()) await stop((text) => say(`\n${index + 1}. ${text}`));
}

async function pushReachesTheMirror(world: World, repository: DemoRepository, title: Title, say: Title): Promise<void> {
  title(`Somebody pushes to ${repository.fullName}`);
  const upstream = world.upstream(repository.fullName);
  const branch = await defaultBranchOf(repository);
  const after = await commit(repository.repo, { branch, message: 'fresh from upstream' });
  const began = Date.now();
  await world.deliver('push', pushPayload(world, upstream, branch, after));
  await until('the push is on OneDev', () => equalOn(world, repository.fullName));
  say(`    the commit is on OneDev ${((Date.now() - began) / 1000).toFixed(1)} s after the webhook`);
}

async function rewriteKeepsTheOldTip(
  world: World,
  repository: DemoRepository,
  title: Title,
  say: Title,
): Promise<void> {
  title(`Upstream rewrites the branch wip of ${repository.fullName}`);
  const upstream = world.upstream(repository.fullName);
  const after = await rewriteBranch(repository, 'wip');
  await world.deliver('push', pushPayload(world, upstream, 'wip', after));
  await until('the rewritten branch is on OneDev', () => equalOn(world, repository.fullName));
  const row = await mirror(world, repository.fullName);
  const project = world.onedev.project(row?.projectPath ?? '');
  const archived = await git(project?.gitDir ?? '', ['for-each-ref', '--format=%(refname)', 'refs/starkeep/']);
  if (!archived.includes('/wip')) throw new Error('the old tip of wip was not kept');
  say(`    the mirror follows, and the old tip is kept as ${archived.trim()}`);
}

async function unstarDeletesOnlyAfterApproval(world: World, title: Title, say: Title): Promise<void> {
  title(`You unstar ${TOUR.unstar}, a repository with a webhook of yours`);
  const upstream = world.upstream(TOUR.unstar);
  world.github.unstar(upstream);
  await world.deliver('star', world.github.payloads.star(upstream, 'deleted'));
  await until('the deletion is pending', async () => (await mirror(world, TOUR.unstar))?.status === 'pending_deletion');
  const row = await mirror(world, TOUR.unstar);
  say(`    proven, and pending: ${row?.note ?? ''} A new star or cancelDeletion would call it off.`);

  const { temporalAddress } = world.starkeep;
  const workflowId = `mirror-github-${upstream.id}`;
  const signal = [
    'workflow',
    'signal',
    '--address',
    temporalAddress,
    '--workflow-id',
    workflowId,
    '--name',
    'approveDeletion',
  ];
  say(`    Ann approves: temporal ${signal.join(' ')} --input '{"by":"ann"}'`);
  await promisify(execFile)(world.temporalCli, [...signal, '--input', '{"by":"ann"}']);
  await until('the project is gone', async () => (await mirror(world, TOUR.unstar))?.status === 'deleted');
  if (world.onedev.project(row?.projectPath ?? '')) throw new Error('the project is still there');
  say(`    ${row?.projectPath} is gone from OneDev; everything else is untouched`);
}

export function pushPayload(
  world: World,
  upstream: ReturnType<World['upstream']>,
  branch: string,
  after: string,
): object {
  return world.github.payloads.push(upstream, { ref: `refs/heads/${branch}`, after });
}

export async function mirror(world: World, fullName: string): Promise<MirrorRow | undefined> {
  return (await readMirrors(world)).find((row) => row.fullName === fullName);
}

/** Equal on both sides, and the record says so too. */
async function equalOn(world: World, fullName: string): Promise<boolean> {
  const row = await mirror(world, fullName);
  if (row?.status !== 'completed' || row.projectPath === null) return false;
  const { equal } = await compare(
    { url: `${world.github.url}/${fullName}.git`, token: world.github.token },
    { url: `${world.onedev.url}/${row.projectPath}.git`, token: world.onedev.token },
    row.declined,
  );
  return equal;
}

const PATIENCE_MS = 60_000;

/** @throws Error when it is not so after a minute */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`after a minute it is still not so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function git(dir: string, args: string[]): Promise<string> {
  return (await promisify(execFile)('git', ['-C', dir, ...args])).stdout;
}
