import { failureRow, isFailureKind, type FailureKind } from './failures.ts';
import type { MirrorId, MirrorStatus } from './model.ts';

/** What a person should know of without looking: every kind in one closed table, and when each is so. */

/** In rising order. */
export const ALERT_LEVELS = ['info', 'warning', 'error'] as const;

export type AlertLevel = (typeof ALERT_LEVELS)[number];

interface AlertRow {
  level: AlertLevel;
  /** What is so, for the documents. */
  meaning: string;
  /** What a person does about it; where there is no better advice, the message has it too. */
  todo: string;
  /** When it is over. */
  over: string;
}

export const ALERTS = {
  mirror_failed: {
    level: 'error',
    meaning:
      'A repository is `permanent_failure`: twelve attempts failed, or repeating cannot help. The message names the failure.',
    todo: 'What the failure’s row above says; then `starkeep sync NAME`, or wait for the next event.',
    over: 'it is synced, frozen, excluded, paused or deleted',
  },
  transfer_held: {
    level: 'warning',
    meaning: 'Upstream rewrote or deleted branches, and STARKEEP_REWRITE_POLICY is `hold`.',
    todo: '`starkeep sync NAME --accept-rewrites` follows upstream and archives the old tips.',
    over: 'it is synced',
  },
  deletion_waiting: {
    level: 'warning',
    meaning:
      'A deletion waits for a person: STARKEEP_DELETE_BUDGET is used up, the proof cannot be had, or carrying it out failed.',
    todo: '`starkeep deletions` shows why; `starkeep deletions approve NAME` deletes it now, `starkeep deletions cancel NAME` keeps it.',
    over: 'somebody decided, or it is starred again',
  },
  upstream_gone: {
    level: 'info',
    meaning: 'GitHub no longer shows a repository, or blocks it. What was mirrored is frozen and kept.',
    todo: 'Nothing: the mirror is what is left of it. It comes back to life when upstream does.',
    over: 'upstream is back',
  },
  star_list_refused: {
    level: 'error',
    meaning:
      'The star list cannot be read: the token is another account’s, lacks a permission or a single sign-on, or nobody knows whose stars they are.',
    todo: 'What the failure’s row above says.',
    over: 'a reading gets through',
  },
  star_list_held: {
    level: 'warning',
    meaning: 'A complete reading lacks more stars than STARKEEP_DELETE_BUDGET allows at once, or is empty.',
    todo: '`starkeep deletions` shows them; if you took them back, `starkeep deletions ask ID` has GitHub asked about each. If not, check whose token it is.',
    over: 'somebody decided, or a complete reading has them again',
  },
  star_list_incomplete: {
    level: 'warning',
    meaning:
      'Three readings in a row were not whole: GitHub does not answer, or leaves repositories out (single sign-on).',
    todo: 'The message says why. New stars are found as far as they are shown; nothing is concluded from what is missing.',
    over: 'a reading of that kind is whole',
  },
  token_refused: {
    level: 'error',
    meaning: 'GitHub or OneDev refuses the token.',
    todo: 'Make a new one, set GITHUB_TOKEN or ONEDEV_TOKEN, restart.',
    over: 'it is taken again',
  },
  token_expiring: {
    level: 'warning',
    meaning: 'GITHUB_TOKEN expires in less than 14 days; said once more when 3 are left.',
    todo: 'Make a new one at GitHub, set GITHUB_TOKEN and restart, before it expires.',
    over: 'the token lasts longer, or another one is set',
  },
  webhooks_silent: {
    level: 'warning',
    meaning:
      'Webhooks used to arrive and no longer do: for more than a day, and twice the longest pause of the 30 days before.',
    todo: 'Look at “Recent Deliveries” of the webhook on GitHub, at its secret, and at the way from the internet to this machine. Until then the star list finds pushes, minutes later.',
    over: 'one arrives; after 30 days none is expected any more',
  },
  inbox_backlog: {
    level: 'warning',
    meaning: 'Deliveries that were accepted have been waiting for Temporal for more than ten minutes.',
    todo: 'Look at `/health` and at the log of the api: it starts the draining as soon as it reaches Temporal. `starkeep replay --failed` does so by hand.',
    over: 'nothing waits that long',
  },
  audit_broken: {
    level: 'error',
    meaning: 'The audit log is not as it was written: somebody changed the database. Looked at every six hours.',
    todo: '`starkeep audit verify` names the first such entry; compare with a backup.',
    over: 'it is intact',
  },
} as const satisfies Record<string, AlertRow>;

