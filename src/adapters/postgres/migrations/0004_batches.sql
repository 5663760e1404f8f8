-- Batches: many mirrors synced on one request. These two tables are a batch's whole memory; its workflow holds only the id.
create table batches (
  batch_id       bigint generated always as identity primary key,
  account_id     text not null references accounts,
  selection      jsonb not null,
  requested_by   text not null check (requested_by <> ''),
  correlation_id text not null,
  state          text not null default 'running' check (state in ('running', 'completed', 'cancelled', 'failed')),
  -- its mirrors are all named in batch_items
  planned        boolean not null default false,
  cancelled_by   text,
  note           text,
  requested_at   timestamptz not null default now(),
  finished_at    timestamptz,
  check ((state = 'running') = (finished_at is null))
);
-- One running batch per selection: a second request joins the first. By digest, since a selection may be longer than an index entry.
create unique index batches_running on batches (account_id, md5(selection::text)) where state = 'running';

create table batch_items (
  -- they take their turns in this order
  item_id   bigint generated always as identity primary key,
  batch_id  bigint not null references batches on delete cascade,
  mirror_id text not null references mirrors,
  state     text not null default 'waiting' check (state in (
              'waiting', 'under_way', 'changed', 'unchanged', 'failed', 'skipped')),
  note      text,
  taken_at  timestamptz,
  -- when its workflow was told last; null while that is still to be done
  asked_at  timestamptz,
  ended_at  timestamptz,
  unique (batch_id, mirror_id)
);
create index batch_items_open on batch_items (batch_id, item_id) where state in ('waiting', 'under_way');
create index batch_items_under_way on batch_items (mirror_id) where state = 'under_way';

alter table syncs drop constraint syncs_trigger_check;
alter table syncs add constraint syncs_trigger_check
  check (trigger in ('webhook', 'reconcile', 'manual', 'retry', 'batch'));
-- The target was not as the last sync had left it, although the source was.
alter table syncs add column drift jsonb;
-- The same in a sentence, until both sides are compared again.
alter table mirrors add column drift_note text;
create index mirrors_by_comparison on mirrors (account_id, last_compared_at nulls first) where project_id is not null;
