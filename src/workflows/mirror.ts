import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  patched,
  proxyActivities,
  rootCause,
  setDefaultSignalHandler,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SearchAttributeUpdatePair } from '@temporalio/common';
import type { Activities } from '../activities/index.ts';
import type { Drift, MirrorId, MirrorStatus, SyncReport } from '../domain/model.ts';
import type { DeleteOutcome, Metadata, RecordEntry, UnstarProof } from '../domain/record.ts';
import * as messages from './messages.ts';
import type { Decision, MirrorInput, MirrorState } from './messages.ts';
import { coalesce, Inbox, type Batch, type Intent, type Wait } from './mirror-state.ts';
import {
  CALLS,
  HANDOVER_PAUSE_MS,
  LFS_TRIES,
  lfsRetryDelayMs,
  MAX_ATTEMPTS,
  MAX_EVENTS_PER_RUN,
  PROOF_GAP_MS,
  RATE_LIMIT_PAUSE_MS,
  retryDelayMs,
} from './policy.ts';

const { fetchMetadata, verifyUnstar } = proxyActivities<Activities>(CALLS.github);
const { ensureProject, deleteProject } = proxyActivities<Activities>(CALLS.onedev);
const { transfer, compareSides } = proxyActivities<Activities>(CALLS.transfer);
const { record } = proxyActivities<Activities>(CALLS.database);

/**
 * Keeps one repository: reads what is so at GitHub and at OneDev and closes the difference, whatever the events said. Runs until there
 * is nothing to do and no decision pending, then completes; the next event starts a fresh run under the same id.
 *
 * ```
 * events ─► coalesce ─► fetchMetadata ─┬─ wanted ─► ensureProject ─► transfer ─► record ─► idle? ─► complete
 *                                      ├─ gone or blocked ─► freeze (keep) ─► record
 *                                      └─ unstarred, proven ─► grace ─► deleteProject ─► record
 * ```
 */
export async function mirrorRepository(input: MirrorInput): Promise<{ status: MirrorStatus }> {
  const run = new MirrorRun(input);
  // Every handler before the first await: signals sent with the start are delivered inside setHandler.
  setHandler(messages.repoEvent, (event: unknown) => run.inbox.takeEvent(event));
  setHandler(messages.approveDeletion, (decision: unknown) => run.inbox.takeDecision('approve', decision));
  setHandler(messages.cancelDeletion, (decision: unknown) => run.inbox.takeDecision('cancel', decision));
  setHandler(messages.syncNow, (decision: unknown) => run.inbox.takeDecision('sync', decision));
  setHandler(messages.pause, () => run.inbox.takePausing('pause'));
  setHandler(messages.resume, () => run.inbox.takePausing('resume'));
  setHandler(messages.status, () => run.state());
  setDefaultSignalHandler((name) => run.inbox.takeUnknown(name));
  return run.untilIdle();
}

class MirrorRun {
  readonly inbox: Inbox;
  private readonly mirrorId: MirrorId;
  private readonly repoId: string;
  private fullName: string;
  private wait: Wait | null;
  private retryCount: number;
  private attempt = 0;
  private status: MirrorStatus = 'pending';
  private doing = 'starting';
  private correlationId: string | null = null;
  /** The batches that the pass under way, or the last one, answers to. */
  private batches: string[] = [];
  private lastError: { kind: string; message: string } | null = null;

  constructor(input: MirrorInput) {
    this.repoId = input.repoId;
    this.mirrorId = `github-${input.repoId}`;
    this.fullName = input.carried?.fullName ?? input.fullName;
    this.wait = input.carried?.wait ?? null;
    this.retryCount = input.carried?.retryCount ?? 0;
    this.inbox = new Inbox(input.carried?.batch, input.carried?.recentDeliveries);
    if (this.wait) this.status = STATUS_WHILE_WAITING[this.wait.kind];
  }