export type AlertKind = keyof typeof ALERTS;

export const ALERT_KINDS = Object.keys(ALERTS) as AlertKind[];

/** What is so now. One alert is open for each account, kind and subject at a time. */
export interface Condition {
  kind: AlertKind;
  /** A mirror id, or what else it is about; empty where there is only one. */
  subject: string;
  /** Of a mirror: how the repository is called. */
  fullName: string | null;
  /** What happened, in a sentence without secrets. */
  summary: string;
  /** What to do. */
  advice: string;
  /** What to type to see more. */
  command: string;
}

/** An alert as the record has it. Times are ISO. */
export interface AlertView extends Condition {
  alertId: string;
  level: AlertLevel;
  raisedAt: string;
  /** `null` while it is so. */
  clearedAt: string | null;
  clearedWhy: string | null;
  /** Messages about it that a channel has not taken yet, and why not. */
  undelivered: { channel: string; reason: string | null }[];
}

export type Transition = 'raised' | 'cleared';

/** One message to one channel. */
export interface AlertNotice {
  /** The same in every attempt, and in no other message: whoever gets it twice can tell. */
  id: string;
  transition: Transition | 'test';
  alert: Omit<AlertView, 'undelivered'>;
}

/** What has just become so, or is just over: for the log, and for whoever sends. */
export interface AlertNews {
  alertId: string;
  kind: AlertKind;
  level: AlertLevel;
  subject: string;
  summary: string;
  transition: Transition;
  /** Channels that have a message about it to send. */
  channels: string[];
}

export function reaches(level: AlertLevel, atLeast: AlertLevel): boolean {
  return ALERT_LEVELS.indexOf(level) >= ALERT_LEVELS.indexOf(atLeast);
}

// --------------------------------------------------------------------------------------------------------------- mirrors

/** What the record says of a mirror, as far as an alert may follow from it. */
export interface MirrorFacts {
  mirrorId: MirrorId;
  fullName: string;
  status: MirrorStatus;
  note: string | null;
  errorKind: string | null;
  errorMessage: string | null;
  /** Why its deletion waits for a person; `null`: none does. */
  waiting: string | null;
}

export interface Verdict {
  raise: Condition[];
  clear: { kind: AlertKind; subject: string; because: string }[];
}

/** Something is under way: what was so before is neither confirmed nor over. */
const UNSETTLED: readonly MirrorStatus[] = ['pending', 'in_progress', 'failed'];

/**
 * What follows from the state of a mirror, whatever led to it. Judging the same state twice changes nothing, so a state that is reached again and again
 * (a failure at every push) is one alert.
 */
export function judgeMirror(facts: MirrorFacts): Verdict {
  const { status, mirrorId: subject } = facts;
  const verdict: Verdict = { raise: [], clear: [] };
  const settle = (kind: AlertKind, condition: Condition | null, because: string) => {
    if (condition) verdict.raise.push(condition);
    else verdict.clear.push({ kind, subject, because });
  };
  settle('deletion_waiting', waitingDeletion(facts), 'its deletion no longer waits');
  if (UNSETTLED.includes(status)) return verdict;
  if (status === 'permanent_failure') return { ...verdict, raise: [...verdict.raise, failed(facts)] };
  const because = BECAUSE[status] ?? `it is ${status}`;
  settle('mirror_failed', null, because);
  settle('upstream_gone', status === 'frozen' ? gone(facts) : null, because);
  settle('transfer_held', status === 'held' ? held(facts) : null, because);
  return verdict;
}

const BECAUSE: Partial<Record<MirrorStatus, string>> = {
  completed: 'it is mirrored again',
  pending_deletion: 'it is about to be deleted',
};

/** Failures that are those of every mirror at once: one alert, not one for each. */
const OF_EVERY_MIRROR: Partial<Record<FailureKind, 'GitHub' | 'OneDev'>> = {
  SourceUnauthorized: 'GitHub',
  TargetUnauthorized: 'OneDev',
};

