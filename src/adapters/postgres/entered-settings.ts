import { createHash } from 'node:crypto';
import type { EnteredChanges, EnteredSetting } from '../../domain/entered-settings.ts';
import type { PayloadKey } from '../../domain/payload-keys.ts';
import type { EnteredSettings, EnteredSettingsStore } from '../../domain/service-stores.ts';
import { open, seal } from '../sealing.ts';
import type { Database, Row } from './database.ts';

/** Settings as they were entered, each sealed for its name: 0013_entered_settings.sql */

/** @param keys the first seals, all open; without any, nothing can be entered or read */
export function createEnteredSettings(db: Database, keys: readonly PayloadKey[]): EnteredSettingsStore {
  const [first] = keys;
  return {
    canSeal: first !== undefined,

    async read() {
      const [table] = await db.query(`select to_regclass('public.entered_settings') is not null as there`);
      // A database that is not up to date yet has none; whoever needs it up to date says so.
      if (table?.['there'] !== true) return { stamp: stampOf([]), settings: [], unopened: [] };
      const rows = await db.query('select * from entered_settings order by name');
      const read: EnteredSettings = { stamp: stampOf(rows), settings: [], unopened: [] };
      for (const row of rows) {
        const name = row['name'] as string;
        const opened = open(keys, name, row['sealed'] as string);
        if (opened.opened) read.settings.push(enteredOf(row, opened.text));
        else read.unopened.push({ name, keyId: opened.keyId, why: opened.why });
      }
      return read;
    },

    async change(changes: EnteredChanges, by: string) {
      const taken = Object.keys(changes).filter((name) => changes[name] === null);
      const entered = Object.entries(changes).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
      if (entered.length > 0 && !first) throw new Error('settings cannot be sealed without a key');
      const sealed = first ? entered.map(({ name, value }) => seal(first, name, value)) : [];
      // All of them or none: an address without its token, or the other way round, would be neither the old state nor the new one.
      await db.transaction(async (tx) => {
        await tx.query('delete from entered_settings where name = any($1::text[])', [taken]);
        await tx.query(
          `insert into entered_settings (name, sealed, entered_by, entered_at)
           select name, sealed, $3, clock_timestamp() from unnest($1::text[], $2::text[]) as given (name, sealed)
           on conflict (name) do update
             set sealed = excluded.sealed, entered_by = excluded.entered_by, entered_at = excluded.entered_at`,
          [entered.map(({ name }) => name), sealed, by],
        );
      });
    },
  };
}

/** The stamp of an empty record. */
export const NOTHING_ENTERED = stampOf([]);

/** Differs whenever something was entered or taken back. Each sealing is another, also of the same value. */
function stampOf(rows: Row[]): string {
  return createHash('sha256')
    .update(JSON.stringify(rows.map((row) => [row['name'], row['sealed']])))
    .digest('base64url');
}

function enteredOf(row: Row, value: string): EnteredSetting {
  return {
    name: row['name'] as string,
    value,
    by: row['entered_by'] as string,
    at: (row['entered_at'] as Date).toISOString(),
  };
}
