-- Why a repository was cloned although it should have been streamed.
alter table syncs add column fallback text;
create index syncs_fallback on syncs (fallback) where fallback is not null;

-- What became of the Git LFS objects of a sync; and of the mirror's last look at them, null where it uses none.
alter table syncs add column lfs jsonb;
alter table mirrors add column lfs jsonb;
