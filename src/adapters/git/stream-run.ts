import { Failure } from '../../domain/failures.ts';
import type { Oid, Ref, RefListing, SyncReport } from '../../domain/model.ts';
import type { TransferRequest } from '../../domain/ports.ts';
import { isMirrored, planSync, type RefUpdate, type SyncPlan } from '../../domain/refs.ts';
import { containment, endsThatAreNoCommits, type Move, moveKey } from './ancestry.ts';
import { type Applied, applyPlan } from './apply.ts';
import type { PassingPack } from './pack.ts';
import type { ProgressWatch } from './progress-watch.ts';
import {
  comparedReport,
  digestOf,
  idleReport,
  nameable,
  refuseEmptied,
  reportOf,
  unnameableOf,
  verify,
} from './report.ts';
import { streamPushing } from './stream-push.ts';
import { SourceMoved, type StreamSource } from './stream-source.ts';
import { stagesOf, sumOf, together } from './stream-stages.ts';
import type { ListedTarget, StreamTarget } from './stream-target.ts';

/** What one transfer works with. */
export interface StreamRun {
  request: TransferRequest;
  source: StreamSource;
  target: StreamTarget;
  watch: ProgressWatch;
  /** Refs in one push at most. */
  pushChunk: number;
  /** In bytes; a first transfer of more goes in stages of about this size. `null`: never. */
  stageAbove: number | null;
  now: () => number;
  log: (message: string, fields: Record<string, unknown>) => void;
}

/**
 * One transfer by stream: list the source, and unless it is what it was, list the target, plan, let the source's pack flow into the push, list the
 * target again. A source that moves in between is listed anew, once.
 */
export async function runStream(run: StreamRun): Promise<SyncReport> {
  try {
    return await runOnce(run);
  } catch (error) {
    if (!(error instanceof SourceMoved)) throw error;
    // What was done so far is right; the second run plans from what is there.
    run.log('the source changed during the sync and is listed anew', {
      mirrorId: run.request.mirrorId,
      reason: error.message,
    });
  }
  try {
    return await runOnce(run);
  } catch (error) {
    if (!(error instanceof SourceMoved)) throw error;
    throw new Failure('SourceError', `GitHub lists refs whose objects it does not hand out: ${error.message}`, {
      cause: error,
    });
  }
}

async function runOnce(run: StreamRun): Promise<SyncReport> {
  const { request, source, target, watch } = run;
  const listed = await watch.phase('listing', () => source.list());
  if (request.compareOnly) {
    const { listing } = await watch.phase('listing', () => target.list());
    return comparedReport('stream', watch, { source: listed, target: listing }, request.compareOnly.except);
  }
  if (digestOf(listed) === request.knownDigest) return idleReport('stream', watch, listed);

  const [there] = await watch.phase('listing', () => Promise.all([target.list(), source.learn()]));
  refuseEmptied(listed, nameable(there.listing));
  if (!listed.refs.some(({ name }) => isMirrored(name))) return idleReport('stream', watch, listed);
  return transferOnce(run, listed, there);
}

async function transferOnce(run: StreamRun, listed: RefListing, there: ListedTarget): Promise<SyncReport> {
  const { watch } = run;
  const archiveDate = new Date(run.now()).toISOString().replaceAll(':', '');
  const from = nameable(listed);
  const to = nameable(there.listing);
  const plan = await watch.phase('planning', () => planFrom(run, from, to, archiveDate));
  watch.expectRefs(plan);
  const { applied, received } = await watch.phase('pushing', () =>
    carryOut(run, { plan, from, to, there, archiveDate }),
  );
  if (applied.acted) {
    await watch.phase('verifying', async () => verify(plan, applied.declined, nameable(await run.target.listAgain())));
  }
  return reportOf('stream', watch, {
    source: listed,
    sourceDigest: digestOf(listed),
    applied: { ...applied, declined: [...unnameableOf(listed), ...applied.declined] },
    held: plan.held,
    received,
  });
}

interface Undertaking {
  plan: SyncPlan;
  /** Source and target as they were planned for. */
  from: RefListing;
  to: RefListing;
  there: ListedTarget;
  archiveDate: string;
}

/**
 * Carries the plan out, in stages where it is a large first transfer. If we die here, the stages that ended are on the target, and the next run neither
 * plans nor fetches them again.
 */
async function carryOut(
  run: StreamRun,
  undertaking: Undertaking,
): Promise<{ applied: Applied; received: PassingPack }> {
  const { request, watch } = run;
  const { plan, from, to } = undertaking;
  const { sizeBytes } = request;
  const stages = stagesOf(plan, from, to, { sizeBytes, aboveBytes: run.stageAbove });
  if (stages.length > 1) {
    run.log('a large first transfer goes in stages', { mirrorId: request.mirrorId, stages: stages.length, sizeBytes });
  }
  const meter = createMeter(watch, run.now);
  const done: Applied[] = [];
  let received: PassingPack = { objects: 0, bytes: 0 };
  let { there } = undertaking;
  for (let stage = stages.shift(); stage !== undefined; stage = stages.shift()) {
    const before = received;
    const onPassing = (pack: PassingPack) => meter((received = plus(before, pack)));
    const applied = await carryOutStage(run, { ...undertaking, there }, stage, onPassing);
    done.push(applied);
    // One that could not be removed is left to the next run.
    there = { ...there, carrier: null, oids: new Set([...broughtBy(stage, applied), ...there.oids]) };
    // A target that takes none of a stage keeps none of its objects either, and each stage behind it would bring them again.
    const rest = applied.created === 0 ? together(stages.splice(0)) : null;
    if (rest !== null) stages.push(rest);
  }
  return { applied: sumOf(done), received };
}

