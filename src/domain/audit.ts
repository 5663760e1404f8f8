import { toFailure } from './failures.ts';
import type { AuditStore } from './service-stores.ts';

/**
 * The audit log: who asked for what, what came in, and what was done. What Starkeep decides and does is written in the transaction that records it; what
 * people ask for, before it is done ({@link audited}); webhook deliveries a moment after they were taken.
 */

/** Who acted where it was no person and no key. */
export const STARKEEP = 'Starkeep';

export interface AuditEntry {
  accountId?: string | null;
  /** The name of an API key or of a person; `nobody` where none was known. */
  actor: string;
  /** What was asked for, as `mirror.pause`, `delivery.replay`, `key.created`. */
  action: string;
  /** What it was about: a mirror id, a guid, an address. */
  subject: string | null;
  /** Plain JSON without secrets. */
  details: Record<string, unknown>;
}

/** An entry as it stands in the log. */
export interface AuditEvent extends Required<AuditEntry> {
  /** 1, 2, 3 …, without a gap. */
  eventId: string;
  /** ISO, to the millisecond. */
  at: string;
  prevHash: string;
  /** SHA-256 over everything else here. */
  hash: string;
}

/** Which entries; everything given has to fit. */
export interface AuditFilter {
  since?: Date | null;
  /** Only before that. */
  until?: Date | null;
  actor?: string | null;
  /** The whole action, or with `*` at the end its beginning: `deletion.*`. */
  action?: string | null;
  subject?: string | null;
}

/** What reading the whole chain says. */
export type AuditVerdict =
  /** `head`: the hash of the last entry; whoever wrote it down elsewhere can tell that nothing before it was rewritten. */
  { intact: true; events: number; head: string } | { intact: false; eventId: string; problem: string };

/** Entries read from the log at once. */
const PAGE = 1_000;

/** Every entry that fits, oldest first. What is written meanwhile comes too. */
export async function* everyEntry(
  audit: Pick<AuditStore, 'read'>,
  filter: AuditFilter,
): AsyncGenerator<AuditEvent, void, undefined> {
  let after: string | null = null;
  for (;;) {
    const page: AuditEvent[] = await audit.read({ ...filter, after, oldestFirst: true, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.eventId;
  }
}

/**
 * Does something and has it in the audit log: before it is done, so that nothing can be done unseen, and once more when it failed.
 * If we die in between, the log says that it was asked for; whether it was done, the record says.
 */
export async function audited<T>(
  { append }: { append(entry: AuditEntry): Promise<AuditEvent> },
  entry: AuditEntry,
  work: () => Promise<T>,
): Promise<T> {
  const { eventId } = await append(entry);
  try {
    return await work();
  } catch (error) {
    const { kind } = toFailure(error);
    await append({ ...entry, action: `${entry.action}.failed`, details: { requestedIn: eventId, kind } });
    throw error;
  }
}
