import {
  ALERT_LEVELS,
  ALERTS,
  judgeMirror,
  reaches,
  type AlertKind,
  type AlertLevel,
  type AlertNews,
  type AlertNotice,
  type AlertView,
  type Condition,
  type Transition,
} from '../../domain/alerts.ts';
import type { MirrorId, MirrorStatus } from '../../domain/model.ts';
import type { AlertStore } from '../../domain/service-stores.ts';
import type { Database, Queryable, Row } from './database.ts';

/** Which channels there are, and what they are told of. */
export interface AlertPolicy {
  channels: readonly string[];
  atLeast: AlertLevel;
}

/** Of processes that raise nothing, and where no channel is set up: alerts are in the record all the same. */
export const NO_CHANNELS: AlertPolicy = { channels: [], atLeast: 'info' };

/** What a channel has refused for so long is no news any more. */
const MESSAGES_KEPT = '7 days';

const HISTORY_KEPT = '180 days';

/** Mirrors judged in one {@link AlertStore.tidy}. */
const MIRRORS_AT_ONCE = 500;

export function createAlertStore(db: Database, policy: AlertPolicy = NO_CHANNELS): AlertStore {
  return {
    raise: (accountId, condition) => db.transaction((tx) => raiseIn(tx, policy, accountId, condition)),
    clear: (accountId, { kind, subject, because }) =>
      db.transaction((tx) => clearIn(tx, accountId, { kind, subject, because })),

    async takeNews() {
      const rows = await db.query(
        `update alerts set announced = case when cleared_at is null then 'raised' else 'cleared' end
          where announced is null or (announced = 'raised' and cleared_at is not null)
         returning alert_id, kind, level, subject, summary, announced,
                   array(select distinct channel from alert_messages m where m.alert_id = alerts.alert_id
                            and sent_at is null and dropped_at is null order by channel) as channels`,
      );
      return rows.map((row): AlertNews => ({
        alertId: String(row['alert_id']),
        kind: row['kind'] as AlertKind,
        level: row['level'] as AlertLevel,
        subject: String(row['subject']),
        summary: String(row['summary']),
        transition: row['announced'] as Transition,
        channels: row['channels'] as string[],
      }));
    },

    async channelsDue() {
      const rows = await db.query(
        'select distinct channel from alert_messages where sent_at is null and dropped_at is null order by channel',
      );
      return rows.map((row) => String(row['channel']));
    },

    async due(channel, limit, after) {
      const rows = await db.query(
        `select m.message_id, m.transition, a.*
           from alert_messages m join alerts a using (alert_id)
          where m.channel = $1 and m.sent_at is null and m.dropped_at is null and ($3::bigint is null or m.message_id > $3)
          order by m.message_id limit $2`,
        [channel, limit, after],
      );
      return rows.map((row) => ({ messageId: String(row['message_id']), notice: noticeOf(row) }));
    },

    async noteSent(messageIds) {
      await db.query(
        `update alert_messages set sent_at = now(), attempts = attempts + 1, last_error = null
          where message_id = any($1::bigint[]) and sent_at is null`,
        [messageIds],
      );
    },

    async noteTrouble(messageIds, reason) {
      await db.query(
        `update alert_messages set attempts = attempts + 1, last_error = $2
          where message_id = any($1::bigint[]) and sent_at is null`,
        [messageIds, reason],
      );
    },

    async tidy() {
      for (const mirrorId of await misjudged(db)) await db.transaction((tx) => settleAlerts(tx, policy, mirrorId));
      // A channel that was set up since hears of what is still so. What it has heard is left out here already: a row that only meets a conflict takes a
      // number of the sequence all the same, which is written to disk every now and then.
      await db.query(
        `insert into alert_messages (alert_id, channel, transition)
         select alert_id, channel, 'raised' from alerts cross join unnest($1::text[]) as channel
          where cleared_at is null and level = any($2::text[])
            and not exists (select from alert_messages m
                             where m.alert_id = alerts.alert_id and m.channel = channel.channel and m.transition = 'raised')
          order by alert_id
         on conflict (alert_id, channel, transition) do nothing`,
        [policy.channels, ALERT_LEVELS.filter((level) => reaches(level, policy.atLeast))],
      );
      const dropped = await db.query(
        `update alert_messages set dropped_at = now()
          where sent_at is null and dropped_at is null
            and (channel <> all($1::text[]) or created_at < now() - $2::interval)
         returning message_id`,
        [policy.channels, MESSAGES_KEPT],
      );
      await db.query('delete from alerts where cleared_at < now() - $1::interval', [HISTORY_KEPT]);
      return { dropped: dropped.length };
    },

    async page({ before, limit, openOnly, kind }) {
      const rows = await db.query(
        `select a.*, (select coalesce(jsonb_agg(jsonb_build_object('channel', channel, 'reason', last_error) order by channel), '[]')
                        from alert_messages m
                       where m.alert_id = a.alert_id and m.sent_at is null and m.dropped_at is null) as undelivered
           from alerts a
          where ($1::bigint is null or alert_id < $1) and (not $3 or cleared_at is null)
            and ($4::text is null or kind = $4)
          order by alert_id desc limit $2`,
        [before, limit, openOnly, kind ?? null],
      );
      return rows.map((row): AlertView => ({
        ...alertOf(row),
        undelivered: row['undelivered'] as AlertView['undelivered'],
      }));
    },

    async countOpen() {
      const rows = await db.query(
        'select kind, count(*)::int as count from alerts where cleared_at is null group by kind',
      );
      return Object.fromEntries(rows.map((row) => [String(row['kind']), Number(row['count'])]));
    },

    async checkedAt(name) {
      const [row] = await db.query('select checked_at from alert_checks where name = $1', [name]);
      return row ? (row['checked_at'] as Date).toISOString() : null;
    },

    async noteChecked(name) {
      await db.query(
        'insert into alert_checks (name) values ($1) on conflict (name) do update set checked_at = now()',
        [name],
      );
    },

    async lastDeliveryAt() {
      const [row] = await db.query('select max(received_at) as at from deliveries');
      return (row?.['at'] as Date | null | undefined)?.toISOString() ?? null;
    },

    async deliveryRhythm(lastAt) {
      const [row] = await db.query(
        `select count(distinct date_trunc('day', received_at, 'UTC'))::int as days,
                coalesce(extract(epoch from max(pause)), 0)::float as pause
           from (select received_at, received_at - lag(received_at) over (order by received_at) as pause
                   from deliveries
                  where received_at > $1::timestamptz - interval '30 days'
                ) as recent`,
        [lastAt],
      );
      return { activeDays: Number(row?.['days'] ?? 0), longestPauseMs: Number(row?.['pause'] ?? 0) * 1000 };
    },

    async troublesInARow(accountId, kind) {
      const [row] = await db.query(
        `select count(*)::int as count from star_readings
          where account_id = $1 and kind = $2 and trouble is not null
            and reading_id > coalesce((select max(reading_id) from star_readings
                                        where account_id = $1 and kind = $2 and finished_at is not null and trouble is null), 0)`,
        [accountId, kind],
      );
      return Number(row?.['count'] ?? 0);
    },
  };
}

