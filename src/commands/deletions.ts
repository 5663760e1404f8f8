import Table from 'cli-table3';
import { openDeletions, type DeletionLine } from '../adapters/postgres/overview.ts';
import type { Config } from '../config.ts';
import { heldReadings, printHeld } from './held-readings.ts';
import { withDatabase } from './installation.ts';
import { counted, time, typed, wrapped, type Output } from './wording.ts';

/** `starkeep deletions`: what is about to be deleted, when, why, on what proof, and what is held back before that. */

const STATES: Record<string, string> = {
  pending: 'in the grace period',
  waiting_for_approval: 'waits for a person',
};

/** What a table of three columns needs beside its contents: four lines and a space on either side of each cell. */
const FRAME = 10;
const NARROWEST_WHY = 30;

export async function listDeletions(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const { deletions, held } = await withDatabase(config, async (db) => ({
    deletions: await openDeletions(db),
    held: await heldReadings(db),
  }));
  if (options.json) return out.print(JSON.stringify(deletions, null, 2));
  if (deletions.length === 0) out.print('Nothing is about to be deleted.');
  else printDeletions(deletions, out);
  if (held.length > 0) printHeld(held, out);
}

function printDeletions(deletions: DeletionLine[], out: Output): void {
  const head = ['repository', 'deleted on', 'why'];
  const firsts = deletions.map((deletion) => [deletion.fullName, when(deletion)] as const);
  const widest = (column: 0 | 1) =>
    Math.max(...[head[column] ?? '', ...firsts.flatMap((row) => row[column].split('\n'))].map((line) => line.length));
  const left = out.width === null ? null : Math.max(NARROWEST_WHY, out.width - FRAME - widest(0) - widest(1));
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const [index, deletion] of deletions.entries()) {
    table.push([...(firsts[index] ?? []), why(deletion, left)]);
  }
  out.print(table.toString());
  out.print(`${counted(deletions.length, 'deletion')}. To decide about one:`);
  out.print(`  ${typed('deletions approve NAME')}   now, not at the end of the grace period`);
  out.print(`  ${typed('deletions cancel NAME')}    keep it although it is not starred`);
}

function when({ dueAt, state, policy }: DeletionLine): string {
  const stateInWords = STATES[state] ?? state;
  return [
    dueAt === null ? 'no date' : time(dueAt),
    stateInWords,
    ...(policy === 'archive' ? ['(archived, not deleted)'] : []),
  ].join('\n');
}

function why({ reason, proof }: DeletionLine, width: number | null): string {
  const sentences = [...(reason === null ? [] : [reason]), `Proof: ${proof}`];
  return sentences.flatMap((sentence) => (width === null ? [sentence] : wrapped(sentence, width))).join('\n');
}
