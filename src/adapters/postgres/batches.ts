import type { BatchItem, BatchProgress, BatchSelection } from '../../domain/batches.ts';
import { filterVerdict, parseFilters, type FilterFacts, type Filters } from '../../domain/filters.ts';
import type { MirrorId } from '../../domain/model.ts';
import type { BatchStore, BatchWork, StarredChange } from '../../domain/record-stores.ts';
import type { RecordEntry } from '../../domain/record.ts';
import type { Database, Queryable, Row } from './database.ts';

export function createBatchStore(db: Database): BatchStore & BatchWork {
  const get = async (batchId: string): Promise<BatchProgress | null> => {
    const [row] = await db.query(`${PROGRESS} where b.batch_id = $1::bigint`, [idOf(batchId)]);
    return row ? progressOf(row) : null;
  };

  return {
    async create(accountId, { selection, by, correlationId }) {
      await db.query(PRUNE, [KEEP_DAYS]);
      const values = [accountId, JSON.stringify(sorted(selection)), by, correlationId];
      for (;;) {
        const [opened] = await db.query(INSERT, values);
        const [row] = opened ? [opened] : await db.query(RUNNING, values.slice(0, 2));
        const batch = row ? await get(String(row['batch_id'])) : null;
        // Neither: the one that stood in the way ended in between.
        if (batch) return { batch, joined: !opened };
      }
    },
    get,
    async list({ limit, before, state }) {
      const rows = await db.query(
        `${PROGRESS} where ($2::bigint is null or b.batch_id < $2) and ($3::text is null or b.state = $3)
          order by b.batch_id desc limit $1`,
        [limit, before === undefined ? null : idOf(before), state ?? null],
      );
      return rows.map(progressOf);
    },
    async problems(batchId, limit) {
      const rows = await db.query(
        `select mirror_id, m.full_name, i.state, i.note from batch_items i join mirrors m using (mirror_id)
          where batch_id = $1::bigint and i.state in ('failed', 'skipped') order by i.state, lower(m.full_name) limit $2`,
        [idOf(batchId), limit],
      );
      return rows.map(itemOf);
    },
    async noteCancel(batchId, by) {
      await db.query(`update batches set cancelled_by = $2 where batch_id = $1 and state = 'running'`, [batchId, by]);
    },
    end: (batchId, state, note) =>
      db.transaction(async (tx) => {
        const ended = await tx.query(
          `update batches set state = $2, finished_at = now(),
                  note = coalesce($3, case when $2 = 'cancelled' then 'Cancelled by ' || coalesce(cancelled_by, 'somebody in Temporal') || '.' end)
            where batch_id = $1 and state = 'running' returning batch_id`,
          [batchId, state, note],
        );
        if (ended.length === 0) return false;
        // What was told already says by itself how it ended.
        await tx.query(
          `update batch_items set state = 'skipped', note = $2, ended_at = now()
            where batch_id = $1 and (state = 'waiting' or (state = 'under_way' and asked_at is null))`,
          [batchId, `the batch was ${state} before its turn`],
        );
        return true;
      }),

    plan: (batchId, driftEveryMs) => plan(db, batchId, driftEveryMs),
    take: (batchId, window) => db.transaction((tx) => take(tx, batchId, window)),
    async markAsked(batchId, repoIds) {
      await db.query(
        `update batch_items set asked_at = now() where batch_id = $1 and state = 'under_way'
            and mirror_id = any(select 'github-' || unnest($2::text[]))`,
        [batchId, repoIds],
      );
    },
    async driftDue(accountId, driftEveryMs) {
      const [row] = await db.query(`select count(*)::int as due from (${DUE_FOR_COMPARISON}) as due`, [
        accountId,
        driftEveryMs,
      ]);
      return Number(row?.['due'] ?? 0);
    },
  };
}

// ---------------------------------------------------------------------------------------------------------------- opening

/** What a batch did stays in the syncs; how it went as a whole is told for so long. */
const KEEP_DAYS = 90;

