-- What a person should know of, and the messages about it.

create table alerts (
  alert_id    bigint generated always as identity primary key,
  -- the id in messages: no two installations that tell the same receiver share one
  uid         uuid not null default gen_random_uuid(),
  -- null: it was not known yet whose stars these are
  account_id  text references accounts,
  kind        text not null check (kind <> ''),
  -- the mirror it is about, or what else; '' where there is only one
  subject     text not null,
  full_name   text,
  level       text not null check (level in ('info', 'warning', 'error')),
  summary     text not null check (summary <> ''),
  advice      text not null,
  command     text not null,
  raised_at   timestamptz not null default now(),
  cleared_at  timestamptz,
  cleared_why text,
  -- the last of its two transitions that was logged and handed to the channels' senders
  announced   text check (announced in ('raised', 'cleared')),
  check ((cleared_at is null) = (cleared_why is null))
);
-- Raising what is raised already changes nothing but its words, however many workers do it at once.
create unique index alerts_open on alerts (coalesce(account_id, ''), kind, subject) where cleared_at is null;
create index alerts_unannounced on alerts (alert_id)
  where announced is null or (announced = 'raised' and cleared_at is not null);
create index alerts_cleared on alerts (cleared_at) where cleared_at is not null;

-- One message to one channel: that something is so, or that it is over. Written in the transaction that raises or clears.
create table alert_messages (
  message_id bigint generated always as identity primary key,
  alert_id   bigint not null references alerts on delete cascade,
  channel    text not null check (channel <> ''),
  transition text not null check (transition in ('raised', 'cleared')),
  created_at timestamptz not null default now(),
  sent_at    timestamptz,
  -- it is sent no more: nobody has set up the channel any longer, or it has refused for days
  dropped_at timestamptz,
  attempts   integer not null default 0,
  last_error text,
  unique (alert_id, channel, transition)
);
create index alert_messages_due on alert_messages (channel, message_id) where sent_at is null and dropped_at is null;

-- When something that is looked at seldom was looked at last.
create table alert_checks (
  name       text primary key check (name <> ''),
  checked_at timestamptz not null default now()
);

-- Why a reading was not what it should have been, of whatever kind it was; null when it was.
alter table star_readings add column trouble text;
