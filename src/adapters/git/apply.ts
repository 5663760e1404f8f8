import type { DeclinedRef, Oid, RefListing, RefName } from '../../domain/model.ts';
import { archiveNameOf, isMirrored, type RefUpdate, type SyncPlan } from '../../domain/refs.ts';
import { pushAll, type Pushing } from './push.ts';

export interface ApplyOptions {
  plan: SyncPlan;
  /** The target as it was planned for. */
  target: RefListing;
  /** The branch the source's HEAD points at; `null`: leave the target's HEAD alone. */
  head: RefName | null;
  archiveDate: string;
  /** Old tips that could not be got from anywhere, so that they cannot be archived. */
  unavailable: ReadonlySet<Oid>;
  pushing: Pushing;
  /** @see TransferRequest.setDefaultBranch */
  setDefaultBranch: (branch: string) => Promise<void>;
}

/**
 * OneDev refuses every name with a `+`, and some repositories have hundreds of them, each a push of its own: after so many refusals the
 * rest is not tried in this sync. The next sync tries again, so a OneDev that has learnt to take them gets them.
 */
const REFUSALS_ENOUGH = 3;

function namesAreAlike(one: RefName, other: RefName): boolean {
  return one.includes('+') && other.includes('+');
}

/** What carrying out a plan came to. */
export interface Applied {
  created: number;
  updated: number;
  forced: number;
  deleted: number;
  archived: number;
  declined: DeclinedRef[];
  /** Whether anything at all was tried. */
  acted: boolean;
}

/**
 * Carries out a plan in its order. If we die here, at whatever step, nothing is lost: old tips are stored before anything moves, deletions come
 * last, and the next run plans from what is there.
 */
export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { plan, target, head, archiveDate, unavailable, pushing } = options;
  const standing = new Set(target.refs.map(({ name }) => name));
  const declined = new Map<RefName, string>();
  const taken: RefUpdate[] = [];
  let targetHead = target.head;
  let acted = false;

  const carryOut = async (updates: RefUpdate[], chunk = pushing.chunk): Promise<void> => {
    acted ||= updates.length > 0;
    const safe = updates.filter((update) => !losesUnstoredTip(update));
    const refused = await pushAll(safe, { ...pushing, chunk });
    for (const update of safe) {
      const reason = refused.get(update.name);
      if (reason !== undefined) declined.set(update.name, reason);
      else note(update);
    }
  };

  /** If the old tip could not be kept, the ref stays as it is. */
  const losesUnstoredTip = (update: RefUpdate): boolean => {
    if (!update.forced && update.desired !== null) return false;
    const archive = archiveNameOf(update.name, archiveDate);
    const reason = declined.get(archive);
    if (reason === undefined) return false;
    declined.set(update.name, `its old tip could not be kept as ${archive}: ${reason}`);
    return true;
  };

  const note = (update: RefUpdate): void => {
    taken.push(update);
    if (update.desired === null) standing.delete(update.name);
    else standing.add(update.name);
  };

  const pointHead = async (branch: RefName | null): Promise<void> => {
    if (branch === null || branch === targetHead || !standing.has(branch)) return;
    acted = true;
    await options.setDefaultBranch(branch.slice('refs/heads/'.length));
    targetHead = branch;
  };

  const storable = plan.archives.filter(({ desired }) => desired !== null && !unavailable.has(desired));
  for (const { name } of plan.archives) declined.set(name, 'neither GitHub nor OneDev hands the old tip out');
  for (const { name } of storable) declined.delete(name);
  await carryOut(storable);
  const archived = taken.length;
  // An archive that failed shows as the ref it was for.
  const failedArchives = new Set(declined.keys());

  if (plan.first !== null) await carryOut([plan.first]);
  await pointHead(head);
  if (plan.refuge !== null) {
    if (plan.refuge.push !== null) await carryOut([plan.refuge.push]);
    await pointHead(plan.refuge.name);
  }
  await carryOut(plan.clearances);
  await carryOut(plan.updates);
  for (const update of plan.isolated) {
    const alike = [...declined].filter(([name]) => namesAreAlike(name, update.name));
    if (alike.length < REFUSALS_ENOUGH) await carryOut([update], 1);
    else declined.set(update.name, `not tried, since ${REFUSALS_ENOUGH} names like it were refused: ${alike[0]?.[1]}`);
  }
  await pointHead(head);
  await carryOut(plan.deletions);

  const heads = taken.slice(archived).filter(({ name }) => name !== plan.refuge?.push?.name);
  return {
    created: heads.filter(({ expected, desired }) => expected === null && desired !== null).length,
    updated: heads.filter(({ expected, desired }) => expected !== null && desired !== null).length,
    forced: heads.filter(({ forced, desired }) => forced && desired !== null).length,
    // Archived tips whose time is over are no loss of upstream's.
    deleted: heads.filter(({ name, desired }) => desired === null && isMirrored(name)).length,
    archived,
    declined: [...declined]
      .filter(([name]) => !failedArchives.has(name))
      .map(([name, reason]) => ({ name, reason }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    acted,
  };
}
