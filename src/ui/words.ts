import type { Status } from './api/types.ts';

/** How this UI says things, in one place. */

export const STATUS_WORDS: Record<Status, { label: string; color: string; meaning: string }> = {
  pending: { label: 'Waiting', color: 'gray', meaning: 'Its first sync has not begun yet.' },
  in_progress: { label: 'Syncing', color: 'blue', meaning: 'It is being synced now.' },
  completed: { label: 'Safe', color: 'green', meaning: 'What OneDev has equals what GitHub had at the last look.' },
  failed: { label: 'Failing', color: 'orange', meaning: 'The last attempt failed; it is tried again by itself.' },
  permanent_failure: {
    label: 'Failed',
    color: 'red',
    meaning: 'Trying again by itself cannot help. It needs a person.',
  },
  pending_deletion: {
    label: 'To be deleted',
    color: 'grape',
    meaning: 'It is no longer starred. It can still be kept.',
  },
  deleted: { label: 'Deleted', color: 'gray', meaning: 'It was no longer starred, and was deleted on OneDev.' },
  frozen: { label: 'Frozen', color: 'cyan', meaning: 'GitHub no longer shows it. The copy on OneDev is kept.' },
  excluded: { label: 'Left out', color: 'gray', meaning: 'Your filters leave it out.' },
  paused: { label: 'Paused', color: 'yellow', meaning: 'Somebody paused it. Nothing is synced until it is resumed.' },
  held: {
    label: 'Needs you',
    color: 'violet',
    meaning: 'Upstream rewrote or removed branches, and you decide whether to follow.',
  },
};

export const STATUSES = Object.keys(STATUS_WORDS) as Status[];

/** What happened, by kind of failure, as a heading; what to do about it the api says. */
const ERRORS: Record<string, string> = {
  SourceUnreachable: 'GitHub did not answer',
  SourceUntrusted: 'GitHub’s certificate is not trusted',
  SourceError: 'GitHub answered with an error of its own',
  SourceBadResponse: 'GitHub sent something unexpected',
  SourceRateLimited: 'GitHub asks us to wait: the hourly budget is used up',
  SourceUnauthorized: 'GitHub refused the token',
  SourceForbidden: 'The GitHub token lacks a permission',
  SourceGone: 'GitHub no longer shows this repository',
  SourceBlocked: 'GitHub blocks this repository',
  SourceUnsupported: 'This GitHub server does not offer what was asked',
  SourceForeignUrl: 'GitHub named a clone address on another host',
  SourceEmptied: 'The repository suddenly lists no branches',
  ObjectFormatUnsupported: 'It is a SHA-256 repository, which OneDev cannot keep',
  TargetUnreachable: 'OneDev did not answer',
  TargetUntrusted: 'OneDev’s certificate is not trusted',
  TargetStarting: 'OneDev is starting or in maintenance',
  TargetError: 'OneDev answered with an error',
  TargetBadResponse: 'OneDev sent something unexpected',
  TargetUnauthorized: 'OneDev refused the token',
  TargetForbidden: 'The OneDev token may not do this',
  TargetPathTaken: 'Its name on OneDev is taken by other projects',
  TargetNotOurs: 'The project on OneDev does not carry our mark',
  UnstarUnproven: 'GitHub could not prove that it is unstarred',
  TargetHasChildren: 'Somebody made projects below it on OneDev',
  TargetProjectMissing: 'Its project disappeared from OneDev',
  TargetChanged: 'Somebody changed the copy on OneDev meanwhile',
  TargetDiffers: 'OneDev does not list what was pushed',
  TransferFailed: 'git ended with an error',
  StreamImpossible: 'It cannot be streamed, and streaming is what the settings ask for',
  TransferTimeout: 'The transfer took too long, or stood still',
  TransferKilled: 'git was killed, often for want of memory',
  DiskFull: 'The disk is full',
  CacheBusy: 'Another process works on the same repository',
  GitMissing: 'git was not found on the worker’s machine',
  DatabaseUnavailable: 'Postgres did not answer',
  TemporalUnavailable: 'Temporal did not answer',
  PayloadKeyMissing: 'A key for encrypted payloads is missing',
  AccountMismatch: 'The token belongs to another account',
  DeletionOverBudget: 'More deletions than the budget allows',
  DeletionUnproven: 'It could not be proven that it was unstarred',
  Unexpected: 'Something unexpected happened',
};

/** @returns a heading for a kind of failure; one that is new to this UI is made of its name */
export function errorWords(kind: string | null): string {
  if (kind === null) return 'It failed';
  return ERRORS[kind] ?? sentenceOf(kind);
}

/** @returns what to do, without saying once more what the heading of the kind has said already */
export function adviceWords(kind: string | null, whatToDo: string): string {
  const heading = `${errorWords(kind)}. `;
  const plain = (text: string) => text.replaceAll('’', "'");
  return plain(whatToDo).startsWith(plain(heading)) ? whatToDo.slice(heading.length) : whatToDo;
}

