import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { BatchProgress } from '../domain/batches.ts';
import type { RepoEvent } from '../domain/events.ts';
import type { MirrorStatus, RepoId } from '../domain/model.ts';
import type { Carried } from './mirror-state.ts';

/** The wire contract: names of queues, workflows, signals, queries and search attributes. Renaming one is a migration. */

export const TASK_QUEUES = {
  /** Workflows, and activities that ask nobody but Postgres and Temporal. */
  main: 'starkeep',
  /** Git: few slots per worker, many workers. */
  transfer: 'starkeep-transfer',
  /** What asks GitHub's API. A queue of its own, since Temporal counts a rate for a whole queue, and that over all workers. */
  github: 'starkeep-github',
  /** What asks OneDev's API. */
  onedev: 'starkeep-onedev',
} as const;

export const WORKFLOW_TYPES = {
  mirror: 'mirrorRepository',
  reconcile: 'reconcileStars',
  drainInbox: 'drainInbox',
  batch: 'batchSync',
  drift: 'checkDrift',
  recoverDeliveries: 'recoverDeliveries',
  sendAlerts: 'sendAlerts',
  watchAlerts: 'watchAlerts',
  archive: 'archiveHistories',
} as const;

/** @returns the id of the one workflow that may work on a repository */
export function mirrorWorkflowId(repoId: RepoId): string {
  return `mirror-github-${repoId}`;
}

export const RECONCILE_WORKFLOW_ID = 'reconcile-stars';
export const DRAIN_INBOX_WORKFLOW_ID = 'drain-inbox';
export const CHECK_DRIFT_WORKFLOW_ID = 'check-drift';

/** @returns the id of the workflow of a batch */
export function batchWorkflowId(batchId: string): string {
  return `batch-${batchId}`;
}
export const RECOVERY_WORKFLOW_ID = 'recover-deliveries';
export const WATCH_ALERTS_WORKFLOW_ID = 'watch-alerts';

/** @returns the id of the one workflow that sends a channel's alerts */
export function sendAlertsWorkflowId(channel: string): string {
  return `send-alerts-${channel}`;
}
export const ARCHIVE_WORKFLOW_ID = 'archive-histories';

/** Carries a trace on (`tracing.ts`); plain JSON, never encrypted. */
export const TRACE_HEADER = 'starkeep-trace';

export const SEARCH_ATTRIBUTES = {
  MirrorStatus: 'KEYWORD',
  RepoFullName: 'KEYWORD',
  GithubRepoId: 'KEYWORD',
  DeleteAt: 'DATETIME',
  LastSyncedAt: 'DATETIME',
} as const;

/** The argument of `mirrorRepository`. When a run is there already only the signal counts, so everything needed is in the signal too. */
export interface MirrorInput {
  repoId: RepoId;
  fullName: string;
  /** From the run before, after continue-as-new. */
  carried?: Carried;
}

/** The argument of the decision signals, as an operator types it: `--input '{"by":"ann"}'`. */
export interface Decision {
  by?: string;
  reason?: string;
  /** Of `syncNow`: what `STARKEEP_REWRITE_POLICY=hold` holds is followed this once, and the old tips are archived. */
  acceptRewrites?: boolean;
}

/** What the query `status` answers. Times are ISO. */
export interface MirrorState {
  repoId: RepoId;
  fullName: string;
  status: MirrorStatus;
  /** What the run is doing or waiting for, in words. */
  doing: string;
  retryCount: number;
  nextAttemptAt: string | null;
  deleteAt: string | null;
  lastError: { kind: string; message: string } | null;
  queued: number;
  correlationId: string | null;
  /** Signals whose content made no sense, newest last, at most five. */
  rejectedSignals: string[];
}

export const repoEvent = defineSignal<[RepoEvent]>('repoEvent');
export const approveDeletion = defineSignal<[Decision]>('approveDeletion');
export const cancelDeletion = defineSignal<[Decision]>('cancelDeletion');
export const syncNow = defineSignal<[Decision]>('syncNow');
export const pause = defineSignal<[Decision]>('pause');
export const resume = defineSignal<[Decision]>('resume');
export const status = defineQuery<MirrorState>('status');
/** Of `batchSync`: as of its last step; `null` before the first. */
export const progress = defineQuery<BatchProgress | null>('progress');
/** To `sendAlerts`: there is something new to send. */
export const wake = defineSignal('wake');
