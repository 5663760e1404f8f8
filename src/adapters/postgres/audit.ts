import { createHash } from 'node:crypto';
import type { AuditEntry, AuditEvent, AuditVerdict } from '../../domain/audit.ts';
import { mirrorIdOf } from '../../domain/model.ts';
import type { AuditStore } from '../../domain/service-stores.ts';
import type { Database, Queryable, Row } from './database.ts';

/**
 * The audit log. The hashes are computed here and not in the database, so that whoever can change its rows and functions cannot have the
 * verification say what he likes. They have no key: who can write to the database can also write the whole chain anew, from his change on.
 * Against that helps the hash of the last entry, noted elsewhere.
 */

const PAGE = 1_000;

export function createAuditStore(db: Database): AuditStore {
  return {
    append: (entry) => db.transaction((tx) => appendOne(tx, entry)),

    async read({ limit, before = null, after = null, oldestFirst = false, ...filter }) {
      const { since = null, until = null, actor = null, action = null, subject = null } = filter;
      const family = action?.endsWith('*') ? `${likeText(action.slice(0, -1))}%` : null;
      const rows = await db.query(
        `select * from audit_events
          where ($1::bigint is null or event_id < $1) and ($2::bigint is null or event_id > $2)
            and ($3::timestamptz is null or at >= $3) and ($4::timestamptz is null or at < $4)
            and ($5::text is null or actor = $5) and ($6::text is null or subject = $6)
            and ($7::text is null or action = $7) and ($8::text is null or action like $8)
          order by event_id ${oldestFirst ? 'asc' : 'desc'} limit $9`,
        [before, after, since, until, actor, subject, family === null ? action : null, family, limit],
      );
      return rows.map(eventOf);
    },

    takeInDeliveries: (limit) => takeInDeliveries(db, limit),

    verify: () =>
      db.transaction(async (tx) => {
        // One snapshot: an entry that is written meanwhile is neither too much nor missing.
        await tx.query('set transaction isolation level repeatable read, read only');
        return verifyChain(tx);
      }),
  };
}

async function appendOne(tx: Queryable, entry: AuditEntry): Promise<AuditEvent> {
  const [event] = await appendAll(tx, [entry]);
  if (!event) throw new Error('an entry was appended and is not there');
  return event;
}

/**
 * Adds entries in the transaction that does what they say: they are there exactly when that is. It should be its last statement, since every other
 * writer waits from here to the commit.
 */
export async function appendAll(tx: Queryable, entries: AuditEntry[]): Promise<AuditEvent[]> {
  if (entries.length === 0) return [];
  return chain(tx, await takeHead(tx), entries);
}

interface Head {
  eventId: string;
  hash: string;
  at: string;
}

/** Whoever holds this row writes the next entry; everybody else waits for it. */
async function takeHead(tx: Queryable): Promise<Head> {
  const [head] = await tx.query(
    `select event_id, hash, date_trunc('milliseconds', clock_timestamp()) as at from audit_head for update`,
  );
  if (!head) throw new Error('audit_head has lost its row');
  return { eventId: String(head['event_id']), hash: String(head['hash']), at: (head['at'] as Date).toISOString() };
}

async function chain(tx: Queryable, head: Head, entries: AuditEntry[]): Promise<AuditEvent[]> {
  let last: { eventId: string; hash: string } = head;
  const events = entries.map((entry) => (last = following(last, head.at, entry)));
  await tx.query(
    `with written as (
       insert into audit_events (event_id, at, account_id, actor, action, subject, details, prev_hash, hash)
       select "eventId", at, "accountId", actor, action, subject, details, "prevHash", hash
         from jsonb_to_recordset($1::jsonb) as e("eventId" bigint, at timestamptz, "accountId" text, actor text, action text,
                                                 subject text, details jsonb, "prevHash" text, hash text))
     update audit_head set event_id = $2, hash = $3`,
    [JSON.stringify(events), last.eventId, last.hash],
  );
  return events;
}

