import { describe, expect, it } from 'vitest';
import { versioningOf } from '../../src/worker/versioning.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment } from '../support/temporal.ts';
import { event, World } from '../workflows/world.ts';

const temporal = devServerEnvironment();

const DEPLOYMENT = 'starkeep';

/** A server that is busy with other tests takes its time until it has told all its parts of a build. */
const ROUTED_MS = 60_000;

interface Build {
  world: World;
  stop(): Promise<void>;
}

/** The workers of one build, one a queue, as `starkeep worker` makes them with these two settings. */
async function run(buildId: string, world: World): Promise<Build> {
  const versioning = versioningOf({ deploymentName: DEPLOYMENT, buildId });
  const stop = await temporal.workers({ activities: world.activities, ...versioning });
  await eventually(async () => (await known()).includes(buildId), ROUTED_MS);
  return { world, stop };
}

/** The builds that the server has heard of. */
async function known(): Promise<string[]> {
  const { workflowService } = temporal.environment.connection;
  const { namespace } = temporal;
  const { workerDeployments } = await workflowService.listWorkerDeployments({ namespace });
  if (!workerDeployments?.some(({ name }) => name === DEPLOYMENT)) return [];
  const answer = await workflowService.describeWorkerDeployment({ namespace, deploymentName: DEPLOYMENT });
  const versions = answer.workerDeploymentInfo?.versionSummaries ?? [];
  return versions.map(({ deploymentVersion }) => deploymentVersion?.buildId ?? '');
}

/** As `temporal worker deployment set-current-version` does, which is refused until the build asks for work on every queue of the one before it. */
async function makeCurrent(buildId: string): Promise<void> {
  const { workflowService } = temporal.environment.connection;
  const request = { namespace: temporal.namespace, deploymentName: DEPLOYMENT, buildId, identity: 'test' };
  await eventually(async () => {
    try {
      await workflowService.setWorkerDeploymentCurrentVersion(request);
      return true;
    } catch (error) {
      if ((error as { code?: number }).code === FAILED_PRECONDITION) return false;
      throw error;
    }
  }, ROUTED_MS);
}

/** @see https://grpc.io/docs/guides/status-codes/ */
const FAILED_PRECONDITION = 9;

function unstarred(): World {
  const world = new World();
  world.known = world.mirrored = true;
  world.starred = false;
  return world;
}

const start = () =>
  temporal.client.workflow.start('mirrorRepository', {
    workflowId: 'mirror-github-42',
    taskQueue: TASK_QUEUES.main,
    args: [{ repoId: '42', fullName: 'ada/engine' }],
  });

describe('a worker that takes part in worker versioning', { timeout: 240_000 }, () => {
  it('gets no work before its build is current, and hands what is under way to the build that becomes it', async () => {
    const first = await run('1', unstarred());
    const handle = await start();
    await handle.signal('repoEvent', event('unstarred'));

    expect(first.world.calls).toEqual([]);
    await makeCurrent('1');
    await eventually(() => first.world.recorded('deletion_requested').length === 1, ROUTED_MS);

    const second = await run('2', unstarred());
    second.world.openDeletion = first.world.openDeletion;
    await makeCurrent('2');
    await first.stop();
    await handle.signal('approveDeletion', { by: 'ann' });
    await handle.result();
    await second.stop();

    expect(first.world.calls).not.toContain('deleteProject (ann)');
    expect(second.world.calls).toContain('deleteProject (ann)');
  });
});

describe('a worker that was not asked to', () => {
  it('takes part in none', () => {
    expect(versioningOf(undefined)).toEqual({});
  });
});