/** Their mirrors go with them. The drift check begins a batch an hour, so this is never much at once. */
const PRUNE = `delete from batches where state <> 'running' and finished_at < now() - make_interval(days => $1)`;

const INSERT = `
  insert into batches (account_id, selection, requested_by, correlation_id) values ($1, $2::jsonb, $3, $4)
  on conflict (account_id, md5(selection::text)) where state = 'running' do nothing
  returning batch_id`;

const RUNNING = `select batch_id from batches where account_id = $1 and selection = $2::jsonb and state = 'running'`;

/** The same mirrors in another order are the same selection. */
function sorted(selection: BatchSelection): BatchSelection {
  if (selection.kind !== 'mirrors') return selection;
  return { ...selection, mirrorIds: [...new Set(selection.mirrorIds)].sort() };
}

/** An id as the identity column has it; text that is none is the id of nothing. */
function idOf(text: string): string {
  return /^\d{1,18}$/.test(text) ? text : '0';
}

// --------------------------------------------------------------------------------------------------------------- planning

/** What may be compared at all: mirrored, and nothing about it waits for a person. */
const COMPARABLE = `account_id = $1 and project_id is not null and not paused
  and status in ('pending', 'in_progress', 'completed', 'failed', 'permanent_failure')`;

/**
 * Those whose comparison is older than the interval, the oldest first, and no more than twice an hour's even share of all: after an outage the
 * backlog goes down, and OneDev is not asked about everything at once. What was tried within the interval and could not be compared lets the others
 * go first, or a few that always fail would take every turn.
 */
const DUE_FOR_COMPARISON = `
  select mirror_id, last_compared_at from mirrors
   where ${COMPARABLE} and coalesce(last_compared_at, '-infinity') <= now() - make_interval(secs => $2::float / 1000)
     and not exists (
       select from batch_items i join batches b using (batch_id)
        where i.mirror_id = mirrors.mirror_id and b.selection ->> 'kind' = 'drift'
          and i.taken_at > now() - make_interval(secs => $2::float / 1000))
   order by last_compared_at nulls first, mirror_id
   limit (select ceil(2 * count(*) * least(1, 3600000 / $2::float))::int from mirrors where ${COMPARABLE})`;

const ADD = 'insert into batch_items (batch_id, mirror_id)';
const ONCE = 'on conflict (batch_id, mirror_id) do nothing';

/** The small ones take their turn first: whoever waits sees something soon. */
const ORDER = 'order by size_kb, mirror_id';

async function plan(db: Database, batchId: string, driftEveryMs: number | null): Promise<void> {
  await db.transaction(async (tx) => {
    const [batch] = await tx.query(
      `select account_id, selection from batches where batch_id = $1 and state = 'running' and not planned for update`,
      [batchId],
    );
    if (!batch) return;
    const accountId = String(batch['account_id']);
    await addItems(tx, { batchId, accountId, driftEveryMs }, batch['selection'] as BatchSelection);
    await tx.query('update batches set planned = true where batch_id = $1', [batchId]);
  });
}

interface Plan {
  batchId: string;
  accountId: string;
  driftEveryMs: number | null;
}

async function addItems(tx: Queryable, { batchId, accountId, driftEveryMs }: Plan, selection: BatchSelection) {
  const all = `${ADD} select $1::bigint, mirror_id from mirrors where account_id = $2 and status <> 'deleted'`;
  switch (selection.kind) {
    case 'all':
      return tx.query(`${all} ${ORDER} ${ONCE}`, [batchId, accountId]);
    case 'failed':
      return tx.query(`${all} and status in ('failed', 'permanent_failure') ${ORDER} ${ONCE}`, [batchId, accountId]);
    case 'mirrors':
      return tx.query(`${all} and mirror_id = any($3) ${ORDER} ${ONCE}`, [batchId, accountId, selection.mirrorIds]);
    case 'drift':
      if (driftEveryMs === null) return [];
      return tx.query(
        `${ADD} select $3::bigint, mirror_id from (${DUE_FOR_COMPARISON}) as due
          order by last_compared_at nulls first, mirror_id ${ONCE}`,
        [accountId, driftEveryMs, batchId],
      );
    case 'filter':
      return addFiltered(tx, { batchId, accountId }, parseFilters(selection.filters));
  }
}

