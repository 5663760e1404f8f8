import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { createAccountStore } from '../adapters/postgres/accounts.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import { createBatchStore } from '../adapters/postgres/batches.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import {
  beginBatch,
  cancelBatch as cancel,
  type BatchItem,
  type BatchProgress,
  type BatchSelection,
} from '../domain/batches.ts';
import { Failure } from '../domain/failures.ts';
import type { BatchStore } from '../domain/ports.ts';
import { filterOption } from './filter-options.ts';
import { withDatabase, withInstallation } from './installation.ts';
import { Refusal, UsageError } from './refusal.ts';
import { counted, time, typed, type Output } from './wording.ts';

/** `starkeep sync --all | --failed | --filter …`, and `starkeep batches`: many mirrors on one request. */

export interface SelectionOptions {
  all?: boolean;
  failed?: boolean;
  filter?: string[];
}

const LOOK_EVERY_MS = 1_000;
const LISTED = 20;
const PROBLEMS_SHOWN = 50;

/**
 * What `starkeep sync` was asked to go over.
 * @returns `null`: the one mirror that is named
 * @throws ConfigError unless exactly one thing is asked for
 */
export function selectionOf(
  name: string | undefined,
  { all, failed, filter }: SelectionOptions,
): BatchSelection | null {
  const asked = [name !== undefined, all === true, failed === true, filter !== undefined];
  if (asked.filter(Boolean).length !== 1) {
    throw new UsageError('`starkeep sync` needs one repository, or one of --all, --failed and --filter.');
  }
  if (filter !== undefined) return filterOption(filter);
  if (name !== undefined) return null;
  return all ? { kind: 'all' } : { kind: 'failed' };
}

/**
 * Begins a batch and waits for its end. Ended early, it leaves the batch running: that belongs to the worker.
 * @throws Refusal when some mirrors failed, or the batch did
 */
export async function syncMany(
  config: Config,
  { selection, by, wait }: { selection: BatchSelection; by: string; wait: boolean },
  out: Output,
): Promise<void> {
  await withInstallation(config, async (db, control) => {
    const batches = createBatchStore(db);
    const request = { selection, by, correlationId: `batch-${randomUUID()}` };
    const { correlationId } = request;
    const entry = { actor: by, action: 'batch.begin', subject: null, details: { kind: selection.kind, correlationId } };
    const { batch, joined } = await audited(createAuditStore(db), entry, () =>
      beginBatch({ accounts: createAccountStore(db), batches, control }, request),
    );
    const { batchId } = batch;
    out.print(
      joined
        ? `Batch ${batchId} over ${described(selection)} is running already, begun by ${batch.requestedBy}; it is not begun twice.`
        : `Batch ${batchId} over ${described(selection)} has begun.`,
    );
    const ended = wait ? await watched(batches, batchId, out) : null;
    if (ended) return conclude(ended, out);
    out.print(`${wait ? 'It goes on without you. ' : ''}How it goes: ${typed(`batches show ${batchId}`)}`);
    out.print(`To end it: ${typed(`batches cancel ${batchId}`)}`);
  });
}

