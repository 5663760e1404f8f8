import { Context, log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { SourceDeliveries } from '../domain/ports.ts';
import type {
  DeliveriesRead,
  DeliveriesRequest,
  RecoveryEnding,
  RecoveryPlan,
  RecoveryRequest,
  RecoverySummary,
  RedeliveriesRequested,
} from '../domain/record.ts';
import {
  attemptsByGuid,
  type DeliveryAttempts,
  type MissedDelivery,
  readUntil,
  receiverTrouble,
  type RecoveryEnd,
  recoveryVerdict,
} from '../domain/recovery.ts';
import type { ActivityPorts } from './ports.ts';

/** Redeliveries one activity asks for, at one a second. */
const REQUESTS_AT_ONCE = 50;

/** Open deliveries looked at in one query. */
const OPEN_AT_ONCE = 500;

export function createRecoveryActivities({ hookDeliveries, recoveries }: ActivityPorts) {
  return {
    /** Says how far back GitHub's list is read. If we die here, the next attempt gets the same run. */
    async beginRecovery({ correlationId }: RecoveryRequest): Promise<RecoveryPlan> {
      const { appId } = list();
      const until = readUntil(await recoveries.completeSince(appId), Date.now());
      const run = await recoveries.begin(appId, correlationId, until);
      return { runId: run.runId, until: run.readUntil };
    },

    /**
     * Reads one page of GitHub's list, newest first, and remembers what the inbox lacks. If we die here, the next attempt remembers the same once
     * more, which changes nothing.
     */
    async readDeliveries({ cursor, until, correlationId }: DeliveriesRequest): Promise<DeliveriesRead> {
      const source = list();
      const { deliveries, next } = await source.page(cursor);
      const recent = deliveries.filter(({ deliveredAt }) => Date.parse(deliveredAt) >= Date.parse(until));
      const attempts = attemptsByGuid(recent);
      const missed = await recoveries.saveMissed(source.appId, attempts);
      tellTrouble(attempts, correlationId);
      // The first attempt from before the time ends it: the list goes by time.
      return { next: recent.length < deliveries.length ? null : next, seen: recent.length, missed };
    },

    /**
     * Asks GitHub for what the inbox still lacks, oldest first. If we die between a request and its note, the next run asks once more: the
     * guid stays the same, so the inbox takes one of the two.
     */
    async requestRedeliveries({
      runId,
      correlationId,
    }: RecoveryPlan & RecoveryRequest): Promise<RedeliveriesRequested> {
      const source = list();
      const due = await endOrCollect(source.appId, correlationId);
      for (const missed of due) {
        Context.current().cancellationSignal.throwIfAborted();
        const { guid, event, status, requests } = missed;
        const answer = await ask(source, missed);
        if (answer === 'gone') await recoveries.endAll('expired', [guid]);
        else await recoveries.noteRequest(runId, guid);
        const fields = { correlationId, deliveryId: guid, event, status };
        if (answer === 'gone') log.warn('missed delivery cannot be had any more', fields);
        else if (answer === 'accepted') log.info('redelivery requested', { ...fields, request: requests + 1 });
        else log.warn('redelivery refused', { ...fields, request: requests + 1, reason: answer.refused });
        Context.current().heartbeat();
      }
      return { requested: due.length };
    },

    /** Ends the run; from its beginning on the next one reads. If we die here, the next attempt ends it once more. */
    async endRecovery({ runId, correlationId, pages, seen, missed }: RecoveryEnding): Promise<RecoverySummary> {
      const { requested } = await recoveries.finish(runId, { pages, seen, missed });
      log.info('missed deliveries looked for', { correlationId, pages, seen, missed, requested });
      return { seen, missed, requested };
    },
  };

  function list(): SourceDeliveries {
    if (hookDeliveries) return hookDeliveries;
    const message = 'Without GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY GitHub does not tell which deliveries it made';
    throw new Failure('SourceForbidden', message);
  }

  /** Ends what is over, and returns what to ask for now. */
  async function endOrCollect(appId: string, correlationId: string): Promise<MissedDelivery[]> {
    const due: MissedDelivery[] = [];
    const ended = new Map<RecoveryEnd, string[]>();
    let page: MissedDelivery[] = [];
    do {
      page = await recoveries.open(appId, OPEN_AT_ONCE, page.at(-1) ?? null);
      for (const missed of page) {
        const verdict = recoveryVerdict(missed, Date.now());
        if (verdict.kind === 'ask') due.push(missed);
        if (verdict.kind === 'end') ended.set(verdict.as, [...(ended.get(verdict.as) ?? []), missed.guid]);
      }
      Context.current().heartbeat();
    } while (page.length === OPEN_AT_ONCE && due.length < REQUESTS_AT_ONCE);
    for (const [as, guids] of ended) {
      await recoveries.endAll(as, guids);
      tellEnd(as, guids, correlationId);
    }
    return due.slice(0, REQUESTS_AT_ONCE);
  }

  /** Whatever GitHub has against one delivery must not keep it from being asked for the others. */
  async function ask(source: SourceDeliveries, { deliveryId }: MissedDelivery): Promise<Answer> {
    try {
      await source.redeliver(deliveryId);
      return 'accepted';
    } catch (error) {
      if (error instanceof Failure && error.kind === 'SourceGone') return 'gone';
      if (error instanceof Failure && error.kind === 'SourceBadResponse') return { refused: error.message };
      throw error;
    }
  }
}

/** What GitHub says to a request: yes, that it has the delivery no more, or something against it. */
type Answer = 'accepted' | 'gone' | { refused: string };

/** The guids named in one log line; the count is always whole. */
const GUIDS_SHOWN = 5;

function tellEnd(as: RecoveryEnd, guids: string[], correlationId: string): void {
  const fields = { correlationId, count: guids.length, deliveryIds: guids.slice(0, GUIDS_SHOWN) };
  switch (as) {
    case 'taken':
      return log.info('missed deliveries arrived after all', fields);
    case 'unrecorded':
      return log.warn('deliveries were answered and are not in the inbox', fields);
    default:
      return log.error('missed deliveries are lost; the star list makes up for them', { ...fields, reason: as });
  }
}

/** What our own answers say is wrong with the hook's settings: no redelivery helps before a person mends it. */
function tellTrouble(attempts: DeliveryAttempts[], correlationId: string): void {
  const counts = new Map<number, number>();
  for (const { answered, statusCode } of attempts) {
    if (!answered && receiverTrouble(statusCode) !== null) counts.set(statusCode, (counts.get(statusCode) ?? 0) + 1);
  }
  for (const [statusCode, count] of counts) {
    const reason = receiverTrouble(statusCode);
    log.error('our receiver refuses GitHub’s deliveries', { correlationId, statusCode, count, reason });
  }
}