function following(last: { eventId: string; hash: string }, at: string, entry: AuditEntry): AuditEvent {
  const unhashed = {
    eventId: nextId(last.eventId),
    at,
    accountId: entry.accountId ?? null,
    actor: storable(entry.actor),
    action: storable(entry.action),
    subject: entry.subject === null ? null : storable(entry.subject),
    details: JSON.parse(JSON.stringify(entry.details), (_, value: unknown) =>
      typeof value === 'string' ? storable(value) : value,
    ) as Record<string, unknown>,
    prevHash: last.hash,
  };
  return { ...unhashed, hash: hashOf(unhashed) };
}

/**
 * Writes the entries of deliveries that have none. The deliveries are marked in the same transaction: if we die here, the next run finds them as
 * they were.
 */
async function takeInDeliveries(db: Database, limit: number): Promise<number> {
  // Asked first without taking the log from anybody: mostly there is nothing.
  const [waiting] = await db.query('select from deliveries where audited_in is null limit 1');
  if (!waiting) return 0;
  return db.transaction(async (tx) => {
    const head = await takeHead(tx);
    // Only now: what another process wrote while we waited for the log is marked.
    const rows = await tx.query(
      `select guid, account_id, event, action, repo_id, full_name, outcome, ignored_reason, body_sha256, received_at
         from deliveries where audited_in is null order by received_at, guid limit $1`,
      [limit],
    );
    if (rows.length === 0) return 0;
    const guids = rows.map((row) => String(row['guid']));
    // In the order of their guids, as those do who mark what was dispatched: else each could wait for the other.
    await tx.query('select from deliveries where guid = any($1) order by guid for no key update', [guids]);
    const events = await chain(tx, head, rows.map(deliveryEntry));
    await tx.query(
      `update deliveries set audited_in = event_id
         from unnest($1::text[], $2::bigint[]) as written(guid, event_id) where deliveries.guid = written.guid`,
      [guids, events.map(({ eventId }) => eventId)],
    );
    return rows.length;
  });
}

/** Compact: the payload is in the inbox, and its digest says whether it is what came. */
function deliveryEntry(row: Row): AuditEntry {
  const repoId = textOf(row['repo_id']);
  const reason = textOf(row['ignored_reason']);
  return {
    accountId: textOf(row['account_id']),
    actor: 'GitHub',
    action: `webhook.${String(row['outcome'])}`,
    subject: repoId === null ? null : mirrorIdOf(repoId),
    details: {
      guid: String(row['guid']),
      event: String(row['event']),
      ...(row['action'] === null ? {} : { action: row['action'] }),
      ...(row['full_name'] === null ? {} : { fullName: row['full_name'] }),
      ...(reason === null ? {} : { reason }),
      bodySha256: String(row['body_sha256']),
      receivedAt: (row['received_at'] as Date).toISOString(),
    },
  };
}

/** In the transaction it is called in, which should see one moment. */
export async function verifyChain(tx: Queryable): Promise<AuditVerdict> {
  const [head] = await tx.query('select event_id, hash from audit_head');
  let last = { eventId: '0', hash: '0'.repeat(64) };
  for (;;) {
    const rows = await tx.query('select * from audit_events where event_id > $1 order by event_id limit $2', [
      last.eventId,
      PAGE,
    ]);
    for (const event of rows.map(eventOf)) {
      const eventId = nextId(last.eventId);
      const problem = problemOf(event, { ...last, eventId });
      if (problem !== null) return { intact: false, eventId, problem };
      last = event;
    }
    if (rows.length < PAGE) break;
  }
  const [headId, headHash] = [String(head?.['event_id']), String(head?.['hash'])];
  if (headId !== last.eventId || headHash !== last.hash) {
    const problem = `the log ends with entry ${last.eventId}, and the last one written was ${headId}`;
    return { intact: false, eventId: nextId(last.eventId), problem };
  }
  return { intact: true, events: Number(last.eventId), head: last.hash };
}

/** @param expected the id it should have, and the hash of the entry before it */
function problemOf(event: AuditEvent, expected: { eventId: string; hash: string }): string | null {
  if (event.eventId !== expected.eventId) return 'it is missing';
  if (event.hash !== hashOf(event)) return 'it is not as it was written';
  return event.prevHash === expected.hash ? null : 'it does not follow from the entry before it';
}

function nextId(eventId: string): string {
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

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}

/** Taken as it is in a pattern. */
function likeText(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function eventOf(row: Row): AuditEvent {
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