  async untilIdle(): Promise<{ status: MirrorStatus }> {
    for (;;) {
      // No await between these looks and the return: a signal that comes now makes the server refuse the completion.
      if (!this.inbox.hasWork && this.wait === null) return { status: this.status };
      await this.untilWork();
      if (this.inbox.received >= MAX_EVENTS_PER_RUN || workflowInfo().continueAsNewSuggested) await this.goOnAsNew();
      try {
        this.wait = await this.step(this.inbox.take(), this.wait);
      } catch (error) {
        if (isCancellation(error)) await this.recordCancelled(error);
        throw error;
      }
    }
  }

  state(): MirrorState {
    return {
      repoId: this.repoId,
      fullName: this.fullName,
      status: this.status,
      doing: this.doing,
      retryCount: this.retryCount,
      nextAttemptAt: this.wait?.kind === 'retry' ? isoTime(this.wait.untilMs) : null,
      deleteAt: this.wait?.kind === 'grace' && this.wait.untilMs !== null ? isoTime(this.wait.untilMs) : null,
      lastError: this.lastError,
      queued: this.inbox.queued,
      correlationId: this.correlationId,
      rejectedSignals: [...this.inbox.rejected],
    };
  }

  // -------------------------------------------------------------------------------------------------------------- waiting

  private async untilWork(): Promise<void> {
    const hasWork = () => this.inbox.hasWork;
    if (hasWork()) return;
    const until = this.wait && this.wait.kind !== 'paused' ? this.wait.untilMs : null;
    try {
      // The deadline is absolute: a new run, or a late one, waits only for what is left.
      if (until === null) await condition(hasWork);
      else await condition(hasWork, Math.max(1, until - Date.now()), { summary: this.doing });
    } catch (error) {
      if (isCancellation(error)) await this.recordCancelled(error);
      throw error;
    }
  }

  private async goOnAsNew(): Promise<never> {
    return continueAsNew<typeof mirrorRepository>({
      repoId: this.repoId,
      fullName: this.fullName,
      carried: {
        wait: this.wait,
        batch: this.inbox.take(),
        recentDeliveries: this.inbox.recentDeliveries,
        retryCount: this.retryCount,
        fullName: this.fullName,
      },
    });
  }

  /** One pass. @returns what to wait for next; `null`: nothing is pending */
  private async step(batch: Batch, wait: Wait | null): Promise<Wait | null> {
    const due = coalesce(batch.events, dueIntent(wait));
    const intent = batch.sync ? this.asRequested(due, batch.sync) : due;

    if ((batch.approve || batch.cancel) && wait?.kind !== 'grace') {
      const { mirrorId, correlationId } = this;
      log.warn('no deletion is pending, so there is nothing to decide', { mirrorId, correlationId });
    }
    if (batch.pausing === 'pause') return this.pauseNow(intent, wait);
    if (wait?.kind === 'paused' && batch.pausing !== 'resume') return this.stayPaused(intent);
    if (batch.pausing === 'resume') return this.resumeNow(intent);
    if (wait?.kind === 'grace') return this.duringGrace(batch, wait, intent);
    return intent ? this.attemptSync(intent) : null;
  }

  private asRequested(intent: Intent | null, decision: Decision): Intent {
    const base = intent ?? this.freshIntent('manual');
    log.info('sync requested', {
      mirrorId: this.mirrorId,
      correlationId: base.correlationId,
      by: decision.by ?? 'unknown',
    });
    return { ...base, force: true, trigger: 'manual', ...(decision.acceptRewrites ? { acceptRewrites: true } : {}) };
  }

  private freshIntent(trigger: Intent['trigger']): Intent {
    const { repoId, fullName } = this;
    const correlationId = this.correlationId ?? `run-${workflowInfo().runId}`;
    return { claims: 'nothing', requested: false, force: false, repoId, fullName, trigger, correlationId };
  }

  // -------------------------------------------------------------------------------------------------------------- pausing

  private async pauseNow(intent: Intent | null, wait: Wait | null): Promise<Wait> {
    if (wait?.kind === 'grace')
      await this.endDeletion(wait.deletionId, 'cancelled', 'pause', 'the mirror was paused', false);
    await this.recordStatus('paused', 'Paused by a person; nothing is synced until it is resumed.', true);
    this.doing = 'paused until somebody resumes it';
    return { kind: 'paused', intent };
  }

