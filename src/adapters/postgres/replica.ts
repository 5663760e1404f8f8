import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { Failure, toFailure } from '../../domain/failures.ts';
import {
  type Database,
  isUsedUp,
  openPool,
  type Queryable,
  type Row,
  saysUnavailable,
  storable,
  translated,
} from './database.ts';
import { createFreshness, type Freshness, type Mark } from './freshness.ts';

/**
 * A streaming standby that answers reads in place of the primary, as long as it has everything that this process was told of. Whatever is wrong with
 * it, the primary answers: nobody who asks gets to see an error of it.
 *
 * Behind one address there may be several standbys, so each connection is asked by itself how far it is, and then for what is read.
 */
export interface Replica extends Database, Pick<Freshness, 'changed' | 'hears' | 'isDeaf'> {
  /** Looks how it is: finds out that it is back, and that it is far behind. To be called every few seconds. Never fails. */
  look(): Promise<void>;
}

export interface ReplicaOptions {
  url: string;
  /** Answers everything else, and all transactions. It stays open when the replica is closed. */
  primary: Database;
  applicationName: string;
  maxConnections?: number;
  /** Whether what is asked now is a mere look. If not, or if it leads to a decision, the primary is asked. */
  isLook: () => boolean;
  /** Told who answered a look. */
  onRead: (from: 'replica' | 'primary') => void;
  /** @param seconds for how long it has lacked what the primary had; `null`: not known */
  onLag: (seconds: number | null) => void;
  /** Told once an outage. */
  onTrouble: (reason: string) => void;
  /** Told when it is over. */
  onBack: () => void;
  /** Milliseconds. Default: the clock. */
  now?: () => number;
}

/** A replica that takes longer to let us in, or to say how far it is, helps nobody. */
const CHECK_MS = 1_000;

/** Nor does one on which a read takes so long: the primary has to answer while the caller still waits. */
const READ_MS = 5_000;

/** For so long behind, it is in trouble: until it has caught up it is not even asked how far it is. */
export const LONG_BEHIND_MS = 30_000;

/** Why a connection is of no use, in a sentence without its end. */
class Unfit extends Error {}

/** Opens nothing yet. */
export function createReplica(options: ReplicaOptions): Replica {
  const { primary, isLook, onRead, onLag, now = Date.now } = options;
  /** What the primary says in place of how far it has written; `null`: it said that, or nothing at all. */
  let refusal: Error | null = null;
  const ask = async () => {
    try {
      const mark = await markOf(primary);
      refusal = null;
      return mark;
    } catch (error) {
      refusal = error instanceof pg.DatabaseError ? error : null;
      throw error;
    }
  };
  const freshness = createFreshness({ ask, now });
  const pool = openPool({
    url: options.url,
    applicationName: options.applicationName,
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    connectTimeoutMs: CHECK_MS,
    queryTimeoutMs: READ_MS,
    // An idle connection that breaks is noticed by the next look.
    onError: () => undefined,
  });
  /** How far each connection was seen to be; what it has it keeps. */
  const reached = new WeakMap<pg.PoolClient, Mark>();
  let trouble: string | null = null;
  /** What the primary had at a time, and the replica does not have yet. */
  let awaited: { mark: Mark; since: number } | null = null;

  function begin(reason: string): void {
    const isNews = trouble === null;
    trouble = reason;
    if (isNews) options.onTrouble(reason);
  }

  function end(): void {
    if (trouble === null) return;
    trouble = null;
    options.onBack();
  }

  async function reaches(client: pg.PoolClient, mark: Mark): Promise<boolean> {
    const had = reached.get(client);
    if (had?.position === mark.position && had.database === mark.database) return true;
    if (!(await hasReached(client, mark))) return false;
    reached.set(client, mark);
    return true;
  }

  /** @returns `null` when the primary has to be asked */
  async function readHere<R extends Row>(text: string, values?: unknown[]): Promise<R[] | null> {
    if (trouble !== null) return null;
    const mark = await freshness.required();
    if (mark === null) return null;
    try {
      return await lent(pool, async (client) =>
        (await reaches(client, mark)) ? (await client.query<R>(text, storable(values))).rows : null,
      );
    } catch (error) {
      // Its own words are about this one read (a conflict with what is replayed, a limit of time, something it lacks): the primary knows better.
      const isAboutTheRead = isUsedUp(error) || (error instanceof pg.DatabaseError && !saysUnavailable(error));
      if (!isAboutTheRead) begin(await reasonOf(error));
      return null;
    }
  }

  return {
    changed: freshness.changed,
    isDeaf: freshness.isDeaf,
    hears() {
      // The primary may be another one by now, whose log begins earlier.
      awaited = null;
      freshness.hears();
    },

    async query<R extends Row = Row>(text: string, values?: unknown[]) {
      if (!isLook()) return primary.query<R>(text, values);
      const rows = await readHere<R>(text, values);
      onRead(rows === null ? 'primary' : 'replica');
      return rows ?? primary.query<R>(text, values);
    },
    transaction: (work) => primary.transaction(work),

    async look() {
      const mark = await freshness.refresh();
      if (mark === null) {
        // There is nothing to compare it with. That the primary is away others say; that it does not answer this, nobody.
        onLag(null);
        if (refusal !== null) begin(`the primary does not say how far it has written (${refusal.message})`);
        return;
      }
      awaited ??= { mark, since: now() };
      const { mark: wanted, since } = awaited;
      try {
        const isThere = await lent(pool, (client) => reaches(client, wanted));
        const behindMs = isThere ? 0 : now() - since;
        if (isThere) awaited = null;
        onLag(behindMs / 1_000);
        if (behindMs < LONG_BEHIND_MS) end();
        else begin(`it has lacked what the primary wrote for ${Math.round(behindMs / 1_000)} s`);
      } catch (error) {
        onLag(null);
        // All its connections are in use: that is no news of it.
        if (!isUsedUp(error)) begin(await reasonOf(error));
      }
    },

    close: () => pool.end(),
  };
}

