import type { RepoEvent, RepoEventKind } from '../domain/events.ts';
import type { RepoId, Trigger } from '../domain/model.ts';
import type { Decision } from './messages.ts';
import { REMEMBERED_BATCHES, REMEMBERED_DELIVERIES } from './policy.ts';

/** The pure half of the mirror workflow: what came in, what it adds up to, and what is carried into the next run. */

/** Everything that arrived since the last look, added up: one pass of work. */
export interface Intent {
  claims: 'starred' | 'unstarred' | 'nothing';
  /** A person asked for it by name: wanted whatever the star list says. */
  requested: boolean;
  /** Compare everything, even where the digest says nothing changed. */
  force: boolean;
  /** Only say how the target differs: nothing else is asked for. `force` goes before it. */
  compareOnly?: boolean;
  /** The batches that wait to hear how this ends. */
  batches?: string[];
  /** Syncs made only for Git LFS objects that were interrupted; an event begins the count anew. */
  lfsTries?: number;
  /** A person lets rewritten and deleted branches be followed that wait for one. */
  acceptRewrites?: boolean;
  repoId: RepoId;
  fullName: string;
  trigger: Trigger;
  correlationId: string;
  observedAt?: string;
}

/** Why a run stays open although there is nothing to do right now. */
export type Wait =
  | { kind: 'retry'; untilMs: number; intent: Intent }
  | { kind: 'grace'; deletionId: string; untilMs: number | null; provenAtMs: number; intent: Intent }
  | { kind: 'paused'; intent: Intent | null };

/** What a run hands to the next one at continue-as-new. Plain JSON: no Set, no Map, no Date. */
export interface Carried {
  wait: Wait | null;
  batch: Batch;
  recentDeliveries: string[];
  retryCount: number;
  fullName: string;
}

/** What {@link Inbox.take} hands over. */
export interface Batch {
  events: RepoEvent[];
  approve: Decision | null;
  cancel: Decision | null;
  sync: Decision | null;
  /** The last of `pause` and `resume`. */
  pausing: 'pause' | 'resume' | null;
}

const EVENT_KINDS: readonly string[] = ['starred', 'unstarred', 'changed', 'requested'] satisfies RepoEventKind[];
const TRIGGERS: readonly string[] = ['webhook', 'reconcile', 'manual', 'retry', 'batch'] satisfies Trigger[];

/** How many nonsensical signals the query shows. */
const REJECTED_SHOWN = 5;

/**
 * Collects signals. Its methods never throw and never wait: a throw in a signal handler fails the workflow or jams it for ever.
 */
export class Inbox {
  readonly rejected: string[] = [];
  /** Signals taken in by this run. */
  received = 0;
  private batch: Batch;
  private readonly recent: string[];

  constructor(batch: Batch = emptyBatch(), recentDeliveries: string[] = []) {
    this.batch = batch;
    this.recent = recentDeliveries;
  }

  get hasWork(): boolean {
    const { events, approve, cancel, sync, pausing } = this.batch;
    return events.length > 0 || approve !== null || cancel !== null || sync !== null || pausing !== null;
  }

  get queued(): number {
    return this.batch.events.length;
  }

  get recentDeliveries(): string[] {
    return [...this.recent];
  }

  takeEvent(value: unknown): void {
    this.received += 1;
    const event = parseRepoEvent(value);
    if (!event) return this.reject('repoEvent', value);
    if (event.deliveryId !== undefined) {
      if (this.recent.includes(event.deliveryId)) return;
      this.recent.push(event.deliveryId);
      if (this.recent.length > REMEMBERED_DELIVERIES) this.recent.shift();
    }
    this.batch.events.push(event);
  }

  takeDecision(name: 'approve' | 'cancel' | 'sync', value: unknown): void {
    this.received += 1;
    const decision = parseDecision(value);
    if (!decision) return this.reject(name, value);
    this.batch[name] = decision;
    // The last word counts: an approval after a cancellation, or the other way round.
    if (name === 'approve') this.batch.cancel = null;
    if (name === 'cancel') this.batch.approve = null;
  }

