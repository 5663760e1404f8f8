import { createHash } from 'node:crypto';
import type { AuditEntry, AuditEvent, AuditVerdict } from '../../domain/audit.ts';
import type { AuditStore } from '../../domain/ports.ts';
import type { Database, Queryable, Row } from './database.ts';

/**
 * The audit log. The hashes are computed here and not in the database, so that whoever can change its rows and functions cannot have the
 * verification say what he likes. They have no key: who can write to the database can also write the whole chain anew, from his change on.
 * Against that helps the hash of the last entry, noted elsewhere.
 */

const PAGE = 1_000;

export function createAuditStore(db: Database): AuditStore {
  return {
    append: (entry) => db.transaction((tx) => append(tx, entry)),

    async read({ before = null, since = null, limit }) {
      const rows = await db.query(
        `select * from audit_events
          where ($1::bigint is null or event_id < $1) and ($2::timestamptz is null or at >= $2)
          order by event_id desc limit $3`,
        [before, since, limit],
      );
      return rows.map(eventOf);
    },

    verify: () =>
      db.transaction(async (tx) => {
        // One snapshot: an entry that is written meanwhile is neither too much nor missing.
        await tx.query('set transaction isolation level repeatable read, read only');
        return verify(tx);
      }),
  };
}

async function append(tx: Queryable, entry: AuditEntry): Promise<AuditEvent> {
  // Whoever holds this row writes the next entry; everybody else waits for it.
  const [head] = await tx.query(
    `select event_id + 1 as next, hash, date_trunc('milliseconds', clock_timestamp()) as at from audit_head for update`,
  );
  if (!head) throw new Error('audit_head has lost its row');
  const unhashed = {
    eventId: String(head['next']),
    at: (head['at'] as Date).toISOString(),
    accountId: entry.accountId ?? null,
    actor: storable(entry.actor),
    action: storable(entry.action),
    subject: entry.subject === null ? null : storable(entry.subject),
    details: JSON.parse(JSON.stringify(entry.details), (_, value: unknown) =>
      typeof value === 'string' ? storable(value) : value,
    ) as Record<string, unknown>,
    prevHash: String(head['hash']),
  };
  const event: AuditEvent = { ...unhashed, hash: hashOf(unhashed) };
  await tx.query(
    `with written as (
       insert into audit_events (event_id, at, account_id, actor, action, subject, details, prev_hash, hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning event_id, hash)
     update audit_head set event_id = written.event_id, hash = written.hash from written`,
    [
      event.eventId,
      event.at,
      event.accountId,
      event.actor,
      event.action,
      event.subject,
      JSON.stringify(event.details),
      event.prevHash,
      event.hash,
    ],
  );
  return event;
}

async function verify(tx: Queryable): Promise<AuditVerdict> {
  const [head] = await tx.query('select event_id, hash from audit_head');
  let last = { eventId: '0', hash: '0'.repeat(64) };
  for (;;) {
    const rows = await tx.query('select * from audit_events where event_id > $1 order by event_id limit $2', [
      last.eventId,
      PAGE,
    ]);
    for (const event of rows.map(eventOf)) {
      const eventId = following(last.eventId);
      const problem = problemOf(event, { ...last, eventId });
      if (problem !== null) return { intact: false, eventId, problem };
      last = event;
    }
    if (rows.length < PAGE) break;
  }
  const [headId, headHash] = [String(head?.['event_id']), String(head?.['hash'])];
  if (headId !== last.eventId || headHash !== last.hash) {
    const problem = `the log ends with entry ${last.eventId}, and the last one written was ${headId}`;
    return { intact: false, eventId: following(last.eventId), problem };
  }
  return { intact: true, events: Number(last.eventId), head: last.hash };
}

/** @param expected the id it should have, and the hash of the entry before it */
function problemOf(event: AuditEvent, expected: { eventId: string; hash: string }): string | null {
  if (event.eventId !== expected.eventId) return 'it is missing';
  if (event.hash !== hashOf(event)) return 'it is not as it was written';
  return event.prevHash === expected.hash ? null : 'it does not follow from the entry before it';
}

function following(eventId: string): string {
  return String(BigInt(eventId) + 1n);
}

/** The one place that knows what an entry's hash is over. */
function hashOf(event: Omit<AuditEvent, 'hash'>): string {
  const { prevHash, eventId, at, accountId, actor, action, subject, details } = event;
  const parts = [prevHash, eventId, at, accountId, actor, action, subject, ordered(details)];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** With the keys in one order: jsonb keeps its own. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]));
}

/** Postgres cannot hold NUL or half a surrogate pair. */
function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, '');
}

function eventOf(row: Row): AuditEvent {
  const textOf = (value: unknown) => (value === null ? null : String(value));
  return {
    eventId: String(row['event_id']),
    at: (row['at'] as Date).toISOString(),
    accountId: textOf(row['account_id']),
    actor: String(row['actor']),
    action: String(row['action']),
    subject: textOf(row['subject']),
    details: row['details'] as Record<string, unknown>,
    prevHash: String(row['prev_hash']),
    hash: String(row['hash']),
  };
}
