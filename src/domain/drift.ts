import { DRIFT_SHOWN, type Drift, type Mirror, type RefListing, type RefName, type SyncReport } from './model.ts';
import { differences, isMirrored } from './refs.ts';

/** Drift: the target is not as the last sync left it, although the source is. */

/**
 * Compares the heads and tags of both sides; archives and the target's own refs do not count.
 * @param except what the target would not take, and so cannot have
 * @returns `null` when there is nothing to say: they are equal, or the source lists nothing at all, which is no reason to call the target wrong
 */
export function driftBetween(source: RefListing, target: RefListing, except: readonly RefName[]): Drift | null {
  const desired = new Map(source.refs.filter(({ name }) => isMirrored(name)).map(({ name, oid }) => [name, oid]));
  if (desired.size === 0) return null;
  const excused = new Set(except);
  const names = differences(desired, target).filter((name) => !excused.has(name));
  return names.length === 0 ? null : { refs: names.length, names: names.slice(0, DRIFT_SHOWN) };
}

/**
 * What a sync repaired: it changed heads or tags although the source is as it was at the last sync.
 * @param mirror as it was before
 */
export function repairedDrift(
  mirror: Pick<Mirror, 'sourceDigest' | 'declinedCount'>,
  report: SyncReport,
): Drift | null {
  if (mirror.sourceDigest === null || mirror.sourceDigest !== report.sourceDigest) return null;
  const { created, updated, deleted, declined } = report.refs;
  // What the target would not take before and takes now is no drift.
  const taken = Math.max(0, mirror.declinedCount - declined);
  const refs = Math.max(0, created + updated + deleted - taken);
  return refs === 0 ? null : { refs, names: [] };
}

/** The sentence a mirror shows. @param at when it was found @param name `owner/name`, for the command that repairs it */
export function driftNote({ refs, names, projectMissing }: Drift, isRepaired: boolean, at: Date, name: string): string {
  const day = `${at.toISOString().replace('T', ' ').slice(0, 16)} UTC`;
  const what = `${refs} ${refs === 1 ? 'ref' : 'refs'}`;
  if (isRepaired) {
    return projectMissing
      ? `The project was missing on OneDev and was made anew, with ${what}, on ${day}.`
      : `OneDev differed in ${what} although GitHub had not changed, and was repaired on ${day}.`;
  }
  const more = refs > NAMED ? ` and ${refs - NAMED} more` : '';
  const found = projectMissing
    ? 'The project is missing on OneDev'
    : `OneDev differs in ${what}: ${names.slice(0, NAMED).join(', ')}${more}`;
  return `${found} (found on ${day}). \`starkeep sync ${name}\` repairs it.`;
}

/** How many refs a note names. */
const NAMED = 5;
