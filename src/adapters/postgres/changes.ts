import pg from 'pg';
import { type Change, CHANGE_KINDS, type ChangeKind } from '../../domain/changes.ts';
import { toFailure } from '../../domain/failures.ts';
import type { ChangeStore } from '../../domain/service-stores.ts';
import { type Database, type Row, translated } from './database.ts';

/** What 0012_overview.sql tells and keeps of changes. */

const KEPT_SECONDS = 900;

/**
 * A transaction may commit after one with a later number did. No statement takes longer than 30 s, so whoever goes on after a number gets what is as much
 * older again: to be told twice is to look twice.
 */
const OVERLAP_SECONDS = 35;

export function createChangeStore(db: Database): ChangeStore {
  return {
    async newest() {
      const [row] = await db.query(
        'select case when is_called then last_value else 0 end as newest from change_numbers',
      );
      return String(row?.['newest'] ?? 0);
    },

    async since(id, limit) {
      const [known] = await db.query(
        // What comes next is still there, or nothing came since. A number that nobody gave is of another database.
        `with given as (select case when is_called then last_value else 0 end as newest from change_numbers)
         select $1::bigint = newest
             or ($1::bigint < newest and coalesce((select min(change_id) from changes) <= $1::bigint + 1, false)) as known
           from given`,
        [id],
      );
      if (known?.['known'] !== true) return null;
      const rows = await db.query(
        `select change_id, kind, ids from changes
          where change_id > $1::bigint
             or (change_id < $1::bigint and at > (select max(at) from changes where change_id <= $1::bigint) - make_interval(secs => $2))
          order by change_id limit $3`,
        [id, OVERLAP_SECONDS, limit + 1],
      );
      return rows.length > limit ? null : rows.map(changeOf);
    },

    async forgetOld() {
      await db.query('delete from changes where at < now() - make_interval(secs => $1)', [KEPT_SECONDS]);
    },
  };
}

function changeOf(row: Row): Change {
  return { id: String(row['change_id']), kind: row['kind'] as ChangeKind, ids: row['ids'] as Change['ids'] };
}

/** @returns `null` for what no trigger of ours told: whoever may connect may tell anything */
function changeIn(payload: string): Change | null {
  try {
    const { id, kind, ids } = JSON.parse(payload) as Partial<Record<keyof Change, unknown>>;
    const isOurs = typeof id === 'string' && /^\d+$/.test(id) && CHANGE_KINDS.some((one) => one === kind);
    return isOurs ? { id, kind: kind as ChangeKind, ids: ids as Change['ids'] } : null;
  } catch {
    return null;
  }
}

export interface ChangeListener {
  onChange: (change: Change) => void;
  /** It listens, for the first time or again; then `onGap` comes after it. */
  onListening?: () => void;
  /** What was told meanwhile is not known: the connection is new. Not called for the first one. */
  onGap: () => void;
  /** It does not listen any more; told once an outage. */
  onTrouble: (reason: string) => void;
}

const RECONNECT_MS = 1_000;
const MAX_RECONNECT_MS = 15_000;

/** A connection that nobody speaks on breaks unseen. */
const LIFE_SIGN_MS = 30_000;

/**
 * Listens on a connection of its own, for as long as it takes: one that breaks is replaced.
 * @returns what ends it; the connection is closed when that settles
 */
export function listenForChanges(url: string, listener: ChangeListener): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = keepListening(url, listener, stopping.signal);
  return {
    stop() {
      stopping.abort();
      return running;
    },
  };
}

async function keepListening(url: string, listener: ChangeListener, stopping: AbortSignal): Promise<void> {
  let pauseMs = RECONNECT_MS;
  let healthy = true;
  let hasListened = false;
  while (!stopping.aborted) {
    try {
      await listenOnce(url, listener, stopping, () => {
        listener.onListening?.();
        if (hasListened) listener.onGap();
        hasListened = true;
        healthy = true;
        pauseMs = RECONNECT_MS;
      });
    } catch (error) {
      if (healthy) listener.onTrouble(toFailure(error).message);
      healthy = false;
    }
    if (!stopping.aborted) await pause(pauseMs, stopping);
    pauseMs = Math.min(pauseMs * 2, MAX_RECONNECT_MS);
  }
}

/** Until the connection breaks, or it is told to stop. @throws Failure `DatabaseUnavailable` */
async function listenOnce(
  url: string,
  { onChange }: ChangeListener,
  stopping: AbortSignal,
  onListening: () => void,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'starkeep changes',
    connectionTimeoutMillis: 3_000,
    query_timeout: 10_000,
    keepAlive: true,
  });
  let lifeSign: NodeJS.Timeout | undefined;
  try {
    await translated(async () => {
      const broken = new Promise<never>((_, reject) => {
        client.on('error', reject);
        client.on('end', () => reject(new Error('the connection was closed')));
        lifeSign = setInterval(() => void client.query('select').catch(reject), LIFE_SIGN_MS);
      });
      // Whoever does not get as far as the race below is told by its own call.
      broken.catch(() => undefined);
      client.on('notification', ({ payload = '' }) => {
        const change = changeIn(payload);
        if (change !== null) onChange(change);
      });
      await client.connect();
      await client.query('listen starkeep_changes');
      onListening();
      await Promise.race([broken, aborted(stopping)]);
    });
  } finally {
    clearInterval(lifeSign);
    await client.end().catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([over, aborted(stopping)]);
  clearTimeout(timer);
}
