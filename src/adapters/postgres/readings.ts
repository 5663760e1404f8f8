import { STARKEEP } from '../../domain/audit.ts';
import type { ReadingView } from '../../domain/overview.ts';
import type { Reading, ReadingStore, StarredChange } from '../../domain/record-stores.ts';
import type { Conclusion } from '../../domain/sweep.ts';
import { appendAll } from './audit.ts';
import type { Database, Row } from './database.ts';

/** A mirror that is where it should be although a complete reading lacks it: nothing is left to ask about it. */
const SETTLED = `('deleted', 'frozen', 'pending_deletion')`;

/** Seen neither by this reading nor by a later one, complete or not: what any of them saw is not missing. */
const UNSEEN = `coalesce(m.seen_in, 0) < r.reading_id`;

/** Its workflow has looked at it since it is missing, and left it where it is. */
const LOOKED_AT = `coalesce(m.last_checked_at > m.absent_since, false)`;

/** Its absences wait for a person, and no later complete reading has replaced it; of the account `$1`. */
const HELD = `(coalesce(conclusion = 'hold', false) and approved_at is null
  and started_at >= coalesce((select max(started_at) from star_readings where account_id = $1 and complete), '-infinity'))`;

const VIEWS = `select *, ${HELD} as held from star_readings where account_id = $1`;

export function createReadingStore(db: Database): ReadingStore {
  return {
    async begin(accountId, correlationId, kind) {
      await db.query(
        `insert into star_readings (account_id, correlation_id, kind) values ($1, $2, $3) on conflict (correlation_id) do nothing`,
        [accountId, correlationId, kind],
      );
      const [row] = await db.query('select * from star_readings where correlation_id = $1', [correlationId]);
      return readingOf(row as Row);
    },

    async lastComplete(accountId) {
      const [row] = await db.query(
        'select * from star_readings where account_id = $1 and complete order by started_at desc limit 1',
        [accountId],
      );
      return row ? readingOf(row) : null;
    },

    async pushWatermark(accountId) {
      const [row] = await db.query('select max(pushed_at) as newest from mirrors where account_id = $1 and starred', [
        accountId,
      ]);
      return (row?.['newest'] as Date | null)?.toISOString() ?? null;
    },

    async starredAmong(accountId, repoIds) {
      const rows = await db.query(
        'select repo_id from mirrors where account_id = $1 and starred and repo_id = any($2)',
        [accountId, repoIds],
      );
      return new Set(rows.map((row) => String(row['repo_id'])));
    },

    async seenIn(readingId) {
      const [row] = await db.query('select count(*)::int as seen from mirrors where seen_in = $1', [readingId]);
      return Number(row?.['seen'] ?? 0);
    },

    async absence(readingId, askOnce = false) {
      const [row] = await db.query(
        `select count(*) filter (where ${UNSEEN} and m.status not in ${SETTLED} and not ($2 and ${LOOKED_AT}))::int as absent,
                count(*)::int as before
           from star_readings r join mirrors m on m.account_id = r.account_id and m.starred
          where r.reading_id = $1`,
        [readingId, askOnce],
      );
      return { absent: Number(row?.['absent'] ?? 0), before: Number(row?.['before'] ?? 0) };
    },

    async absentOnes(readingId, askOnce = false) {
      const rows = await db.query(
        `update mirrors m set absent_since = coalesce(m.absent_since, now())
           from star_readings r
          where r.reading_id = $1 and m.account_id = r.account_id and m.starred
            and ${UNSEEN} and m.status not in ${SETTLED} and not ($2 and ${LOOKED_AT})
         returning m.repo_id, m.full_name`,
        [readingId, askOnce],
      );
      return rows.map((row): StarredChange => ({ repoId: String(row['repo_id']), fullName: String(row['full_name']) }));
    },

    async end(readingId, result) {
      await db.transaction(async (tx) => {
        const [ended] = await tx.query(
          `update star_readings set finished_at = now(), complete = $2, incomplete_why = $3, pages = $4, seen = $5, total = $6,
                  signalled = $7, absent = $8, conclusion = $9, conclusion_why = $10, trouble = $11
            where reading_id = $1 and finished_at is null returning account_id, correlation_id`,
          [
            readingId,
            result.incompleteWhy === null,
            result.incompleteWhy,
            result.tally.pages,
            result.tally.seen,
            result.tally.total,
            result.signalled,
            result.absent,
            result.conclusion?.kind ?? null,
            reasonOf(result.conclusion),
            result.trouble ?? null,
          ],
        );
        const action = result.conclusion && CONCLUSION_ACTIONS[result.conclusion.kind];
        if (!ended || !action) return;
        const accountId = String(ended['account_id']);
        const { absent, conclusion } = result;
        const details = { absent, reason: reasonOf(conclusion), correlationId: ended['correlation_id'] };
        await appendAll(tx, [{ accountId, actor: STARKEEP, action, subject: readingId, details }]);
      });
    },

    async held(accountId) {
      const rows = await db.query(
        `select * from star_readings where account_id = $1 and ${HELD} order by started_at desc`,
        [accountId],
      );
      return rows.map(readingOf);
    },

    async page(accountId, { before, limit, heldOnly }) {
      const rows = await db.query(
        `select * from (${VIEWS}) r where ($2::bigint is null or reading_id < $2) and (held or not $3)
          order by reading_id desc limit $4`,
        [accountId, before, heldOnly, limit],
      );
      return rows.map(viewOf);
    },

    async latest(accountId) {
      const newest = async (condition: string) => {
        const [row] = await db.query(
          `select * from (${VIEWS}) r where kind <> 'quick' and finished_at is not null and ${condition}
            order by started_at desc, reading_id desc limit 1`,
          [accountId],
        );
        return row ? viewOf(row) : null;
      };
      return { last: await newest('true'), complete: await newest('complete') };
    },

    async reading(accountId, readingId) {
      const [row] = await db.query(`select * from (${VIEWS}) r where reading_id = $2`, [accountId, readingId]);
      return row ? viewOf(row) : null;
    },

    async absentNames(readingId, limit) {
      const rows = await db.query(
        `select m.full_name from star_readings r join mirrors m on m.account_id = r.account_id and m.starred
          where r.reading_id = $1 and ${UNSEEN} and m.status not in ${SETTLED}
          order by lower(m.full_name), m.mirror_id limit $2`,
        [readingId, limit],
      );
      return rows.map((row) => String(row['full_name']));
    },

    async isHeld(mirrorId) {
      const rows = await db.query(
        // What was asked about has a time since when it is absent, whether a reading asked or a person.
        `select from mirrors m join star_readings r using (account_id)
          where m.mirror_id = $1 and m.starred and m.absent_since is null and ${UNSEEN}
            and r.conclusion = 'hold' and r.approved_at is null
            and r.started_at = (select max(started_at) from star_readings where account_id = m.account_id and complete)`,
        [mirrorId],
      );
      return rows.length > 0;
    },

    async approve(readingId, by) {
      const rows = await db.query(
        `update star_readings set approved_by = $2, approved_at = now()
          where reading_id = $1 and conclusion = 'hold' and approved_at is null returning reading_id`,
        [readingId, by],
      );
      return rows.length === 1;
    },
  };
}

