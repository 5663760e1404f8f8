import type { DeclinedRef, LfsReport, MirrorStatus } from './model.ts';

/** The record as people and programs look at it. Times are ISO. */

export interface MirrorView {
  mirrorId: string;
  fullName: string;
  htmlUrl: string | null;
  description: string | null;
  language: string | null;
  topics: string[];
  stars: number;
  /** GitHub's own hourly estimate; 0 says nothing. */
  bytes: number;
  visibility: 'public' | 'private' | 'internal' | null;
  archived: boolean;
  fork: boolean;
  defaultBranch: string | null;
  pushedAt: string | null;
  starred: boolean;
  /** Kept whatever the star list says: added by hand. */
  pinned: boolean;
  /** Who called a deletion off, and so keeps it although it is unstarred. */
  keptBy: string | null;
  paused: boolean;
  status: MirrorStatus;
  /** Why it is as it is, in a sentence; `null` when there is nothing to say. */
  note: string | null;
  /** The kind of the last failure. */
  errorKind: string | null;
  retryCount: number;
  nextAttemptAt: string | null;
  deleteAt: string | null;
  /** Full path on OneDev. */
  projectPath: string | null;
  /** Heads and tags at the source at the last sync. */
  refs: number | null;
  declinedCount: number;
  /** The first of them. */
  declined: DeclinedRef[];
  /** Of its Git LFS objects at the last look; `null` when it uses none. */
  lfs: LfsReport | null;
  lastSyncedAt: string | null;
  lastCheckedAt: string | null;
}

/** Where a page begins: after the mirror of this name (in lower case) and id. */
export interface MirrorPlace {
  name: string;
  mirrorId: string;
}

export interface MirrorQuery {
  status: MirrorStatus | null;
  /** Part of the name, in any case of letters. */
  search: string | null;
  after: MirrorPlace | null;
  limit: number;
}

export interface MirrorPage {
  mirrors: MirrorView[];
  /** `null`: this was the last page. */
  next: MirrorPlace | null;
}

export interface SyncView {
  syncId: string;
  trigger: string;
  outcome: string;
  attempt: number;
  workflowId: string;
  runId: string;
  correlationId: string;
  startedAt: string;
  finishedAt: string;
  refs: Record<string, number> | null;
  bytes: number | null;
  objects: number | null;
  phases: { name: string; durationMs: number }[];
  errorKind: string | null;
  errorMessage: string | null;
}

export interface DeliveryView {
  guid: string;
  event: string;
  action: string | null;
  fullName: string | null;
  receivedAt: string;
  dispatchedAt: string | null;
  workflowId: string | null;
  outcome: 'accepted' | 'ignored';
  ignoredReason: string | null;
}

export interface DeletionView {
  mirrorId: string;
  fullName: string;
  projectPath: string | null;
  policy: string;
  state: string;
  proof: string;
  /** Why it waits, in a sentence. */
  reason: string | null;
  requestedAt: string;
  /** `null`: when a person approves. */
  dueAt: string | null;
}
