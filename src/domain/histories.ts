/** The histories of workflow runs, kept in the record after they have ended. Times are ISO. */

/** A run that has ended, as Temporal lists it. */
export interface ClosedRun {
  workflowId: string;
  runId: string;
  workflowType: string;
  /** `COMPLETED`, `CONTINUED_AS_NEW`, `FAILED`, `CANCELLED`, `TERMINATED`, `TIMED_OUT` */
  status: string;
  startedAt: string;
  closedAt: string;
  events: number;
  /** As Temporal counts them. */
  bytes: number;
}

/** A run whose history is in the record. */
export interface ArchivedRun extends Omit<ClosedRun, 'bytes'> {
  /** Of its JSON, unpacked. */
  bytes: number;
  /** Why the history itself was not kept; `null` when it was. */
  omitted: string | null;
}

/** A run that has not ended yet. */
export interface RunningRun {
  workflowId: string;
  runId: string;
  workflowType: string;
  startedAt: string;
  events: number;
}

/** What one run of `archiveHistories` looks at: everything that ended from here to there. */
export interface ArchivePlan {
  /** `null`: everything Temporal still has. */
  from: string | null;
  to: string;
}

/** How late a run that has ended may appear in Temporal's list; what was looked at is looked at once more so far back. */
const LISTED_WITHIN_MS = 10 * 60_000;

/**
 * @param archivedUntil up to when everything was looked at; `null`: never
 * @param retentionMs what is older is not worth fetching; `null`: everything is
 */
export function archivePlan(archivedUntil: string | null, retentionMs: number | null, nowMs: number): ArchivePlan {
  const starts = [
    ...(archivedUntil === null ? [] : [Date.parse(archivedUntil) - LISTED_WITHIN_MS]),
    ...(retentionMs === null ? [] : [nowMs - retentionMs]),
  ];
  return {
    from: starts.length === 0 ? null : new Date(Math.max(...starts)).toISOString(),
    to: new Date(nowMs).toISOString(),
  };
}

/**
 * Histories above this are named and not kept. Ours continue as new at a quarter of it, so only one that was flooded with signals from outside comes
 * here; and a worker has to hold it in memory several times over.
 */
export const LONGEST_HISTORY_BYTES = 16 * 1024 * 1024;

/** Why a run's history is not kept; `null` when it is. */
export function tooLongToKeep({ bytes }: Pick<ClosedRun, 'bytes'>): string | null {
  if (bytes <= LONGEST_HISTORY_BYTES) return null;
  return `its history has ${bytes} bytes, and at most ${LONGEST_HISTORY_BYTES} are kept`;
}
