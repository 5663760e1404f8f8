import { type AuditEntry, STARKEEP } from '../../domain/audit.ts';
import type { DeclinedRef, Mirror, MirrorId, MirrorStatus } from '../../domain/model.ts';
import type { EnsuredProject } from '../../domain/ports.ts';
import type { ListedRepository, MirrorStore, StarredChange } from '../../domain/record-stores.ts';
import { appendAll } from './audit.ts';
import type { Database, Row } from './database.ts';

export function createMirrorStore(db: Database): MirrorStore {
  return {
    async get(mirrorId) {
      const [row] = await db.query('select * from mirrors where mirror_id = $1', [mirrorId]);
      return row ? mirrorOf(row) : null;
    },

    async saveUpstream(accountId, repository, starred, pinned) {
      await db.query(
        `with page as (${PAGE})
         insert into mirrors (account_id, ${COLUMNS}, starred, starred_at, pinned)
         select $2, ${COLUMNS}, coalesce($3, false), starred_at, $4 from page
         on conflict (mirror_id) do update set ${ASSIGNMENTS},
           starred = coalesce($3, mirrors.starred),
           starred_at = coalesce(excluded.starred_at, mirrors.starred_at),
           kept_by = case when $3 then null else mirrors.kept_by end,
           pinned = mirrors.pinned or $4`,
        [JSON.stringify([pageRow(repository)]), accountId, starred, pinned],
      );
    },

    async saveStarPage(accountId, repositories, readingId) {
      // A list that moves while it is read may name a repository twice.
      const page = [...new Map(repositories.map((repository) => [repository.repoId, repository])).values()];
      // A change makes a settled mirror pending in the same statement: if the reader dies before it tells anybody, the next page still
      // finds it so. Rows are taken in one order, so that two readers cannot block each other.
      const rows = await db.query(
        `with page as (${PAGE}),
         changed as (
           select mirror_id from page join mirrors was using (mirror_id)
            where (was.starred, was.full_name, was.description, was.pushed_at) is distinct from
                  (true, page.full_name, page.description, page.pushed_at)
               -- a reading that names no default branch has not said that there is none
               or was.default_branch is distinct from coalesce(page.default_branch, was.default_branch)),
         saved as (
           insert into mirrors (account_id, ${COLUMNS}, starred, starred_at, seen_in, status, status_note)
           select $2, ${COLUMNS}, true, starred_at, $3::bigint,
                  case when exclusion is null then 'pending' else 'excluded' end, exclusion
             from page order by mirror_id
           on conflict (mirror_id) do update set ${ASSIGNMENTS},
             starred = true, starred_at = excluded.starred_at, kept_by = null, absent_since = null,
             seen_in = coalesce(excluded.seen_in, mirrors.seen_in),
             status = case
               when ${TAKEN_OUT} then 'excluded'
               when mirrors.status = 'excluded' and excluded.status = 'pending' then 'pending'
               when mirrors.status in ('in_progress', 'completed', 'held')
                    and mirrors.mirror_id in (select mirror_id from changed) then 'pending'
               else mirrors.status end,
             status_note = case
               when ${TAKEN_OUT} or mirrors.status = 'excluded' then excluded.status_note else mirrors.status_note end)
         select page.repo_id, page.full_name
           from page left join mirrors was using (mirror_id) left join changed using (mirror_id)
          where (page.exclusion is null or was.pinned)
            and (was.mirror_id is null
             or changed.mirror_id is not null
             or was.status in ('pending', 'permanent_failure', 'pending_deletion', 'deleted', 'frozen', 'excluded')
             or (was.status = 'failed' and coalesce(was.next_attempt_at, now()) <= now())
             or (was.last_checked_at is null and was.status <> 'failed'))
          order by page.position`,
        [JSON.stringify(page.map(pageRow)), accountId, readingId ?? null],
      );
      return rows.map((row): StarredChange => ({ repoId: String(row['repo_id']), fullName: String(row['full_name']) }));
    },

    async pin(mirrorId) {
      await db.query('update mirrors set pinned = true, updated_at = now() where mirror_id = $1', [mirrorId]);
    },

    async release(mirrorId) {
      await db.query('update mirrors set pinned = false, kept_by = null, updated_at = now() where mirror_id = $1', [
        mirrorId,
      ]);
    },

    async markInProgress(mirrorId) {
      await db.transaction(async (tx) => {
        const [frozen] = await tx.query(
          `select account_id, full_name, status_note from mirrors where mirror_id = $1 and status = 'frozen' for update`,
          [mirrorId],
        );
        await tx.query(`update mirrors set status = 'in_progress', updated_at = now() where mirror_id = $1`, [
          mirrorId,
        ]);
        if (frozen) await appendAll(tx, [about(mirrorId, frozen, 'mirror.restored', { was: frozen['status_note'] })]);
      });
    },

    async saveProject(mirrorId: MirrorId, project: EnsuredProject) {
      const { projectId, path, detour, created } = project;
      await db.transaction(async (tx) => {
        const [was] = await tx.query(
          'select account_id, full_name, project_id, project_path from mirrors where mirror_id = $1 for update',
          [mirrorId],
        );
        await tx.query(
          // Another project is an empty one until it was filled, also when it was made by an attempt that died before it came here.
          `update mirrors set project_id = $2, project_path = $3, project_note = $4, updated_at = now(),
                  source_digest = case when $5 or project_id is distinct from $2 then null else source_digest end
            where mirror_id = $1`,
          [mirrorId, projectId, path, detour, created],
        );
        const action = was && projectAction(was, project);
        if (action) await appendAll(tx, [about(mirrorId, was, action, { path, was: was['project_path'], projectId })]);
      });
    },

    async starredOthers(mirrorId, limit) {
      const rows = await db.query(
        `select full_name from mirrors
          where starred and mirror_id <> $1 and status not in ('frozen', 'deleted', 'pending_deletion')
            and absent_since is null and account_id = (select account_id from mirrors where mirror_id = $1)
            -- What vanished before it was mirrored is not frozen, and no star check would ever say yes to it again.
            and last_error_kind is distinct from 'SourceGone' and last_error_kind is distinct from 'SourceBlocked'
          -- Of many unstarred together, each was just read because it is asked about too: those are the last to compare with.
          order by seen_in desc nulls last, upstream_read_at nulls last, mirror_id limit $2`,
        [mirrorId, limit],
      );
      return rows.map((row) => String(row['full_name']));
    },

    async knownAmong(mirrorIds) {
      const rows = await db.query('select mirror_id from mirrors where mirror_id = any($1)', [mirrorIds]);
      return new Set(rows.map((row) => String(row['mirror_id'])));
    },

    async countFallbacks() {
      const rows = await db.query(
        'select fallback, count(*)::int as count from syncs where fallback is not null group by fallback',
      );
      return Object.fromEntries(rows.map((row) => [String(row['fallback']), Number(row['count'])]));
    },
  };
}

