import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { createAccountStore } from '../adapters/postgres/accounts.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { createReadingStore } from '../adapters/postgres/readings.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import type { Reading } from '../domain/ports.ts';
import { withInstallation } from './installation.ts';
import { Refusal } from './refusal.ts';
import { counted, time, typed, wrapped, type Output } from './wording.ts';

/** Readings that lack more stars than the budget allows, and `starkeep deletions ask`: a person lets them be asked about. */

const SIGNALS_AT_ONCE = 10;

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
    const readings = createReadingStore(db);
    const correlationId = `ask-${readingId}-${randomUUID()}`;
    const entry = { actor: by, action: 'deletions.ask', subject: readingId, details: { correlationId } };
    const absent = await audited(createAuditStore(db), entry, async () => {
      const found = await readings.absentOnes(readingId);
      // If we die in here, the reading is still held, and asking about some of them twice is harmless.
      await pLimit(SIGNALS_AT_ONCE).map(found, ({ repoId, fullName }) =>
        control.repoEvent({
          kind: 'unstarred',
          trigger: 'reconcile',
          repoId,
          fullName,
          correlationId: `${correlationId}-${repoId}`,
        }),
      );
      await readings.approve(readingId, by);
      return found;
    });
    out.print(`GitHub is asked about ${counted(absent.length, 'repository', 'repositories')}.`);
    out.print('Only what is proven unstarred is going to be deleted, each at the end of its grace period:');
    out.print(`  ${typed('deletions')}`);
  });
}
