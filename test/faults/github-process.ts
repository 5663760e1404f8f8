import { createGithubStandin, type GithubStandin, type GithubSwitches } from '../standins/github.ts';
import type { GithubModel } from '../standins/github-model.ts';
import { applyChange, githubAfter, type GithubChange } from './github-changes.ts';
import { faultOf, type SentFault, serveCampaign } from './standin-child.ts';

/** GitHub as a process: the stand-in over what the campaign says has happened so far. */

let model: GithubModel | null = null;
let standin: GithubStandin | null = null;
/** How much of what happened has been applied: the call that tells of a change may come after the beginning that knew it already. */
let applied = 0;

serveCampaign({
  async begin({ port, changes }: { port: number; changes: GithubChange[] }) {
    model = githubAfter(changes);
    applied = changes.length;
    standin = await createGithubStandin({ port, model });
  },
  change({ index, change }: { index: number; change: GithubChange }) {
    if (!model || index !== applied) return;
    applyChange(model, change);
    applied += 1;
  },
  trouble: (switches: Partial<GithubSwitches>) => Object.assign(standin?.switches ?? {}, switches) && undefined,
  fail: (fault: SentFault) => standin?.failNext(faultOf(fault)),
  calm: () => standin?.clearFaults(),
});
