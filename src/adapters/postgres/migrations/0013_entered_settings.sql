-- Settings that people entered in the web UI or by `starkeep config set`. Sealed, each bound to its name, with a key that is not in the database: whoever
-- reads it learns no secret, and whoever writes to it cannot have a token sent elsewhere.
create table entered_settings (
  name       text primary key check (name ~ '^[A-Z][A-Z0-9_]*$'),
  sealed     text not null check (sealed <> ''),
  entered_by text not null check (entered_by <> ''),
  entered_at timestamptz not null default now()
);

create function tell_settings() returns trigger language plpgsql as $$
begin
  perform tell_change('settings', '{}');
  return null;
end $$;
create trigger entered_settings_changed after insert or update or delete on entered_settings
  for each statement execute function tell_settings();