function about(subject: MirrorId, row: Row, action: string, details: Record<string, unknown>): AuditEntry {
  const fullName = textOf(row['full_name']);
  return { accountId: textOf(row['account_id']), actor: STARKEEP, action, subject, details: { fullName, ...details } };
}

/** `adopted`: found on the target by its marker, and unknown to the record until now. */
function projectAction(was: Row, { projectId, path, created }: EnsuredProject): string | null {
  if (created) return 'project.created';
  if (textOf(was['project_id']) !== projectId) return 'project.adopted';
  return textOf(was['project_path']) === path ? null : 'project.moved';
}

/** What a repository's facts become in SQL: one JSON parameter, so a page of a hundred is one statement. */
const PAGE = `
  select 'github-' || repo_id as mirror_id, p.* , now() as upstream_read_at
    from jsonb_to_recordset($1::jsonb) as p(
      position int, repo_id text, full_name text, clone_url text, ssh_url text, html_url text, description text,
      default_branch text, visibility text, archived boolean, disabled boolean, fork boolean, language text,
      topics text[], stars int, size_kb bigint, pushed_at timestamptz, starred_at timestamptz, exclusion text)`;

/** A filter takes out what is at rest; what a person pinned it leaves alone. */
const TAKEN_OUT = `(excluded.status = 'excluded' and not mirrors.pinned
  and mirrors.status in ('pending', 'completed', 'failed', 'permanent_failure', 'held', 'excluded'))`;

