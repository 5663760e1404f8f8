import { createAuditStore } from '../adapters/postgres/audit.ts';
import type { ReadingLine } from '../adapters/postgres/overview.ts';
import { lastReadingFailure, startReading } from '../adapters/temporal.ts';
import { ConfigError, type Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import { Failure } from '../domain/failures.ts';
import type { ReadingSummary } from '../domain/record.ts';
import { withDatabase, withTemporal } from './installation.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep reconcile`, and what `starkeep list` says of the star list. */

/** Reads the star list now and waits for what was found. Ended early, it leaves the reading running: that belongs to the worker. */
export async function reconcile(
  config: Config,
  { full, by }: { full: boolean; by: string },
  out: Output,
): Promise<void> {
  await withTemporal(config, async (temporal) => {
    const entry = { actor: by, action: 'stars.read', subject: null, details: { full } };
    const reading = await withDatabase(config, (db) =>
      audited(createAuditStore(db), entry, () => startReading(temporal, { full })),
    );
    const what = reading.joined
      ? `A reading of the star list is running already, started by an earlier \`starkeep reconcile\`${full ? ' and perhaps not a full one' : ''}`
      : 'The star list is being read';
    out.print(`${what}. Ctrl-C stops the waiting, not the reading.`);
    out.print(found(await reading.summary()));
  });
}

const KINDS: Record<ReadingSummary['kind'], string> = {
  quick: 'Quick reading',
  sweep: 'Complete reading',
  list: 'Reading of the plain list',
};

/** What became of absent stars. */
const CONCLUSIONS: Record<NonNullable<ReadingSummary['conclusion']>, string> = {
  nothing: 'nothing is missing',
  ask: 'GitHub is asked about each',
  hold: `held for a person: ${typed('deletions')}`,
  refuse: 'refused: this cannot be true, and nothing follows from it',
};

function found({ kind, seen, signalled, absent, conclusion, incompleteWhy }: ReadingSummary): string {
  // A quick reading looks at the newest stars and at the latest pushes, which may be the same ones.
  const what = kind === 'quick' ? 'the newest stars and the latest pushes' : counted(seen, 'star');
  const parts = [`${what} seen`, `${counted(signalled, 'mirror')} told to look`];
  if (conclusion !== null) parts.push(`${absent} absent (${CONCLUSIONS[conclusion]})`);
  const name = kind === 'sweep' && incompleteWhy !== null ? 'Incomplete reading' : KINDS[kind];
  return `${name}: ${parts.join(', ')}.${incompleteWhy === null ? '' : ` No absence is concluded from it: ${incompleteWhy}.`}`;
}

/** Why the star list cannot be read, where Temporal can be asked: the record alone does not know. */
export async function readingTrouble(config: Config): Promise<string | null> {
  try {
    const failure = await withTemporal(config, lastReadingFailure);
    return failure === null ? null : `The last reading of the star list failed. ${failure.message} ${failure.row.hint}`;
  } catch (error) {
    // The list is the record's, and there without Temporal too.
    if (error instanceof ConfigError || (error instanceof Failure && error.kind === 'TemporalUnavailable')) return null;
    throw error;
  }
}

/** When the star list was last read completely, and what is wrong with the last reading when something is. */
export function starListSentences({
  last,
  complete,
}: {
  last: ReadingLine | null;
  complete: ReadingLine | null;
}): string {
  const lastComplete =
    complete === null
      ? 'The star list was never read completely.'
      : `The star list was last read completely on ${time(complete.finishedAt)} (${counted(complete.seen, 'star')}).`;
  if (last === null) return lastComplete;
  if (!last.complete) {
    return `${lastComplete} The last reading, on ${time(last.finishedAt)}, was incomplete: ${last.incompleteWhy ?? 'no reason is known'}.`;
  }
  if (last.conclusion === 'refuse') return `${lastComplete} What it lacks was refused: ${last.reason ?? ''}.`;
  if (last.conclusion === 'hold' && last.approvedBy === null) {
    return `${lastComplete} What it lacks is held for a person: ${last.reason ?? ''}. See ${typed('deletions')}`;
  }
  return lastComplete;
}