/** Mirrors whose facts are looked at together. */
const PAGE = 1_000;

async function addFiltered(tx: Queryable, { batchId, accountId }: Omit<Plan, 'driftEveryMs'>, filters: Filters) {
  let after = '';
  for (;;) {
    const rows = await tx.query(
      `select mirror_id, full_name, archived, fork, language, topics, stars, size_kb from mirrors
        where account_id = $1 and status <> 'deleted' and mirror_id > $2 order by mirror_id limit $3`,
      [accountId, after, PAGE],
    );
    const kept = rows.filter((row) => filterVerdict(filters, factsOf(row)).kept).map((row) => row['mirror_id']);
    await tx.query(`${ADD} select $1::bigint, mirror_id from mirrors where mirror_id = any($2) ${ORDER} ${ONCE}`, [
      batchId,
      kept,
    ]);
    if (rows.length < PAGE) return;
    after = String(rows.at(-1)?.['mirror_id']);
  }
}

function factsOf(row: Row): FilterFacts {
  return {
    fullName: String(row['full_name']),
    archived: row['archived'] === true,
    fork: row['fork'] === true,
    language: row['language'] === null ? null : String(row['language']),
    topics: row['topics'] as string[],
    stars: Number(row['stars']),
    sizeKb: Number(row['size_kb']),
  };
}

// ----------------------------------------------------------------------------------------------------------------- taking

/** Told this long ago and not under way: somebody terminated its workflow. Telling it again is harmless. */
const TELL_AGAIN_AFTER = '30 minutes';

/** Twice as long as a transfer with all its attempts may take. */
const GIVE_UP_AFTER = '12 hours';

/** Why a mirror may not be synced now; `null`: it may. */
const OBSTACLE = `case
  when m.paused or m.status = 'paused' then 'paused'
  when m.status = 'excluded' then 'left out by a filter'
  when m.status = 'pending_deletion' then 'about to be deleted'
  when m.status = 'deleted' then 'deleted'
  when m.status = 'frozen' then 'frozen: GitHub no longer shows it'
end`;

/**
 * Items are locked in the order in which mirrors' own records lock them: one each. If we die after this, what was taken and not told is told by
 * the next step.
 */
async function take(tx: Queryable, batchId: string, window: number): Promise<StarredChange[]> {
  const [batch] = await tx.query(
    `select batch_id from batches where batch_id = $1 and state = 'running' and planned for update`,
    [batchId],
  );
  if (!batch) return [];
  await tx.query(
    `update batch_items i set state = 'skipped', note = ${OBSTACLE}, ended_at = now()
       from mirrors m
      where i.batch_id = $1 and i.state in ('waiting', 'under_way') and m.mirror_id = i.mirror_id and ${OBSTACLE} is not null`,
    [batchId],
  );
  await tx.query(
    `update batch_items set state = 'failed', ended_at = now(), note = 'it has not said within ${GIVE_UP_AFTER} how it ended'
      where batch_id = $1 and state = 'under_way' and taken_at < now() - interval '${GIVE_UP_AFTER}'`,
    [batchId],
  );
  await tx.query(
    `update batch_items i set asked_at = null
       from mirrors m
      where i.batch_id = $1 and i.state = 'under_way' and i.asked_at < now() - interval '${TELL_AGAIN_AFTER}'
        and m.mirror_id = i.mirror_id and m.status <> 'in_progress'`,
    [batchId],
  );
  await tx.query(
    `update batch_items set state = 'under_way', taken_at = now()
      where item_id in (
        select item_id from batch_items where batch_id = $1 and state = 'waiting' order by item_id
         limit greatest(0, $2 - (select count(*) from batch_items where batch_id = $1 and state = 'under_way')))`,
    [batchId, window],
  );
  const untold = await tx.query(
    `select m.repo_id, m.full_name from batch_items i join mirrors m using (mirror_id)
      where i.batch_id = $1 and i.state = 'under_way' and i.asked_at is null order by i.item_id`,
    [batchId],
  );
  return untold.map((row): StarredChange => ({ repoId: String(row['repo_id']), fullName: String(row['full_name']) }));
}

