import { answerOf, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import type { FilterTexts } from '../domain/batches.ts';
import { withApi, withApiFor, type Person } from './access.ts';
import { createBar } from './bar.ts';
import { filterTexts } from './filter-options.ts';
import { paint, toneOf } from './paint.ts';
import { Refusal, UsageError } from './refusal.ts';
import { tableOf } from './table.ts';
import { QUIET, untilOver } from './waiting.ts';
import { counted, printJson, time, typed, type Output } from './wording.ts';

/** `starkeep sync --all | --failed | --filter …`, and `starkeep batches`: many mirrors on one request. */

type Batch = Schemas['Batch'];

export interface SelectionOptions {
  all?: boolean;
  failed?: boolean;
  filter?: string[];
}

const LISTED = 20;

/**
 * What `starkeep sync` was asked to go over.
 * @returns `null`: the one mirror that is named
 * @throws ConfigError unless exactly one thing is asked for
 */
export function selectionOf(
  name: string | undefined,
  { all, failed, filter }: SelectionOptions,
): Schemas['BatchSelection'] | null {
  const asked = [name !== undefined, all === true, failed === true, filter !== undefined];
  if (asked.filter(Boolean).length !== 1) {
    throw new UsageError('`starkeep sync` needs one repository, or one of --all, --failed and --filter.');
  }
  if (filter !== undefined) return { kind: 'filter', filters: filterTexts(filter) };
  if (name !== undefined) return null;
  return all ? { kind: 'all' } : { kind: 'failed' };
}

export interface BatchOptions extends Person {
  selection: Schemas['BatchSelection'];
  wait: boolean;
  json?: boolean | undefined;
}

/**
 * Begins a batch and waits for its end. Ended early, it leaves the batch running: that belongs to the worker.
 * @throws Refusal when some mirrors failed, or the batch did
 */
export async function syncMany(config: Config, options: BatchOptions, out: Output): Promise<void> {
  const { selection, wait, json = false } = options;
  await withApiFor(config, options, async (api) => {
    const begun = await answerOf(api.POST('/batches', { body: { selection } }));
    const { batch, joined } = begun;
    const { batchId } = batch;
    if (json && !wait) return printJson(out, begun);
    const say = json ? QUIET : out;
    say.print(
      joined
        ? `Batch ${batchId} over ${described(selection)} is running already, begun by ${batch.requestedBy}; it is not begun twice.`
        : `Batch ${batchId} over ${described(selection)} has begun.`,
    );
    if (wait) say.print('Ctrl-C stops the waiting, not the batch.');
    const ended = wait ? await watched(api, batchId, say) : null;
    if (ended) {
      if (json) printJson(out, { batch: ended, joined });
      return conclude(ended, say);
    }
    say.print(`${wait ? 'It goes on without you. ' : ''}How it goes: ${typed(`batches show ${batchId}`)}`);
    say.print(`To end it: ${typed(`batches cancel ${batchId}`)}`);
  });
}

/** @returns `null` when the person stopped waiting */
async function watched(
  api: Client,
  batchId: string,
  out: Pick<Output, 'print' | 'width' | 'terminal'>,
): Promise<Batch | null> {
  const bar = createBar(out);
  try {
    return await untilOver(async () => {
      const { batch } = await batchOf(api, batchId);
      const { planned, done, total, state } = batch;
      if (planned) bar.show({ done, total, text: standing(batch) });
      else if (out.terminal) bar.show({ done: 0, total: null, text: 'waiting for a worker to begin' });
      return state === 'running' ? null : batch;
    });
  } finally {
    bar.end();
  }
}

function batchOf(api: Client, id: string) {
  return answerOf(api.GET('/batches/{id}', { params: { path: { id } } }));
}

/** `12 of 30 mirrors, 2 failed, about 3 min left` */
function standing({ done, total, failed, skipped, secondsLeft }: Batch): string {
  return [
    `${done} of ${counted(total, 'mirror')}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(secondsLeft === null || secondsLeft === 0 ? [] : [`about ${roughly(secondsLeft)} left`]),
  ].join(', ');
}

function roughly(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function conclude(batch: Batch, out: Pick<Output, 'print'>): void {
  out.print(`Batch ${batch.batchId} ${batch.state}: ${outcome(batch)}.`);
  if (batch.state !== 'completed') throw new Refusal(batch.note ?? `The batch is ${batch.state}.`);
  if (batch.failed === 0) return;
  throw new Refusal(`${counted(batch.failed, 'mirror')} failed: ${typed(`batches show ${batch.batchId}`)}`);
}

function outcome({ total, changed, unchanged, failed, skipped }: Batch): string {
  const counts = { changed, unchanged, failed, skipped };
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return [counted(total, 'mirror'), ...parts.map(([what, count]) => `${count} ${what}`)].join(', ');
}

/** What a batch goes over, as the api has it: a later one may know kinds that this command does not. */
function described(selection: Batch['selection']): string {
  const {
    kind,
    mirrorIds = [],
    filters = {},
  } = selection as { kind: string; mirrorIds?: string[]; filters?: FilterTexts };
  switch (kind) {
    case 'all':
      return 'all mirrors';
    case 'failed':
      return 'the failed mirrors';
    case 'mirrors':
      return counted(mirrorIds.length, 'named mirror');
    case 'drift':
      return 'the mirrors longest uncompared';
    case 'filter':
      return `what ${Object.entries(filters)
        .map(([name, text]) => `${name.toLowerCase()}=${text}`)
        .join(' ')} keeps`;
    default:
      return kind;
  }
}

// ---------------------------------------------------------------------------------------------------------------- batches

export async function listBatches(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const { batches } = await withApi(config, (api) =>
    answerOf(api.GET('/batches', { params: { query: { limit: LISTED } } })),
  );
  if (options.json) return printJson(out, batches);
  if (batches.length === 0) return out.print(`There is no batch yet. One begins with: ${typed('sync --all')}`);
  const far = (batch: Batch) => (batch.state === 'running' ? standing(batch) : outcome(batch));
  out.print(
    tableOf(
      [
        { head: 'batch', cell: ({ batchId }) => batchId },
        { head: 'over', cell: ({ selection }) => described(selection) },
        { head: 'state', cell: ({ state }) => state, tone: ({ state }) => toneOf(state) },
        { head: 'how far', cell: far, grows: true },
        { head: 'by', cell: ({ requestedBy }) => requestedBy, spare: true },
        { head: 'asked for', cell: ({ requestedAt }) => time(requestedAt), spare: true },
      ],
      batches,
      out,
    ),
  );
}

/** @param options.watch goes on until the batch is over @throws Refusal when there is none, or what was watched failed */
export async function showBatch(
  config: Config,
  batchId: string,
  options: { watch?: boolean; json?: boolean },
  out: Output,
): Promise<void> {
  await withApi(config, async (api) => {
    const ended = options.watch ? await watched(api, batchId, options.json ? QUIET : out) : null;
    const found = await batchOf(api, batchId);
    if (options.json) printJson(out, found);
    else out.print(page(found, out));
    if (ended) conclude(ended, QUIET);
  });
}

function page({ batch, problems }: Awaited<ReturnType<typeof batchOf>>, out: Output): string {
  const { batchId, state, selection, requestedBy, requestedAt, finishedAt, underWay, waiting, note } = batch;
  const unnamed = batch.failed + batch.skipped - problems.length;
  return [
    `Batch ${batchId} over ${described(selection)}   ${paint(out, toneOf(state), state)}`,
    `  asked for      by ${requestedBy}, ${time(requestedAt)}`,
    ...(finishedAt === null ? [] : [`  ended          ${time(finishedAt)}`]),
    `  how far        ${state === 'running' ? standing(batch) : outcome(batch)}`,
    ...(underWay + waiting > 0 ? [`  to come        ${underWay} under way, ${waiting} waiting`] : []),
    ...(note === null ? [] : [`  why            ${note}`]),
    ...(state === 'running' ? [`  to end it      ${typed(`batches cancel ${batchId}`)}`] : []),
    ...problems.map(
      ({ fullName, state: how, note: why }) => `  ${paint(out, toneOf(how), how.padEnd(14))} ${fullName}: ${why ?? ''}`,
    ),
    ...(unnamed > 0
      ? [`  … and ${counted(unnamed, 'more mirror')} that failed or ${unnamed === 1 ? 'was' : 'were'} skipped`]
      : []),
  ].join('\n');
}

export async function cancelBatch(
  config: Config,
  batchId: string,
  options: Person & { json?: boolean },
  out: Output,
): Promise<void> {
  const params = { path: { id: batchId } };
  const told = await withApiFor(config, options, (api) => answerOf(api.POST('/batches/{id}/cancel', { params })));
  if (options.json) return printJson(out, told);
  out.print(`Batch ${batchId} begins nothing new; what is under way ends by itself.`);
  out.print(`How it goes: ${typed(`batches show ${batchId}`)}`);
}
