import { readdir, readFile } from 'node:fs/promises';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { quietRuntime } from '../support/temporal.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

quietRuntime();

const HISTORIES = new URL('./histories/', import.meta.url);

/** Of this version as it is now, and of every release, whose histories are never recorded anew: `releases/0.1.0/star-mirror.json`. */
const names = (await readdir(HISTORIES, { recursive: true })).filter((name) => name.endsWith('.json')).sort();
const own = names.filter((name) => !name.startsWith('releases'));
const releases = await readdir(new URL('releases/', HISTORIES));

interface RecordedHistory {
  events: { eventType: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

async function read(name: string): Promise<RecordedHistory> {
  return JSON.parse(await readFile(new URL(name, HISTORIES), 'utf8')) as RecordedHistory;
}

/** Runs that are open when a new version is installed go on under the new code: what they did must still be what the code does. */
describe('recorded histories', () => {
  it.each(names)('%s still replays', async (name) => {
    const history = await read(name);

    const replay = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, 'mirror-github-42');

    await expect(replay).resolves.toBeUndefined();
  });

  it('cover the mirroring, the failing, the freezing and every end of a pending deletion', () => {
    expect(own.length).toBeGreaterThanOrEqual(11);
  });

  it.each(releases)('of release %s are there for every path that was recorded then', (release) => {
    expect(names.filter((name) => name.startsWith(`releases/${release}/`)).length).toBeGreaterThanOrEqual(11);
  });

  it('do not replay when the code would have done something else', async () => {
    const history = await read('star-mirror.json');
    const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes);
    if (scheduled?.activityTaskScheduledEventAttributes) {
      scheduled.activityTaskScheduledEventAttributes.activityType.name = 'deleteProject';
    }

    const replay = Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, 'mirror-github-42');

    await expect(replay).rejects.toBeInstanceOf(DeterminismViolationError);
  });
});
