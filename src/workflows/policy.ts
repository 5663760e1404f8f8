import type { ActivityOptions } from '@temporalio/workflow';
import type { TASK_QUEUES } from './messages.ts';

/**
 * Timeouts, retries and waits, in one table. Changing a number is safe for running workflows. So is moving a class to another queue, as long as every
 * worker that has the new table asks for work on that queue too: what was scheduled before stays where it is.
 */

const TRANSFER_QUEUE: (typeof TASK_QUEUES)['transfer'] = 'starkeep-transfer';
const GITHUB_QUEUE: (typeof TASK_QUEUES)['github'] = 'starkeep-github';
const ONEDEV_QUEUE: (typeof TASK_QUEUES)['onedev'] = 'starkeep-onedev';

/**
 * By class of call. Temporal's attempts are for hiccups of seconds; a failure that outlasts them becomes the mirror's status
 * `failed`, with a next attempt everybody can see. Which kinds are not retried at all is decided in `domain/failures.ts`.
 */
export const CALLS = {
  github: {
    taskQueue: GITHUB_QUEUE,
    // The proof of an unstar reads the whole star list: half a second a hundred stars.
    startToCloseTimeout: '5m',
    // A worker that is killed says nothing; its calls are made again after so long, not at the end of their time.
    heartbeatTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30s', maximumAttempts: 3 },
  },
  onedev: {
    taskQueue: ONEDEV_QUEUE,
    startToCloseTimeout: '6m',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '30s', maximumAttempts: 3 },
    // Once begun, a change on the target is waited for: a cancelled workflow must know what it left behind.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  },
  transfer: {
    taskQueue: TRANSFER_QUEUE,
    // Above the transfer's own overall timeout, which ends it with a better message.
    startToCloseTimeout: '3h',
    heartbeatTimeout: '30s',
    // Two: a worker that dies under it costs an attempt, and that is no fault of the repository's. One that is shut down costs one too; when the
    // second is, the workflow goes on (`handedOver`).
    retry: { initialInterval: '2s', maximumAttempts: 2 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  },
  /** The record is ours and has to be written: as often as it takes. */
  database: {
    startToCloseTimeout: '40s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  },
  /** A step of a batch: until Postgres and Temporal take it, since a batch survives whatever its mirrors survive. */
  batch: {
    startToCloseTimeout: '5m',
    heartbeatTimeout: '60s',
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  },
  /** One page of stars and its signals; one page of GitHub's own list of deliveries. */
  stars: {
    taskQueue: GITHUB_QUEUE,
    startToCloseTimeout: '5m',
    heartbeatTimeout: '60s',
    // A page that outlasts these makes the reading incomplete, and the next reading comes round.
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1m', maximumAttempts: 4 },
  },
  /** Deliveries that wait in the inbox, and their signals: nobody is asked, and nothing they wait for should hold up others. */
  inbox: {
    startToCloseTimeout: '5m',
    heartbeatTimeout: '60s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1m', maximumAttempts: 4 },
  },
  /** Messages to one channel: until it takes them. A batch of them takes minutes where the channel is slow. */
  alerts: {
    startToCloseTimeout: '15m',
    heartbeatTimeout: '60s',
    retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '5m' },
  },
  /** A look that fails comes round again in minutes. Reading a long audit log takes its time. */
  watch: {
    startToCloseTimeout: '10m',
    heartbeatTimeout: '60s',
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumAttempts: 3 },
  },
  /** A page of histories, from Temporal into the record. */
  histories: {
    startToCloseTimeout: '5m',
    heartbeatTimeout: '60s',
    // A run that fails is followed by the next in an hour, which begins at the same place.
    retry: { initialInterval: '1s', backoffCoefficient: 3, maximumInterval: '1m', maximumAttempts: 6 },
  },
} as const satisfies Record<string, ActivityOptions>;

/** What is raised together is told together: so long a sender gathers before its first message, and between that and the next. */
export const GATHER_FIRST_MS = 2_000;
export const GATHER_NEXT_MS = 60_000;

/** What a worker that was shut down left to the others is begun anew after so long, however often that happens. */
export const HANDOVER_PAUSE_MS = 1_000;

/** Failed attempts of a mirror until it is given up (`permanent_failure`): with the waits below, after about six hours. */
export const MAX_ATTEMPTS = 12;

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 2 * 3_600_000;

/**
 * How long a mirror waits after its n-th failure in a row: 10 s, doubled each time, at most two hours. No jitter: the
 * start of each mirror's series is spread by what failed, and slots bound what runs at once.
 * @param failures 1 or more
 * @returns milliseconds
 */
export function retryDelayMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
}

/** How often a sync whose Git LFS objects were interrupted is followed by another for their sake, before the next event has to. */
export const LFS_TRIES = 6;

/**
 * A minute, doubled each time: what interrupts a large object is seldom over in seconds.
 * @param tries 1 or more
 * @returns milliseconds
 */
export function lfsRetryDelayMs(tries: number): number {
  return 60_000 * 2 ** (tries - 1);
}

/** When a rate limit names no time: GitHub asks for at least a minute. */
export const RATE_LIMIT_PAUSE_MS = 60_000;

/** The two proofs of an unstar are at least this far apart, also when the grace period is zero. */
export const PROOF_GAP_MS = 60_000;

/** Events handled in one run before it continues as new, whatever the server suggests: keeps histories short and the path tested. */
export const MAX_EVENTS_PER_RUN = 500;

/** How many delivery guids a run remembers, to drop what it has seen. The inbox is the authority; this is the second line. */
export const REMEMBERED_DELIVERIES = 200;

/** Batches that one pass of a mirror may answer to: far more than run at once. */
export const REMEMBERED_BATCHES = 20;

/** Mirrors of a batch under way at once: enough to keep the transfer slots of several workers busy, and no more in their queue than that. */
export const BATCH_WINDOW = 20;

/** How soon a batch looks again after something ended, and at the latest while nothing does. */
export const SHORTEST_BATCH_PAUSE_MS = 1_000;
export const LONGEST_BATCH_PAUSE_MS = 15_000;

/** Steps of a batch in one run before it continues as new: some 2,000 events. */
export const BATCH_STEPS_PER_RUN = 150;

/** Pages read in one run of `reconcileStars` or `recoverDeliveries` before it continues as new. */
export const PAGES_PER_RUN = 50;

/** Pages of 50 histories in one run of `archiveHistories` before it continues as new. */
export const ARCHIVE_PAGES_PER_RUN = 40;

/** Redeliveries one run of `recoverDeliveries` asks for, at one a second; the rest is the next run's. */
export const REDELIVERIES_PER_RUN = 300;

/** GitHub's limits are whole again after an hour. */
export const LONGEST_RECOVERY_WAIT_MS = 3_600_000 + 60_000;
