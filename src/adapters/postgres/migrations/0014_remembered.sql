-- What workers need not ask for again, and share: installation tokens of a GitHub App, sealed with a key that is not in the database. Unlogged, since losing
-- it costs a few requests and no more.
create unlogged table remembered (
  key     text primary key check (key <> ''),
  value   text not null,
  ends_at timestamptz not null
);

create index remembered_ends_at on remembered (ends_at);
