import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Config } from '../config.ts';
import type { AuditEvent } from '../domain/audit.ts';
import { withDatabase } from './installation.ts';
import { sinceMs } from './since.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep audit`: who asked for what, and whether the log is as it was written. */

const LATEST = 50;
const PAGE = 1_000;

export interface AuditOptions {
  /** A duration; without one the latest {@link LATEST} entries are shown. */
  since?: string;
  json?: boolean;
}

/** Oldest first, so that the latest is at the prompt; with `json` one object a line. */
export async function listAudit(config: Config, options: AuditOptions, out: Output): Promise<void> {
  const since = options.since === undefined ? null : new Date(Date.now() - sinceMs(options.since));
  const events = await withDatabase(config, (db) => {
    const audit = createAuditStore(db);
    return since === null ? audit.read({ limit: LATEST }) : everySince(audit, since);
  });
  for (const event of events.reverse()) out.print(options.json ? JSON.stringify(event) : lineOf(event));
  if (events.length === 0 && !options.json) out.print('The audit log has no such entry.');
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

async function everySince(audit: ReturnType<typeof createAuditStore>, since: Date): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (;;) {
    const page = await audit.read({ since, before: events.at(-1)?.eventId ?? null, limit: PAGE });
    events.push(...page);
    if (page.length < PAGE) return events;
  }
}

function lineOf({ eventId, at, actor, action, subject, details }: AuditEvent): string {
  const more = Object.keys(details).length === 0 ? '' : `  ${JSON.stringify(details)}`;
  return `${eventId}  ${time(new Date(at))}  ${actor}  ${action}${subject === null ? '' : `  ${subject}`}${more}`;
}
