import Table from 'cli-table3';
import { createArchives } from '../adapters/git/archives.ts';
import { createOnedev } from '../adapters/onedev.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { createMirrorStore } from '../adapters/postgres/mirrors.ts';
import { ConfigError, type Config } from '../config.ts';
import { chooseTip, shortNameOf } from '../domain/archives.ts';
import { audited } from '../domain/audit.ts';
import type { MirrorId } from '../domain/model.ts';
import type { GitRemote } from '../domain/ports.ts';
import { createRedactor } from '../domain/redaction.ts';
import { USER_AGENT } from '../version.ts';
import { oneMirror } from './choose.ts';
import { withDatabase } from './installation.ts';
import { Refusal, UsageError } from './refusal.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep history` and `starkeep restore`: what upstream rewrote or removed, and the way back. OneDev is asked, not the record. */

/** @throws Refusal when the mirror is not known or has no project · Failure when OneDev cannot be asked */
export async function history(config: Config, name: string, options: { json?: boolean }, out: Output): Promise<void> {
  await withDatabase(config, async (db) => {
    const { fullName, target } = await targetOf(config, db, name);
    const tips = await archivesOf(config).history(target);
    if (options.json) return out.print(JSON.stringify(tips, null, 2));
    if (tips.length === 0) {
      return out.print(`${fullName}: upstream has rewritten or removed nothing since it is mirrored.`);
    }
    const table = new Table({ head: ['archived', 'was', 'at', 'brought back as'], style: { head: [], border: [] } });
    for (const { archivedAt, of, oid, restoredAs } of tips) {
      const at = archivedAt === null ? 'unknown' : archivedAt;
      table.push([at, shortNameOf(of), oid.slice(0, 12), restoredAs === null ? '' : shortNameOf(restoredAs)]);
    }
    out.print(`${fullName}: ${counted(tips.length, 'old tip')} kept.\n${table.toString()}`);
    out.print(`Bring one back: ${typed(`restore ${fullName} --branch NAME [--at TIME]`)}`);
  });
}

export interface RestoreOptions {
  branch?: string;
  /** A time or a day, as `history` shows it. */
  at?: string;
  by: string;
}

/** @throws Refusal, ConfigError · Failure `ArchiveUnknown`, and what OneDev answers */
export async function restore(config: Config, name: string, options: RestoreOptions, out: Output): Promise<void> {
  const at = options.at === undefined ? undefined : timeOf(options.at);
  await withDatabase(config, async (db) => {
    const { fullName, mirrorId, target } = await targetOf(config, db, name);
    const archives = archivesOf(config);
    const { branch, by } = options;
    const tip = chooseTip(await archives.history(target), {
      ...(branch === undefined ? {} : { branch }),
      ...(at === undefined ? {} : { at }),
    });
    const entry = {
      actor: by,
      action: 'archive.restore',
      subject: mirrorId,
      details: { fullName, tip: tip.name, oid: tip.oid },
    };
    const restored = await audited(createAuditStore(db), entry, () => archives.restore(target, tip));
    const was = `${shortNameOf(tip.of)} as it was until ${time(tip.archivedAt === null ? null : new Date(tip.archivedAt))}`;
    out.print(
      `${fullName}: ${was} ${restored.created ? 'is' : 'is already'} on OneDev as ${shortNameOf(restored.name)}`,
    );
    out.print('No sync removes it; delete it on OneDev when you no longer need it.');
  });
}

async function targetOf(
  config: Config,
  db: Database,
  name: string,
): Promise<{ fullName: string; mirrorId: string; target: GitRemote }> {
  const { fullName, mirrorId } = await oneMirror(db, name);
  const mirror = await createMirrorStore(db).get(mirrorId as MirrorId);
  if (!mirror?.project) throw new Refusal(`${fullName} has no project on OneDev.`);
  return { fullName, mirrorId, target: onedevOf(config).gitRemote(mirror.project) };
}

/** By HTTP also where mirrors are pushed over SSH: an old tip is brought back by its id alone, which git's own programs cannot do. */
function onedevOf({ onedev: { url, token, parent } }: Config) {
  if (url === undefined || token === undefined) {
    throw new ConfigError(['ONEDEV_URL and ONEDEV_TOKEN must be set: OneDev itself is asked what it keeps.']);
  }
  return createOnedev({ url, token, parent, userAgent: USER_AGENT });
}

function archivesOf({ secrets }: Config) {
  return createArchives({ redact: createRedactor(secrets) });
}

/** @throws ConfigError */
function timeOf(text: string): string {
  const at = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at.getTime())) return at.toISOString();
  throw new UsageError(`--at must be a time such as 2026-11-23 or 2026-11-23T14:25:30Z, but is "${text}".`);
}
