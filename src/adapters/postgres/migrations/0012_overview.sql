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