function failed(facts: MirrorFacts): Condition {
  const { fullName, errorKind } = facts;
  const kind = isFailureKind(errorKind) ? errorKind : 'Unexpected';
  const message = facts.errorMessage ?? facts.note ?? 'no reason is on record';
  const host = OF_EVERY_MIRROR[kind];
  if (host !== undefined) return refusedToken(host, message);
  const { hint, retry } = failureRow(kind);
  const usedUp = `Its attempts are used up now: it is tried again at the next event, or with \`starkeep sync ${fullName}\`.`;
  return ofMirror(facts, 'mirror_failed', {
    summary: `${fullName} is not mirrored, and not tried again by itself: ${message} (${kind})`,
    advice: retry === 'later' ? `${hint} ${usedUp}` : hint,
  });
}

function gone(facts: MirrorFacts): Condition {
  return ofMirror(facts, 'upstream_gone', {
    summary: `${facts.fullName} is frozen and kept: ${facts.note ?? 'GitHub no longer shows it.'}`,
    advice: ALERTS.upstream_gone.todo,
  });
}

function held(facts: MirrorFacts): Condition {
  return ofMirror(facts, 'transfer_held', {
    summary: `${facts.fullName} waits for a person: ${facts.note ?? 'upstream rewrote or deleted a branch.'}`,
    advice: ALERTS.transfer_held.todo.replaceAll('NAME', facts.fullName),
  });
}

function waitingDeletion(facts: MirrorFacts): Condition | null {
  if (facts.waiting === null) return null;
  return ofMirror(facts, 'deletion_waiting', {
    summary: `The deletion of ${facts.fullName} waits for a person: ${facts.waiting}`,
    advice: ALERTS.deletion_waiting.todo.replaceAll('NAME', facts.fullName),
  });
}

function ofMirror(
  { mirrorId: subject, fullName }: MirrorFacts,
  kind: AlertKind,
  words: Pick<Condition, 'summary' | 'advice'>,
): Condition {
  return { kind, subject, fullName, ...words, summary: line(words.summary), command: `starkeep show ${fullName}` };
}

// -------------------------------------------------------------------------------------------------- tokens, the star list

export function refusedToken(host: 'GitHub' | 'OneDev', message: string): Condition {
  const { hint } = failureRow(host === 'GitHub' ? 'SourceUnauthorized' : 'TargetUnauthorized');
  const summary = line(`${host} refuses the token: ${message}`);
  return { kind: 'token_refused', subject: host, fullName: null, summary, advice: hint, command: 'starkeep list' };
}

/** Failures of a reading of the star list that a person has to mend. */
const REFUSALS: readonly string[] = ['AccountMismatch', 'AccountUnknown', 'SourceForbidden'] satisfies FailureKind[];

/** @returns `null` for a failure that may pass by itself */
export function refusedReading(kind: FailureKind, message: string): Condition | null {
  if (kind === 'SourceUnauthorized') return refusedToken('GitHub', message);
  if (!REFUSALS.includes(kind)) return null;
  const summary = line(`The star list cannot be read: ${message} (${kind})`);
  const advice = failureRow(kind).hint;
  return { kind: 'star_list_refused', subject: '', fullName: null, summary, advice, command: 'starkeep list' };
}

/** @param readingId of a held reading; `null`: it was refused, and there is nothing to decide */
export function heldReading(reason: string, readingId: string | null): Condition {
  const advice =
    readingId === null
      ? 'Nothing follows from that reading. Check that GITHUB_TOKEN is of the right person and may read what is starred.'
      : ALERTS.star_list_held.todo.replace('ask ID', `ask ${readingId}`);
  return {
    kind: 'star_list_held',
    subject: readingId === null ? 'refused' : 'held',
    fullName: null,
    summary: line(`Stars are missing, and nothing is deleted for it: ${reason}`),
    advice,
    command: 'starkeep deletions',
  };
}

/** How many readings in a row may have trouble: GitHub's own hiccups, a star in the middle of a reading. */
export const TROUBLED_READINGS = 3;

/** @param inARow readings of that kind that had trouble since the last that had none */
export function troubledReadings(readingKind: string, trouble: string, inARow: number): Condition | null {
  if (inARow < TROUBLED_READINGS) return null;
  return {
    kind: 'star_list_incomplete',
    subject: readingKind,
    fullName: null,
    summary: line(`The star list has not been read whole ${inARow} times in a row: ${trouble}`),
    advice: ALERTS.star_list_incomplete.todo,
    command: 'starkeep reconcile --full',
  };
}

