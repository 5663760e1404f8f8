import { Failure } from '../../domain/failures.ts';
import type { RefName } from '../../domain/model.ts';
import { needsOwnPush, type RefUpdate, trippingCharacter } from '../../domain/refs.ts';
import { isWholeRefusal, type RefVerdict } from './messages.ts';

/** What one push came to. */
export interface PushOutcome {
  verdicts: ReadonlyMap<RefName, RefVerdict>;
  /** Why the hook refused the push, where it did. */
  hookReason: () => string;
  /** What it means that nothing was said of a ref, or that the pack was not taken. */
  failure: () => Failure;
}

export interface Pushing {
  /** Sends these updates as one push. @throws Failure when the target could not be talked to */
  send: (updates: readonly RefUpdate[]) => Promise<PushOutcome>;
  /** Refs in one push at most. */
  chunk: number;
  /** Called after each push with the updates it decided. */
  onDone: (updates: number) => void;
}

/** Why the target did not take a ref, by name; whatever is not in it was taken. */
export type Declined = Map<RefName, string>;

/** Refs in one push, where nothing else is said. */
export const DEFAULT_PUSH_CHUNK = 500;

/** Of one push, all updates together: as arguments far below what any system allows (macOS: 1 MB with the environment), and as a form what OneDev takes. */
const MAX_UPDATE_BYTES = 128 * 1024;

/**
 * Pushes in chunks, one after the other. A ref whose name OneDev trips over goes alone. A chunk that the target's hook declines is halved
 * until the culprits are alone, because a hook refuses all or nothing; the others go through.
 *
 * Every update carries what the target must still hold, so nothing that changed meanwhile is overwritten. If we die here, the refs pushed so far
 * are right, and the next run lists both sides again and pushes the rest.
 * @throws Failure `TargetChanged` when the target holds something else than when it was listed
 */
export async function pushAll(updates: readonly RefUpdate[], pushing: Pushing): Promise<Declined> {
  const declined: Declined = new Map();
  for (const group of chunksOf(updates, pushing.chunk)) await pushGroup(group, pushing, declined);
  return declined;
}

async function pushGroup(group: readonly RefUpdate[], pushing: Pushing, declined: Declined): Promise<void> {
  const outcome = await pushing.send(group);
  const refused: RefUpdate[] = [];
  for (const update of group) {
    const verdict = verdictOn(update, outcome);
    if (verdict.verdict === 'hook-declined') refused.push(update);
    else if (verdict.verdict === 'declined') declined.set(update.name, verdict.reason);
    else if (verdict.verdict === 'changed') throw changedMeanwhile(update.name);
  }
  pushing.onDone(group.length - refused.length);
  const [first, ...others] = refused;
  if (first === undefined) return;
  if (others.length === 0 && group.length === 1) {
    declined.set(first.name, explained(first.name, outcome.hookReason()));
    pushing.onDone(1);
    return;
  }
  const middle = Math.ceil(refused.length / 2);
  for (const half of [refused.slice(0, middle), refused.slice(middle)]) {
    if (half.length > 0) await pushGroup(half, pushing, declined);
  }
}

function verdictOn({ name }: RefUpdate, { verdicts, failure }: PushOutcome): RefVerdict {
  const verdict = verdicts.get(name);
  // Without a verdict nothing is known of the ref, whatever else was said.
  if (verdict === undefined) throw failure();
  if (verdict.verdict === 'declined' && isWholeRefusal(verdict.reason)) throw failure();
  return verdict;
}

/** Refs that share a push, in order: at most `size`, and never so many that the arguments grow too long. */
export function chunksOf(updates: readonly RefUpdate[], size: number): RefUpdate[][] {
  const chunks: RefUpdate[][] = [];
  let open: RefUpdate[] = [];
  let bytes = 0;
  for (const update of updates) {
    const cost = 2 * Buffer.byteLength(update.name) + BYTES_BESIDE_NAMES;
    if (needsOwnPush(update)) {
      chunks.push([update]);
      continue;
    }
    if (open.length > 0 && (open.length >= size || bytes + cost > MAX_UPDATE_BYTES)) {
      chunks.push(open);
      [open, bytes] = [[], 0];
    }
    open.push(update);
    bytes += cost;
  }
  if (open.length > 0) chunks.push(open);
  return chunks;
}

/** Two ids, and what options and separators add. */
const BYTES_BESIDE_NAMES = 104;

/** What the hook says of these names (`curl: (22) …`) explains nothing to anybody. */
function explained(name: RefName, reason: string): string {
  const character = trippingCharacter(name);
  return character === null ? reason : `OneDev cannot take a name with ${character} in it (${reason})`;
}

function changedMeanwhile(name: RefName): Failure {
  return new Failure('TargetChanged', `Somebody changed ${name} on OneDev during the sync; it was not overwritten.`);
}
