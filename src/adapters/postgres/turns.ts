import pg from 'pg';
import type { Turns } from '../../domain/ports.ts';
import { translated } from './database.ts';

/** Advisory locks of two numbers, of which this is the first: nobody else's. */
const KIND = 728_419;

/** More processes than anybody runs; those beyond have no place, and wait for nobody. */
const PLACES = 64;

/** Who has not come back for so long does not come back, or not soon. */
const AWAY_MS = 30_000;

/**
 * A place is an advisory lock on a connection of its own: if the process dies, its place is free.
 * @param now milliseconds, for tests
 */
export function createTurns(url: string, now: () => number = Date.now): Turns {
  let place: { client: pg.Client; number: number } | null = null;
  let waitsFor: { holder: number; awaySince: number | null } | null = null;

  async function holderOf({ client }: { client: pg.Client }, number: number): Promise<number | null> {
    const { rows } = await translated(() =>
      client.query<{ pid: number }>(
        `select pid from pg_locks
          where locktype = 'advisory' and classid = $1 and objid = $2 and objsubid = 2 and granted
            and database = (select oid from pg_database where datname = current_database())`,
        [KIND, number],
      ),
    );
    return rows[0]?.pid ?? null;
  }

  return {
    async join() {
      if (place !== null) return;
      const client = new pg.Client({
        connectionString: url,
        application_name: 'starkeep turns',
        connectionTimeoutMillis: 3_000,
        query_timeout: 10_000,
        keepAlive: true,
      });
      client.on('error', () => {
        if (place?.client === client) place = null;
      });
      try {
        await translated(() => client.connect());
        for (let number = 0; number < PLACES; number += 1) {
          const taken = 'select pg_try_advisory_lock($1, $2) as taken';
          const { rows } = await translated(() => client.query<{ taken: boolean }>(taken, [KIND, number]));
          if (rows[0]?.taken !== true) continue;
          place = { client, number };
          return;
        }
      } finally {
        if (place?.client !== client) await client.end().catch(() => undefined);
      }
    },

    async isOurs() {
      if (place === null || place.number === 0) return true;
      const holder = await holderOf(place, place.number - 1);
      if (waitsFor === null) {
        // Nobody is before us.
        if (holder === null) return true;
        waitsFor = { holder, awaySince: null };
        return false;
      }
      if (holder === null) waitsFor.awaySince ??= now();
      const isBack = holder !== null && holder !== waitsFor.holder;
      return isBack || (waitsFor.awaySince !== null && now() - waitsFor.awaySince > AWAY_MS);
    },

    async leave() {
      const left = place;
      place = null;
      await left?.client.end().catch(() => undefined);
    },
  };
}
