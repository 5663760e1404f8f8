import { createHash } from 'node:crypto';
import { Failure } from '../../domain/failures.ts';
import { DECLINED_SHOWN, type DeclinedRef, type Oid, type RefListing, type SyncReport } from '../../domain/model.ts';
import type { TransferRequest } from '../../domain/ports.ts';
import { differences, digestText, isMirrored, planSync, type SyncPlan, wouldEmpty } from '../../domain/refs.ts';
import { type Applied, applyPlan } from './apply.ts';
import { isNameable } from './listing.ts';
import type { ProgressWatch } from './progress-watch.ts';
import { BrokenCache, type GitSession } from './session.ts';

/** What one transfer works with. */
export interface CloneRun {
  request: TransferRequest;
  session: GitSession;
  watch: ProgressWatch;
  /** Refs in one push at most. */
  pushChunk: number;
  now: () => number;
  log: (message: string, fields: Record<string, unknown>) => void;
}

/**
 * One transfer by clone: list the source, and unless it is what it was, list the target, fetch, plan from what was fetched, push, list again.
 * A broken cache is thrown away once and everything done anew.
 */
export async function runClone(run: CloneRun): Promise<SyncReport> {
  const { request, session, watch } = run;
  const listed = await watch.phase('listing', () => session.list('source'));
  const sourceDigest = digestOf(listed);
  if (sourceDigest === request.knownDigest) {
    return report(run, { source: listed, sourceDigest, applied: NOTHING, held: [], received: NOTHING_RECEIVED });
  }
  try {
    return await transferOnce(run, listed);
  } catch (error) {
    if (!(error instanceof BrokenCache)) throw error;
    run.log('the cache is broken and is fetched anew', { mirrorId: request.mirrorId, why: error.message });
    await session.discardCache();
  }
  try {
    return await transferOnce(run, listed);
  } catch (error) {
    if (!(error instanceof BrokenCache)) throw error;
    throw new Failure('TransferFailed', `The cache is broken although it was just fetched anew: ${error.message}`, {
      cause: error,
    });
  }
}

async function transferOnce(run: CloneRun, listed: RefListing): Promise<SyncReport> {
  const { request, session, watch } = run;
  const target = nameable(await watch.phase('listing', () => session.list('target')));
  refuseEmptied(listed, target);
  if (!listed.refs.some(({ name }) => isMirrored(name))) {
    return report(run, {
      source: listed,
      sourceDigest: digestOf(listed),
      applied: NOTHING,
      held: [],
      received: NOTHING_RECEIVED,
    });
  }
  const { received, fetched } = await watch.phase('fetching', () => fetchAll(run, listed));
  refuseEmptied(fetched, target);

  const archiveDate = new Date(run.now()).toISOString().replaceAll(':', '');
  const { plan, unavailable } = await watch.phase('planning', () => planFrom(run, fetched, target, archiveDate));
  watch.expectRefs(plan);
  const source = nameable(fetched);
  const applied = await watch.phase('pushing', () =>
    applyPlan({
      plan,
      target,
      head: source.refs.some(({ name }) => name === source.head) ? source.head : null,
      archiveDate,
      unavailable,
      setDefaultBranch: request.setDefaultBranch,
      pushing: {
        git: (leases, refspecs) => session.push(leases, refspecs),
        failureOf: (result) => session.pushFailure(result),
        chunk: run.pushChunk,
        onDone: (refs) => watch.refsDone(refs),
      },
    }),
  );
  if (applied.acted) {
    await watch.phase('verifying', async () => verify(plan, applied.declined, nameable(await session.list('target'))));
    await tidy(run);
  }
  const declined = [...unnameableOf(fetched), ...applied.declined];
  return report(run, {
    source: fetched,
    sourceDigest: digestOf(fetched),
    applied: { ...applied, declined },
    held: plan.held,
    received,
  });
}

/** @returns what the cache holds after the fetch: from then on that is the source, whatever was listed before */
async function fetchAll(run: CloneRun, listed: RefListing) {
  const { session } = run;
  await session.openCache();
  const received = await session.fetch();
  const refs = await session.cachedRefs();
  const names = new Set(refs.map(({ name }) => name));
  const lacking = listed.refs.filter(({ name }) => isMirrored(name) && !names.has(name));
  if (lacking.length > 0) {
    // Deleted upstream in this moment, or lost in the cache? What the cache lost must not be deleted at the target.
    const again = new Set((await session.list('source')).refs.map(({ name }) => name));
    const lost = lacking.find(({ name }) => again.has(name));
    if (lost) throw new BrokenCache(`${lost.name} is missing after a fetch`);
  }
  return { received, fetched: { refs, head: listed.head } };
}

