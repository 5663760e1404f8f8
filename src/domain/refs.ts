import type { Oid, Ref, RefListing, RefName, RewritePolicy } from './model.ts';

/** One change to one ref of the target. `expected` is what the target must still hold, else it refuses. */
export interface RefUpdate {
  name: RefName;
  /** The id the target must hold now; `null`: the ref must not exist. */
  expected: Oid | null;
  /** The id it shall hold; `null`: the ref shall go. */
  desired: Oid | null;
  /** The new id does not contain the old one (or we cannot tell): the target has to be told to force. */
  forced: boolean;
}

/** Everything one sync will change on the target, in the order it has to happen. */
export interface SyncPlan {
  /** Old tips to store before anything moves: `refs/starkeep/<date>/…` → the old id. */
  archives: RefUpdate[];
  /**
   * The upstream default branch, pushed alone and first: OneDev makes the last branch of a first push its default. Among `updates` instead
   * when a clearance has to make room for it.
   */
  first: RefUpdate | null;
  /**
   * Where the target's HEAD has to wait while the branch it points at is removed in `clearances`, because nobody deletes the branch HEAD points
   * at: a branch that stays, or one made for the purpose (then `push` makes it, and `deletions` removes it). `null` nearly always.
   */
  refuge: { name: RefName; push: RefUpdate | null } | null;
  /** Refs upstream no longer has whose names stand in the way of new ones (`a` and `a/b` cannot both exist): removed before `updates`. */
  clearances: RefUpdate[];
  /** New and moved refs that may share a push. */
  updates: RefUpdate[];
  /** Refs that must be pushed one by one, because the target is known to trip over them and would decline their neighbours. */
  isolated: RefUpdate[];
  /** Refs upstream no longer has, removed last and only after the default branch was set. */
  deletions: RefUpdate[];
  /** Branches left as they are because the policy is `hold`. */
  held: RefName[];
  /** What the target's heads and tags must be afterwards, if it takes everything. */
  desired: Map<RefName, Oid>;
}

export interface SyncRules {
  rewritePolicy: RewritePolicy;
  /** Used in the names of archived tips: `refs/starkeep/<date>/<branch>`; safe in a ref name, e.g. `2026-11-23T142530Z`. */
  archiveDate: string;
  /** ISO time; archived tips from before it are removed, after everything else. Absent: they are kept for ever. */
  archivesExpireBefore?: string;
  /** Whether commit `ancestor` is contained in commit `tip`; `undefined` when nobody can tell, which counts as "no". */
  contains: (tip: Oid, ancestor: Oid) => boolean | undefined;
}

/** The only namespaces a mirror is made of. */
export const MIRRORED_NAMESPACES = ['refs/heads/', 'refs/tags/'] as const;

/** Where old tips are kept on the target. */
export const ARCHIVE_NAMESPACE = 'refs/starkeep/';

/** Under this folder of heads and tags, archived tips come back as branches and tags; upstream does not have them, and they stay all the same. */
export const RESTORED_FOLDER = 'restored/';

export function isMirrored(name: RefName): boolean {
  return MIRRORED_NAMESPACES.some((prefix) => name.startsWith(prefix));
}

/**
 * Decides what to change on the target so that its heads and tags equal the source's. This is the only place that may
 * decide an update or a removal.
 *
 * - A source without a single head or tag never removes anything: callers must refuse it when the target is not empty
 *   (see {@link wouldEmpty}); as a second belt the plan has no deletions then.
 * - `keep-old`: a branch or tag is moved to something that does not contain its old id, or deleted, only together with
 *   an archive of the old id. An id already archived under the same name is not archived twice.
 * - What a person brought back under {@link RESTORED_FOLDER} stays, unless upstream has that very name or one it stands in the way of.
 * - `hold`: such branches stay as they are and are listed in `held`; tags follow as in `keep-old`, since a tag has no history
 *   of its own to approve.
 */
