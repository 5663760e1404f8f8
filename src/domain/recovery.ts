import type { SourceDelivery } from './ports.ts';

/** Which webhook deliveries GitHub is asked to send once more. Pure: the list is GitHub's, the inbox is ours, this compares them. */

/** GitHub keeps deliveries for three days (GitHub Enterprise Server for seven); what is older cannot be sent again. */
export const RECOVERABLE_MS = 3 * 86_400_000;

/**
 * How far before the start of the reading before a reading looks again: GitHub lists an attempt when it has ended, and its clock is
 * another one.
 * @see https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
 */
const OVERLAP_MS = 15 * 60_000;

/** Requests for one delivery until it is left to the star list. */
export const MAX_REQUESTS = 5;

const FIRST_PAUSE_MS = 3_600_000;

/** One event, as far as GitHub's list tells of it: every attempt at it has the same guid. */
export interface DeliveryAttempts {
  guid: string;
  event: string;
  /** Of the latest attempt; any attempt may be asked for again. */
  deliveryId: string;
  /** ISO time of the earliest attempt we know of: GitHub's three days count from it. */
  firstSeenAt: string;
  /** ISO time of the latest attempt. */
  attemptedAt: string;
  /** `OK`, or what GitHub says instead. */
  status: string;
  /** What we answered; 0 when nothing did. */
  statusCode: number;
  /** Some attempt was answered with 2xx. */
  answered: boolean;
}

/** The attempts of a page, one entry per guid; a page may end in the middle of a guid's attempts. */
export function attemptsByGuid(deliveries: readonly SourceDelivery[]): DeliveryAttempts[] {
  const groups = new Map<string, DeliveryAttempts>();
  for (const delivery of deliveries) {
    const known = groups.get(delivery.guid);
    const answered = delivery.status === 'OK' || (known?.answered ?? false);
    const newer = !known || Date.parse(delivery.deliveredAt) > Date.parse(known.attemptedAt);
    const older = !known || Date.parse(delivery.deliveredAt) < Date.parse(known.firstSeenAt);
    const firstSeenAt = older ? delivery.deliveredAt : known.firstSeenAt;
    groups.set(delivery.guid, { ...(newer ? attemptOf(delivery) : known), firstSeenAt, answered });
  }
  return [...groups.values()];
}

function attemptOf(delivery: SourceDelivery): Omit<DeliveryAttempts, 'answered' | 'firstSeenAt'> {
  const { guid, event, id, deliveredAt, status, statusCode } = delivery;
  return { guid, event, deliveryId: id, attemptedAt: deliveredAt, status, statusCode };
}

/**
 * How far back a reading goes.
 * @param completeSince ISO time at which the last complete reading began; `null`: there was none
 * @returns ISO time
 */
export function readUntil(completeSince: string | null, nowMs: number): string {
  const oldest = nowMs - RECOVERABLE_MS;
  const until = completeSince === null ? oldest : Math.max(oldest, Date.parse(completeSince) - OVERLAP_MS);
  return new Date(until).toISOString();
}

/** A delivery that the inbox did not have when GitHub's list was read. */
export interface MissedDelivery extends DeliveryAttempts {
  /** How often we asked for it. */
  requests: number;
  /** ISO time of the last request. */
  requestedAt: string | null;
  /** The inbox has it by now. */
  taken: boolean;
}

/** How a missed delivery ended. */
export type RecoveryEnd =
  /** The inbox has it. */
  | 'taken'
  /** We said 2xx and have no row: while Postgres is away a delivery goes straight to Temporal. Nothing is left to ask for. */
  | 'unrecorded'
  /** What was sent cannot be taken, however often it is sent. */
  | 'refused'
  /** Asked for {@link MAX_REQUESTS} times. */
  | 'given_up'
  /** GitHub no longer has it. */
  | 'expired';

export type RecoveryVerdict = { kind: 'ask' } | { kind: 'wait' } | { kind: 'end'; as: RecoveryEnd };

/** Our own answers to what no repetition mends: the same bytes stay malformed, and too many. */
const REFUSED_FOR_GOOD = [400, 413];

/**
 * Whether GitHub is asked for a delivery now. After the first request the waits are an hour, three, nine and 27: in all 40 hours, so that an
 * outage of a day is outlasted within GitHub's three.
 */
export function recoveryVerdict(missed: MissedDelivery, nowMs: number): RecoveryVerdict {
  if (missed.taken) return { kind: 'end', as: 'taken' };
  if (missed.answered) return { kind: 'end', as: 'unrecorded' };
  if (REFUSED_FOR_GOOD.includes(missed.statusCode)) return { kind: 'end', as: 'refused' };
  if (nowMs - Date.parse(missed.firstSeenAt) > RECOVERABLE_MS) return { kind: 'end', as: 'expired' };
  if (missed.requestedAt === null) return { kind: 'ask' };
  if (nowMs < Date.parse(missed.requestedAt) + pauseMs(missed.requests)) return { kind: 'wait' };
  return missed.requests >= MAX_REQUESTS ? { kind: 'end', as: 'given_up' } : { kind: 'ask' };
}

function pauseMs(requests: number): number {
  return FIRST_PAUSE_MS * 3 ** Math.max(0, requests - 1);
}

/**
 * What a failed attempt says about our own receiver, and what to do; `null` for what passes by itself.
 * @param statusCode what GitHub got from us
 */
export function receiverTrouble(statusCode: number): string | null {
  switch (statusCode) {
    case 401:
      return "signature missing or wrong: make the App's webhook secret and GITHUB_WEBHOOK_SECRET the same";
    case 403:
      return "address not allowed: STARKEEP_WEBHOOK_ALLOW (or STARKEEP_TRUSTED_PROXIES) keeps GitHub's addresses out";
    case 404:
    case 405:
      return "not our address: the App's webhook URL must end in /webhooks/github";
    case 415:
      return "not JSON: set the App webhook's content type to application/json";
    case 400:
    case 413:
      return 'malformed or too large: what was sent cannot be taken';
    default:
      return null;
  }
}
