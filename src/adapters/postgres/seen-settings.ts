import { createHash, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { STARKEEP } from '../../domain/audit.ts';
import type { SettingsStore } from '../../domain/service-stores.ts';
import { type EffectiveSetting, type SeenSettings, settingChanges } from '../../domain/seen-settings.ts';
import { appendAll } from './audit.ts';
import type { Database } from './database.ts';

const scryptOf = promisify(scrypt) as (secret: string, salt: Buffer, length: number) => Promise<Buffer>;

const SALT_BYTES = 16;

/** What a kept fingerprint of a secret begins with, so that a setting that becomes a secret one day is told apart. */
const SECRET = 'secret:';

export function createSettingsStore(db: Database): SettingsStore {
  return {
    note: (role, version, settings) =>
      db.transaction(async (tx) => {
        // Processes that start together compare one after the other.
        await tx.query(`select pg_advisory_xact_lock(hashtext('settings_seen'))`);
        const [row] = await tx.query('select salt, settings from settings_seen where role = $1', [role]);
        const salt = row ? (row['salt'] as Buffer) : randomBytes(SALT_BYTES);
        const now = await seen(settings, salt);
        const before = row ? (row['settings'] as SeenSettings) : {};
        const isSecret = (name: string) => [before[name], now[name]].some((value) => value?.startsWith(SECRET));
        const changed = settingChanges(before, now, isSecret);
        if (row && Object.keys(changed).length === 0) return [];

        const action = row ? 'settings.changed' : 'settings.recorded';
        const details = { version, digest: digestOf(now), changed };
        const [event] = await appendAll(tx, [{ actor: STARKEEP, action, subject: role, details }]);
        await tx.query(
          `insert into settings_seen (role, salt, settings, event_id) values ($1, $2, $3, $4)
           on conflict (role) do update set settings = excluded.settings, event_id = excluded.event_id`,
          [role, salt, JSON.stringify(now), event?.eventId],
        );
        return Object.keys(changed);
      }),
  };
}

/** A slow hash: what a person thought up must not be found by whoever reads the database, by trying. */
async function seen(settings: EffectiveSetting[], salt: Buffer): Promise<SeenSettings> {
  const kept: SeenSettings = {};
  for (const { name, value, secret } of settings) {
    if (value === null) continue;
    kept[name] = secret ? `${SECRET}${(await scryptOf(`${name}=${value}`, salt, 32)).toString('base64url')}` : value;
  }
  return kept;
}

/** Fingerprints are left out: they differ from installation to installation. */
function digestOf(settings: SeenSettings): string {
  const plain = Object.entries(settings).filter(([, value]) => !value.startsWith(SECRET));
  return createHash('sha256')
    .update(JSON.stringify(plain.sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');
}
