import type { AnswerStore } from '../../domain/service-stores.ts';
import type { Database } from './database.ts';

/** Whoever is not done by then has died: no request takes so long, and all of them may be repeated. */
const ABANDONED_SECONDS = 120;

export function createAnswerStore(db: Database): AnswerStore {
  return {
    async begin({ keyId, requestKey, digest }) {
      const [mine] = await db.query(
        `insert into answered_requests (key_id, request_key, digest) values ($1, $2, $3)
         on conflict (key_id, request_key) do update set digest = excluded.digest, begun_at = now(), status = null, body = null, type = null
          where answered_requests.begun_at < now() - interval '1 day'
             or (answered_requests.status is null and answered_requests.digest = excluded.digest
                 and answered_requests.begun_at < now() - make_interval(secs => $4))
         returning key_id`,
        [keyId, requestKey, digest, ABANDONED_SECONDS],
      );
      if (mine) return { state: 'mine' };
      const [row] = await db.query(
        'select digest, status, body, type from answered_requests where key_id = $1 and request_key = $2',
        [keyId, requestKey],
      );
      // Forgotten in this very moment, since it failed: whoever sent it may send it again.
      if (!row) return { state: 'under_way' };
      if (!(row['digest'] as Buffer).equals(digest)) return { state: 'other' };
      if (row['status'] === null) return { state: 'under_way' };
      const { status, body, type } = row as { status: number; body: string | null; type: string | null };
      return { state: 'answered', answer: { status, body, type } };
    },

    async finish({ keyId, requestKey }, answer) {
      if (answer === null) {
        await db.query('delete from answered_requests where key_id = $1 and request_key = $2', [keyId, requestKey]);
        return;
      }
      await db.query(
        'update answered_requests set status = $3, body = $4, type = $5 where key_id = $1 and request_key = $2',
        [keyId, requestKey, answer.status, answer.body, answer.type],
      );
    },

    async forgetOld() {
      await db.query(`delete from answered_requests where begun_at < now() - interval '1 day'`);
    },
  };
}