/** What a database is called by whoever has to tell it from others: the cluster's number, which a standby has from its primary, and its own in there. */
const DATABASE = `(select system_identifier from pg_control_system()) || '/' || (select oid from pg_database where datname = current_database())`;

/** How far the primary has written. @throws Failure `DatabaseUnavailable`; whatever Postgres says when it is no primary */
export async function markOf(primary: Queryable): Promise<Mark> {
  // Up to what is inserted, not flushed: with synchronous_commit = off a change is told before it is on disk.
  const [row] = await primary.query<{ position: string; database: string }>(
    `select pg_current_wal_insert_lsn()::text as position, ${DATABASE} as database`,
  );
  if (!row) throw new Error('one row was asked for');
  return row;
}

/** @throws Unfit when it is no standby of that database */
async function hasReached(client: pg.PoolClient, { position, database }: Mark): Promise<boolean> {
  // Its types do not know that a query may have a time-out of its own.
  const question: pg.QueryConfig & { query_timeout: number } = {
    text: `select pg_is_in_recovery() as standby, coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) as there, ${DATABASE} as database`,
    values: [position],
    query_timeout: CHECK_MS,
  };
  const { rows } = await client.query<{ standby: boolean; there: boolean; database: string }>(question);
  const [row] = rows;
  if (row?.database !== database) throw new Unfit('it is not a standby of the database of DATABASE_URL');
  // Promoted by now, or the primary itself: it would be right only until the two of them part.
  if (!row.standby) throw new Unfit('it is not in recovery, so it is no standby');
  return row.there;
}

async function lent<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks is reported by the query that was running, and by an event, which would end the process.
  const onError = () => undefined;
  client.on('error', onError);
  let isBroken = false;
  try {
    return await work(client);
  } catch (error) {
    // It may be in the middle of an answer, or to somebody else than before.
    isBroken = true;
    throw error;
  } finally {
    client.off('error', onError);
    client.release(isBroken);
  }
}

async function reasonOf(error: unknown): Promise<string> {
  if (error instanceof Unfit) return error.message;
  const failed = await translated(() => Promise.reject(error)).catch((reason: unknown) => reason);
  return toFailure(failed).message;
}

/** What `starkeep doctor` finds. */
export interface ReplicaState {
  version: string;
  /** Milliseconds until it had what the primary had when it was asked; `null`: it did not get there in {@link PATIENCE_MS}. */
  afterMs: number | null;
  /** What it lacks of the primary's log, in bytes. */
  behindBytes: number;
}

/** How long the doctor waits for it. */
export const PATIENCE_MS = 2_000;

/** @throws Failure `DatabaseUnavailable` when it cannot be reached, or is no standby of this database */
export async function stateOfReplica(url: string, mark: Mark): Promise<ReplicaState> {
  const pool = openPool({ url, maxConnections: 1, applicationName: 'starkeep', onError: () => undefined });
  try {
    return await translated(() =>
      lent(pool, async (client) => {
        const begun = Date.now();
        let isThere = await hasReached(client, mark);
        while (!isThere && Date.now() - begun < PATIENCE_MS) {
          await pause(20);
          isThere = await hasReached(client, mark);
        }
        const afterMs = isThere ? Date.now() - begun : null;
        const { rows } = await client.query<Omit<ReplicaState, 'afterMs'>>(
          `select current_setting('server_version') as version,
                  greatest(pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()), 0)::float as "behindBytes"`,
          [mark.position],
        );
        const { version = 'unknown', behindBytes = 0 } = rows[0] ?? {};
        return { version, afterMs, behindBytes };
      }),
    );
  } catch (error) {
    if (error instanceof Failure && error.cause instanceof Unfit) {
      throw new Failure('DatabaseUnavailable', error.cause.message, { cause: error.cause });
    }
    throw error;
  } finally {
    await pool.end();
  }
}