  private stayPaused(intent: Intent | null): Wait {
    this.doing = 'paused until somebody resumes it';
    return { kind: 'paused', intent };
  }

  private async resumeNow(intent: Intent | null): Promise<Wait | null> {
    await this.recordStatus('pending', 'Resumed.', false);
    // Nobody knows what was missed meanwhile: look at everything.
    return this.attemptSync({ ...(intent ?? this.freshIntent('manual')), force: true });
  }

  // --------------------------------------------------------------------------------------------------------------- syncing

  private async attemptSync(intent: Intent): Promise<Wait | null> {
    this.attempt += 1;
    this.correlationId = intent.correlationId;
    this.batches = intent.batches ?? [];
    this.fullName = intent.fullName;
    const startedAt = isoTime(Date.now());
    try {
      return await this.sync(intent, startedAt);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      const failure = failureIn(error);
      // Runs from before this was so replay as they were.
      if (failure.kind === WORKER_SHUTDOWN && patched('handed-over')) return this.handedOver(intent);
      return this.afterFailure(intent, startedAt, failure);
    }
  }

  /** Worker after worker was shut down under it, as when all of them are restarted. That is no failure of the repository's, and nobody has to know. */
  private handedOver(intent: Intent): Wait {
    log.info('begun anew: its workers were shut down', {
      mirrorId: this.mirrorId,
      correlationId: intent.correlationId,
    });
    this.doing = 'waiting for another worker';
    return { kind: 'retry', untilMs: Date.now() + HANDOVER_PAUSE_MS, intent: withoutObservation(intent) };
  }

  private async sync(intent: Intent, startedAt: string): Promise<Wait | null> {
    this.doing = 'asking GitHub';
    const metadata = await fetchMetadata({
      ...this.correlated(intent),
      repoId: this.repoId,
      fullName: intent.fullName,
      claims: intent.claims,
      requested: intent.requested,
      ...(intent.observedAt === undefined ? {} : { observedAt: intent.observedAt }),
    });
    this.rename(metadata.fullName);

    if (metadata.paused) {
      this.setStatus('paused');
      return this.stayPaused(intent);
    }
    if (metadata.upstream !== 'exists') return this.withoutUpstream(intent, startedAt, metadata);
    if (metadata.excluded !== undefined) {
      await this.recordStatus(
        'excluded',
        `Left out by a filter: ${metadata.excluded}. What was mirrored is kept as it is.`,
      );
      return this.finish('left out by a filter');
    }
    if (metadata.wanted) return this.mirror(intent, startedAt);
    if (!metadata.known) return this.finish('nothing to keep: not starred');
    return this.afterUnstar(intent, metadata);
  }

  private async mirror(intent: Intent, startedAt: string): Promise<Wait | null> {
    this.setStatus('in_progress');
    const report = (await this.onlyCompared(intent)) ?? (await this.equalised(intent));
    await record({
      kind: 'synced',
      report,
      ...this.attemptFields(intent, startedAt),
    });
    this.retryCount = 0;
    this.lastError = null;
    this.setStatus(report.held.length > 0 ? 'held' : 'completed', report);
    return report.lfs?.again ? this.lfsLater(intent) : this.finish('idle');
  }

  /** The refs are equal; some Git LFS objects were interrupted on their way, and the next run brings what lacks. */
  private lfsLater(intent: Intent): Wait | null {
    const tries = intent.lfsTries ?? 0;
    if (tries >= LFS_TRIES) return this.finish('idle; some Git LFS objects wait for the next event');
    this.doing = 'waiting to bring the Git LFS objects that were interrupted';
    const { acceptRewrites: _, ...rest } = withoutObservation(intent);
    const again: Intent = { ...rest, force: false, trigger: 'retry', lfsTries: tries + 1 };
    return { kind: 'retry', untilMs: Date.now() + lfsRetryDelayMs(tries + 1), intent: again };
  }

