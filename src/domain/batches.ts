import { Failure } from './failures.ts';
import { FILTER_NAMES, parseFilters, type FilterName } from './filters.ts';
import type { MirrorId } from './model.ts';
import type { MirrorControl } from './ports.ts';
import type { AccountStore, BatchStore } from './record-stores.ts';

/** Batches: many mirrors synced on one request, a few at a time. */

/** Filters as their settings write them (`{ "LANGUAGES": "Go,Rust" }`), so that a record of them can be read and compared. */
export type FilterTexts = Partial<Record<FilterName, string>>;

/** Which mirrors a batch goes over. Those that nobody may sync now (paused, excluded, about to be deleted …) are skipped and counted. */
export type BatchSelection =
  | { kind: 'all' }
  /** Status `failed` or `permanent_failure`. */
  | { kind: 'failed' }
  /** What these filters would keep; those of the installation count besides. */
  | { kind: 'filter'; filters: FilterTexts }
  | { kind: 'mirrors'; mirrorIds: MirrorId[] }
  /** Those whose two sides were not compared for longest, as many as keep the load even. Asked for by the schedule `check-drift`. */
  | { kind: 'drift' };

export type BatchState = 'running' | 'completed' | 'cancelled' | 'failed';

export interface BatchRequest {
  selection: BatchSelection;
  /** A person or a key, for the record. */
  by: string;
  correlationId: string;
}

/** How far a batch is. `done` = `changed` + `unchanged` + `failed` + `skipped`; `done` + `underWay` + `waiting` = `total`. */
export interface BatchProgress {
  batchId: string;
  selection: BatchSelection;
  state: BatchState;
  requestedBy: string;
  correlationId: string;
  /** `false` while the mirrors are still being counted; then `total` is not the last word. */
  planned: boolean;
  total: number;
  done: number;
  changed: number;
  unchanged: number;
  failed: number;
  skipped: number;
  underWay: number;
  waiting: number;
  /** By the pace so far; `null` where there is none yet, and once the batch is over. */
  secondsLeft: number | null;
  /** ISO times. */
  requestedAt: string;
  finishedAt: string | null;
  /** Why it failed, or who cancelled it. */
  note: string | null;
}

/** How one mirror of a batch is. */
export type BatchItemState = 'waiting' | 'under_way' | 'changed' | 'unchanged' | 'failed' | 'skipped';

export interface BatchItem {
  mirrorId: MirrorId;
  fullName: string;
  state: BatchItemState;
  /** Why it failed or was skipped. */
  note: string | null;
}

/** How many mirrors a selection may name one by one. */
export const MAX_NAMED_MIRRORS = 1_000;

/** @returns the filters without empty ones and in one order, so that equal selections are equal texts @throws FilterError when one does not parse */
export function filterSelection(texts: FilterTexts): BatchSelection {
  parseFilters(texts);
  const given = FILTER_NAMES.map((name) => [name, (texts[name] ?? '').trim()] as const).filter(([, text]) => text);
  return { kind: 'filter', filters: Object.fromEntries(given) };
}

export interface BatchPorts {
  accounts: Pick<AccountStore, 'current'>;
  batches: Pick<BatchStore, 'create' | 'get' | 'noteCancel' | 'end'>;
  control: Pick<MirrorControl, 'startBatch' | 'cancelBatch'>;
}

/**
 * Writes the batch into the record and starts its workflow. A running batch of the same selection is joined instead.
 * @throws Failure `AccountUnknown` · `TemporalUnavailable`: then the batch is closed as failed, and may be asked for again
 */
export async function beginBatch(
  { accounts, batches, control }: BatchPorts,
  request: BatchRequest,
): Promise<{ batch: BatchProgress; joined: boolean }> {
  const account = await accounts.current();
  if (!account)
    throw new Failure('AccountUnknown', 'It is not known yet whose stars are mirrored, so there is nothing to sync.');
  const opened = await batches.create(account.accountId, request);
  try {
    // Also when joined: if whoever opened it died before this, its workflow starts now.
    await control.startBatch(opened.batch);
  } catch (error) {
    // A start that got through in spite of the error finds the batch closed, and ends.
    if (!opened.joined) await batches.end(opened.batch.batchId, 'failed', 'Its workflow could not be started.');
    throw error;
  }
  return opened;
}

/**
 * Starts the workflow of every running batch that has none any more: its Temporal server was lost, somebody terminated it, or whoever opened the
 * batch died before this. It begins where its record is; one that runs stays as it is. May be repeated, and by several processes at once.
 * @throws Failure `TemporalUnavailable`
 */
export async function goOnWithBatches({
  batches,
  control,
}: {
  batches: Pick<BatchStore, 'list'>;
  control: Pick<MirrorControl, 'startBatch'>;
}): Promise<void> {
  for (const batch of await batches.list({ limit: RUNNING_AT_MOST, state: 'running' })) await control.startBatch(batch);
}

/** Of each selection one batch runs at a time: nobody thinks up so many. */
const RUNNING_AT_MOST = 100;

/**
 * Asks a batch to end: what is under way in mirrors goes on to its end, nothing new begins. May be repeated.
 * @returns how far it is; the workflow closes it a moment later
 * @throws Failure `BatchUnknown` · `BatchEnded` when it is over already · `TemporalUnavailable`
 */
export async function cancelBatch(
  { batches, control }: Omit<BatchPorts, 'accounts'>,
  batchId: string,
  by: string,
): Promise<BatchProgress> {
  const batch = await batches.get(batchId);
  if (!batch) throw new Failure('BatchUnknown', `There is no batch ${batchId}.`);
  if (batch.state !== 'running') throw new Failure('BatchEnded', `Batch ${batchId} is ${batch.state} already.`);
  await batches.noteCancel(batchId, by);
  const { found } = await control.cancelBatch(batchId);
  // No workflow runs: somebody terminated it, and nobody else will write the end.
  if (!found) await batches.end(batchId, 'cancelled', null);
  return (await batches.get(batchId)) ?? batch;
}
