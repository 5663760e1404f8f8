import { createOnedevStandin, type OnedevStandin, type OnedevState } from '../standins/onedev.ts';
import { faultOf, type SentFault, serveCampaign } from './standin-child.ts';

/** OneDev as a process: the stand-in over its data folder. Nothing is deleted before the campaign has taken note of it. */

/** How soon the campaign hears what was pushed. */
const TELL_EVERY_MS = 100;

let standin: OnedevStandin | null = null;

const campaign = serveCampaign({
  async begin({ port, dataDir }: { port: number; dataDir: string }) {
    standin = await createOnedevStandin({ port, dataDir, keepsProjects: true });
    watchDeletions(standin);
    watchPushes(standin);
  },
  state: (state: OnedevState) => standin?.state(state),
  fail: (fault: SentFault) => standin?.failNext(faultOf(fault)),
  calm() {
    standin?.clearFaults();
    if (standin) watchDeletions(standin);
  },
  projects: () => standin?.projects(),
  async addForeignProject({ path, description }: { path: string; description: string }) {
    return standin?.project(path) ?? (await standin?.addForeignProject(path, { description }));
  },
});

function watchDeletions({ failNext, requests, projects }: OnedevStandin): void {
  const before = async () => {
    const id = /\/projects\/(\d+)/.exec(requests.at(-1)?.path ?? '')?.[1];
    const project = projects().find((one) => String(one.id) === id);
    await campaign.ask('delete', { id, path: project?.path ?? null, description: project?.description ?? null });
  };
  failNext({ match: /^DELETE /, times: Number.POSITIVE_INFINITY, before, watches: true });
}

function watchPushes({ refUpdates }: OnedevStandin): void {
  setInterval(() => {
    const pushed = refUpdates.splice(0).map(({ newId }) => newId);
    if (pushed.length > 0) campaign.tell('pushed', pushed);
  }, TELL_EVERY_MS);
}