  /** @returns `null` when more than a comparison is asked for, or due since upstream changed */
  private async onlyCompared(intent: Intent): Promise<SyncReport | null> {
    if (!intent.compareOnly || intent.force) return null;
    this.doing = 'comparing both sides';
    return compareSides(this.correlated(intent));
  }

  private async equalised(intent: Intent): Promise<SyncReport> {
    this.doing = 'making sure the project is there';
    const { remade } = await ensureProject(this.correlated(intent));
    this.doing = 'transferring';
    const { force, acceptRewrites } = intent;
    const report = await transfer({ ...this.correlated(intent), force, ...(acceptRewrites ? { acceptRewrites } : {}) });
    if (!remade) return report;
    // Also when it stays empty: there was no project, and now there is one.
    const drift: Drift = { refs: report.refs.created, names: [], projectMissing: true };
    return { ...report, outcome: 'changed', drift };
  }

  /** Upstream is gone or blocked: what was mirrored is frozen and kept; that is the day it is worth the most. */
  private async withoutUpstream(intent: Intent, startedAt: string, metadata: Metadata): Promise<Wait | null> {
    const blocked = metadata.upstream === 'blocked';
    if (metadata.mirrored) {
      const why = blocked ? `GitHub blocks it (${metadata.reason ?? 'no reason given'})` : 'GitHub no longer shows it';
      await this.recordStatus(
        'frozen',
        `${why}. What was mirrored is kept as it is; it comes back to life when upstream does.`,
      );
      return this.finish('frozen');
    }
    if (!metadata.known && !intent.requested && intent.claims === 'nothing') return this.finish('nothing to keep');
    const kind = blocked ? 'SourceBlocked' : 'SourceGone';
    const message = blocked
      ? `GitHub blocks ${this.fullName}: ${metadata.reason ?? 'no reason given'}`
      : `GitHub says there is no repository ${this.fullName}, or the token may not see it`;
    return this.afterFailure(intent, startedAt, { kind, message, retryable: false, retryAfterMs: null });
  }

  private async afterFailure(intent: Intent, startedAt: string, failure: WorkFailure): Promise<Wait | null> {
    const waiting = failure.kind === 'SourceRateLimited';
    if (!waiting) this.retryCount += 1;
    const givenUp = !failure.retryable || this.retryCount >= MAX_ATTEMPTS;
    const delayMs = failure.retryAfterMs ?? (waiting ? RATE_LIMIT_PAUSE_MS : retryDelayMs(this.retryCount));
    const untilMs = Date.now() + delayMs;
    this.lastError = { kind: failure.kind, message: failure.message };
    await record({
      kind: 'failed',
      failure: this.lastError,
      retryCount: this.retryCount,
      nextAttemptAt: givenUp ? null : isoTime(untilMs),
      ...this.attemptFields(intent, startedAt),
    });
    if (givenUp) {
      this.setStatus('permanent_failure');
      this.retryCount = 0;
      return this.finish('given up until the next event');
    }
    this.setStatus('failed');
    this.doing = `waiting to try again after ${failure.kind}`;
    const again: Intent = { ...withoutObservation(intent), trigger: 'retry' };
    // A batch takes a failure as the end, and a rate limit as a longer wait.
    return { kind: 'retry', untilMs, intent: waiting ? again : withoutBatches(again) };
  }

  // -------------------------------------------------------------------------------------------------------------- deletion

  private async afterUnstar(intent: Intent, metadata: Metadata): Promise<Wait | null> {
    if (metadata.unstarPolicy === 'keep') {
      await this.recordStatus('completed', 'Unstarred; kept, because STARKEEP_UNSTAR_POLICY is keep.');
      return this.finish('idle');
    }
    this.doing = 'proving that it was unstarred';
    const proof = await verifyUnstar(this.correlated(intent));
    switch (proof.verdict) {
      case 'starred':
        return this.attemptSync({ ...withoutObservation(intent), claims: 'starred' });
      case 'gone':
        await this.recordStatus('frozen', 'GitHub no longer shows it. What was mirrored is kept as it is.');
        return this.finish('frozen');
      case 'unproven':
        await this.recordStatus(
          'completed',
          `Looks unstarred, but that is not proven, so it is kept: ${proof.reason}.`,
        );
        return this.finish('idle');
      default:
        return this.beginGrace(intent, metadata.unstarPolicy, metadata.graceMs, proof);
    }
  }

