-- Browsers that let themselves be known by a key once, and by a cookie from then on. Of the cookie only its SHA-256 is kept, as of a key.
-- A session has no scope of its own: it may what its key may, and ends with it.
create table sessions (
  session_id   bigint generated always as identity primary key,
  key_id       bigint not null references api_keys,
  hash         bytea not null unique check (octet_length(hash) = 32),
  created_at   timestamptz not null default now(),
  -- to the minute
  last_used_at timestamptz not null default now(),
  -- whatever happens
  expires_at   timestamptz not null check (expires_at > created_at)
);
create index sessions_by_key on sessions (key_id, session_id desc);

comment on table deliveries is
  'Never pruned: that a guid is taken once rests on its row, also when somebody redelivers it years later. GitHub lets three days be redelivered. '
  'What removes old rows one day has to keep their guids.';