  takePausing(which: 'pause' | 'resume'): void {
    this.received += 1;
    this.batch.pausing = which;
  }

  takeUnknown(name: string): void {
    this.received += 1;
    this.reject(name, 'no signal of this name');
  }

  /** Empties the inbox. */
  take(): Batch {
    const taken = this.batch;
    this.batch = emptyBatch();
    return taken;
  }

  private reject(name: string, value: unknown): void {
    this.rejected.push(`${name}: ${(JSON.stringify(value) ?? 'nothing').slice(0, 200)}`);
    if (this.rejected.length > REJECTED_SHOWN) this.rejected.shift();
  }
}

export function emptyBatch(): Batch {
  return { events: [], approve: null, cancel: null, sync: null, pausing: null };
}

/**
 * Adds events up. The last claim about the star wins, and the newest name; the truth is asked for anyway. Facts seen in the star list
 * spare a question only if nothing else happened.
 * @param earlier work that is still due: what the events add to
 */
export function coalesce(events: readonly RepoEvent[], earlier: Intent | null): Intent | null {
  let intent = earlier;
  for (const event of events) intent = addEvent(intent, event);
  return intent;
}

function addEvent(intent: Intent | null, event: RepoEvent): Intent {
  const claims = event.kind === 'starred' || event.kind === 'unstarred' ? event.kind : (intent?.claims ?? 'nothing');
  const requested = event.kind === 'requested';
  const observedAt = intent === null || intent.observedAt !== undefined ? event.observedAt : undefined;
  const compareOnly = event.compare === 'report' && (intent === null || intent.compareOnly === true);
  const batches = [...(intent?.batches ?? []), ...(event.batchId === undefined ? [] : [event.batchId])];
  return {
    claims,
    requested: requested || (intent?.requested ?? false),
    force: requested || event.compare === 'repair' || (intent?.force ?? false),
    ...(compareOnly ? { compareOnly } : {}),
    ...(batches.length > 0 ? { batches: [...new Set(batches)].slice(-REMEMBERED_BATCHES) } : {}),
    ...(intent?.acceptRewrites ? { acceptRewrites: true } : {}),
    repoId: event.repoId,
    fullName: event.fullName,
    trigger: event.trigger,
    correlationId: event.correlationId,
    ...(observedAt === undefined ? {} : { observedAt }),
  };
}

export function parseRepoEvent(value: unknown): RepoEvent | null {
  if (typeof value !== 'object' || value === null) return null;
  const event = value as Record<string, unknown>;
  const { kind, repoId, fullName, trigger, correlationId, deliveryId, observedAt, compare, batchId, by } = event;
  if (typeof kind !== 'string' || !EVENT_KINDS.includes(kind)) return null;
  if (typeof repoId !== 'string' || !/^\d{1,20}$/.test(repoId)) return null;
  if (typeof fullName !== 'string' || fullName.length > 255 || !/^[^/\s]+\/[^/\s]+$/.test(fullName)) return null;
  return {
    kind: kind as RepoEventKind,
    repoId,
    fullName,
    trigger: typeof trigger === 'string' && TRIGGERS.includes(trigger) ? (trigger as Trigger) : 'manual',
    correlationId: typeof correlationId === 'string' ? correlationId.slice(0, 200) : `signal-${repoId}`,
    ...(typeof deliveryId === 'string' ? { deliveryId } : {}),
    ...(typeof observedAt === 'string' ? { observedAt } : {}),
    ...(compare === 'repair' || compare === 'report' ? { compare } : {}),
    ...(typeof batchId === 'string' && /^\d{1,18}$/.test(batchId) ? { batchId } : {}),
    ...(typeof by === 'string' ? { by } : {}),
  };
}

/** `undefined` is what a signal without `--input` brings. */
function parseDecision(value: unknown): Decision | null {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') return null;
  const { by, reason, acceptRewrites } = value as Record<string, unknown>;
  return {
    ...(typeof by === 'string' ? { by: by.slice(0, 200) } : {}),
    ...(typeof reason === 'string' ? { reason: reason.slice(0, 1000) } : {}),
    ...(acceptRewrites === true ? { acceptRewrites } : {}),
  };
}
