/** GitHub full name → OneDev path: pure, and the only place that knows what OneDev would refuse. */

/**
 * Names OneDev keeps for itself, in any place of a path.
 * @see OneDev 16.5.6 `DefaultProjectService.reservedNames`, and the entries of its `site/assets`
 */
const RESERVED = new Set([
  'robots.txt',
  'sitemap.xml',
  'sitemap.txt',
  'favicon.ico',
  'favicon.png',
  'logo.png',
  'wicket',
  'projects',
  'avatars',
  'prefetch.json',
]);

/** OneDev's own pattern: an ASCII word character first, then word characters, `-` and `.`. @see `ProjectNameValidator` */
const PROJECT_NAME = /^\w[\w.-]*$/;

/** OneDev stores names and paths in columns of 255 characters. */
const MAX_PATH_LENGTH = 255;

/**
 * One path segment on OneDev for a GitHub owner or repository name. Most names stay as they are; those OneDev would refuse get a `_` in
 * front (`.github` → `_.github`, `projects` → `_projects`), a trailing `.git` gets one behind (git URLs would cut it off).
 */
export function projectName(name: string): string {
  const safe = name.replace(/[^\w.-]/g, '-');
  const front = PROJECT_NAME.test(safe) && !RESERVED.has(safe.toLowerCase()) ? safe : `_${safe}`;
  return /\.git$/i.test(front) ? `${front}_` : front;
}

/**
 * The paths a mirror may have on the target, best first. The last one carries the repository id, for when somebody else's project has
 * the first name; it is the only one for a name too long for OneDev, since a shortened name could be another repository's.
 * @param parent `ONEDEV_PARENT`, such as `github` or `mirrors/github`
 * @param fullName `owner/name` at GitHub
 */
export function candidatePaths(parent: string, fullName: string, repoId: string): string[] {
  const [owner = '', name = ''] = fullName.split('/');
  const base = `${parent}/${projectName(owner)}/${projectName(name)}`;
  const withId = withSuffix(base, `-${repoId}`);
  return base.length > MAX_PATH_LENGTH ? [withId] : [base, withId];
}

/**
 * Where an archived mirror goes: beside its old place, under a name that says what it is and leaves the old one free.
 * @param attempt 1 for the first choice; higher ones for when the others are taken
 */
export function archivePath(path: string, repoId: string, attempt: number): string {
  return withSuffix(path, `.archived-${repoId}${attempt > 1 ? `-${attempt}` : ''}`);
}

/** Whether {@link archivePath} made this path for this repository. */
export function isArchivePath(path: string, repoId: string): boolean {
  return new RegExp(`\\.archived-${repoId}(?:-\\d+)?$`).test(path);
}

/** The path without its last segment and that segment. A path without a slash has `null` for a parent. */
export function splitPath(path: string): { parent: string | null; name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash < 0 ? null : path.slice(0, slash), name: path.slice(slash + 1) };
}

function withSuffix(path: string, suffix: string): string {
  return `${path.slice(0, MAX_PATH_LENGTH - suffix.length)}${suffix}`;
}

/** Why a text cannot be the parent path on OneDev; `null` when it can. */
export function parentPathProblem(path: string): string | null {
  if (path === 'new' || path === 'import') return `OneDev keeps the path "${path}" for itself`;
  for (const segment of path.split('/')) {
    if (!PROJECT_NAME.test(segment)) {
      return `"${segment}" is not a OneDev project name: a letter, digit or _ first, then letters, digits, _ - and .`;
    }
    if (RESERVED.has(segment.toLowerCase())) return `OneDev keeps the name "${segment}" for itself`;
    if (/\.git$/i.test(segment)) return `"${segment}" ends in .git, which git addresses cut off`;
  }
  return path.length > 100 ? 'it is longer than 100 characters' : null;
}

/** `owner/name` with the characters GitHub allows; anything else cannot be a repository. */
export function isFullName(text: string): boolean {
  // `.` and `..` would climb in an address made of the name.
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(text);
}

/** OneDev compares paths without regard to case. */
export function samePath(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

const MARKER_LINE = 'Kept by Starkeep as';

/** How much of upstream's description is carried over; GitHub allows 350 characters, OneDev cuts at 15,000. */
const MAX_DESCRIPTION = 2_000;

/**
 * The description of a mirror's project: upstream's own, then where it comes from, then the marker by which Starkeep knows
 * its own projects. The marker comes last, on a line of its own, and is never cut.
 */
export function projectDescription(mirrorId: string, htmlUrl: string, description: string | null): string {
  const line = (description ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  // Half a surrogate pair would not come back from OneDev as it was sent, and would be written again on every sync.
  const own = line.slice(0, MAX_DESCRIPTION).replace(/[\uD800-\uDBFF]$/, '');
  const lines = [`Mirror of ${htmlUrl}`, `${MARKER_LINE} ${mirrorId}`];
  return (own ? [own, '', ...lines] : lines).join('\n');
}

/** What the descriptions of all our projects have in them; to look for, and to be compared with {@link markerIn} then. */
export function markerText(mirrorId = ''): string {
  return `${MARKER_LINE} ${mirrorId}`;
}

/** The mirror id in a project's marker; `null` when it has none. Only the last line counts: upstream's text cannot forge it. */
export function markerIn(description: string | null | undefined): string | null {
  const last = (description ?? '').trimEnd().split(/\r?\n/).at(-1)?.trim() ?? '';
  return last.startsWith(`${MARKER_LINE} `) ? last.slice(MARKER_LINE.length + 1) : null;
}
