import type { RefListing } from '../../domain/model.ts';
import type { RefUpdate, SyncPlan } from '../../domain/refs.ts';
import type { Applied } from './apply.ts';

export interface StageRules {
  /** By upstream's own estimate; absent or 0: nobody knows, which counts as small. */
  sizeBytes: number | undefined;
  /** Above this, a first transfer goes in stages of about this size; `null`: never. */
  aboveBytes: number | null;
}

/** Each stage has the source pack anew and the target run its hooks; more of them cost more than a broken connection does. */
const MOST_STAGES = 100;

/** `v1.9` before `v1.10`, whatever the machine's language. */
const BY_VERSION = new Intl.Collator('en', { numeric: true });

/**
 * Cuts the plan of a large first transfer into plans that are carried out one after the other, each with a pack of its own: the new tags by version,
 * oldest first, then the default branch, then everything else, unchanged. A connection that breaks loses the stage at hand, and the next run finds the
 * others on the target.
 *
 * Which tag is old is guessed from its name, because there are no objects to look at; a wrong guess makes the stages uneven and nothing else. How large a
 * stage will be is guessed too: the estimate is divided evenly among the tags. History between the last tag and a branch comes in one piece, and so does a
 * repository without tags: git takes no half of a history.
 *
 * Only what creates a ref goes ahead. Whatever moves or removes one stays in the last plan, behind the archives.
 * @returns the plan alone where it is no large first transfer, which is one to a target without branches
 */
export function stagesOf(plan: SyncPlan, source: RefListing, target: RefListing, rules: StageRules): SyncPlan[] {
  const { sizeBytes = 0, aboveBytes } = rules;
  const begun = target.refs.some(({ name }) => name.startsWith('refs/heads/'));
  // What stands in the way of a new ref has to go first, in the order the plan says.
  const obstructed = plan.clearances.length > 0 || plan.refuge !== null;
  if (aboveBytes === null || sizeBytes <= aboveBytes || begun || obstructed) return [plan];

  const wanted = Math.min(Math.ceil(sizeBytes / aboveBytes), MOST_STAGES);
  const tags = source.refs.filter(({ name }) => name.startsWith('refs/tags/'));
  const early = plan.updates.filter(isNewTag).sort((one, other) => BY_VERSION.compare(one.name, other.name));
  const stages = groupsOf(early, Math.ceil(tags.length / wanted)).map((updates): SyncPlan => ({
    ...empty(plan),
    updates,
  }));
  const rest: SyncPlan = { ...plan, updates: plan.updates.filter((update) => !isNewTag(update)) };
  if (plan.first === null || plan.first.expected !== null) return [...stages, rest];
  return [...stages, { ...empty(plan), first: plan.first }, { ...rest, first: null }];
}

/** What several stages in a row would do, as one. */
export function together(stages: readonly SyncPlan[]): SyncPlan | null {
  const last = stages.at(-1);
  if (last === undefined) return null;
  const first = stages.find((stage) => stage.first !== null)?.first ?? null;
  return { ...last, first, updates: stages.flatMap(({ updates }) => updates) };
}

/** What all stages came to. */
export function sumOf(stages: readonly Applied[]): Applied {
  const sum = (count: (stage: Applied) => number) => stages.reduce((total, stage) => total + count(stage), 0);
  return {
    created: sum(({ created }) => created),
    updated: sum(({ updated }) => updated),
    forced: sum(({ forced }) => forced),
    deleted: sum(({ deleted }) => deleted),
    archived: sum(({ archived }) => archived),
    declined: stages.flatMap(({ declined }) => declined).sort((one, other) => (one.name < other.name ? -1 : 1)),
    acted: stages.some(({ acted }) => acted),
  };
}

function isNewTag({ name, expected, desired }: RefUpdate): boolean {
  return name.startsWith('refs/tags/') && expected === null && desired !== null;
}

/** A plan to the same end that does nothing towards it. */
function empty({ desired }: SyncPlan): SyncPlan {
  const lists = { archives: [], clearances: [], updates: [], isolated: [], deletions: [], held: [] };
  return { ...lists, first: null, refuge: null, desired };
}

function groupsOf(updates: readonly RefUpdate[], size: number): RefUpdate[][] {
  const groups: RefUpdate[][] = [];
  for (let at = 0; at < updates.length; at += size) groups.push(updates.slice(at, at + size));
  return groups;
}
