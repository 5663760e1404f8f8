import { Context, log } from '@temporalio/activity';
import {
  brokenAudit,
  inboxBacklog,
  judgeTokenExpiry,
  refusedReading,
  SHORTEST_SILENCE_MS,
  webhookSilence,
  type AlertNotice,
  type Condition,
  type Verdict,
} from '../domain/alerts.ts';
import { Failure } from '../domain/failures.ts';
import type { AlertChannel } from '../domain/ports.ts';
import type { AlertStore } from '../domain/service-stores.ts';
import type { ActivityPorts } from './ports.ts';

/** A long log is read from its beginning each time. */
const AUDIT_EVERY_MS = 6 * 3_600_000;

/** What asks a channel to wait longer than an attempt may: the attempts come round by themselves. */
const LONGEST_WAIT_MS = 30_000;

type Due = Awaited<ReturnType<AlertStore['due']>>[number];

export function createAlertActivities(ports: ActivityPorts) {
  const { alerts, alertChannels = [], source, accounts, deliveries, readings, audit, control, redact } = ports;

  return {
    /**
     * Sends what waits for a channel, oldest first. If we die between sending and noting it, the next run sends it once more under the same id. A message
     * that is refused holds up no other; a channel that does not answer is tried again by Temporal.
     */
    async deliverAlerts({ channel: name }: { channel: string }): Promise<{ sent: number }> {
      const channel = alertChannels.find((one) => one.name === name);
      // Nobody has set it up any more; what waits for it is dropped at the next look.
      if (!channel) return { sent: 0 };
      let refusal: Failure | null = null;
      let sent = 0;
      let after: string | null = null;
      for (;;) {
        Context.current().cancellationSignal.throwIfAborted();
        const due: Due[] = await alerts.due(name, channel.atOnce, after);
        const last = due.at(-1);
        if (last === undefined) break;
        const refused = await tell(channel, due);
        if (refused) refusal = refused;
        else sent += due.length;
        after = last.messageId;
        Context.current().heartbeat();
      }
      if (sent > 0) log.info('alerts sent', { channel: name, count: sent });
      if (refusal) throw refusal;
      return { sent };
    },

    /**
     * Looks at what nobody records as it happens, and wakes the senders of what waits. Every part may be repeated; if we die here, the next look in a few
     * minutes finds the same.
     */
    async checkAlerts(): Promise<void> {
      const accountId = (await accounts.current())?.accountId ?? null;
      const { dropped } = await alerts.tidy();
      if (dropped > 0) log.warn('messages about alerts are sent no more', { count: dropped });
      await settle(accountId, 'inbox_backlog', inboxBacklog(await deliveries.backlog()), 'nothing waits that long');
      await settle(accountId, 'webhooks_silent', await silence(), 'webhooks arrive, or none is expected');
      await checkToken();
      await checkAudit(accountId);
      await endHeld(accountId);
      await tellOfAlerts(ports);
      for (const channel of await alerts.channelsDue()) await wake(control, channel);
    },
  };

  /** @returns what the channel has against it; `null` when it was sent */
  async function tell(channel: AlertChannel, due: Due[]): Promise<Failure | null> {
    const messageIds = due.map(({ messageId }) => messageId);
    try {
      await channel.send(due.map(({ notice }) => redacted(notice)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const reason = redact(error.message);
      await alerts.noteTrouble(messageIds, reason);
      const { kind, retryAfterMs } = error;
      const again = retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, LONGEST_WAIT_MS) };
      const failure = new Failure(kind, reason, { cause: error, ...again });
      if (kind !== 'AlertRefused') throw failure;
      return failure;
    }
    await alerts.noteSent(messageIds);
    return null;
  }

  /** They were written without secrets; what a server's own words hold is known only here. */
  function redacted(notice: AlertNotice): AlertNotice {
    const { alert } = notice;
    return { ...notice, alert: { ...alert, summary: redact(alert.summary), advice: redact(alert.advice) } };
  }

  async function settle(
    accountId: string | null,
    kind: Condition['kind'],
    condition: Condition | null,
    because: string,
  ): Promise<void> {
    if (condition) await alerts.raise(accountId, condition);
    else await alerts.clear(accountId, { kind, subject: '', because });
  }

  async function apply(accountId: string | null, { raise, clear }: Verdict): Promise<void> {
    for (const condition of raise) await alerts.raise(accountId, condition);
    for (const over of clear) await alerts.clear(accountId, over);
  }

  async function silence(): Promise<Condition | null> {
    const lastAt = await alerts.lastDeliveryAt();
    if (lastAt === null || Date.now() - Date.parse(lastAt) <= SHORTEST_SILENCE_MS) return null;
    return webhookSilence(lastAt, await alerts.deliveryRhythm(lastAt), Date.now());
  }

  /** An answer that has not changed costs nothing of the quota; without a token there is nothing to ask. */
  async function checkToken(): Promise<void> {
    if (!source.canCheckStars) return;
    try {
      const { accountId } = await accounts.save(await source.account());
      await alerts.clear(accountId, { kind: 'token_refused', subject: 'GitHub', because: 'GitHub takes the token' });
      const expiresAt = source.tokenExpiresAt();
      if (expiresAt !== undefined) await apply(accountId, judgeTokenExpiry(expiresAt, Date.now()));
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'DatabaseUnavailable') throw error;
      await raiseRefusal(ports, error);
    }
  }

  async function checkAudit(accountId: string | null): Promise<void> {
    const checkedAt = await alerts.checkedAt('audit');
    if (checkedAt !== null && Date.now() - Date.parse(checkedAt) < AUDIT_EVERY_MS) return;
    const verdict = await audit.verify();
    const condition = verdict.intact ? null : brokenAudit(verdict.eventId, verdict.problem);
    await settle(accountId, 'audit_broken', condition, 'it is intact');
    await alerts.noteChecked('audit');
  }

  /** Somebody decided about a held reading since it was raised. */
  async function endHeld(accountId: string | null): Promise<void> {
    if (accountId === null || (await readings.held(accountId)).length > 0) return;
    await alerts.clear(accountId, { kind: 'star_list_held', subject: 'held', because: 'no reading is held any more' });
  }
}

/** Raises what a person has to mend before the star list can be read; other failures pass by themselves, or make a reading incomplete. */
export async function raiseRefusal(
  { alerts, accounts, redact }: Pick<ActivityPorts, 'alerts' | 'accounts' | 'redact'>,
  { kind, message }: Failure,
): Promise<void> {
  const condition = refusedReading(kind, redact(message));
  if (condition) await alerts.raise((await accounts.current())?.accountId ?? null, condition);
}

/**
 * Logs what was raised or cleared, and wakes the senders. If we die here, or Temporal does not answer, the Schedule `watch-alerts` wakes them: the messages
 * are in the record.
 */
export async function tellOfAlerts({ alerts, control }: Pick<ActivityPorts, 'alerts' | 'control'>): Promise<void> {
  const news = await alerts.takeNews();
  for (const { transition, level, ...fields } of news) {
    const { alertId, kind, subject, summary } = fields;
    const told = { alertId, kind, subject, level, summary };
    if (transition === 'cleared') log.info('alert cleared', told);
    else if (level === 'error') log.error('alert raised', told);
    else if (level === 'warning') log.warn('alert raised', told);
    else log.info('alert raised', told);
  }
  for (const channel of new Set(news.flatMap(({ channels }) => channels))) await wake(control, channel);
}

async function wake(control: ActivityPorts['control'], channel: string): Promise<void> {
  try {
    await control.sendAlerts(channel);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn('sender of alerts could not be woken', { channel, kind: error.kind, reason: error.message });
  }
}
