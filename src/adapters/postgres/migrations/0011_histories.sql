-- Histories of workflow runs that have ended, kept beyond what Temporal keeps.

create table workflow_histories (
  run_id        text primary key check (run_id <> ''),
  workflow_id   text not null,
  workflow_type text not null,
  status        text not null,
  started_at    timestamptz not null,
  closed_at     timestamptz not null,
  events        bigint not null,
  -- of the JSON below, unpacked
  bytes         bigint not null default 0,
  -- gzip of what `temporal workflow show --output json` prints; null: it was not kept, and that says why
  history       bytea,
  omitted       text,
  archived_at   timestamptz not null default now(),
  check ((history is null) = (omitted is not null))
);
-- It is packed already.
alter table workflow_histories alter column history set storage external;
create index workflow_histories_by_workflow on workflow_histories (workflow_id, closed_at desc);
create index workflow_histories_by_time on workflow_histories (closed_at);

-- Up to when everything that had ended was looked at.
create table history_progress (
  single         boolean primary key default true check (single),
  archived_until timestamptz not null
);
