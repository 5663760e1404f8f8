-- Who may use the API, and what was asked of it.

-- Of a key only its SHA-256 is kept: 256 random bits cannot be found by trying, so a slow hash would protect nothing more. One that a
-- person thought up (STARKEEP_ADMIN_KEY) is as hard to find as they made it.
create table api_keys (
  key_id       bigint generated always as identity primary key,
  name         text not null check (name <> '' and length(name) <= 60),
  scope        text not null check (scope in ('read', 'operate', 'admin')),
  origin       text not null check (origin in ('setting', 'first_start', 'person')),
  hash         bytea not null check (octet_length(hash) = 32),
  -- its first characters, by which its owner knows it again; of a key that a person thought up, nothing
  shown        text,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
create unique index api_keys_by_hash on api_keys (hash) where revoked_at is null;
create unique index api_keys_by_name on api_keys (lower(name)) where revoked_at is null;
-- Of each there is one: two processes that start together make one key between them.
create unique index api_keys_of_the_installation on api_keys (origin) where revoked_at is null and origin <> 'person';

-- Append-only. Each entry has the hash of the one before it in its own, so that a change shows; src/adapters/postgres/audit.ts has the rule.
-- No foreign key to accounts: what empties that table must not reach this one.
create table audit_events (
  event_id   bigint primary key check (event_id > 0),
  at         timestamptz not null,
  account_id text,
  actor      text not null check (actor <> ''),
  action     text not null check (action <> ''),
  subject    text,
  details    jsonb not null default '{}',
  prev_hash  text not null check (prev_hash ~ '^[0-9a-f]{64}$'),
  hash       text not null check (hash ~ '^[0-9a-f]{64}$')
);
create index audit_events_by_time on audit_events (at, event_id);
create index audit_events_by_subject on audit_events (subject, event_id desc) where subject is not null;

-- The last entry. Writers take this row one after the other, so the chain never forks; and entries cut off at the end are missed.
create table audit_head (
  single   boolean primary key default true check (single),
  event_id bigint not null,
  hash     text not null
);
insert into audit_head (event_id, hash) values (0, repeat('0', 64));

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_events_no_change before update or delete or truncate on audit_events
  for each statement execute function refuse_audit_change();
create trigger audit_head_no_removal before delete or truncate on audit_head
  for each statement execute function refuse_audit_change();
-- Also for a session that switches ordinary triggers off (session_replication_role).
alter table audit_events enable always trigger audit_events_no_change;
alter table audit_head enable always trigger audit_head_no_removal;