/**
 * Opens an alert, unless it is open: then only its words are brought up to date, and nobody is told again. Its messages are rows of the same
 * transaction: if we die here, there is the alert with all of them, or nothing.
 */
export async function raiseIn(
  tx: Queryable,
  { channels, atLeast }: AlertPolicy,
  accountId: string | null,
  condition: Condition,
): Promise<void> {
  const { kind, subject, fullName, summary, advice, command } = condition;
  const { level } = ALERTS[kind];
  const [row] = await tx.query(
    `insert into alerts (account_id, kind, subject, full_name, level, summary, advice, command)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (coalesce(account_id, ''), kind, subject) where cleared_at is null
     do update set full_name = excluded.full_name, summary = excluded.summary, advice = excluded.advice, command = excluded.command
     returning alert_id, xmax = 0 as is_new`,
    [accountId, kind, subject, fullName, level, summary, advice, command],
  );
  if (row?.['is_new'] !== true || !reaches(level, atLeast)) return;
  await tx.query(
    `insert into alert_messages (alert_id, channel, transition) select $1, channel, 'raised' from unnest($2::text[]) as channel`,
    [row['alert_id'], channels],
  );
}

/** Closes it where it is open; whoever was told that it is so, or is about to be, is told that it is over. */
export async function clearIn(
  tx: Queryable,
  accountId: string | null,
  { kind, subject, because }: { kind: AlertKind; subject: string; because: string },
): Promise<void> {
  await tx.query(
    // What was raised before it was known whose stars these are is over too.
    `with cleared as (
       update alerts set cleared_at = now(), cleared_why = $4
        where kind = $2 and subject = $3 and cleared_at is null and (account_id is null or account_id = $1)
       returning alert_id)
     insert into alert_messages (alert_id, channel, transition)
     select m.alert_id, m.channel, 'cleared' from cleared join alert_messages m using (alert_id)
      where m.transition = 'raised' and m.dropped_at is null
      order by m.message_id`,
    [accountId, kind, subject, because],
  );
}

