import type { RepoEvent } from '../../domain/events.ts';
import type { PreviewCandidate } from '../../domain/filter-preview.ts';
import type { DeclinedRef, LfsReport } from '../../domain/model.ts';
import type { DeletionView, DeliveryView, MirrorView, SyncView } from '../../domain/overview.ts';
import { fittingCount } from '../../domain/pages.ts';
import type { OverviewStore } from '../../domain/service-stores.ts';
import type { Database, Row } from './database.ts';
import { countStatement, listStatement, namesStatement } from './mirror-lists.ts';
import { type DeletionLine, deletionsOf, openDeletions } from './deletion-lists.ts';
import { facetsOf, syncDaysOf, totalsOf } from './totals.ts';

/** What the API reads, a page at a time; every order has an index that gives it. */

const MIRROR_COLUMNS = `mirror_id, full_name, html_url, description, language, topics, stars, size_kb, visibility, archived, fork,
  default_branch, pushed_at, starred, pinned, kept_by, paused, status,
  coalesce(last_error_message, status_note, drift_note, project_note) as note, last_error_kind, retry_count, next_attempt_at, delete_at,
  project_path, source_refs, declined, declined_count, lfs, last_synced_at, last_checked_at`;

const DELIVERY_COLUMNS =
  'guid, event, action, full_name, received_at, dispatched_at, workflow_id, outcome, ignored_reason, payload';

export function createOverviewStore(db: Database): OverviewStore {
  return {
    async mirrors(query) {
      const { limit, sort } = query;
      // One more than asked for tells whether there is a next page.
      const { text, values } = listStatement(MIRROR_COLUMNS, { ...query, limit: limit + 1 });
      const rows = await db.query(text, values);
      const mirrors = rows.map(mirrorOf);
      const count = fittingCount(mirrors, limit);
      const last = rows.length > count ? rows[count - 1] : undefined;
      return {
        mirrors: mirrors.slice(0, count),
        next: last ? { sort, key: String(last['sort_key']), mirrorId: String(last['mirror_id']) } : null,
      };
    },

    async countMirrors(filter) {
      const { text, values } = countStatement(filter);
      const [row] = await db.query(text, values);
      return Number(row?.['count'] ?? 0);
    },

    async mirrorNames(which) {
      const { text, values } = namesStatement(which);
      return (await db.query(text, values)).map((row) => String(row['full_name']));
    },

    facets: (limit) => facetsOf(db, limit),
    totals: () => totalsOf(db),
    syncDays: (days) => syncDaysOf(db, days),

    async mirror(mirrorId) {
      const [row] = await db.query(`select ${MIRROR_COLUMNS} from mirrors where mirror_id = $1`, [mirrorId]);
      return row ? mirrorOf(row) : null;
    },

    async syncs(mirrorId, { before, limit }) {
      const rows = await db.query(
        `select * from syncs where mirror_id = $1 and ($2::bigint is null or sync_id < $2)
          order by sync_id desc limit $3`,
        [mirrorId, before, limit],
      );
      return rows.map(syncOf);
    },

    async underWay(limit) {
      const rows = await db.query(
        `select mirror_id, repo_id, full_name, updated_at from mirrors where status = 'in_progress'
          order by updated_at, mirror_id limit $1`,
        [limit],
      );
      return rows.map((row) => ({
        mirrorId: String(row['mirror_id']),
        repoId: String(row['repo_id']),
        fullName: String(row['full_name']),
        since: (row['updated_at'] as Date).toISOString(),
      }));
    },

    async deliveries({ event, outcome, fullName, before, limit }) {
      const rows = await db.query(
        `select ${DELIVERY_COLUMNS} from deliveries
          where ($1::text is null
                 or received_at <= (select received_at from deliveries where guid = $1)
                    and (guid > $1 or received_at < (select received_at from deliveries where guid = $1)))
            and ($3::text is null or event = $3) and ($4::text is null or outcome = $4)
            and ($5::text is null or lower(full_name) = lower($5))
          order by received_at desc, guid limit $2`,
        [before, limit, event, outcome, fullName],
      );
      return rows.map(deliveryOf);
    },

    async delivery(guid) {
      const [row] = await db.query(`select ${DELIVERY_COLUMNS}, correlation_id from deliveries where guid = $1`, [
        guid,
      ]);
      if (!row) return null;
      const correlationId = String(row['correlation_id']);
      return { ...deliveryOf(row), correlationId, repoEvent: row['payload'] as RepoEvent | null };
    },

    deletions: async (page) => (await deletionsOf(db, page)).map(deletionOf),
    openDeletions: async (mirrorId) => (await openDeletions(db, mirrorId ?? null)).map(deletionOf),

    async previewCandidates() {
      const rows = await db.query(
        `select repo_id, full_name, archived, fork, language, topics, stars, size_kb, pinned, status = 'excluded' as excluded
           from mirrors where starred or pinned`,
      );
      return rows.map(candidateOf);
    },
  };
}

