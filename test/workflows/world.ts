import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities/index.ts';
import type { BatchProgress } from '../../src/domain/batches.ts';
import type { RepoEvent, RepoEventKind } from '../../src/domain/events.ts';
import { failureRow, type FailureKind } from '../../src/domain/failures.ts';
import type { LfsReport, SyncReport, UnstarPolicy } from '../../src/domain/model.ts';
import type { DeleteOutcome, Metadata, RecordEntry, UnstarProof } from '../../src/domain/record.ts';

/** Activities that act on a made-up world and write down what they were asked: what the workflow decides can be read off it. */
export class World {
  upstream: Metadata['upstream'] = 'exists';
  starred = true;
  known = false;
  mirrored = false;
  pinned = false;
  paused = false;
  unstarPolicy: UnstarPolicy = 'delete';
  graceMs = 7 * 86_400_000;
  fullName = 'ada/engine';
  /** What a proof says; by default what is so. */
  proof: UnstarProof | null = null;
  deletion: DeleteOutcome = { outcome: 'deleted' };
  held: string[] = [];
  lfs: LfsReport | null = null;
  /** What a comparison of both sides finds; `null`: upstream has changed, so that a sync is due. */
  comparison: SyncReport | null = null;
  /** Somebody removed the project on OneDev. */
  projectLost = false;
  /** Failures of the next transfers, one each. */
  readonly transferFailures: { kind: FailureKind; retryAfterMs?: number }[] = [];
  readonly deletionFailures: FailureKind[] = [];
  /** So many attempts of transfers are cut off because their worker is shut down. */
  shutdowns = 0;
  readonly calls: string[] = [];
  readonly records: RecordEntry[] = [];
  /** The deletion that is open in the record. */
  openDeletion: { deletionId: string; dueAt: string | null } | null = null;
  /** Runs inside a transfer, before it ends. */
  duringTransfer: () => Promise<void> = async () => undefined;
  private deletions = 0;

  count(call: string): number {
    return this.calls.filter((name) => name === call).length;
  }

  recorded<K extends RecordEntry['kind']>(kind: K): Extract<RecordEntry, { kind: K }>[] {
    return this.records.filter((entry): entry is Extract<RecordEntry, { kind: K }> => entry.kind === kind);
  }

  /** Only what the mirror workflow calls. */
  get activities(): Pick<
    Activities,
    'fetchMetadata' | 'ensureProject' | 'transfer' | 'compareSides' | 'record' | 'verifyUnstar' | 'deleteProject'
  > {
    return {
      fetchMetadata: async (request) => {
        this.calls.push('fetchMetadata');
        const exists = this.upstream === 'exists';
        this.known ||= exists && (this.starred || request.requested);
        return {
          upstream: this.upstream,
          fullName: this.fullName,
          known: this.known,
          mirrored: this.mirrored,
          wanted: exists && (this.starred || this.pinned || request.requested),
          starred: this.starred,
          paused: this.paused && !request.requested,
          unstarPolicy: this.unstarPolicy,
          graceMs: this.graceMs,
        };
      },
      ensureProject: async () => {
        this.calls.push('ensureProject');
        const created = !this.mirrored;
        this.mirrored = true;
        return { path: `github/${this.fullName}`, created, ...(this.projectLost ? { remade: true as const } : {}) };
      },
      transfer: async ({ force, acceptRewrites }) => {
        const what = acceptRewrites ? ' (everything, and rewrites)' : force ? ' (everything)' : '';
        this.calls.push(`transfer${what}`);
        await this.duringTransfer();
        if (this.shutdowns > 0) {
          this.shutdowns -= 1;
          throw shutdownFailure();
        }
        const failure = this.transferFailures.shift();
        if (failure) throw failureOf(failure.kind, failure.retryAfterMs);
        return { ...REPORT, held: acceptRewrites ? [] : this.held, ...(this.lfs ? { lfs: this.lfs } : {}) };
      },
      compareSides: async () => {
        this.calls.push('compareSides');
        return this.comparison;
      },
      record: async (entry) => {
        this.records.push(entry);
        return this.applied(entry);
      },
      verifyUnstar: async () => {
        this.calls.push('verifyUnstar');
        return this.proof ?? this.truth();
      },
      deleteProject: async ({ approvedBy }) => {
        this.calls.push(approvedBy === null ? 'deleteProject' : `deleteProject (${approvedBy})`);
        const kind = this.deletionFailures.shift();
        if (kind) throw failureOf(kind);
        if (this.deletion.outcome === 'deleted') this.mirrored = false;
        return this.deletion;
      },
    };
  }

  private truth(): UnstarProof {
    if (this.upstream !== 'exists') return { verdict: 'gone' };
    return this.starred ? { verdict: 'starred' } : { verdict: 'unstarred', proof: 'seen' };
  }

  private applied(entry: RecordEntry): Awaited<ReturnType<Activities['record']>> {
    if (entry.kind === 'deletion_requested') {
      this.openDeletion ??= { deletionId: String((this.deletions += 1)), dueAt: entry.dueAt };
      return { deletion: this.openDeletion };
    }
    if (entry.kind === 'deletion_ended') {
      this.openDeletion = null;
      this.pinned ||= entry.keep;
    }
    if (entry.kind === 'status' && entry.paused !== undefined) this.paused = entry.paused;
    return {};
  }
}

export const REPORT: SyncReport = {
  outcome: 'changed',
  transport: 'clone',
  sourceDigest: 'digest',
  refs: { source: 2, created: 2, updated: 0, forced: 0, deleted: 0, archived: 0, declined: 0 },
  declined: [],
  held: [],
  defaultBranch: 'main',
  bytes: 1_000,
  objects: 10,
  phases: [],
};

/** A batch of three that has just begun. */
export const BATCH: BatchProgress = {
  batchId: '7',
  selection: { kind: 'all' },
  state: 'running',
  requestedBy: 'ann',
  correlationId: 'batch-test',
  planned: true,
  total: 3,
  done: 0,
  changed: 0,
  unchanged: 0,
  failed: 0,
  skipped: 0,
  underWay: 0,
  waiting: 3,
  secondsLeft: null,
  requestedAt: '2026-11-16T22:05:00.000Z',
  finishedAt: null,
  note: null,
};

/** As the activities' own boundary makes them. */
export function failureOf(kind: FailureKind, retryAfterMs?: number): ApplicationFailure {
  const { retry } = failureRow(kind);
  return ApplicationFailure.create({
    type: kind,
    message: `made to fail: ${kind}`,
    nonRetryable: true,
    details: [{ retry, retryAfterMs: retryAfterMs ?? null }],
  });
}

/** As the SDK's core reports it. */
function shutdownFailure(): ApplicationFailure {
  const message = 'Worker is shutting down and this activity did not complete in time';
  return ApplicationFailure.create({ type: 'WorkerShutdown', message, nonRetryable: false });
}

let events = 0;

/** An event about repository 42, unless `changes` say otherwise. */
export function event(kind: RepoEventKind, changes: Partial<RepoEvent> = {}): RepoEvent {
  const deliveryId = `delivery-${(events += 1)}`;
  return {
    kind,
    repoId: '42',
    fullName: 'ada/engine',
    trigger: 'webhook',
    correlationId: deliveryId,
    deliveryId,
    ...changes,
  };
}
