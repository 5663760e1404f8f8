import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ReadingPlan, ReadingSummary, StarList, StarsRead } from '../domain/record.ts';
import type { Tally } from '../domain/sweep.ts';
import { CALLS, PAGES_PER_RUN } from './policy.ts';

const { beginReading, readStars, endReading } = proxyActivities<Activities>(CALLS.stars);

export interface ReconcileInput {
  /** A complete reading, however recent the last one is. */
  full?: boolean;
  /** From the run before, after continue-as-new. */
  progress?: ReadingProgress;
}

/** Where a reading stands. */
export interface ReadingProgress {
  plan: ReadingPlan;
  /** The lists still to read, the first of them from `cursor`. */
  lists: StarList[];
  cursor: string | null;
  tally: Tally;
  signalled: number;
}

const LISTS = {
  quick: ['newest', 'pushed'],
  sweep: ['sweep'],
  list: ['list'],
} as const satisfies Record<ReadingPlan['kind'], StarList[]>;

/**
 * Brings the record up to date with the star list and reaches the mirrors that have something to do; it starts no workflow for a
 * repository that needs nothing. Most runs are quick (new stars, recent pushes: two or three requests); once an hour a sweep reads everything,
 * and only a complete sweep may ask about what is missing.
 *
 * A page that cannot be read ends the reading as incomplete: what was added counts, what is absent does not.
 */
export async function reconcileStars(input: ReconcileInput = {}): Promise<ReadingSummary> {
  const { firstExecutionRunId } = workflowInfo();
  const correlationId = `reconcile-${firstExecutionRunId}`;
  const progress = input.progress ?? (await begin(correlationId, input.full ?? false));
  const { summary, gaveUp } = await read(progress, correlationId);
  if (!gaveUp || summary.kind !== 'sweep') return summary;
  // GraphQL is down, or an old server has none. The plain list finds what is new and changed; what is missing stays unasked.
  const instead = `${correlationId}-list`;
  const plan = await beginReading({ correlationId: instead, full: false, kind: 'list' });
  return (await read(fresh(plan), instead)).summary;
}

async function begin(correlationId: string, full: boolean): Promise<ReadingProgress> {
  return fresh(await beginReading({ correlationId, full }));
}

function fresh(plan: ReadingPlan): ReadingProgress {
  const tally: Tally = { pages: 0, seen: 0, total: null, flaws: [] };
  return { plan, lists: [...LISTS[plan.kind]], cursor: null, tally, signalled: 0 };
}

async function read(
  progress: ReadingProgress,
  correlationId: string,
): Promise<{ summary: ReadingSummary; gaveUp: boolean }> {
  let state = progress;
  for (let pages = 0; ; pages += 1) {
    const [list] = state.lists;
    if (list === undefined) return { summary: await finish(state, correlationId), gaveUp: false };
    if (pages >= PAGES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof reconcileStars>({ progress: state });
    }
    const page = await readOrWait(state, list, correlationId);
    if ('flaw' in page) {
      const ended = { ...state, tally: withFlaw(state.tally, page.flaw) };
      return { summary: await finish(ended, correlationId), gaveUp: true };
    }
    state = after(state, page);
  }
}

/**
 * A used-up rate limit is waited for, as long as the reading may wait for one page in all; whatever else outlasts the activity's own attempts makes
 * the reading incomplete.
 */
async function readOrWait(
  state: ReadingProgress,
  list: StarList,
  correlationId: string,
): Promise<StarsRead | { flaw: string }> {
  const { readingId, pushedUntil, waitAtMostMs } = state.plan;
  let waitedMs = 0;
  for (;;) {
    try {
      return await readStars({ correlationId, readingId, list, pushedUntil, cursor: state.cursor });
    } catch (error) {
      const waitMs = rateLimitWait(error);
      if (waitMs !== null && waitedMs + waitMs <= waitAtMostMs) {
        waitedMs += waitMs;
        await sleep(waitMs);
        continue;
      }
      const kind = kindOf(error);
      // What stands in the way of a sweep may not stand in the way of the plain list, which is tried next.
      if (kind === null || (STANDING.includes(kind) && list !== 'sweep')) throw error;
      return {
        flaw:
          kind === 'SourceUnsupported'
            ? 'this GitHub server has no complete reading'
            : `a page could not be read (${kind})`,
      };
    }
  }
}

/** What the next reading would meet again, and a person has to mend: the run fails and shows it. */
const STANDING = ['AccountMismatch', 'AccountUnknown', 'SourceUnauthorized', 'SourceForbidden'];

function after(state: ReadingProgress, page: StarsRead): ReadingProgress {
  const { tally } = state;
  const flaws = [...tally.flaws];
  if (page.gap !== null) flaws.push(page.gap);
  if (tally.total !== null && page.total !== null && tally.total !== page.total) {
    flaws.push(`the number of stars changed from ${tally.total} to ${page.total} while the list was read`);
  }
  return {
    ...state,
    lists: page.next === null ? state.lists.slice(1) : state.lists,
    cursor: page.next,
    tally: {
      pages: tally.pages + 1,
      seen: tally.seen + page.seen,
      total: tally.total ?? page.total,
      flaws: flaws.slice(0, 5),
    },
    signalled: state.signalled + page.signalled,
  };
}

function withFlaw(tally: Tally, flaw: string): Tally {
  return { ...tally, flaws: [flaw, ...tally.flaws].slice(0, 5) };
}

function finish({ plan, tally, signalled }: ReadingProgress, correlationId: string): Promise<ReadingSummary> {
  return endReading({ correlationId, readingId: plan.readingId, kind: plan.kind, tally, signalled });
}

function failureOf(error: unknown): ApplicationFailure | null {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : null;
}

function kindOf(error: unknown): string | null {
  return error instanceof ActivityFailure ? (failureOf(error)?.type ?? 'Unexpected') : null;
}

/** How long a failed activity's rate limit asks to wait, in milliseconds; `null` when it failed with anything else. */
export function rateLimitWait(error: unknown): number | null {
  const failure = failureOf(error);
  if (failure?.type !== 'SourceRateLimited') return null;
  const [details] = (failure.details ?? []) as { retryAfterMs?: number | null }[];
  return details?.retryAfterMs ?? 60_000;
}