// ---------------------------------------------------------------------------------------------------------------- settling

/**
 * Tells the batches that a pass of a mirror's workflow served how it ended; belongs into the transaction that records the end. A used-up
 * rate limit is no end: the mirror waits and goes on by itself.
 */
export async function settleBatchItems(tx: Queryable, entry: RecordEntry): Promise<void> {
  const end = endOf(entry);
  if (!end || !entry.batches || entry.batches.length === 0) return;
  await tx.query(
    `update batch_items set state = $3, note = $4, ended_at = now()
      where mirror_id = $1 and batch_id::text = any($2) and state = 'under_way'`,
    [entry.mirrorId, entry.batches, end.state, end.note],
  );
}

function endOf(entry: RecordEntry): Pick<BatchItem, 'state' | 'note'> | null {
  switch (entry.kind) {
    case 'synced':
      return { state: entry.report.outcome, note: null };
    case 'failed': {
      const { kind, message } = entry.failure;
      return kind === 'SourceRateLimited' ? null : { state: 'failed', note: `${kind}: ${message}` };
    }
    case 'status':
      return { state: entry.status === 'failed' ? 'failed' : 'skipped', note: entry.note };
    case 'deletion_requested':
      return { state: 'skipped', note: 'it looks unstarred' };
    default:
      return null;
  }
}

// ---------------------------------------------------------------------------------------------------------------- reading

const PROGRESS = `
  select b.*, i.* from batches b cross join lateral (
    select count(*)::int as total,
           count(*) filter (where state = 'changed')::int as changed,
           count(*) filter (where state = 'unchanged')::int as unchanged,
           count(*) filter (where state = 'failed')::int as failed,
           count(*) filter (where state = 'skipped')::int as skipped,
           count(*) filter (where state = 'under_way')::int as under_way,
           count(*) filter (where state = 'waiting')::int as waiting,
           extract(epoch from now() - min(taken_at))::float as seconds
      from batch_items where batch_items.batch_id = b.batch_id) i`;

function progressOf(row: Row): BatchProgress {
  const count = (name: string) => Number(row[name]);
  const synced = count('changed') + count('unchanged') + count('failed');
  const left = count('under_way') + count('waiting');
  const hasPace = row['state'] === 'running' && row['planned'] === true && synced > 0;
  return {
    batchId: String(row['batch_id']),
    selection: row['selection'] as BatchSelection,
    state: row['state'] as BatchProgress['state'],
    requestedBy: String(row['requested_by']),
    correlationId: String(row['correlation_id']),
    planned: row['planned'] === true,
    total: count('total'),
    done: synced + count('skipped'),
    changed: count('changed'),
    unchanged: count('unchanged'),
    failed: count('failed'),
    skipped: count('skipped'),
    underWay: count('under_way'),
    waiting: count('waiting'),
    secondsLeft: hasPace ? Math.ceil((left * count('seconds')) / synced) : null,
    requestedAt: (row['requested_at'] as Date).toISOString(),
    finishedAt: (row['finished_at'] as Date | null)?.toISOString() ?? null,
    note: row['note'] === null ? null : String(row['note']),
  };
}

function itemOf(row: Row): BatchItem {
  return {
    mirrorId: row['mirror_id'] as MirrorId,
    fullName: String(row['full_name']),
    state: row['state'] as BatchItem['state'],
    note: row['note'] === null ? null : String(row['note']),
  };
}
