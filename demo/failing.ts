import { commit } from '../test/support/repo.ts';
import { defaultBranchOf, type DemoRepository } from './repositories.ts';
import { mirror, pushPayload, until } from './tour.ts';
import type { World } from './world.ts';

/**
 * Leaves something to mend: OneDev refuses a push once, as if the token had lost its right to write, and takes the next. What is pushed upstream
 * therefore fails, and arrives when somebody presses Retry.
 */
export async function leaveOneFailing(world: World, repository: DemoRepository): Promise<void> {
  const { fullName, repo } = repository;
  const { projectPath = null } = (await mirror(world, fullName)) ?? {};
  if (projectPath === null) throw new Error(`${fullName} is not on OneDev`);
  world.onedev.failNext({ match: new RegExp(`^GET /${projectPath}[^?]*\\?service=git-receive-pack`), status: 403 });
  const branch = await defaultBranchOf(repository);
  const after = await commit(repo, { branch, message: 'what OneDev refuses at first' });
  await world.deliver('push', pushPayload(world, world.upstream(fullName), branch, after));
  await until(`${fullName} has failed`, async () => (await mirror(world, fullName))?.status === 'permanent_failure');
}
