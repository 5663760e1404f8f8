-- Webhook deliveries that GitHub could not hand over, and what we asked for. They belong to the App, not to one account.

create table recovery_runs (
  run_id         bigint generated always as identity primary key,
  correlation_id text not null unique,
  -- whose list was read: another App's is read from its beginning
  app_id         text not null,
  started_at     timestamptz not null default now(),
  finished_at    timestamptz,
  read_until     timestamptz not null,
  pages          integer not null default 0,
  seen           integer not null default 0,
  missed         integer not null default 0,
  requested      integer not null default 0
);
create index recovery_runs_by_time on recovery_runs (app_id, started_at desc);

create table recoveries (
  guid          text primary key check (guid <> ''),
  app_id        text not null,
  event         text not null,
  -- beyond 2^53, and nothing is ever counted with it
  delivery_id   text not null check (delivery_id ~ '^[0-9]+$'),
  first_seen_at timestamptz not null,
  attempted_at  timestamptz not null,
  status        text not null,
  status_code   integer not null,
  answered      boolean not null default false,
  requests      integer not null default 0 check (requests >= 0),
  requested_at  timestamptz,
  ended_as      text check (ended_as in ('taken', 'unrecorded', 'refused', 'given_up', 'expired')),
  ended_at      timestamptz,
  check ((ended_as is null) = (ended_at is null))
);
create index recoveries_open on recoveries (app_id, first_seen_at, guid) where ended_as is null;