  private async beginGrace(
    intent: Intent,
    policy: 'delete' | 'archive',
    graceMs: number,
    proof: Extract<UnstarProof, { verdict: 'unstarred' | 'needs_person' }>,
  ): Promise<Wait> {
    const proven = proof.verdict === 'unstarred';
    const { deletion } = await record({
      kind: 'deletion_requested',
      policy,
      proof: proven ? proof.proof : `no proof: ${proof.reason}`,
      dueAt: proven ? isoTime(Date.now() + graceMs) : null,
      ...this.entryFields(intent),
    });
    if (!deletion) throw ApplicationFailure.nonRetryable('the record returned no deletion', 'Unexpected');
    // An older deletion that is still open keeps its date: dying in the grace period does not start it again.
    const untilMs = deletion.dueAt === null ? null : Date.parse(deletion.dueAt);
    return this.inGrace({ kind: 'grace', deletionId: deletion.deletionId, untilMs, provenAtMs: Date.now(), intent });
  }

  private inGrace(wait: Extract<Wait, { kind: 'grace' }>): Wait {
    this.doing =
      wait.untilMs === null ? 'waiting for a person to approve the deletion' : 'waiting for the grace period to end';
    this.setStatus('pending_deletion', undefined, wait.untilMs);
    return wait;
  }

  private async duringGrace(
    batch: Batch,
    wait: Extract<Wait, { kind: 'grace' }>,
    intent: Intent | null,
  ): Promise<Wait | null> {
    if (batch.cancel) {
      await this.endDeletion(
        wait.deletionId,
        'cancelled',
        batch.cancel.by ?? 'unknown',
        batch.cancel.reason ?? null,
        true,
      );
      return this.attemptSync({ ...(intent ?? wait.intent), claims: 'nothing', requested: false, force: true });
    }
    if (batch.approve) return this.deleteNow(wait, batch.approve.by ?? 'unknown');
    if (batch.events.some((event) => event.kind === 'starred' || event.kind === 'requested') || batch.sync) {
      return this.afterRestar(wait, intent ?? wait.intent);
    }
    const graceOver = wait.untilMs !== null && Date.now() >= wait.untilMs;
    if (!graceOver) return wait;
    const proofsApartAt = wait.provenAtMs + PROOF_GAP_MS;
    if (Date.now() < proofsApartAt) return { ...wait, untilMs: proofsApartAt };
    return this.deleteNow(wait, null);
  }

  /** Somebody says it is starred again, or wants it. Only the truth calls the deletion off. */
  private async afterRestar(wait: Extract<Wait, { kind: 'grace' }>, intent: Intent): Promise<Wait | null> {
    if (intent.requested) {
      await this.endDeletion(wait.deletionId, 'cancelled', 'a person', 'it was asked for again', true);
      return this.attemptSync(intent);
    }
    let proof: UnstarProof;
    try {
      proof = await verifyUnstar(this.correlated(intent));
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      // Not knowing is no reason to delete, nor to stop waiting: the proof before the deletion asks again.
      this.lastError = pick(failureIn(error));
      return wait;
    }
    const claimed = intent.claims === 'starred' && proof.verdict === 'needs_person';
    if (proof.verdict !== 'starred' && !claimed) return wait;
    await this.endDeletion(wait.deletionId, 'cancelled', 'star', 'it was starred again', false);
    return this.attemptSync({ ...withoutObservation(intent), claims: 'starred', force: true });
  }