const FACTS = [
  'full_name',
  'clone_url',
  'ssh_url',
  'html_url',
  'description',
  'default_branch',
  'visibility',
  'archived',
  'disabled',
  'fork',
  'language',
  'topics',
  'stars',
  'size_kb',
  'pushed_at',
  'upstream_read_at',
];
const COLUMNS = ['mirror_id', 'repo_id', ...FACTS].join(', ');
const ASSIGNMENTS = [
  ...FACTS.filter((column) => column !== 'default_branch').map((column) => `${column} = excluded.${column}`),
  'default_branch = coalesce(excluded.default_branch, mirrors.default_branch)',
  'updated_at = now()',
].join(', ');

function pageRow(repository: ListedRepository, position = 0): Record<string, unknown> {
  return {
    position,
    repo_id: repository.repoId,
    full_name: repository.fullName,
    clone_url: repository.cloneUrl,
    ssh_url: repository.sshUrl,
    html_url: repository.htmlUrl,
    // Postgres cannot hold NUL or half a surrogate pair, and one of them would spoil the whole page.
    description: repository.description?.replace(/[\0\p{Surrogate}]/gu, '') ?? null,
    default_branch: repository.defaultBranch,
    visibility: repository.visibility,
    archived: repository.archived,
    disabled: repository.disabled,
    fork: repository.fork,
    language: repository.language,
    topics: repository.topics,
    stars: repository.stars,
    size_kb: repository.sizeKb,
    pushed_at: repository.pushedAt,
    starred_at: repository.starredAt ?? null,
    exclusion: repository.exclusion ?? null,
  };
}

function mirrorOf(row: Row): Mirror {
  const projectId = textOf(row['project_id']);
  return {
    mirrorId: row['mirror_id'] as MirrorId,
    accountId: String(row['account_id']),
    repoId: String(row['repo_id']),
    fullName: String(row['full_name']),
    upstream: {
      cloneUrl: textOf(row['clone_url']),
      sshUrl: textOf(row['ssh_url']),
      htmlUrl: textOf(row['html_url']),
      description: textOf(row['description']),
      defaultBranch: textOf(row['default_branch']),
      readAt: isoOf(row['upstream_read_at']),
      sizeBytes: Number(row['size_kb']) * 1_000,
    },
    status: row['status'] as MirrorStatus,
    statusNote: textOf(row['status_note']),
    starred: row['starred'] === true,
    pinned: row['pinned'] === true,
    keptBy: textOf(row['kept_by']),
    paused: row['paused'] === true,
    project: projectId === null ? null : { projectId, path: String(row['project_path']) },
    sourceDigest: textOf(row['source_digest']),
    retryCount: Number(row['retry_count']),
    nextAttemptAt: isoOf(row['next_attempt_at']),
    lastErrorKind: textOf(row['last_error_kind']),
    lastErrorMessage: textOf(row['last_error_message']),
    declinedCount: Number(row['declined_count']),
    declined: row['declined'] as DeclinedRef[],
    sourceRefs: row['source_refs'] === null ? null : Number(row['source_refs']),
    deleteAt: isoOf(row['delete_at']),
    lastSyncedAt: isoOf(row['last_synced_at']),
    lastCheckedAt: isoOf(row['last_checked_at']),
  };
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function isoOf(value: unknown): string | null {
  return value instanceof Date ? value.toISOString() : null;
}
