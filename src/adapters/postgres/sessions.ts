import { createHash, randomBytes } from 'node:crypto';
import type { SessionStore } from '../../domain/service-stores.ts';
import { MAX_SESSIONS_OF_KEY, SESSION_IDLE_MS, SESSION_LIFETIME_MS, type Session } from '../../domain/sessions.ts';
import { keyOf } from './api-keys.ts';
import type { Database, Row } from './database.ts';

export function createSessionStore(db: Database): SessionStore {
  return {
    begin: (keyId) =>
      db.transaction(async (tx) => {
        // Whoever holds the key's row begins its next session, and nobody revokes it meanwhile.
        const valid = await tx.query('select from api_keys where key_id = $1 and revoked_at is null for update', [
          keyId,
        ]);
        if (valid.length === 0) return null;
        // What is removed lets nobody in any more, or is one too many. If we die here, nothing was removed, and the next session removes it.
        await tx.query(
          `delete from sessions s where not ${IS_ALIVE} or session_id in (
             select session_id from sessions where key_id = $1 order by session_id desc offset $3)`,
          [keyId, SESSION_IDLE_MS / 1000, MAX_SESSIONS_OF_KEY - 1],
        );
        const text = randomBytes(32).toString('base64url');
        const [row] = await tx.query(
          `insert into sessions as s (key_id, hash, expires_at) values ($1, $2, now() + make_interval(secs => $3))
           returning ${COLUMNS}`,
          [keyId, hashOf(text), SESSION_LIFETIME_MS / 1000],
        );
        return { session: sessionOf(row as Row), text };
      }),

    async identify(text) {
      const [row] = await db.query(
        `select k.*, ${COLUMNS}, s.last_used_at < now() - interval '1 minute' as unnoted
           from sessions s join api_keys k using (key_id)
          where s.hash = $1 and ${IS_ALIVE} and k.revoked_at is null`,
        [hashOf(text), SESSION_IDLE_MS / 1000],
      );
      if (!row) return null;
      if (row['unnoted'] !== true) return { key: keyOf(row), session: sessionOf(row) };
      const [noted] = await db.query(
        `with used as (update api_keys set last_used_at = now() where key_id = $2)
         update sessions s set last_used_at = now() where session_id = $1 returning ${COLUMNS}`,
        [row['session_id'], row['key_id']],
      );
      // Ended in between, by another request.
      return noted ? { key: keyOf(row), session: sessionOf(noted) } : null;
    },

    async end(text) {
      await db.query('delete from sessions where hash = $1', [hashOf(text)]);
    },
  };
}

/** Of a session `s`; $2: seconds it may be idle. */
const IS_ALIVE = '(s.expires_at > now() and s.last_used_at > now() - make_interval(secs => $2))';

/** Of a session `s`, under names of their own: a key's row has some of the same. */
const COLUMNS = 's.session_id, s.created_at as begun_at, s.expires_at as ends_at, s.last_used_at as seen_at';

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function sessionOf(row: Row): Session {
  const endsAt = row['ends_at'] as Date;
  const idleUntil = new Date((row['seen_at'] as Date).getTime() + SESSION_IDLE_MS);
  return {
    sessionId: String(row['session_id']),
    createdAt: (row['begun_at'] as Date).toISOString(),
    expiresAt: endsAt.toISOString(),
    idleUntil: (idleUntil < endsAt ? idleUntil : endsAt).toISOString(),
  };
}