  private async deleteNow(wait: Extract<Wait, { kind: 'grace' }>, approvedBy: string | null): Promise<Wait | null> {
    this.doing = 'proving once more, then deleting';
    let result: DeleteOutcome;
    try {
      // Once begun it is finished, also when the workflow is cancelled: half a deletion is not a state anybody wants.
      result = await CancellationScope.nonCancellable(() =>
        deleteProject({ ...this.correlated(wait.intent), deletionId: wait.deletionId, approvedBy }),
      );
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      return this.afterFailedDeletion(wait, approvedBy, failureIn(error));
    }
    switch (result.outcome) {
      case 'deleted':
      case 'archived':
        this.setStatus('deleted');
        return this.finish(result.outcome);
      case 'starred':
        await this.endDeletion(wait.deletionId, 'cancelled', 'star', 'it is starred again', false);
        return this.attemptSync({ ...wait.intent, claims: 'starred', force: true });
      case 'gone':
        await this.endDeletion(
          wait.deletionId,
          'refused',
          'proof',
          'upstream is gone, so the mirror is frozen and kept',
          false,
        );
        await this.recordStatus('frozen', 'GitHub no longer shows it. What was mirrored is kept as it is.');
        return this.finish('frozen');
      case 'unproven':
        return this.afterFailedDeletion(wait, approvedBy, {
          kind: 'UnstarUnproven',
          message: result.reason,
          retryable: true,
          retryAfterMs: null,
        });
      case 'over_budget':
      case 'needs_person':
        await record({
          kind: 'deletion_waiting',
          deletionId: wait.deletionId,
          reason: result.reason,
          ...this.entryFields(wait.intent),
        });
        return this.inGrace({ ...wait, untilMs: null });
      case 'refused':
        await this.endDeletion(wait.deletionId, 'refused', 'proof', result.reason, false);
        await this.recordStatus('completed', `Not deleted: ${result.reason}.`);
        return this.finish('idle');
    }
  }

  /** The deletion could not be carried out. Nothing is half deleted: every step of it may be repeated. */
  private async afterFailedDeletion(
    wait: Extract<Wait, { kind: 'grace' }>,
    approvedBy: string | null,
    failure: WorkFailure,
  ): Promise<Wait> {
    this.lastError = pick(failure);
    this.retryCount += 1;
    const givenUp = !failure.retryable || this.retryCount >= MAX_ATTEMPTS;
    if (givenUp || approvedBy !== null) {
      // A person's approval is used up by the attempt: whoever approved sees the reason and decides again.
      this.retryCount = 0;
      const reason = `${failure.kind}: ${failure.message}`;
      await record({ kind: 'deletion_waiting', deletionId: wait.deletionId, reason, ...this.entryFields(wait.intent) });
      return this.inGrace({ ...wait, untilMs: null });
    }
    const delayMs = failure.retryAfterMs ?? retryDelayMs(this.retryCount);
    return this.inGrace({ ...wait, untilMs: Date.now() + delayMs });
  }

  private async endDeletion(
    deletionId: string,
    state: 'cancelled' | 'refused',
    by: string,
    reason: string | null,
    keep: boolean,
  ): Promise<void> {
    await record({ kind: 'deletion_ended', deletionId, state, by, reason, keep, ...this.entryFields(null) });
    upsertSearchAttributes([{ key: DELETE_AT, value: null }]);
  }

  // ---------------------------------------------------------------------------------------------------------------- record

  private correlated(intent: Intent): { mirrorId: MirrorId; correlationId: string } {
    return { mirrorId: this.mirrorId, correlationId: intent.correlationId };
  }

  private entryFields(intent: Intent | null) {
    const { workflowId, runId } = workflowInfo();
    const correlationId = intent?.correlationId ?? this.correlationId ?? `run-${runId}`;
    const { mirrorId, batches } = this;
    return { mirrorId, correlationId, workflowId, runId, ...(batches.length > 0 ? { batches } : {}) };
  }

  private attemptFields(intent: Intent, startedAt: string) {
    return {
      ...this.entryFields(intent),
      repoId: this.repoId,
      fullName: this.fullName,
      trigger: intent.trigger,
      attempt: this.attempt,
      startedAt,
    };
  }

  private async recordStatus(status: MirrorStatus, note: string, paused?: boolean): Promise<void> {
    const entry: RecordEntry = { kind: 'status', status, note, ...this.entryFields(null) };
    await record(paused === undefined ? entry : { ...entry, paused });
    this.setStatus(status);
  }

