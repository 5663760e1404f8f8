-- What the web UI and the API ask: lists in every order and by every filter, live events, answers given once.

-- Lists of mirrors. Each order ends in the id, so that a page begins exactly where the one before ended; what has never happened counts as
-- before everything else, so that one index serves both directions.
drop index mirrors_by_name;
create index mirrors_by_name on mirrors (lower(full_name), mirror_id);
create index mirrors_by_push on mirrors (coalesce(pushed_at, '-infinity'::timestamptz), mirror_id);
create index mirrors_by_sync on mirrors (coalesce(last_synced_at, '-infinity'::timestamptz), mirror_id);
create index mirrors_by_size on mirrors (size_kb, mirror_id);
create index mirrors_by_stars on mirrors (stars, mirror_id);
-- What they are filtered by, in the order they come in unless another is asked for.
create index mirrors_by_owner on mirrors (lower(split_part(full_name, '/', 1)), lower(full_name), mirror_id);
create index mirrors_by_language on mirrors (language, lower(full_name), mirror_id) where language is not null;
create index mirrors_by_failure on mirrors (last_error_kind, lower(full_name), mirror_id) where last_error_kind is not null;
create index mirrors_by_status_and_name on mirrors (status, lower(full_name), mirror_id);

-- The last thirty days of syncs, read from the index alone.
create index syncs_by_time on syncs (finished_at) include (outcome, bytes);

-- What GitHub's last answer to a worker said of its hourly limit. The next answer says it anew: unlogged.
create unlogged table source_budget (
  single    boolean primary key default true check (single),
  max       integer not null check (max >= 0),
  remaining integer not null check (remaining >= 0),
  reset_at  timestamptz not null,
  seen_at   timestamptz not null default now()
);

-- What changed, for those who look on. Each change is told to whoever listens (NOTIFY) and kept for a quarter of an hour, so that one whose connection
-- broke gets what was missed. Only ids are told: whoever wants to know more asks, and is asked for a key. Unlogged, since all of it is a hint to
-- look; its numbers are not, so that they never go back.
create sequence change_numbers;
create unlogged table changes (
  change_id bigint primary key default nextval('change_numbers'),
  -- not the transaction's beginning: how late a number may be committed is reckoned from it
  at        timestamptz not null default clock_timestamp(),
  kind      text not null,
  ids       jsonb not null
);
create index changes_by_time on changes (at);

create function tell_change(kind text, ids jsonb) returns void language sql as $$
  with told as (insert into changes (kind, ids) values ($1, $2) returning change_id)
  select pg_notify('starkeep_changes', jsonb_build_object('id', change_id::text, 'kind', $1, 'ids', $2)::text) from told;
$$;

create function tell_mirror() returns trigger language plpgsql as $$
begin
  perform tell_change('mirror', jsonb_build_object('mirrorId', new.mirror_id));
  return null;
end $$;
create trigger mirrors_made after insert on mirrors for each row execute function tell_mirror();
-- Not of being looked at: a sweep looks at all of them every hour.
create trigger mirrors_changed after update on mirrors for each row
  when ((old.full_name, old.status, old.status_note, old.last_error_kind, old.last_error_message, old.next_attempt_at, old.delete_at,
         old.paused, old.starred, old.pinned, old.kept_by, old.project_path, old.last_synced_at, old.drift_note)
        is distinct from
        (new.full_name, new.status, new.status_note, new.last_error_kind, new.last_error_message, new.next_attempt_at, new.delete_at,
         new.paused, new.starred, new.pinned, new.kept_by, new.project_path, new.last_synced_at, new.drift_note))
  execute function tell_mirror();

create function tell_sync() returns trigger language plpgsql as $$
begin
  perform tell_change('sync', jsonb_build_object('syncId', new.sync_id::text, 'mirrorId', new.mirror_id));
  return null;
end $$;
create trigger syncs_made after insert on syncs for each row execute function tell_sync();

create function tell_deletion() returns trigger language plpgsql as $$
begin
  perform tell_change('deletion', jsonb_build_object('deletionId', new.deletion_id::text, 'mirrorId', new.mirror_id));
  return null;
end $$;
create trigger deletions_changed after insert or update on deletions for each row execute function tell_deletion();

create function tell_delivery() returns trigger language plpgsql as $$
begin
  perform tell_change('delivery', jsonb_build_object('guid', new.guid));
  return null;
end $$;
create trigger deliveries_made after insert on deliveries for each row execute function tell_delivery();
-- Not of its entry in the audit log.
create trigger deliveries_changed after update on deliveries for each row
  when (old.dispatched_at is distinct from new.dispatched_at) execute function tell_delivery();

create function tell_reading() returns trigger language plpgsql as $$
begin
  perform tell_change('reading', jsonb_build_object('readingId', new.reading_id::text));
  return null;
end $$;
create trigger star_readings_changed after insert or update on star_readings for each row execute function tell_reading();

create function tell_alert() returns trigger language plpgsql as $$
begin
  perform tell_change('alert', jsonb_build_object('alertId', new.alert_id::text));
  return null;
end $$;
create trigger alerts_made after insert on alerts for each row execute function tell_alert();
create trigger alerts_changed after update on alerts for each row
  when ((old.cleared_at, old.summary) is distinct from (new.cleared_at, new.summary)) execute function tell_alert();

create function tell_batch() returns trigger language plpgsql as $$
begin
  perform tell_change('batch', jsonb_build_object('batchId', new.batch_id::text));
  return null;
end $$;
create trigger batches_changed after insert or update on batches for each row execute function tell_batch();
-- Once a statement: a batch takes thousands of mirrors in one.
create function tell_batches() returns trigger language plpgsql as $$
begin
  perform tell_change('batch', jsonb_build_object('batchId', batch_id::text)) from (select distinct batch_id from touched) as batches;
  return null;
end $$;
create trigger batch_items_made after insert on batch_items
  referencing new table as touched for each statement execute function tell_batches();
create trigger batch_items_changed after update on batch_items
  referencing new table as touched for each statement execute function tell_batches();

create index deliveries_by_event on deliveries (event, received_at desc, guid);
create index deliveries_by_name on deliveries (lower(full_name), received_at desc, guid) where full_name is not null;
create index deletions_by_date on deletions (coalesce(due_at, 'infinity'::timestamptz), deletion_id) where finished_at is null;

-- Requests that came with a key of the sender's own making, so that one that is sent again is not done again. A day later it is forgotten.
create table answered_requests (
  -- the API key it came with: nobody gets the answer to another's request
  key_id      bigint not null references api_keys,
  request_key text not null check (request_key <> '' and length(request_key) <= 100),
  -- of method, path and body
  digest      bytea not null check (octet_length(digest) = 32),
  begun_at    timestamptz not null default now(),
  -- null while it is being done
  status      integer,
  -- null where it must not be kept: it has a secret in it
  body        text,
  type        text,
  primary key (key_id, request_key)
);
create index answered_requests_by_time on answered_requests (begun_at);