/** @returns `deletion.waiting`, `TargetError` as words a person reads */
export function sentenceOf(name: string): string {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[._-]/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const PHASES: Record<string, string> = {
  listing: 'Listing branches and tags',
  fetching: 'Fetching from GitHub',
  planning: 'Working out what to change',
  pushing: 'Pushing to OneDev',
  verifying: 'Checking what OneDev has',
  lfs: 'Copying LFS objects',
  streaming: 'Streaming from GitHub to OneDev',
};

export const PHASE_ORDER = ['listing', 'fetching', 'planning', 'pushing', 'verifying', 'lfs'];

export function phaseWords(phase: string | null): string {
  return phase === null ? 'Starting' : (PHASES[phase] ?? sentenceOf(phase));
}

const TRIGGERS: Record<string, string> = {
  webhook: 'a webhook from GitHub',
  reconcile: 'the reading of your stars',
  manual: 'somebody who asked for it',
  retry: 'another try',
};

export function triggerWords(trigger: string): string {
  return TRIGGERS[trigger] ?? sentenceOf(trigger).toLowerCase();
}

const ACTIONS: Record<string, string> = {
  'mirror.add': 'Added by hand',
  'mirror.sync': 'A sync was asked for',
  'mirror.pause': 'Somebody paused it',
  'mirror.resume': 'Somebody resumed it',
  'mirror.keep': 'To be kept for ever',
  'mirror.delete': 'Its deletion was asked for',
  'mirror.approve-deletion': 'Its deletion was approved',
  'mirror.cancel-deletion': 'Its deletion was called off',
  'mirror.starred': 'Starred on GitHub',
  'mirror.pending': 'Taken up',
  'mirror.failed': 'Failed for good: it needs a person',
  'mirror.frozen': 'Frozen: GitHub no longer shows it',
  'mirror.held': 'Held: upstream rewrote or removed branches',
  'mirror.excluded': 'Left out by the filters',
  'mirror.kept': 'Kept although it is unstarred',
  'mirror.paused': 'Paused',
  'mirror.resumed': 'Resumed',
  'mirror.restored': 'GitHub shows it again',
  'mirror.deleted': 'Deleted on OneDev',
  'deletion.requested': 'No longer starred: a deletion is planned',
  'deletion.proven': 'GitHub proved that it is unstarred',
  'deletion.cancelled': 'The deletion was called off',
  'deletion.approved': 'The deletion was approved',
  'deletion.done': 'The deletion was carried out',
  'deletion.refused': 'The deletion was refused',
  'deletion.waiting': 'The deletion waits for a person',
  'archive.restore': 'An old tip was brought back',
  'project.created': 'Its project on OneDev was made',
  'project.adopted': 'Its project on OneDev was found again',
  'project.renamed': 'Its project on OneDev was renamed',
  'project.moved': 'Its project on OneDev was moved',
  'delivery.replay': 'A webhook was replayed',
  'settings.enter': 'Settings were entered',
  'settings.test': 'A connection was tried',
  'settings.changed': 'Started with other settings',
};

export function actionWords(action: string): string {
  return ACTIONS[action] ?? sentenceOf(action);
}

const SELECTIONS: Record<string, string> = {
  all: 'All repositories',
  failed: 'Everything that failed',
  filter: 'What a filter keeps',
  mirrors: 'Chosen repositories',
};

export function selectionWords(selection: { kind: string }): string {
  const { mirrorIds } = selection as { mirrorIds?: unknown[] };
  if (selection.kind === 'mirrors' && mirrorIds) return plural(mirrorIds.length, 'chosen repository');
  return SELECTIONS[selection.kind] ?? sentenceOf(selection.kind);
}

const DELETION_STATES: Record<string, { label: string; color: string }> = {
  pending: { label: 'Planned', color: 'grape' },
  waiting_for_approval: { label: 'Waits for you', color: 'violet' },
  approved: { label: 'Approved', color: 'orange' },
  deleted: { label: 'Deleted', color: 'gray' },
  archived: { label: 'Archived', color: 'gray' },
  cancelled: { label: 'Called off', color: 'green' },
  refused: { label: 'Refused', color: 'yellow' },
};

export function deletionState(state: string): { label: string; color: string } {
  return DELETION_STATES[state] ?? { label: sentenceOf(state), color: 'gray' };
}

export function plural(count: number, one: string): string {
  const number = count.toLocaleString('en');
  if (count === 1) return `${number} ${one}`;
  return `${number} ${one.endsWith('y') ? `${one.slice(0, -1)}ies` : `${one}s`}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal, as GitHub and disks count. */
export function bytesWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

const SPANS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function agoWords(at: string, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1_000);
  if (Math.abs(seconds) < 10) return seconds > 0 ? 'in a moment' : 'just now';
  const [unit, size] = SPANS.find(([, span]) => Math.abs(seconds) >= span) ?? ['second', 1];
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' });

export function exactWords(at: string): string {
  return EXACT.format(new Date(at));
}

export function dateWords(at: string): string {
  return DATE.format(new Date(at));
}

/** Such as `2 min 5 s`. */
export function spanWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes} min`, Math.round(seconds % 60), 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return withRest(`${hours} h`, minutes % 60, 'min');
  return `${Math.floor(hours / 24)} days`;
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}