/**
 * Brings the alerts about a mirror in line with its row; belongs into every transaction that changes its state. May be repeated.
 * @param synced it has just been synced, so OneDev takes the token
 */
export async function settleAlerts(
  tx: Queryable,
  policy: AlertPolicy,
  mirrorId: string,
  synced = false,
): Promise<void> {
  const [row] = await tx.query(
    `select account_id, mirror_id, full_name, status, status_note, last_error_kind, last_error_message,
            array(select kind from alerts a where a.subject = mirrors.mirror_id and cleared_at is null) as open,
            (select coalesce(decision_reason, proof) from deletions d
              where d.mirror_id = mirrors.mirror_id and finished_at is null and state = 'waiting_for_approval') as waiting
       from mirrors where mirror_id = $1`,
    [mirrorId],
  );
  if (!row) return;
  const textOf = (name: string) => (row[name] === null ? null : String(row[name]));
  const accountId = String(row['account_id']);
  const { raise, clear } = judgeMirror({
    mirrorId: row['mirror_id'] as MirrorId,
    fullName: String(row['full_name']),
    status: row['status'] as MirrorStatus,
    note: textOf('status_note'),
    errorKind: textOf('last_error_kind'),
    errorMessage: textOf('last_error_message'),
    waiting: textOf('waiting'),
  });
  const open = row['open'] as AlertKind[];
  for (const over of clear.filter(({ kind }) => open.includes(kind))) await clearIn(tx, accountId, over);
  for (const condition of raise) await raiseIn(tx, policy, accountId, condition);
  if (synced) {
    await clearIn(tx, accountId, { kind: 'token_refused', subject: 'OneDev', because: 'OneDev takes the token' });
  }
}

/**
 * Mirrors whose alerts are not what their rows say: from before there were alerts, or changed by a statement about many mirrors (a filter
 * leaves some out).
 */
async function misjudged(db: Queryable): Promise<string[]> {
  const rows = await db.query(
    `with states(kind, status) as (
       values ('mirror_failed', 'permanent_failure'), ('upstream_gone', 'frozen'), ('transfer_held', 'held'))
     select mirror_id from mirrors m join states s using (status)
      where not exists (select from alerts a where a.subject = m.mirror_id and a.kind = s.kind and cleared_at is null)
        and coalesce(m.last_error_kind, '') not in ('SourceUnauthorized', 'TargetUnauthorized')
     union
     select mirror_id from mirrors m join alerts a on a.subject = m.mirror_id and a.cleared_at is null join states s using (kind)
      where m.status not in ('pending', 'in_progress', 'failed', 'permanent_failure') and m.status <> s.status
     union
     select mirror_id from deletions d where finished_at is null and state = 'waiting_for_approval'
        and not exists (select from alerts a where a.subject = d.mirror_id and a.kind = 'deletion_waiting' and cleared_at is null)
     limit $1`,
    [MIRRORS_AT_ONCE],
  );
  return rows.map((row) => String(row['mirror_id']));
}

function noticeOf(row: Row): AlertNotice {
  const transition = row['transition'] as Transition;
  return { id: `${String(row['uid'])}.${transition}`, transition, alert: alertOf(row) };
}

function alertOf(row: Row): Omit<AlertView, 'undelivered'> {
  return {
    alertId: String(row['alert_id']),
    kind: row['kind'] as AlertKind,
    level: row['level'] as AlertLevel,
    subject: String(row['subject']),
    fullName: row['full_name'] === null ? null : String(row['full_name']),
    summary: String(row['summary']),
    advice: String(row['advice']),
    command: String(row['command']),
    raisedAt: (row['raised_at'] as Date).toISOString(),
    clearedAt: (row['cleared_at'] as Date | null)?.toISOString() ?? null,
    clearedWhy: row['cleared_why'] === null ? null : String(row['cleared_why']),
  };
}
