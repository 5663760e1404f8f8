import type { MirrorStatus } from './model.ts';
import type { MirrorDecision } from './ports.ts';

/** What a person's word to a mirror needs to make sense. Temporal takes every signal, also one that the workflow then has no use for. */

export interface DecidedAbout {
  status: MirrorStatus | string;
  paused: boolean;
  /** A deletion of it is not over yet. */
  hasDeletion: boolean;
}

/**
 * @param acceptRewrites of `syncNow`: held rewrites are to be followed
 * @returns why the decision would do nothing, completing "NAME "; `null` when it would do something
 */
export function obstacleTo(
  decision: MirrorDecision,
  { status, paused, hasDeletion }: DecidedAbout,
  acceptRewrites = false,
): string | null {
  switch (decision) {
    case 'syncNow':
      if (paused) return 'is paused.';
      return acceptRewrites && status !== 'held' ? `holds no rewrite back; it is ${status}.` : null;
    case 'pause':
      if (paused) return 'is paused already.';
      return status === 'deleted' ? 'was deleted; there is nothing to pause.' : null;
    case 'resume':
      return paused ? null : `is not paused; it is ${status}.`;
    case 'approveDeletion':
    case 'cancelDeletion':
      return hasDeletion ? null : `is not about to be deleted; it is ${status}.`;
  }
}