const DAY_MS = 86_400_000;

/** The days before its end at which a token is spoken of. */
export const TOKEN_DAYS = [14, 3] as const;

/**
 * @param expiresAt ISO time; `null`: never
 * @returns which of the two warnings are due, and which are over
 */
export function judgeTokenExpiry(expiresAt: string | null, nowMs: number): Verdict {
  const verdict: Verdict = { raise: [], clear: [] };
  for (const days of TOKEN_DAYS) {
    const subject = `${days} days`;
    if (expiresAt === null || Date.parse(expiresAt) - nowMs > days * DAY_MS) {
      verdict.clear.push({ kind: 'token_expiring', subject, because: 'the token lasts longer' });
      continue;
    }
    verdict.raise.push({
      kind: 'token_expiring',
      subject,
      fullName: null,
      summary: `GITHUB_TOKEN expires on ${minute(expiresAt)}, in less than ${days} days`,
      advice: ALERTS.token_expiring.todo,
      command: 'starkeep config',
    });
  }
  return verdict;
}

// -------------------------------------------------------------------------------------------------------------- webhooks

/** No pause shorter than this is silence. */
export const SHORTEST_SILENCE_MS = DAY_MS;

/** After that nobody expects them any more: the webhook was taken away. */
const LONGEST_SILENCE_MS = 30 * DAY_MS;

/** On fewer days of the last thirty they did not "use to" arrive. */
const REGULAR_DAYS = 5;

/** How deliveries came in the thirty days up to the last one. */
export interface DeliveryRhythm {
  activeDays: number;
  longestPauseMs: number;
}

/** @returns what to say of it; `null`: there is no silence, or nothing is expected */
export function webhookSilence(lastAt: string, rhythm: DeliveryRhythm, nowMs: number): Condition | null {
  const silentMs = nowMs - Date.parse(lastAt);
  const allowedMs = Math.max(SHORTEST_SILENCE_MS, 2 * rhythm.longestPauseMs);
  if (rhythm.activeDays < REGULAR_DAYS || silentMs <= allowedMs || silentMs > LONGEST_SILENCE_MS) return null;
  const pause = Math.max(1, Math.round(rhythm.longestPauseMs / 3_600_000));
  return {
    kind: 'webhooks_silent',
    subject: '',
    fullName: null,
    summary: `No webhook has arrived since ${minute(lastAt)}; before that the longest pause in 30 days was ${pause} h`,
    advice: ALERTS.webhooks_silent.todo,
    command: 'starkeep list',
  };
}

/** A delivery is dispatched in milliseconds; the api looks after those that wait every few seconds. */
const BACKLOG_AFTER_SECONDS = 600;

export function inboxBacklog(backlog: { count: number; oldestSeconds: number }): Condition | null {
  if (backlog.count === 0 || backlog.oldestSeconds <= BACKLOG_AFTER_SECONDS) return null;
  const minutes = Math.round(backlog.oldestSeconds / 60);
  return {
    kind: 'inbox_backlog',
    subject: '',
    fullName: null,
    summary: `${backlog.count === 1 ? 'A webhook delivery waits' : `${backlog.count} webhook deliveries wait`} to be dispatched, the oldest for ${minutes} minutes`,
    advice: ALERTS.inbox_backlog.todo,
    command: 'starkeep replay --failed',
  };
}

export function brokenAudit(eventId: string, problem: string): Condition {
  return {
    kind: 'audit_broken',
    subject: '',
    fullName: null,
    summary: line(`The audit log is broken at entry ${eventId}: ${problem}`),
    advice: ALERTS.audit_broken.todo,
    command: 'starkeep audit verify',
  };
}

// ------------------------------------------------------------------------------------------------------------------ words

/** git's last lines, in a message that is read on a telephone. */
const LONGEST_SUMMARY = 600;

function line(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length <= LONGEST_SUMMARY ? flat : `${flat.slice(0, LONGEST_SUMMARY - 1)}…`;
}

/** `2026-11-25 14:20 UTC` */
export function minute(iso: string): string {
  return `${iso.replace('T', ' ').slice(0, 16)} UTC`;
}