/** @returns `null` when the person stopped waiting */
async function watched(batches: BatchStore, batchId: string, out: Output): Promise<BatchProgress | null> {
  const left = new AbortController();
  const leave = () => left.abort();
  process.once('SIGINT', leave);
  out.print('Ctrl-C stops the waiting, not the batch.');
  const say = progressSayer(out);
  try {
    for (;;) {
      const batch = await batches.get(batchId);
      if (!batch) throw new Failure('BatchUnknown', `There is no batch ${batchId} any more.`);
      say(batch);
      if (batch.state !== 'running') return batch;
      await sleep(LOOK_EVERY_MS, undefined, { signal: left.signal });
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
    return null;
  } finally {
    process.off('SIGINT', leave);
    if (out.redraw) out.print('');
  }
}

/** A line that changes on a terminal; elsewhere a line for every tenth. */
function progressSayer(out: Output): (batch: BatchProgress) => void {
  let said = 0;
  return (batch) => {
    if (out.redraw) return out.redraw(barOf(batch, out.width ?? NARROW));
    const tenths = batch.total === 0 ? 0 : Math.floor((10 * batch.done) / batch.total);
    if (!batch.planned || tenths <= said) return;
    said = tenths;
    out.print(`${tenths * 10} %: ${standing(batch)}`);
  };
}

const NARROW = 80;
const LONGEST_BAR = 30;

function barOf(batch: BatchProgress, width: number): string {
  const text = batch.planned ? standing(batch) : 'waiting for a worker to begin';
  const length = Math.min(LONGEST_BAR, width - text.length - 4);
  if (length < 5) return text.slice(0, width - 1);
  const full = batch.total === 0 ? 0 : Math.floor((length * batch.done) / batch.total);
  return `[${'#'.repeat(full)}${'-'.repeat(length - full)}] ${text}`;
}

/** `12 of 30 mirrors, 2 failed, about 3 min left` */
function standing({ done, total, failed, skipped, secondsLeft }: BatchProgress): string {
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

function conclude(batch: BatchProgress, out: Output): void {
  out.print(`Batch ${batch.batchId} ${batch.state}: ${outcome(batch)}.`);
  if (batch.state !== 'completed') throw new Refusal(batch.note ?? `The batch is ${batch.state}.`);
  if (batch.failed === 0) return;
  throw new Refusal(`${counted(batch.failed, 'mirror')} failed: ${typed(`batches show ${batch.batchId}`)}`);
}

function outcome({ total, changed, unchanged, failed, skipped }: BatchProgress): string {
  const counts = { changed, unchanged, failed, skipped };
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return [counted(total, 'mirror'), ...parts.map(([what, count]) => `${count} ${what}`)].join(', ');
}

function described(selection: BatchSelection): string {
  switch (selection.kind) {
    case 'all':
      return 'all mirrors';
    case 'failed':
      return 'the failed mirrors';
    case 'mirrors':
      return counted(selection.mirrorIds.length, 'named mirror');
    case 'drift':
      return 'the mirrors longest uncompared';
    case 'filter': {
      const words = Object.entries(selection.filters).map(([name, text]) => `${name.toLowerCase()}=${text}`);
      return `what ${words.join(' ')} keeps`;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------- batches

export async function listBatches(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const batches = await withDatabase(config, (db) => createBatchStore(db).list({ limit: LISTED }));
  if (options.json) return out.print(JSON.stringify(batches, null, 2));
  if (batches.length === 0) return out.print(`There is no batch yet. One begins with: ${typed('sync --all')}`);
  const head = ['batch', 'over', 'state', 'how far', 'by', 'asked for'];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const batch of batches) {
    const { batchId, state, requestedBy, requestedAt } = batch;
    const far = state === 'running' ? standing(batch) : outcome(batch);
    table.push([batchId, described(batch.selection), state, far, requestedBy, time(new Date(requestedAt))]);
  }
  out.print(table.toString());
}

/** @throws Failure `BatchUnknown` */
export async function showBatch(
  config: Config,
  batchId: string,
  options: { json?: boolean },
  out: Output,
): Promise<void> {
  const { batch, problems } = await withDatabase(config, async (db) => {
    const batches = createBatchStore(db);
    return { batch: await batches.get(batchId), problems: await batches.problems(batchId, PROBLEMS_SHOWN) };
  });
  if (!batch) throw new Failure('BatchUnknown', `There is no batch ${batchId}.`);
  out.print(options.json ? JSON.stringify({ ...batch, problems }, null, 2) : page(batch, problems));
}

function page(batch: BatchProgress, problems: BatchItem[]): string {
  const { batchId, state, selection, requestedBy, requestedAt, finishedAt, underWay, waiting, note } = batch;
  const unnamed = batch.failed + batch.skipped - problems.length;
  return [
    `Batch ${batchId} over ${described(selection)}   ${state}`,
    `  asked for      by ${requestedBy}, ${time(new Date(requestedAt))}`,
    ...(finishedAt === null ? [] : [`  ended          ${time(new Date(finishedAt))}`]),
    `  how far        ${state === 'running' ? standing(batch) : outcome(batch)}`,
    ...(underWay + waiting > 0 ? [`  to come        ${underWay} under way, ${waiting} waiting`] : []),
    ...(note === null ? [] : [`  why            ${note}`]),
    ...(state === 'running' ? [`  to end it      ${typed(`batches cancel ${batchId}`)}`] : []),
    ...problems.map(({ fullName, state: how, note: why }) => `  ${how.padEnd(14)} ${fullName}: ${why ?? ''}`),
    ...(unnamed > 0
      ? [`  … and ${counted(unnamed, 'more mirror')} that failed or ${unnamed === 1 ? 'was' : 'were'} skipped`]
      : []),
  ].join('\n');
}

/** @throws Failure `BatchUnknown`, `BatchEnded` */
export async function cancelBatch(config: Config, batchId: string, by: string, out: Output): Promise<void> {
  await withInstallation(config, async (db, control) => {
    const batches = createBatchStore(db);
    if (!(await batches.get(batchId))) throw new Failure('BatchUnknown', `There is no batch ${batchId}.`);
    const entry = { actor: by, action: 'batch.cancel', subject: batchId, details: {} };
    await audited(createAuditStore(db), entry, () => cancel({ batches, control }, batchId, by));
    out.print(`Batch ${batchId} begins nothing new; what is under way ends by itself.`);
    out.print(`How it goes: ${typed(`batches show ${batchId}`)}`);
  });
}
