-- The record: what is so, and what was done. Forward only; a later change is a new file.

-- Whose stars are mirrored.
create table accounts (
  account_id  text primary key check (account_id = provider || '-' || external_id),
  provider    text not null default 'github' check (provider = 'github'),
  external_id text not null check (external_id <> ''),
  login       text not null check (login <> ''),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (provider, external_id)
);

-- One row per repository, for ever: a deleted mirror keeps its row.
create table mirrors (
  mirror_id          text primary key check (mirror_id = provider || '-' || repo_id),
  account_id         text not null references accounts,
  provider           text not null default 'github' check (provider = 'github'),
  repo_id            text not null check (repo_id ~ '^[0-9]+$'),
  -- what upstream said last
  full_name          text not null check (full_name like '%_/_%'),
  clone_url          text,
  ssh_url            text,
  html_url           text,
  description        text,
  default_branch     text,
  visibility         text check (visibility in ('public', 'private', 'internal')),
  archived           boolean not null default false,
  disabled           boolean not null default false,
  fork               boolean not null default false,
  language           text,
  topics             text[] not null default '{}',
  stars              integer not null default 0,
  size_kb            bigint not null default 0,
  pushed_at          timestamptz,
  upstream_read_at   timestamptz,
  -- why it is kept
  starred            boolean not null default false,
  starred_at         timestamptz,
  pinned             boolean not null default false,
  kept_by            text,
  paused             boolean not null default false,
  -- where it is kept
  project_id         text,
  project_path       text,
  project_note       text,
  -- how it is
  status             text not null default 'pending' check (status in (
                       'pending', 'in_progress', 'completed', 'failed', 'permanent_failure', 'pending_deletion',
                       'deleted', 'frozen', 'excluded', 'paused', 'held')),
  status_note        text,
  retry_count        integer not null default 0 check (retry_count >= 0),
  next_attempt_at    timestamptz,
  last_error_kind    text,
  last_error_message text,
  source_digest      text,
  source_refs        integer,
  declined           jsonb not null default '[]',
  declined_count     integer not null default 0,
  delete_at          timestamptz,
  last_synced_at     timestamptz,
  last_checked_at    timestamptz,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  check ((project_id is null) = (project_path is null))
);
create index mirrors_by_status on mirrors (account_id, status, mirror_id);
create index mirrors_by_name on mirrors (lower(full_name));
create index mirrors_by_project on mirrors (project_id) where project_id is not null;

-- One row per attempt that did something.
create table syncs (
  sync_id        bigint generated always as identity primary key,
  mirror_id      text not null references mirrors,
  account_id     text not null references accounts,
  trigger        text not null check (trigger in ('webhook', 'reconcile', 'manual', 'retry')),
  workflow_id    text not null,
  run_id         text not null,
  attempt        integer not null check (attempt > 0),
  correlation_id text not null,
  started_at     timestamptz not null,
  finished_at    timestamptz not null default now(),
  outcome        text not null check (outcome in ('completed', 'failed')),
  transport      text,
  refs           jsonb,
  declined       jsonb,
  phases         jsonb,
  bytes          bigint,
  objects        bigint,
  source_digest  text,
  error_kind     text,
  error_message  text,
  -- an attempt is recorded once, however often the recording is retried
  unique (run_id, attempt)
);
create index syncs_by_mirror on syncs (mirror_id, sync_id desc);

-- The webhook inbox. A delivery is acknowledged only after its row is committed.
create table deliveries (
  guid           text primary key,
  account_id     text references accounts,
  hook_id        text,
  body_sha256    text not null,
  event          text not null,
  action         text,
  repo_id        text,
  full_name      text,
  correlation_id text not null,
  payload        jsonb,
  outcome        text not null check (outcome in ('accepted', 'ignored')),
  ignored_reason text,
  received_at    timestamptz not null default now(),
  dispatched_at  timestamptz,
  workflow_id    text,
  check ((outcome = 'accepted') = (payload is not null)),
  check ((outcome = 'ignored') = (ignored_reason is not null))
);
create index deliveries_waiting on deliveries (received_at, guid) where outcome = 'accepted' and dispatched_at is null;
create index deliveries_by_time on deliveries (received_at desc, guid);
create index deliveries_by_repository on deliveries (repo_id, received_at desc);
create index deliveries_by_body on deliveries (body_sha256);

-- Every removal that was ever considered, who decided it, and how it ended.
create table deletions (
  deletion_id     bigint generated always as identity primary key,
  mirror_id       text not null references mirrors,
  account_id      text not null references accounts,
  full_name       text not null,
  project_id      text,
  project_path    text,
  policy          text not null check (policy in ('delete', 'archive')),
  proof           text not null,
  requested_at    timestamptz not null default now(),
  due_at          timestamptz,
  state           text not null default 'pending' check (state in (
                    'pending', 'waiting_for_approval', 'approved', 'cancelled', 'deleted', 'archived', 'refused')),
  decided_by      text,
  decision_reason text,
  decided_at      timestamptz,
  finished_at     timestamptz
);
create unique index deletions_open on deletions (mirror_id) where finished_at is null;
create index deletions_by_time on deletions (account_id, requested_at desc);

-- The deletions taken from the budget, by deletion id; taken in one statement, so two workers cannot both take the last one.
create table deletion_budgets (
  account_id text primary key references accounts,
  taken      jsonb not null default '{}'
);