function mirrorOf(row: Row): MirrorView {
  return {
    mirrorId: String(row['mirror_id']),
    fullName: String(row['full_name']),
    htmlUrl: textOf(row['html_url']),
    description: textOf(row['description']),
    language: textOf(row['language']),
    topics: row['topics'] as string[],
    stars: Number(row['stars']),
    bytes: Number(row['size_kb']) * 1_000,
    visibility: row['visibility'] as MirrorView['visibility'],
    archived: row['archived'] === true,
    fork: row['fork'] === true,
    defaultBranch: textOf(row['default_branch']),
    pushedAt: isoOf(row['pushed_at']),
    starred: row['starred'] === true,
    pinned: row['pinned'] === true,
    keptBy: textOf(row['kept_by']),
    paused: row['paused'] === true,
    status: row['status'] as MirrorView['status'],
    note: textOf(row['note']),
    errorKind: textOf(row['last_error_kind']),
    retryCount: Number(row['retry_count']),
    nextAttemptAt: isoOf(row['next_attempt_at']),
    deleteAt: isoOf(row['delete_at']),
    projectPath: textOf(row['project_path']),
    refs: numberOf(row['source_refs']),
    declinedCount: Number(row['declined_count']),
    declined: row['declined'] as DeclinedRef[],
    lfs: row['lfs'] as LfsReport | null,
    lastSyncedAt: isoOf(row['last_synced_at']),
    lastCheckedAt: isoOf(row['last_checked_at']),
  };
}

function syncOf(row: Row): SyncView {
  return {
    syncId: String(row['sync_id']),
    trigger: String(row['trigger']),
    outcome: String(row['outcome']),
    attempt: Number(row['attempt']),
    workflowId: String(row['workflow_id']),
    runId: String(row['run_id']),
    correlationId: String(row['correlation_id']),
    startedAt: (row['started_at'] as Date).toISOString(),
    finishedAt: (row['finished_at'] as Date).toISOString(),
    refs: row['refs'] as SyncView['refs'],
    bytes: numberOf(row['bytes']),
    objects: numberOf(row['objects']),
    phases: (row['phases'] as SyncView['phases'] | null) ?? [],
    errorKind: textOf(row['error_kind']),
    errorMessage: textOf(row['error_message']),
  };
}

function deliveryOf(row: Row): DeliveryView {
  return {
    guid: String(row['guid']),
    event: String(row['event']),
    action: textOf(row['action']),
    fullName: textOf(row['full_name']),
    receivedAt: (row['received_at'] as Date).toISOString(),
    dispatchedAt: isoOf(row['dispatched_at']),
    workflowId: textOf(row['workflow_id']),
    outcome: row['outcome'] as DeliveryView['outcome'],
    ignoredReason: textOf(row['ignored_reason']),
  };
}

function deletionOf(line: DeletionLine): DeletionView {
  return {
    ...line,
    requestedAt: line.requestedAt.toISOString(),
    dueAt: line.dueAt?.toISOString() ?? null,
    finishedAt: line.finishedAt?.toISOString() ?? null,
  };
}

function candidateOf(row: Row): PreviewCandidate {
  return {
    repoId: String(row['repo_id']),
    fullName: String(row['full_name']),
    archived: row['archived'] === true,
    fork: row['fork'] === true,
    language: textOf(row['language']),
    topics: row['topics'] as string[],
    stars: Number(row['stars']),
    sizeKb: Number(row['size_kb']),
    now: row['excluded'] === true ? 'excluded' : 'kept',
    pinned: row['pinned'] === true,
  };
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}

function numberOf(value: unknown): number | null {
  return value === null ? null : Number(value);
}

function isoOf(value: unknown): string | null {
  return value === null ? null : (value as Date).toISOString();
}
