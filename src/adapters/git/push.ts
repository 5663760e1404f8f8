import { Failure } from '../../domain/failures.ts';
import type { RefName } from '../../domain/model.ts';
import { needsOwnPush, type RefUpdate, trippingCharacter } from '../../domain/refs.ts';
import { hookReason, isWholeRefusal, parsePush, type RefVerdict } from './messages.ts';
import type { GitResult } from './run.ts';

export interface Pushing {
  /** Runs `git push` with these leases (options) and refspecs. @throws Failure when git could not talk to the target */
  git: (leases: string[], refspecs: string[]) => Promise<GitResult>;
  /** Translates a push that ended badly without a word on its refs. */
  failureOf: (result: GitResult) => Failure;
  /** Refs in one push at most. */
  chunk: number;
  /** Called after each push with the updates it decided. */
  onDone: (updates: number) => void;
}

/** Why the target did not take a ref, by name; whatever is not in it was taken. */
export type Declined = Map<RefName, string>;

/** Of one push, all arguments together: far below what any system allows (macOS: 1 MB with the environment). */
const MAX_ARGUMENT_BYTES = 128 * 1024;

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
  const result = await pushing.git(group.map(leaseOf), group.map(refspecOf));
  const verdicts = parsePush(result.stdout, result.stderr);
  const refused: RefUpdate[] = [];
  for (const update of group) {
    const verdict = verdictOn(update, verdicts, result, pushing);
    if (verdict.verdict === 'hook-declined') refused.push(update);
    else if (verdict.verdict === 'declined') declined.set(update.name, verdict.reason);
    else if (verdict.verdict === 'changed') throw changedMeanwhile(update.name);
  }
  pushing.onDone(group.length - refused.length);
  const [first, ...others] = refused;
  if (first === undefined) return;
  if (others.length === 0 && group.length === 1) {
    declined.set(first.name, explained(first.name, hookReason(result.stderr)));
    pushing.onDone(1);
    return;
  }
  const middle = Math.ceil(refused.length / 2);
  for (const half of [refused.slice(0, middle), refused.slice(middle)]) {
    if (half.length > 0) await pushGroup(half, pushing, declined);
  }
}

function verdictOn(
  update: RefUpdate,
  verdicts: ReadonlyMap<RefName, RefVerdict>,
  result: GitResult,
  pushing: Pushing,
): RefVerdict {
  const verdict = verdicts.get(update.name);
  if (verdict === undefined) {
    // Without a verdict nothing is known of the ref, whatever the exit code says.
    throw pushing.failureOf(result);
  }
  if (verdict.verdict === 'declined' && isWholeRefusal(verdict.reason)) throw pushing.failureOf(result);
  return verdict;
}

/** Refs that share a push, in order: at most `size`, and never so many that the arguments grow too long. */
export function chunksOf(updates: readonly RefUpdate[], size: number): RefUpdate[][] {
  const chunks: RefUpdate[][] = [];
  let open: RefUpdate[] = [];
  let bytes = 0;
  for (const update of updates) {
    const cost = Buffer.byteLength(leaseOf(update)) + Buffer.byteLength(refspecOf(update));
    if (needsOwnPush(update)) {
      chunks.push([update]);
      continue;
    }
    if (open.length > 0 && (open.length >= size || bytes + cost > MAX_ARGUMENT_BYTES)) {
      chunks.push(open);
      [open, bytes] = [[], 0];
    }
    open.push(update);
    bytes += cost;
  }
  if (open.length > 0) chunks.push(open);
  return chunks;
}

function leaseOf({ name, expected }: RefUpdate): string {
  return `--force-with-lease=${name}:${expected ?? ''}`;
}

/** Begins with an object id or a colon, so it can never be taken for an option or a negative refspec. */
function refspecOf({ name, desired }: RefUpdate): string {
  return `${desired ?? ''}:${name}`;
}

/** What the hook says of these names (`curl: (22) …`) explains nothing to anybody. */
function explained(name: RefName, reason: string): string {
  const character = trippingCharacter(name);
  return character === null ? reason : `OneDev cannot take a name with ${character} in it (${reason})`;
}

function changedMeanwhile(name: RefName): Failure {
  return new Failure('TargetChanged', `Somebody changed ${name} on OneDev during the sync; it was not overwritten.`);
}
