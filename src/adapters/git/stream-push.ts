import { Failure } from '../../domain/failures.ts';
import type { Oid } from '../../domain/model.ts';
import type { RefUpdate } from '../../domain/refs.ts';
import type { RefVerdict } from './messages.ts';
import type { PassingPack } from './pack.ts';
import type { Pushing, PushOutcome } from './push.ts';
import type { StreamSource } from './stream-source.ts';
import { CARRIER, type ListedTarget, type StreamTarget } from './stream-target.ts';

export interface StreamPushOptions {
  source: StreamSource;
  target: StreamTarget;
  /** As it was planned for. */
  listed: ListedTarget;
  /** What the plan needs and the target lacks. */
  lacking: ReadonlySet<Oid>;
  /** What the target has, as far as the source may know it. */
  haves: readonly Oid[];
  chunk: number;
  onDone: Pushing['onDone'];
  onPassing: (pack: PassingPack) => void;
}

export interface StreamPushing extends Pushing {
  /** Of all packs that were fetched, those included that the target declined. */
  received(): PassingPack;
  /**
   * Removes the carrier, also one that a run left that died; without it the next run would.
   * @returns why the target keeps it; `null` when it is gone
   */
  removeCarrier(): Promise<string | null>;
}

/** After so many packs that the target's hook declined, refs that need another are not tried in this sync. The next one tries again. */
const PACKS_ENOUGH = 4;

/**
 * Pushes without having the objects: the first push that needs any carries the source's pack with everything the plan needs, the others follow with
 * an empty pack.
 *
 * A hook declines the whole push, and with it the pack. Then the pack is fetched once more and brought in by a ref of our own that nobody protects, so
 * that every ref which would be taken still is. If we die here, the target either took the pack as a whole or has none of it; a carrier that stays is
 * removed by the next run.
 */
export function streamPushing(options: StreamPushOptions): StreamPushing {
  const { source, target, listed, lacking } = options;
  let passed: PassingPack = { objects: 0, bytes: 0 };
  let delivered = lacking.size === 0;
  let carrier = listed.carrier;
  let carrierTried = false;
  const refusals: string[] = [];

  const sendWithPack = async (updates: readonly RefUpdate[]): Promise<PushOutcome> => {
    const request = {
      wants: [...lacking],
      haves: options.haves,
      done: true,
      thin: !listed.capabilities.has('no-thin'),
      ofsDelta: listed.capabilities.has('ofs-delta'),
    };
    const before = passed;
    const outcome = await source.fetchPack(
      request,
      (pack) => target.push(updates, pack),
      ({ objects, bytes }) => {
        passed = { objects: before.objects + objects, bytes: before.bytes + bytes };
        options.onPassing(passed);
      },
    );
    const verdicts = [...outcome.verdicts.values()];
    delivered = verdicts.some(({ verdict }) => verdict !== 'hook-declined');
    if (!delivered && verdicts.length > 0) refusals.push(outcome.hookReason());
    return outcome;
  };

  const bringByCarrier = async (): Promise<void> => {
    carrierTried = true;
    const [desired = null] = lacking;
    const outcome = await sendWithPack([{ name: CARRIER, expected: carrier, desired, forced: true }]);
    const verdict = outcome.verdicts.get(CARRIER);
    if (verdict === undefined) throw outcome.failure();
    if (verdict.verdict === 'taken') carrier = desired;
  };

  const send = async (updates: readonly RefUpdate[]): Promise<PushOutcome> => {
    const needsPack = () => !delivered && updates.some(({ desired }) => desired !== null && lacking.has(desired));
    if (needsPack() && refusals.length > 0 && !carrierTried) await bringByCarrier();
    if (!needsPack()) return target.push(updates, null);
    return refusals.length < PACKS_ENOUGH ? sendWithPack(updates) : notTried(updates, refusals);
  };

  return {
    send,
    chunk: options.chunk,
    onDone: options.onDone,
    received: () => passed,
    async removeCarrier() {
      if (carrier === null) return null;
      const update: RefUpdate = { name: CARRIER, expected: carrier, desired: null, forced: true };
      const outcome = await target.push([update], null);
      const verdict = outcome.verdicts.get(CARRIER);
      if (verdict === undefined) throw outcome.failure();
      return verdict.verdict === 'taken' ? null : verdict.verdict === 'declined' ? verdict.reason : verdict.verdict;
    },
  };
}

function notTried(updates: readonly RefUpdate[], refusals: readonly string[]): PushOutcome {
  const why = `not tried, since ${refusals.length} pushes with the new objects were declined: ${refusals.at(-1)}`;
  const verdict: RefVerdict = { verdict: 'declined', reason: why };
  return {
    verdicts: new Map(updates.map(({ name }) => [name, verdict])),
    hookReason: () => why,
    failure: () => new Failure('TransferFailed', why),
  };
}
