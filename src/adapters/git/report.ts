import { createHash } from 'node:crypto';
import { driftBetween } from '../../domain/drift.ts';
import { Failure } from '../../domain/failures.ts';
import {
  DECLINED_SHOWN,
  type DeclinedRef,
  type Oid,
  type RefListing,
  type RefName,
  type SyncReport,
} from '../../domain/model.ts';
import { differences, digestText, isMirrored, type SyncPlan, wouldEmpty } from '../../domain/refs.ts';
import type { Applied } from './apply.ts';
import { isNameable, whyUnnameable } from './listing.ts';
import type { ProgressWatch } from './progress-watch.ts';

/** What both ways of transfer say of a sync, and what both refuse. */

/** What became of nothing that was tried. */
export const NOTHING: Applied = {
  created: 0,
  updated: 0,
  forced: 0,
  deleted: 0,
  archived: 0,
  declined: [],
  acted: false,
};

/** Of a sync that moved no object. */
export const NOTHING_RECEIVED = { objects: 0, bytes: 0 };

export interface SyncFacts {
  source: RefListing;
  sourceDigest: string;
  applied: Applied;
  held: RefName[];
  received: { objects: number; bytes: number };
}

export function reportOf(transport: SyncReport['transport'], watch: ProgressWatch, facts: SyncFacts): SyncReport {
  const { source, applied } = facts;
  const { declined, acted, ...counts } = applied;
  return {
    outcome: acted ? 'changed' : 'unchanged',
    transport,
    sourceDigest: facts.sourceDigest,
    refs: {
      source: source.refs.filter(({ name }) => isMirrored(name)).length,
      ...counts,
      declined: declined.length,
    },
    declined: declined.slice(0, DECLINED_SHOWN),
    held: facts.held,
    defaultBranch: nameableHead(source)?.slice('refs/heads/'.length) ?? null,
    ...tipOf(source),
    bytes: facts.received.bytes,
    objects: facts.received.objects,
    phases: watch.phases(),
  };
}

function tipOf({ refs, head }: RefListing): { defaultTip?: Oid } {
  const tip = refs.find(({ name }) => name === head);
  return tip ? { defaultTip: tip.oid } : {};
}

/** Of a sync that found nothing to do at the source. */
export function idleReport(transport: SyncReport['transport'], watch: ProgressWatch, source: RefListing): SyncReport {
  const facts = { source, sourceDigest: digestOf(source), applied: NOTHING, held: [], received: NOTHING_RECEIVED };
  return reportOf(transport, watch, facts);
}

/** Of a sync that only looked. What cannot be named is left out on both sides, as a transfer leaves it. */
export function comparedReport(
  transport: SyncReport['transport'],
  watch: ProgressWatch,
  sides: { source: RefListing; target: RefListing },
  except: readonly RefName[],
): SyncReport {
  const drift = driftBetween(nameable(sides.source), nameable(sides.target), except);
  const told = idleReport(transport, watch, sides.source);
  return drift ? { ...told, drift } : told;
}

/** @throws Failure `SourceEmptied` when following the source would leave nothing of the mirror */
export function refuseEmptied(source: RefListing, target: RefListing): void {
  if (!wouldEmpty(source, target)) return;
  throw new Failure(
    'SourceEmptied',
    'GitHub lists no branch and no tag, but the mirror has some. Nothing was removed.',
  );
}

/** @throws Failure `TargetDiffers` when the target is not as planned, the declined refs apart */
export function verify(plan: SyncPlan, declined: readonly DeclinedRef[], target: RefListing): void {
  const excused = new Set(declined.map(({ name }) => name));
  const different = differences(plan.desired, target).filter((name) => !excused.has(name));
  if (different.length === 0) return;
  const shown = different.slice(0, 5).join(', ');
  throw new Failure('TargetDiffers', `After the push OneDev differs in ${different.length} refs: ${shown}.`);
}

/** Without the refs whose names cannot be passed on; on either side they are left as they are. */
export function nameable(listing: RefListing): RefListing {
  return { refs: listing.refs.filter(({ name }) => isNameable(name)), head: nameableHead(listing) };
}

function nameableHead({ head }: RefListing): RefListing['head'] {
  return head !== null && isNameable(head) ? head : null;
}

/** Those refs, for people: the report goes through JSON and a database, neither of which takes every character, and has to stay small. */
export function unnameableOf(listing: RefListing): DeclinedRef[] {
  return listing.refs.flatMap(({ name }) => {
    const reason = isMirrored(name) ? whyUnnameable(name) : null;
    return reason === null ? [] : [{ name: shownName(name), reason }];
  });
}

const SHOWN_NAME = 200;

function shownName(name: RefName): string {
  const printable = name.slice(0, SHOWN_NAME).replace(/[\x00-\x1f\x7f]/g, '\ufffd');
  return name.length > SHOWN_NAME ? `${printable}…` : printable;
}

export function digestOf(listing: RefListing): string {
  return createHash('sha256').update(digestText(listing)).digest('hex');
}
