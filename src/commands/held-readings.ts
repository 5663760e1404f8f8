import { randomUUID } from 'node:crypto';
import { createAccountStore } from '../adapters/postgres/accounts.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { createReadingStore } from '../adapters/postgres/readings.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import { askAboutAbsent } from '../domain/held-readings.ts';
import type { Reading } from '../domain/ports.ts';
import { withInstallation } from './installation.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, wrapped, type Output } from './wording.ts';

/** Readings that lack more stars than the budget allows, and `starkeep deletions ask`: a person lets them be asked about. */

export async function heldReadings(db: Database): Promise<Reading[]> {
  const account = await createAccountStore(db).current();
  return account === null ? [] : createReadingStore(db).held(account.accountId);
}

export function printHeld(held: Reading[], out: Output): void {
  for (const { readingId, absent, startedAt, reason } of held) {
    const sentence = `Reading ${readingId} (${time(new Date(startedAt))}) lacks ${counted(absent, 'star')}; nothing follows until a person decides: ${reason ?? ''}.`;
    out.print(out.width === null ? sentence : wrapped(sentence, out.width).join('\n'));
    out.print(`  ${typed(`deletions ask ${readingId}`)}   ask GitHub about each of them`);
  }
}

/** @throws Refusal when no absences of that reading are held: unknown, decided about, or replaced by a later complete reading */
export async function askAboutHeld(config: Config, readingId: string, by: string, out: Output): Promise<void> {
  await withInstallation(config, async (db, control) => {
    const held = await heldReadings(db);
    if (!held.some((reading) => reading.readingId === readingId)) {
      const ids = held.map((reading) => reading.readingId);
      const advice = ids.length === 0 ? 'No reading waits for a person.' : `Held: ${ids.join(', ')}.`;
      throw new Refusal(`Reading ${readingId} does not wait for a person. ${advice}`);
    }
    const correlationId = `ask-${readingId}-${randomUUID()}`;
    const entry = { actor: by, action: 'deletions.ask', subject: readingId, details: { correlationId } };
    const ports = { readings: createReadingStore(db), control };
    const asked = await audited(createAuditStore(db), entry, () =>
      askAboutAbsent(ports, { readingId, by, correlationId }),
    );
    out.print(`GitHub is asked about ${counted(asked, 'repository', 'repositories')}.`);
    out.print('Only what is proven unstarred is going to be deleted, each at the end of its grace period:');
    out.print(`  ${typed('deletions')}`);
  });
}
