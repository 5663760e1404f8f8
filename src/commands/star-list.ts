import { answerOf, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApiFor, type Person } from './access.ts';
import { createBar } from './bar.ts';
import { Refusal } from './refusal.ts';
import { QUIET, untilOver } from './waiting.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep reconcile`, and what `starkeep list` says of the star list. */

export interface ReconcileOptions extends Person {
  full?: boolean;
  wait?: boolean;
  json?: boolean;
}

/**
 * Reads the star list now and waits for what was found. Ended early, it leaves the reading running: that belongs to the worker.
 * @throws Refusal when it was not read
 */
export async function reconcile(config: Config, options: ReconcileOptions, out: Output): Promise<void> {
  const { full = false, wait = true, json = false } = options;
  await withApiFor(config, options, async (api) => {
    const { joined } = await answerOf(api.POST('/reconcile', { body: { full } }));
    const what = joined
      ? `A reading of the star list is running already, started by an earlier \`starkeep reconcile\`${full ? ' and perhaps not a full one' : ''}`
      : 'The star list is being read';
    if (!json) out.print(`${what}.${wait ? ' Ctrl-C stops the waiting, not the reading.' : ''}`);
    if (!wait) return json ? printJson(out, { joined }) : undefined;
    const bar = createBar(json || !out.terminal ? QUIET : out);
    const ended = await untilOver(async () => {
      const asked = await answerOf(api.GET('/reconcile'));
      if (asked.state !== 'running') return asked;
      bar.show({ done: 0, total: null, text: 'reading' });
      return null;
    }).finally(() => bar.end());
    if (ended === null) return;
    if (json) printJson(out, ended);
    const { summary, failure } = ended;
    if (failure) throw new Refusal(`${failure.kind}: ${failure.message}\n${failure.whatToDo}`);
    if (summary && !json) out.print(found(summary));
  });
}

const KINDS: Record<Schemas['ReadingSummary']['kind'], string> = {
  quick: 'Quick reading',
  sweep: 'Complete reading',
  list: 'Reading of the plain list',
};

/** What became of absent stars. */
const CONCLUSIONS: Record<NonNullable<Schemas['ReadingSummary']['conclusion']>, string> = {
  nothing: 'nothing is missing',
  ask: 'GitHub is asked about each',
  hold: `held for a person: ${typed('deletions')}`,
  refuse: 'refused: this cannot be true, and nothing follows from it',
};

function found({ kind, seen, signalled, absent, conclusion, incompleteWhy }: Schemas['ReadingSummary']): string {
  // A quick reading looks at the newest stars and at the latest pushes, which may be the same ones.
  const what = kind === 'quick' ? 'the newest stars and the latest pushes' : counted(seen, 'star');
  const parts = [`${what} seen`, `${counted(signalled, 'mirror')} told to look`];
  if (conclusion !== null) parts.push(`${absent} absent (${CONCLUSIONS[conclusion]})`);
  const name = kind === 'sweep' && incompleteWhy !== null ? 'Incomplete reading' : KINDS[kind];
  return `${name}: ${parts.join(', ')}.${incompleteWhy === null ? '' : ` No absence is concluded from it: ${incompleteWhy}.`}`;
}

/** When the star list was last read completely, and what is wrong with the last reading when something is. */
export function starListSentences({ last, complete, failure }: Schemas['LatestReadings']): string {
  const trouble =
    failure === null ? [] : [`The last reading of the star list failed. ${failure.message} ${failure.whatToDo}`];
  return [standing(last, complete), ...trouble].join(' ');
}

function standing(last: Schemas['Reading'] | null, complete: Schemas['Reading'] | null): string {
  const lastComplete =
    complete === null
      ? 'The star list was never read completely.'
      : `The star list was last read completely on ${time(complete.finishedAt)} (${counted(complete.seen, 'star')}).`;
  if (last === null) return lastComplete;
  if (!last.complete) {
    return `${lastComplete} The last reading, on ${time(last.finishedAt)}, was incomplete: ${last.incompleteWhy ?? 'no reason is known'}.`;
  }
  if (last.conclusion === 'refuse') return `${lastComplete} What it lacks was refused: ${last.reason ?? ''}.`;
  if (last.held) {
    return `${lastComplete} What it lacks is held for a person: ${last.reason ?? ''}. See ${typed('deletions')}`;
  }
  return lastComplete;
}
