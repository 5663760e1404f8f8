import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { FIRST_KEY_NAME, SETTING_KEY_NAME, type ApiKey, type KeyOrigin, type KeyScope } from '../../domain/keys.ts';
import type { KeyStore } from '../../domain/service-stores.ts';
import type { Database, Queryable, Row } from './database.ts';

/** Of our own making, so that people and scanners for leaked secrets know one when they see it. */
const PREFIX = 'skp_';

/** As many characters of it as a list of keys may show: 24 of its 256 bits. */
const SHOWN_LENGTH = PREFIX.length + 4;

export function createKeyStore(db: Database): KeyStore {
  return {
    async create({ name, scope }) {
      const text = newText();
      const key = await insert(db, { name, scope, origin: 'person', text });
      return key && { key, text };
    },

    async createFirst() {
      const text = newText();
      const key = await insert(db, { name: FIRST_KEY_NAME, scope: 'admin', origin: 'first_start', text });
      return key && text;
    },

    adoptSetting: (text) =>
      db.transaction(async (tx) => {
        const replaced = await tx.query(
          `update api_keys set revoked_at = now()
            where origin = 'setting' and revoked_at is null and hash is distinct from $1::bytea returning key_id`,
          [text === undefined ? null : hashOf(text)],
        );
        if (text === undefined) return replaced.length > 0 ? 'revoked' : null;
        const key = await insert(tx, { name: SETTING_KEY_NAME, scope: 'admin', origin: 'setting', text });
        return key === null ? null : 'created';
      }),

    async identify(text) {
      const hash = hashOf(text);
      const [row] = await db.query(
        `select *, coalesce(last_used_at < now() - interval '1 minute', true) as unnoted
           from api_keys where hash = $1 and revoked_at is null`,
        [hash],
      );
      // Who guesses cannot choose how far the hash of a guess agrees with a stored one, so the index gives nothing away; nor does this.
      if (!row || !timingSafeEqual(row['hash'] as Buffer, hash)) return null;
      if (row['unnoted'] === true)
        await db.query('update api_keys set last_used_at = now() where key_id = $1', [row['key_id']]);
      return keyOf(row);
    },

    async list() {
      return (await db.query('select * from api_keys order by key_id')).map(keyOf);
    },

    async revoke(keyId) {
      const [row] = await db.query(
        'update api_keys set revoked_at = now() where key_id = $1::bigint and revoked_at is null returning *',
        [keyId],
      );
      return row ? keyOf(row) : null;
    },

    async hasAdmin() {
      const rows = await db.query(`select from api_keys where scope = 'admin' and revoked_at is null limit 1`);
      return rows.length > 0;
    },
  };
}

/** @returns `null` when there is such a key already: of that name, with that text, or, for the first, any that administers */
async function insert(
  db: Queryable,
  { name, scope, origin, text }: { name: string; scope: KeyScope; origin: KeyOrigin; text: string },
): Promise<ApiKey | null> {
  const shown = origin === 'setting' ? null : text.slice(0, SHOWN_LENGTH);
  const [row] = await db.query(
    `insert into api_keys (name, scope, origin, hash, shown)
     select $1::text, $2::text, $3::text, $4::bytea, $5::text
      where $3 <> 'first_start' or not exists (select from api_keys where scope = 'admin' and revoked_at is null)
     on conflict do nothing returning *`,
    [name, scope, origin, hashOf(text), shown],
  );
  return row ? keyOf(row) : null;
}

function newText(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A row of `api_keys`. */
export function keyOf(row: Row): ApiKey {
  const isoOf = (value: unknown) => (value === null ? null : (value as Date).toISOString());
  return {
    keyId: String(row['key_id']),
    name: String(row['name']),
    scope: row['scope'] as KeyScope,
    origin: row['origin'] as KeyOrigin,
    shown: row['shown'] === null ? null : String(row['shown']),
    createdAt: (row['created_at'] as Date).toISOString(),
    lastUsedAt: isoOf(row['last_used_at']),
    revokedAt: isoOf(row['revoked_at']),
  };
}
