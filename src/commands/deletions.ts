import { answerOf, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { printHeld } from './held-readings.ts';
import { everyEntry, PAGE } from './pages.ts';
import { tableOf } from './table.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep deletions`: what is about to be deleted, when, why, on what proof, and what is held back before that. */

type Deletion = Schemas['Deletion'];

const STATES: Record<string, string> = {
  pending: 'in the grace period',
  waiting_for_approval: 'waits for a person',
};

export async function listDeletions(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const { deletions, readings } = await withApi(config, async (api) => ({
    deletions: await everyEntry(async (cursor) => {
      const found = await answerOf(api.GET('/deletions', { params: { query: { limit: PAGE, ...cursor } } }));
      return { entries: found.deletions, next: found.next };
    }),
    readings: (await answerOf(api.GET('/readings', { params: { query: { held: 'true' } } }))).readings,
  }));
  if (options.json) return printJson(out, { deletions, readings });
  if (deletions.length === 0) out.print('Nothing is about to be deleted.');
  else printDeletions(deletions, out);
  if (readings.length > 0) printHeld(readings, out);
}

function printDeletions(deletions: Deletion[], out: Output): void {
  const columns = [
    { head: 'repository', cell: ({ fullName }: Deletion) => fullName },
    { head: 'deleted on', cell: when },
    { head: 'why', cell: why, grows: true as const },
  ];
  out.print(tableOf(columns, deletions, out, { whole: true }));
  out.print(`${counted(deletions.length, 'deletion')}. To decide about one:`);
  out.print(`  ${typed('deletions approve NAME')}   now, not at the end of the grace period`);
  out.print(`  ${typed('deletions cancel NAME')}    keep it although it is not starred`);
}

function when({ dueAt, state, policy }: Deletion): string {
  const stateInWords = STATES[state] ?? state;
  return [
    dueAt === null ? 'no date' : time(dueAt),
    stateInWords,
    ...(policy === 'archive' ? ['(archived, not deleted)'] : []),
  ].join('\n');
}

function why({ reason, proof }: Deletion): string {
  return [...(reason === null ? [] : [reason]), `Proof: ${proof}`].join('\n');
}