export function planSync(source: RefListing, target: RefListing, rules: SyncRules): SyncPlan {
  const wanted = mirrored(source.refs);
  const folders = new Set([...wanted.keys()].flatMap(parentsOf));
  const present = withoutRestored(mirrored(target.refs), wanted, folders);
  const expired = target.refs.filter(({ name }) => hasExpired(name, rules.archivesExpireBefore));
  const archived = archivedTips(target.refs.filter(({ name }) => !hasExpired(name, rules.archivesExpireBefore)));
  const plan: SyncPlan = {
    archives: [],
    first: null,
    refuge: null,
    clearances: [],
    updates: [],
    isolated: [],
    deletions: [],
    held: [],
    desired: new Map([...wanted.values()].map((ref) => [ref.name, ref.oid])),
  };

  /** @returns false when the change has to wait for a person */
  const mayLose = (old: Ref): boolean => {
    if (rules.rewritePolicy === 'hold' && old.name.startsWith('refs/heads/')) {
      plan.held.push(old.name);
      plan.desired.set(old.name, old.oid);
      return false;
    }
    if (rules.rewritePolicy !== 'follow' && !archived.has(`${archiveKey(old.name)} ${old.oid}`)) {
      const name = archiveNameOf(old.name, rules.archiveDate);
      plan.archives.push({ name, expected: null, desired: old.oid, forced: false });
    }
    return true;
  };

  for (const ref of wanted.values()) {
    const old = present.get(ref.name);
    if (old?.oid === ref.oid) continue;
    const forced = old !== undefined && !containsOld(ref, old, rules);
    if (forced && !mayLose(old)) continue;
    const update: RefUpdate = { name: ref.name, expected: old?.oid ?? null, desired: ref.oid, forced };
    if (needsOwnPush(ref)) plan.isolated.push(update);
    else if (ref.name === source.head) plan.first = update;
    else plan.updates.push(update);
  }

  if (wanted.size > 0) {
    for (const old of present.values()) {
      if (wanted.has(old.name) || !mayLose(old)) continue;
      const deletion: RefUpdate = { name: old.name, expected: old.oid, desired: null, forced: true };
      if (standsInTheWay(old.name, wanted, folders)) plan.clearances.push(deletion);
      else plan.deletions.push(deletion);
    }
  }

  if (plan.first !== null && plan.clearances.some((clearance) => collide(clearance.name, source.head ?? ''))) {
    plan.updates.push(plan.first);
    plan.first = null;
  }
  for (const { name, oid } of expired) plan.deletions.push({ name, expected: oid, desired: null, forced: true });
  plan.refuge = refugeFor(plan, source, target);
  for (const list of [plan.archives, plan.clearances, plan.updates, plan.isolated, plan.deletions]) list.sort(byName);
  return plan;
}

/**
 * Whether following the source would remove every head and tag of the target. A repository that had refs and now lists none is
 * far more often an outage than a wish: the sync is refused (`SourceEmptied`) and the mirror kept.
 */
export function wouldEmpty(source: RefListing, target: RefListing): boolean {
  return mirrored(source.refs).size === 0 && mirrored(target.refs).size > 0;
}

/**
 * Whether OneDev needs this ref in a push of its own. Its receive hook reads the ref list as a form, so `+ % & =` in a name
 * declines (or mangles) the whole push, and a tag that peels to a tree or blob breaks the post-receive of its batch.
 * @see the OneDev contract, traps 1 and 14
 */
export function needsOwnPush(ref: Pick<Ref, 'name' | 'peelsTo'>): boolean {
  return trippingCharacter(ref.name) !== null || (ref.peelsTo ?? 'commit') !== 'commit';
}

/** The character in a name that OneDev is known to trip over; `null` when there is none. */
export function trippingCharacter(name: RefName): string | null {
  return /[+%&=]/.exec(name)?.[0] ?? null;
}

/** How the target's heads and tags differ from what was wanted; empty when they are equal. */
export function differences(desired: ReadonlyMap<RefName, Oid>, target: RefListing): RefName[] {
  const folders = new Set([...desired.keys()].flatMap(parentsOf));
  const present = withoutRestored(mirrored(target.refs), desired, folders);
  const names = new Set([...desired.keys(), ...present.keys()]);
  return [...names].filter((name) => desired.get(name) !== present.get(name)?.oid).sort();
}

/**
 * The text whose SHA-256 is a listing's digest: one `oid name` line per head and tag, sorted by code unit, then `HEAD name`.
 * Two listings with the same text need no transfer between them.
 */
export function digestText(listing: RefListing): string {
  const lines = [...mirrored(listing.refs).values()].sort(byName).map((ref) => `${ref.oid} ${ref.name}\n`);
  return `${lines.join('')}HEAD ${listing.head ?? '-'}\n`;
}

function mirrored(refs: Ref[]): Map<RefName, Ref> {
  return new Map(refs.filter((ref) => isMirrored(ref.name)).map((ref) => [ref.name, ref]));
}

/** What a person brought back is not upstream's, so it is neither compared nor removed, unless upstream needs its name. */
function withoutRestored(
  present: Map<RefName, Ref>,
  wanted: ReadonlyMap<RefName, unknown>,
  folders: ReadonlySet<RefName>,
): Map<RefName, Ref> {
  const kept = [...present].filter(
    ([name]) => !isRestored(name) || wanted.has(name) || standsInTheWay(name, wanted, folders),
  );
  return new Map(kept);
}

function isRestored(name: RefName): boolean {
  return MIRRORED_NAMESPACES.some((namespace) => name.startsWith(`${namespace}${RESTORED_FOLDER}`));
}

/** An old tip that was kept when its branch or tag moved or went. */
export interface ArchivedTip {
  /** Its ref on the target. */
  name: RefName;
  oid: Oid;
  /** What it was the tip of: `refs/heads/…` or `refs/tags/…`. */
  of: RefName;
  /** ISO time; `null` where the ref's name does not say. */
  archivedAt: string | null;
}

/** The archived tips of a target, oldest first; of one time by name. */
export function archivedTipsOf(target: RefListing): ArchivedTip[] {
  const tips = target.refs.flatMap(({ name, oid }): ArchivedTip[] => {
    const [, date, key] = ARCHIVED.exec(name) ?? [];
    if (date === undefined || key === undefined) return [];
    const of = /^(?:heads|tags)\//.test(key) ? `refs/${key}` : `refs/heads/${key}`;
    return [{ name, oid, of, archivedAt: archiveTime(date) }];
  });
  return tips.sort((a, b) => (a.archivedAt ?? '').localeCompare(b.archivedAt ?? '') || byName(a, b));
}