  /** The record must not go on claiming that something is under way. What was mirrored stays. */
  private async recordCancelled(error: unknown): Promise<void> {
    const { mirrorId, correlationId } = this;
    log.warn('mirror workflow cancelled', { mirrorId, correlationId, reason: String(error) });
    await CancellationScope.nonCancellable(async () => {
      if (this.wait?.kind === 'grace') {
        await this.endDeletion(this.wait.deletionId, 'cancelled', 'Temporal', 'the workflow was cancelled', false);
      }
      await this.recordStatus('failed', 'The workflow was cancelled in Temporal. The next event starts it again.');
    });
  }

  private finish(doing: string): null {
    this.doing = doing;
    return null;
  }

  private rename(fullName: string): void {
    if (fullName === this.fullName) return;
    this.fullName = fullName;
    upsertSearchAttributes([{ key: REPO_FULL_NAME, value: fullName }]);
  }

  private setStatus(status: MirrorStatus, report?: SyncReport, deleteAtMs?: number | null): void {
    const pairs: SearchAttributeUpdatePair[] = [];
    if (status !== this.status) pairs.push({ key: MIRROR_STATUS, value: status });
    if (report) pairs.push({ key: LAST_SYNCED_AT, value: new Date(Date.now()) });
    if (deleteAtMs) pairs.push({ key: DELETE_AT, value: new Date(deleteAtMs) });
    this.status = status;
    if (pairs.length > 0) upsertSearchAttributes(pairs);
  }
}

const MIRROR_STATUS = { name: 'MirrorStatus', type: messages.SEARCH_ATTRIBUTES.MirrorStatus };
const REPO_FULL_NAME = { name: 'RepoFullName', type: messages.SEARCH_ATTRIBUTES.RepoFullName };
const DELETE_AT = { name: 'DeleteAt', type: messages.SEARCH_ATTRIBUTES.DeleteAt };
const LAST_SYNCED_AT = { name: 'LastSyncedAt', type: messages.SEARCH_ATTRIBUTES.LastSyncedAt };

const STATUS_WHILE_WAITING = { retry: 'failed', grace: 'pending_deletion', paused: 'paused' } as const;

/** A failed activity, as far as the workflow has to know it. */
interface WorkFailure {
  kind: string;
  message: string;
  retryable: boolean;
  retryAfterMs: number | null;
}

function failureIn(error: ActivityFailure): WorkFailure {
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure)) {
    // Temporal's own time-outs: the worker died or stood still.
    const message = rootCause(error) ?? error.message;
    return { kind: 'TransferTimeout', message, retryable: true, retryAfterMs: null };
  }
  const [details] = (cause.details ?? []) as { retryAfterMs?: number | null; retry?: 'later' | 'never' }[];
  const retry = details?.retry ?? (cause.nonRetryable ? 'never' : 'later');
  // git not finding what the API just showed is worth another look: the next pass asks the API, which decides about freezing.
  const missing = error.activityType === 'transfer' && UPSTREAM_MISSING.includes(cause.type ?? '');
  return {
    kind: cause.type ?? 'Unexpected',
    message: cause.message,
    retryable: retry === 'later' || missing,
    retryAfterMs: details?.retryAfterMs ?? null,
  };
}

/** What the SDK's core says of an activity that was cancelled because its worker is shut down. */
const WORKER_SHUTDOWN = 'WorkerShutdown';

const UPSTREAM_MISSING = ['SourceGone', 'SourceBlocked'];

function pick({ kind, message }: WorkFailure): { kind: string; message: string } {
  return { kind, message };
}

function dueIntent(wait: Wait | null): Intent | null {
  return wait && wait.kind !== 'grace' ? wait.intent : null;
}

/** What the star list showed is old by now: ask again. */
function withoutObservation({ observedAt: _, ...intent }: Intent): Intent {
  return intent;
}

function withoutBatches({ batches: _, ...intent }: Intent): Intent {
  return intent;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
