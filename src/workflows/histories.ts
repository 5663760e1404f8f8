import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { ArchivePlan } from '../domain/histories.ts';
import type { ArchiveSummary } from '../domain/record.ts';
import { ARCHIVE_PAGES_PER_RUN, CALLS } from './policy.ts';

const { beginArchiving, archivePage, endArchiving } = proxyActivities<Activities>(CALLS.histories);

export interface ArchiveInput {
  /** From the run before, after continue-as-new. */
  progress?: ArchiveProgress;
}

/** Where the looking stands. */
export interface ArchiveProgress {
  plan: ArchivePlan;
  cursor: string | null;
  seen: number;
  archived: number;
  omitted: number;
  gone: number;
}

/**
 * Keeps the histories of our workflows' runs in the record, before Temporal's retention removes them. Started by the Schedule `archive-histories`;
 * looks at what has ended since the last run that came to its end, a page at a time.
 *
 * A page that cannot be read or kept fails the run, and the next one begins at the same place; what is kept already it only lists. If we die here,
 * that is what happens too.
 */
export async function archiveHistories({ progress }: ArchiveInput = {}): Promise<ArchiveSummary> {
  const correlationId = `archive-${workflowInfo().firstExecutionRunId}`;
  let state = progress ?? begun(await beginArchiving({ correlationId }));
  for (let pages = 0; ; pages += 1) {
    if (pages >= ARCHIVE_PAGES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof archiveHistories>({ progress: state });
    }
    const page = await archivePage({ correlationId, plan: state.plan, cursor: state.cursor });
    state = {
      plan: state.plan,
      cursor: page.next,
      seen: state.seen + page.seen,
      archived: state.archived + page.archived,
      omitted: state.omitted + page.omitted,
      gone: state.gone + page.gone,
    };
    if (page.next === null) break;
  }
  const { plan, seen, archived, omitted, gone } = state;
  return endArchiving({ correlationId, plan, seen, archived, omitted, gone });
}

function begun(plan: ArchivePlan): ArchiveProgress {
  return { plan, cursor: null, seen: 0, archived: 0, omitted: 0, gone: 0 };
}
