import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Config } from '../config.ts';
import { type AuditEvent, type AuditFilter, everyEntry } from '../domain/audit.ts';
import { withDatabase } from './installation.ts';
import { momentOf } from './since.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep audit`: who asked for what, what was done, and whether the log is as it was written. */

const LATEST = 50;

export interface AuditOptions {
  /** A duration or a time; without one the latest {@link LATEST} entries are shown. */
  since?: string;
  until?: string;
  actor?: string;
  /** With `*` at the end: every action that begins so. */
  action?: string;
  subject?: string;
  json?: boolean;
}

/** Oldest first, so that the latest is at the prompt; with `json` one object a line, a page at a time, however long the log is. */
export async function listAudit(config: Config, options: AuditOptions, out: Output): Promise<void> {
  const filter = filterOf(options);
  const print = (event: AuditEvent) => out.print(options.json ? JSON.stringify(event) : lineOf(event));
  let count = 0;
  await withDatabase(config, async (db) => {
    const audit = createAuditStore(db);
    const events = filter.since
      ? everyEntry(audit, filter)
      : (await audit.read({ ...filter, limit: LATEST })).reverse();
    for await (const event of events) {
      print(event);
      count += 1;
    }
  });
  if (count === 0 && !options.json) out.print('The audit log has no such entry.');
}

/** @throws ConfigError for what is no time */
function filterOf({ since, until, actor, action, subject }: AuditOptions): AuditFilter {
  return {
    since: since === undefined ? null : momentOf('--since', since),
    until: until === undefined ? null : momentOf('--until', until),
    actor: actor ?? null,
    action: action ?? null,
    subject: subject ?? null,
  };
}

/** @throws Refusal that names the first entry that is not as it was written */
export async function verifyAudit(config: Config, out: Output): Promise<void> {
  const verdict = await withDatabase(config, (db) => createAuditStore(db).verify());
  if (!verdict.intact) {
    throw new Refusal(
      `The audit log is broken at entry ${verdict.eventId}: ${verdict.problem}. Somebody changed the database; compare with a backup: ${typed('audit --since 30d --json')}`,
    );
  }
  out.print(
    `The audit log is intact: ${counted(verdict.events, 'entry', 'entries')}, the last with hash ${verdict.head}`,
  );
  out.print('Noted elsewhere, that hash shows later that nothing up to it was written anew.');
}

function lineOf({ eventId, at, actor, action, subject, details }: AuditEvent): string {
  const more = Object.keys(details).length === 0 ? '' : `  ${JSON.stringify(details)}`;
  return `${eventId}  ${time(new Date(at))}  ${actor}  ${action}${subject === null ? '' : `  ${subject}`}${more}`;
}
