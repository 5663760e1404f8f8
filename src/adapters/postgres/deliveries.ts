import type { RepoEvent } from '../../domain/events.ts';
import type { Delivery, DeliveryStore, Taken } from '../../domain/record-stores.ts';
import type { Database } from './database.ts';
import { grouped } from './grouped.ts';

/** Short beside what a person, or another api that is sent the same delivery, takes to look. */
const MARK_AFTER_MS = 25;

export function createDeliveryStore(db: Database): DeliveryStore {
  // Nobody waits for a mark: a moment later one statement does it for several.
  const mark = grouped((dispatched: Dispatched[]) => markAll(db, dispatched), { gatherMs: MARK_AFTER_MS });
  return {
    take: grouped((deliveries: Delivery[]) => takeAll(db, deliveries)),
    markDispatched: (guid, workflowId) => mark({ guid, workflowId }),

    async waiting(limit, olderThanMs) {
      const rows = await db.query<{ guid: string; payload: RepoEvent }>(
        `select guid, payload from deliveries
          where outcome = 'accepted' and dispatched_at is null and received_at < now() - make_interval(secs => $2)
          order by received_at, guid limit $1`,
        [limit, olderThanMs / 1000],
      );
      return rows.map((row) => ({ guid: row.guid, repoEvent: row.payload }));
    },

    async backlog() {
      const [row] = await db.query<{ count: number; age: number | null }>(
        `select count(*)::int as count, extract(epoch from now() - min(received_at))::float as age
           from deliveries where outcome = 'accepted' and dispatched_at is null`,
      );
      return { count: row?.count ?? 0, oldestSeconds: row?.age ?? 0 };
    },
  };
}

/** In one statement, in the order of their guids: two processes that take the same ones wait for each other, and never both. */
async function takeAll(db: Database, deliveries: Delivery[]): Promise<Taken[]> {
  const rows = await db.query<{ place: number; taken: Taken }>(
    `with given as (
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
                            $10::text[], $11::text[]) with ordinality
           as given(guid, hook_id, body_sha256, event, action, repo_id, full_name, correlation_id, payload, outcome, ignored_reason, place)),
     inserted as (
       insert into deliveries (guid, hook_id, body_sha256, event, action, repo_id, full_name, correlation_id, payload, outcome,
                               ignored_reason)
       select guid, hook_id, body_sha256, event, action, repo_id, full_name, correlation_id, payload, outcome, ignored_reason
         from given order by guid, place
       on conflict (guid) do nothing returning guid)
     select given.place::int,
            case when inserted.guid is not null
                 -- The same guid twice in one group: the first of them is the new one.
                 then case when place = min(place) over (partition by given.guid) then 'new' else 'done' end
                 -- Neither inserted nor there: another request is inserting it this very moment, and dispatches it.
                 when known.outcome = 'accepted' and known.dispatched_at is null then 'waiting' else 'done' end as taken
       from given left join inserted using (guid) left join deliveries known using (guid)
      order by place`,
    [
      deliveries.map(({ guid }) => guid),
      deliveries.map(({ hookId }) => hookId),
      deliveries.map(({ bodySha256 }) => bodySha256),
      deliveries.map(({ event }) => event),
      deliveries.map(({ action }) => action),
      deliveries.map(({ repoId }) => repoId),
      deliveries.map(({ fullName }) => fullName),
      deliveries.map(({ correlationId }) => correlationId),
      deliveries.map(({ repoEvent }) => (repoEvent === null ? null : JSON.stringify(repoEvent))),
      deliveries.map(({ repoEvent }) => (repoEvent === null ? 'ignored' : 'accepted')),
      deliveries.map(({ ignoredReason }) => ignoredReason),
    ],
  );
  return rows.map(({ taken }) => taken);
}

interface Dispatched {
  guid: string;
  workflowId: string;
}

/** Rows are locked in the order of their guids, as whoever else changes several of them does. */
async function markAll(db: Database, dispatched: Dispatched[]): Promise<void[]> {
  await db.query(
    `with given as (select * from unnest($1::text[], $2::text[]) as given(guid, workflow_id)),
          locked as (select guid from deliveries where guid in (select guid from given) order by guid for no key update)
     update deliveries set dispatched_at = coalesce(dispatched_at, now()), workflow_id = given.workflow_id
       from given join locked using (guid) where deliveries.guid = given.guid`,
    [dispatched.map(({ guid }) => guid), dispatched.map(({ workflowId }) => workflowId)],
  );
  return dispatched.map(() => undefined);
}
