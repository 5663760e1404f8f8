import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ArchivedRun } from '../../domain/histories.ts';
import type { HistoryStore } from '../../domain/record-stores.ts';
import type { Database, Row } from './database.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Rows removed in one statement, so that none takes long. */
const REMOVED_AT_ONCE = 1_000;

const COLUMNS = 'run_id, workflow_id, workflow_type, status, started_at, closed_at, events, bytes, omitted';

export function createHistoryStore(db: Database): HistoryStore {
  return {
    async archivedUntil() {
      const [row] = await db.query('select archived_until from history_progress');
      return row ? (row['archived_until'] as Date).toISOString() : null;
    },

    async noteArchivedUntil(until) {
      await db.query(
        `insert into history_progress (archived_until) values ($1)
         on conflict (single) do update set archived_until = greatest(history_progress.archived_until, excluded.archived_until)`,
        [until],
      );
    },

    async missingAmong(runIds) {
      const rows = await db.query(
        'select run_id from unnest($1::text[]) as wanted(run_id) where not exists (select from workflow_histories h where h.run_id = wanted.run_id)',
        [runIds],
      );
      return new Set(rows.map((row) => String(row['run_id'])));
    },

    async save(run, history) {
      const text = 'json' in history ? history.json : null;
      await db.query(
        `insert into workflow_histories (${COLUMNS}, history) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (run_id) do nothing`,
        [
          run.runId,
          run.workflowId,
          run.workflowType,
          run.status,
          run.startedAt,
          run.closedAt,
          run.events,
          text === null ? run.bytes : Buffer.byteLength(text),
          'omitted' in history ? history.omitted : null,
          text === null ? null : await pack(text),
        ],
      );
    },

    async list(workflowId, limit) {
      const rows = await db.query(
        `select ${COLUMNS} from workflow_histories where workflow_id = $1 order by closed_at desc, run_id limit $2`,
        [workflowId, limit],
      );
      return rows.map(runOf);
    },

    async read(runId) {
      const [row] = await db.query(`select ${COLUMNS}, history from workflow_histories where run_id = $1`, [runId]);
      if (!row) return null;
      const packed = row['history'] as Buffer | null;
      return { run: runOf(row), json: packed && (await unpack(packed)).toString('utf8') };
    },

    async removeOlderThan(ageMs) {
      for (let removed = 0; ;) {
        const rows = await db.query(
          `delete from workflow_histories where run_id in (
             select run_id from workflow_histories where closed_at < now() - make_interval(secs => $1) limit $2)
           returning run_id`,
          [ageMs / 1000, REMOVED_AT_ONCE],
        );
        removed += rows.length;
        if (rows.length < REMOVED_AT_ONCE) return removed;
      }
    },
  };
}

function runOf(row: Row): ArchivedRun {
  return {
    workflowId: String(row['workflow_id']),
    runId: String(row['run_id']),
    workflowType: String(row['workflow_type']),
    status: String(row['status']),
    startedAt: (row['started_at'] as Date).toISOString(),
    closedAt: (row['closed_at'] as Date).toISOString(),
    events: Number(row['events']),
    bytes: Number(row['bytes']),
    omitted: row['omitted'] === null ? null : String(row['omitted']),
  };
}
