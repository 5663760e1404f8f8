import { Context, log } from '@temporalio/activity';
import { archivePlan, type ArchivePlan, tooLongToKeep } from '../domain/histories.ts';
import type {
  ArchivedPage,
  ArchiveEnding,
  ArchiveRequest,
  ArchivePageRequest,
  ArchiveSummary,
} from '../domain/record.ts';
import type { ActivityPorts } from './ports.ts';

/** Runs listed, and histories fetched, in one activity: a second or two. */
const RUNS_AT_ONCE = 50;

export function createHistoryActivities({ histories, runs, rules }: ActivityPorts) {
  return {
    /** Says what is looked at. If we die here, the next attempt looks at a little more. */
    async beginArchiving(_: ArchiveRequest): Promise<ArchivePlan> {
      return archivePlan(await histories.archivedUntil(), rules.historyRetentionMs, Date.now());
    },

    /**
     * Lists some of the runs that have ended and keeps the histories of those that are not kept yet. Each is stored once, by its run id: if we die
     * here, the next attempt fetches what is missing of the same page.
     */
    async archivePage({ correlationId, plan, cursor }: ArchivePageRequest): Promise<ArchivedPage> {
      const page = await runs.closed(plan, { cursor, limit: RUNS_AT_ONCE });
      const missing = await histories.missingAmong(page.runs.map(({ runId }) => runId));
      const counts = { archived: 0, omitted: 0, gone: 0 };
      for (const run of page.runs.filter(({ runId }) => missing.has(runId))) {
        Context.current().cancellationSignal.throwIfAborted();
        const fields = { correlationId, workflowId: run.workflowId, runId: run.runId };
        const tooLong = tooLongToKeep(run);
        const json = tooLong === null ? await runs.history(run) : null;
        if (tooLong !== null) {
          await histories.save(run, { omitted: tooLong });
          counts.omitted += 1;
          log.warn('history not kept', { ...fields, reason: tooLong });
        } else if (json === null) {
          counts.gone += 1;
          log.warn('history was removed by Temporal before it was kept', fields);
        } else {
          await histories.save(run, { json });
          counts.archived += 1;
        }
        Context.current().heartbeat();
      }
      return { next: page.next, seen: page.runs.length, ...counts };
    },

    /**
     * From the end of this run on the next one looks; and what is older than the retention goes. If we die here, the next attempt, or the next run, does
     * the same once more.
     */
    async endArchiving({ correlationId, plan, ...counts }: ArchiveEnding): Promise<ArchiveSummary> {
      await histories.noteArchivedUntil(plan.to);
      const { historyRetentionMs } = rules;
      const removed = historyRetentionMs === null ? 0 : await histories.removeOlderThan(historyRetentionMs);
      log.info('histories archived', { correlationId, ...counts, removed });
      return { ...counts, removed };
    },
  };
}
