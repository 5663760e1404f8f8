-- GitHub's answers by ETag. An accelerator and nothing else: unlogged, since losing it costs a few requests and no more.

create unlogged table http_cache (
  -- who asked (a fingerprint of the token, never the token), for which media type, and the address
  key       text primary key check (key <> ''),
  etag      text not null,
  body      text not null,
  headers   jsonb not null default '{}',
  stored_at timestamptz not null default now()
);

create index http_cache_stored_at on http_cache (stored_at);
