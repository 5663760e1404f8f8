-- The audit log holds deliveries and settings too.

-- The entry that has a delivery; null until it is written, a moment after the delivery was taken.
alter table deliveries add column audited_in bigint;
create index deliveries_unaudited on deliveries (received_at, guid) where audited_in is null;

create index audit_events_by_action on audit_events (action text_pattern_ops, event_id desc);
create index audit_events_by_actor on audit_events (actor, event_id desc);

-- What the settings were at the last start of an api or a worker. Of a secret only a slow hash with a salt, to see that it is another one.
create table settings_seen (
  role     text primary key check (role in ('api', 'worker')),
  salt     bytea not null check (octet_length(salt) = 16),
  settings jsonb not null,
  event_id bigint not null
);