/** What the audit log says of it: a reading that finds nothing missing is no decision. */
const CONCLUSION_ACTIONS: Record<Conclusion['kind'], string | null> = {
  nothing: null,
  ask: 'stars.asked-about',
  hold: 'stars.held',
  refuse: 'stars.refused',
};

function reasonOf(conclusion: Conclusion | null): string | null {
  return conclusion && 'reason' in conclusion ? conclusion.reason : null;
}

function readingOf(row: Row): Reading {
  return {
    readingId: String(row['reading_id']),
    kind: row['kind'] as Reading['kind'],
    startedAt: (row['started_at'] as Date).toISOString(),
    finishedAt: (row['finished_at'] as Date | null)?.toISOString() ?? null,
    complete: row['complete'] === true,
    absent: Number(row['absent']),
    reason: textOf(row['conclusion_why']),
  };
}

function viewOf(row: Row): ReadingView {
  const { reason, ...reading } = readingOf(row);
  return {
    ...reading,
    correlationId: String(row['correlation_id']),
    incompleteWhy: textOf(row['incomplete_why']),
    trouble: textOf(row['trouble']),
    pages: Number(row['pages']),
    seen: Number(row['seen']),
    total: row['total'] === null ? null : Number(row['total']),
    signalled: Number(row['signalled']),
    conclusion: row['conclusion'] as ReadingView['conclusion'],
    reason,
    held: row['held'] === true,
    approvedBy: textOf(row['approved_by']),
    approvedAt: (row['approved_at'] as Date | null)?.toISOString() ?? null,
  };
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}