async function carryOutStage(
  run: StreamRun,
  { from, to, there, archiveDate }: Undertaking,
  stage: SyncPlan,
  onPassing: (pack: PassingPack) => void,
): Promise<Applied> {
  const { mirrorId, setDefaultBranch } = run.request;
  const pushing = streamPushing({
    source: run.source,
    target: run.target,
    listed: there,
    lacking: lackingOf(stage, there.oids),
    haves: havesOf(from, to, there.oids),
    chunk: run.pushChunk,
    onDone: (refs) => run.watch.refsDone(refs),
    onPassing,
  });
  const head = from.refs.some(({ name }) => name === from.head) ? from.head : null;
  const unavailable = new Set<Oid>();
  const options = { plan: stage, target: to, head, archiveDate, unavailable, setDefaultBranch, pushing };
  const applied = await applyPlan(options);
  const kept = await pushing.removeCarrier();
  if (kept !== null) run.log('the carrier ref could not be removed', { mirrorId, reason: kept });
  return applied;
}

/** The latest first, so that they are among the haves however many there are. */
function broughtBy(stage: SyncPlan, { declined }: Applied): Oid[] {
  const names = new Set(declined.map(({ name }) => name));
  const taken = createdBy(stage).filter(({ name }) => !names.has(name));
  return taken.flatMap(({ desired }) => desired ?? []).reverse();
}

function plus(one: PassingPack, other: PassingPack): PassingPack {
  return { objects: one.objects + other.objects, bytes: one.bytes + other.bytes };
}

async function planFrom(
  run: StreamRun,
  listed: RefListing,
  target: RefListing,
  archiveDate: string,
): Promise<SyncPlan> {
  const { request } = run;
  const source = await withTypes(run, listed, target);
  const known = await containment(run.source, movesOf(source, target));
  return planSync(source, target, {
    rewritePolicy: request.rewritePolicy,
    archiveDate,
    ...(request.archivesExpireBefore === undefined ? {} : { archivesExpireBefore: request.archivesExpireBefore }),
    contains: (tip, old) => known.get(moveKey({ tip, old })),
  });
}

/** Branches that are on both sides and differ. */
function movesOf(source: RefListing, target: RefListing): Move[] {
  const wanted = new Map(source.refs.map(({ name, oid }) => [name, oid]));
  const moves = target.refs.flatMap(({ name, oid }) => {
    const tip = wanted.get(name);
    return tip === undefined || tip === oid || !name.startsWith('refs/heads/') ? [] : [{ tip, old: oid }];
  });
  return [...new Map(moves.map((move) => [moveKey(move), move])).values()];
}

/** So many tags of unknown type may each have a push of their own, to be safe. */
const UNKNOWN_TAGS_ALONE = 50;

/** Adds to new and moved tags what they point at in the end, because those of trees and blobs need a push of their own. */
async function withTypes(run: StreamRun, source: RefListing, target: RefListing): Promise<RefListing> {
  const present = new Map(target.refs.map(({ name, oid }) => [name, oid]));
  const tips = new Set(source.refs.filter(({ name }) => name.startsWith('refs/heads/')).map(({ oid }) => oid));
  const isNew = ({ name, oid, peeled }: Ref) =>
    name.startsWith('refs/tags/') && present.get(name) !== oid && !tips.has(peeled ?? oid);
  const tags = source.refs.filter(isNew);
  const others = await endsThatAreNoCommits(run.source, tags);
  if (others === null) {
    run.log('the source does not say what its tags point at', { mirrorId: run.request.mirrorId, tags: tags.length });
  }
  const alone = (ref: Ref) =>
    others === null ? tags.length <= UNKNOWN_TAGS_ALONE && tags.includes(ref) : others.has(ref.peeled ?? ref.oid);
  // Which of the two it is makes no difference to a push.
  const refs = source.refs.map((ref): Ref => (isNew(ref) && alone(ref) ? { ...ref, peelsTo: 'blob' } : ref));
  return { refs, head: source.head };
}

function lackingOf(plan: SyncPlan, present: ReadonlySet<Oid>): Set<Oid> {
  return new Set(createdBy(plan).flatMap(({ desired }) => (desired === null || present.has(desired) ? [] : [desired])));
}

/** What may need objects that the target lacks; archives never do. */
function createdBy(plan: SyncPlan): RefUpdate[] {
  const single = [plan.first, plan.refuge?.push ?? null].filter((update) => update !== null);
  return [...single, ...plan.clearances, ...plan.updates, ...plan.isolated];
}

/**
 * At 50 bytes each a megabyte, half of it compressed. A source has to look every one of them up, and the branches alone nearly always say it all; what is
 * left out is at worst sent again.
 */
const MAX_HAVES = 20_000;

/**
 * First what the source moved away from, then what it lists itself, and of the rest as much as there is room for; what came last in an earlier stage
 * stands first in `present`.
 */
function havesOf(source: RefListing, target: RefListing, present: ReadonlySet<Oid>): Oid[] {
  const moved = movesOf(source, target).map(({ old }) => old);
  const listed = new Set(source.refs.map(({ oid }) => oid));
  const shared = [...present].filter((oid) => listed.has(oid));
  return [...new Set([...moved, ...shared, ...present])].slice(0, MAX_HAVES);
}

/** Bytes per second over everything so far. */
function createMeter(watch: ProgressWatch, now: () => number) {
  const startedAt = now();
  return ({ objects, bytes }: PassingPack) => {
    const seconds = Math.max(now() - startedAt, 1) / 1000;
    watch.objects({ title: 'Passing objects', done: objects, bytes, bytesPerSecond: Math.round(bytes / seconds) });
  };
}