async function planFrom(
  { session, request }: CloneRun,
  fetched: RefListing,
  target: RefListing,
  archiveDate: string,
): Promise<{ plan: SyncPlan; unavailable: Set<Oid> }> {
  const wanted = new Map(fetched.refs.map((ref) => [ref.name, ref.oid]));
  const moved = target.refs.filter(({ name, oid }) => isMirrored(name) && wanted.get(name) !== oid);
  const oldTips = [...new Set(moved.map(({ oid }) => oid))];
  let unavailable = await session.missing(oldTips);
  if (unavailable.length > 0 && request.rewritePolicy !== 'follow') {
    await session.fetchOldTips(unavailable);
    unavailable = await session.missing(unavailable);
  }
  const lacking = new Set(unavailable);
  const known = new Map<string, boolean | undefined>();
  for (const { name, oid } of moved) {
    const tip = wanted.get(name);
    if (tip === undefined || !name.startsWith('refs/heads/') || lacking.has(oid)) continue;
    known.set(`${tip} ${oid}`, await session.contains(tip, oid));
  }
  const plan = planSync(nameable(fetched), target, {
    rewritePolicy: request.rewritePolicy,
    archiveDate,
    ...(request.archivesExpireBefore === undefined ? {} : { archivesExpireBefore: request.archivesExpireBefore }),
    contains: (tip, ancestor) => known.get(`${tip} ${ancestor}`),
  });
  return { plan, unavailable: lacking };
}

/** The sync is done by then: whatever goes wrong here must not make it a failed one. */
async function tidy({ session, request, log }: CloneRun): Promise<void> {
  try {
    await session.tidy();
  } catch (error) {
    log('the cache could not be packed', { mirrorId: request.mirrorId, why: String(error) });
    if (error instanceof BrokenCache) await session.discardCache();
  }
}

function refuseEmptied(source: RefListing, target: RefListing): void {
  if (!wouldEmpty(source, target)) return;
  throw new Failure(
    'SourceEmptied',
    'GitHub lists no branch and no tag, but the mirror has some. Nothing was removed.',
  );
}

function verify(plan: SyncPlan, declined: readonly DeclinedRef[], target: RefListing): void {
  const excused = new Set(declined.map(({ name }) => name));
  const different = differences(plan.desired, target).filter((name) => !excused.has(name));
  if (different.length === 0) return;
  const shown = different.slice(0, 5).join(', ');
  throw new Failure('TargetDiffers', `After the push OneDev differs in ${different.length} refs: ${shown}.`);
}

/** Without the refs whose names cannot be passed to git; on either side they are left as they are. */
function nameable(listing: RefListing): RefListing {
  return { refs: listing.refs.filter(({ name }) => isNameable(name)), head: listing.head };
}

function unnameableOf(listing: RefListing): DeclinedRef[] {
  const names = listing.refs.map(({ name }) => name).filter((name) => !isNameable(name));
  return names.map((name) => ({ name, reason: 'its name is not valid UTF-8' }));
}

function digestOf(listing: RefListing): string {
  return createHash('sha256').update(digestText(listing)).digest('hex');
}

// ---------------------------------------------------------------------------------------------------------------- report

const NOTHING: Applied = { created: 0, updated: 0, forced: 0, deleted: 0, archived: 0, declined: [], acted: false };
const NOTHING_RECEIVED = { objects: 0, bytes: 0 };

function report(
  { watch }: CloneRun,
  facts: {
    source: RefListing;
    sourceDigest: string;
    applied: Applied;
    held: string[];
    received: { objects: number; bytes: number };
  },
): SyncReport {
  const { source, applied } = facts;
  const { declined, acted, ...counts } = applied;
  return {
    outcome: acted ? 'changed' : 'unchanged',
    transport: 'clone',
    sourceDigest: facts.sourceDigest,
    refs: {
      source: source.refs.filter(({ name }) => isMirrored(name)).length,
      ...counts,
      declined: declined.length,
    },
    declined: declined.slice(0, DECLINED_SHOWN),
    held: facts.held,
    defaultBranch: source.head?.slice('refs/heads/'.length) ?? null,
    bytes: facts.received.bytes,
    objects: facts.received.objects,
    phases: watch.phases(),
  };
}