/** @returns the ref under which an archived tip comes back: `refs/heads/restored/<date>/<branch>`, and tags likewise */
export function restoredNameOf({ name, of }: Pick<ArchivedTip, 'name' | 'of'>): RefName {
  const [, date = ''] = ARCHIVED.exec(name) ?? [];
  const namespace = of.startsWith('refs/tags/') ? 'refs/tags/' : 'refs/heads/';
  return `${namespace}${RESTORED_FOLDER}${date}/${of.slice(namespace.length)}`;
}

const ARCHIVED = /^refs\/starkeep\/([^/]+)\/(.+)$/;

/** Reads the time in an archived tip's name: ISO without the colons, since a ref name may have none. */
function archiveTime(date: string): string | null {
  const [, day, hours, minutes, seconds] = /^(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d(?:\.\d+)?)Z$/.exec(date) ?? [];
  if (seconds === undefined) return null;
  const at = new Date(`${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** A tip whose name holds no time we know never expires. */
function hasExpired(name: RefName, before: string | undefined): boolean {
  if (before === undefined) return false;
  const at = archiveTime(ARCHIVED.exec(name)?.[1] ?? '');
  return at !== null && Date.parse(at) < Date.parse(before);
}

/** Where the old tip of a ref is kept: `refs/starkeep/<date>/<branch>`, `refs/starkeep/<date>/tags/<tag>`. */
export function archiveNameOf(name: RefName, archiveDate: string): RefName {
  return `${ARCHIVE_NAMESPACE}${archiveDate}/${archiveKey(name)}`;
}

/**
 * `refs/heads/a/b` → `a/b`, `refs/tags/v1` → `tags/v1`. A branch that is itself called `tags/v1` keeps its `heads/`, so that no two refs that can
 * exist together ever ask for the same, or for colliding, archive names.
 */
function archiveKey(name: RefName): string {
  const inFull = name.slice('refs/'.length);
  return /^heads\/(?!(?:heads|tags)(?:\/|$))/.test(inFull) ? inFull.slice('heads/'.length) : inFull;
}

/** `<branch> <oid>` for every tip already archived, whatever the date. */
function archivedTips(refs: Ref[]): Set<string> {
  const tips = refs.filter((ref) => ref.name.startsWith(ARCHIVE_NAMESPACE));
  return new Set(tips.map((ref) => `${ref.name.slice(ARCHIVE_NAMESPACE.length).replace(/^[^/]*\//, '')} ${ref.oid}`));
}

/** Of a branch made as a refuge; upstream never has one of this name while we need it. */
const REFUGE_NAME = 'refs/heads/starkeep-refuge';

function refugeFor(plan: SyncPlan, source: RefListing, target: RefListing): SyncPlan['refuge'] {
  const headGoes = target.head !== null && plan.clearances.some(({ name }) => name === target.head);
  // The new default branch is there already, or comes first: HEAD can move to it at once.
  const present = mirrored(target.refs);
  const removed = new Set([...plan.clearances, ...plan.deletions].map(({ name }) => name));
  if (!headGoes || plan.first !== null || (source.head !== null && present.has(source.head))) return null;

  const isBranch = (name: RefName) => name.startsWith('refs/heads/');
  const staying = [...present.keys()].filter((name) => isBranch(name) && !removed.has(name)).sort();
  if (staying[0] !== undefined) return { name: staying[0], push: null };
  // Left by a run that died: it is among the deletions already.
  if (present.has(REFUGE_NAME)) return { name: REFUGE_NAME, push: null };
  const oid = (plan.updates.find(({ name }) => name === source.head) ?? plan.updates.find(({ name }) => isBranch(name)))
    ?.desired;
  if (oid == null) return null;
  plan.deletions.push({ name: REFUGE_NAME, expected: oid, desired: null, forced: true });
  return { name: REFUGE_NAME, push: { name: REFUGE_NAME, expected: null, desired: oid, forced: false } };
}

/**
 * Git stores refs as paths: a ref cannot exist beside another whose name begins with it and a slash.
 * @param folders the {@link parentsOf} all wanted names
 */
function standsInTheWay(name: RefName, wanted: ReadonlyMap<RefName, unknown>, folders: ReadonlySet<RefName>): boolean {
  return folders.has(name) || parentsOf(name).some((parent) => wanted.has(parent));
}

/** `refs/heads/a/b` → `refs`, `refs/heads`, `refs/heads/a`. */
function parentsOf(name: RefName): RefName[] {
  return [...name.matchAll(/\//g)].map((slash) => name.slice(0, slash.index));
}

function collide(one: RefName, other: RefName): boolean {
  return one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function containsOld(ref: Ref, old: Ref, rules: SyncRules): boolean {
  // A tag does not grow: another id is another tag, whatever the commits behind it.
  return ref.name.startsWith('refs/heads/') && rules.contains(ref.oid, old.oid) === true;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
