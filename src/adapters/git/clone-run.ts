import { Failure } from '../../domain/failures.ts';
import type { Oid, RefListing, SyncReport } from '../../domain/model.ts';
import type { TransferRequest } from '../../domain/ports.ts';
import { isMirrored, planSync, type SyncPlan } from '../../domain/refs.ts';
import { applyPlan } from './apply.ts';
import { clonePushing } from './clone-push.ts';
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
  if (request.compareOnly) {
    const target = await watch.phase('listing', () => session.list('target'));
    return comparedReport('clone', watch, { source: listed, target }, request.compareOnly.except);
  }
  if (digestOf(listed) === request.knownDigest) return idleReport('clone', watch, listed);
  try {
    return await transferOnce(run, listed);
  } catch (error) {
    if (!(error instanceof BrokenCache)) throw error;
    run.log('the cache is broken and is fetched anew', { mirrorId: request.mirrorId, reason: error.message });
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
  if (!listed.refs.some(({ name }) => isMirrored(name))) return idleReport('clone', watch, listed);
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
      pushing: clonePushing(session, run.pushChunk, (refs) => watch.refsDone(refs)),
    }),
  );
  if (applied.acted) {
    await watch.phase('verifying', async () => verify(plan, applied.declined, nameable(await session.list('target'))));
    await tidy(run);
  }
  const declined = [...unnameableOf(fetched), ...applied.declined];
  return reportOf('clone', watch, {
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
    log('the cache could not be packed', { mirrorId: request.mirrorId, reason: String(error) });
    if (error instanceof BrokenCache) await session.discardCache();
  }
}
