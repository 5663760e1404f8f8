import { defaultPayloadConverter } from '@temporalio/common';
import type { TransferProgress } from '../src/domain/model.ts';
import type { World } from './world.ts';

/** A mirror as the demo shows it: the record's row and its last sync. */
export interface MirrorRow {
  mirrorId: string;
  fullName: string;
  status: string;
  note: string | null;
  projectPath: string | null;
  refs: number | null;
  declined: string[];
  bytes: number | null;
  seconds: number | null;
}

export async function readMirrors({ db }: Pick<World, 'db'>): Promise<MirrorRow[]> {
  const rows = await db.query(
    `select m.mirror_id, m.full_name, m.status, m.project_path, m.source_refs, m.declined, s.bytes,
            coalesce(m.status_note, m.last_error_message, m.project_note) as note,
            (select sum((phase ->> 'durationMs')::float) / 1000 from jsonb_array_elements(s.phases) phase) as seconds
       from mirrors m
       left join lateral (select * from syncs where syncs.mirror_id = m.mirror_id order by sync_id limit 1) s on true
      order by m.full_name`,
  );
  return rows.map((row) => ({
    mirrorId: String(row['mirror_id']),
    fullName: String(row['full_name']),
    status: String(row['status']),
    note: row['note'] === null ? null : String(row['note']),
    projectPath: row['project_path'] === null ? null : String(row['project_path']),
    refs: row['source_refs'] === null ? null : Number(row['source_refs']),
    declined: (row['declined'] as { name: string }[]).map(({ name }) => name),
    bytes: row['bytes'] === null ? null : Number(row['bytes']),
    seconds: row['seconds'] === null ? null : Number(row['seconds']),
  }));
}

/** Nothing more happens by itself. */
export function isSettled({ status }: MirrorRow): boolean {
  return !['pending', 'in_progress', 'failed'].includes(status);
}

/** What a running transfer last told Temporal. */
export async function runningProgress({ temporal }: World, mirrorId: string): Promise<TransferProgress | null> {
  try {
    const { raw } = await temporal.client.workflow.getHandle(`mirror-${mirrorId}`).describe();
    const payload = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0];
    return payload ? defaultPayloadConverter.fromPayload<TransferProgress>(payload) : null;
  } catch {
    // It ended between the two looks; the next one shows how.
    return null;
  }
}

export function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
