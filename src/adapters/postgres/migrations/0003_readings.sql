-- Readings of the star list: what was read, whether it was complete, and what followed.
create table star_readings (
  reading_id     bigint generated always as identity primary key,
  account_id     text not null references accounts,
  correlation_id text not null unique,
  kind           text not null check (kind in ('quick', 'sweep', 'list')),
  started_at     timestamptz not null default now(),
  finished_at    timestamptz,
  -- a complete reading may say that something is absent; an incomplete one says why it may not
  complete       boolean not null default false,
  incomplete_why text,
  pages          integer not null default 0,
  seen           integer not null default 0,
  total          integer,
  signalled      integer not null default 0,
  absent         integer not null default 0,
  conclusion     text check (conclusion in ('nothing', 'ask', 'hold', 'refuse')),
  conclusion_why text,
  -- of 'hold': who let the absent ones be asked about after all
  approved_by    text,
  approved_at    timestamptz
);
create index star_readings_by_time on star_readings (account_id, started_at desc);

-- The reading that saw a mirror last, and since when complete readings have lacked it.
alter table mirrors add column seen_in bigint references star_readings;
alter table mirrors add column absent_since timestamptz;
-- When both sides were last compared in full, whatever the digest said.
alter table mirrors add column last_compared_at timestamptz;
create index mirrors_starred on mirrors (account_id, seen_in) where starred;

-- What set a deletion off: the same id as in the log and the syncs.
alter table deletions add column correlation_id text;
