import { log } from '@temporalio/activity';
import { beginBatch, type BatchProgress, type BatchState } from '../domain/batches.ts';
import type { RepoEvent } from '../domain/events.ts';
import { Failure } from '../domain/failures.ts';
import { createAccountLookup } from './account.ts';
import type { ActivityPorts } from './ports.ts';
import { signalAll } from './signals.ts';

/** What webhooks set off goes before: below this many of the hour's requests to GitHub a batch begins nothing new. */
const RESERVE = 500;

/** Who asks for the batches of the Schedule `check-drift`. */
const DRIFT_CHECK = 'check-drift';

export function createBatchActivities(ports: ActivityPorts) {
  const { source, batches, accounts, control, rules } = ports;
  const account = createAccountLookup(ports);

  return {
    /** Names the mirrors of a batch. If we die here, the next attempt finds them named, or none. */
    async planBatch({ batchId }: { batchId: string }): Promise<void> {
      await batches.plan(batchId, rules.drift.everyMs);
    },

    /**
     * One step: fills the window, tells the mirrors that are new in it, and says how far the batch is. If we die between taking a mirror and telling
     * it, the next run tells it; being told twice, it looks twice.
     */
    async advanceBatch({ batchId, window }: { batchId: string; window: number }): Promise<BatchProgress> {
      const { selection, correlationId } = await known(batchId);
      const taken = await batches.take(batchId, hasReserve() ? window : 0);
      const compare = selection.kind === 'drift' ? rules.drift.policy : 'repair';
      await signalAll(
        control,
        taken,
        ({ repoId, fullName }): RepoEvent => ({
          kind: 'changed',
          trigger: 'batch',
          compare,
          batchId,
          repoId,
          fullName,
          correlationId: `${correlationId}-${repoId}`,
        }),
        { onReached: ({ repoId }) => batches.markAsked(batchId, [repoId]), ...(await whose()) },
      );
      return known(batchId);
    },

    /** If we die here, the next run finds it closed and leaves it so. */
    async endBatch({ batchId, state, note }: BatchEnd): Promise<BatchProgress> {
      await batches.end(batchId, state, note ?? null);
      return known(batchId);
    },

    /**
     * Opens a batch over what is due, and starts it. If we die between the two, the next attempt joins the batch and starts it; if we die after the
     * start, it goes on by itself.
     * @returns `null` when nothing is due
     */
    async beginDriftCheck({ correlationId }: { correlationId: string }): Promise<{ batchId: string | null }> {
      const { everyMs } = rules.drift;
      const { accountId } = await account();
      if (everyMs === null || (await batches.driftDue(accountId, everyMs)) === 0) return { batchId: null };
      const request = { selection: { kind: 'drift' } as const, by: DRIFT_CHECK, correlationId };
      const { batch, joined } = await beginBatch({ accounts, batches, control }, request);
      const { batchId } = batch;
      log.info('drift check begun', { correlationId, batchId, joined });
      return { batchId };
    },
  };

  /** As the record has it: a batch asks GitHub nothing. */
  async function whose(): Promise<{ accountId?: string }> {
    const known = await accounts.current();
    return known ? { accountId: known.accountId } : {};
  }

  async function known(batchId: string): Promise<BatchProgress> {
    const batch = await batches.get(batchId);
    if (!batch) throw new Failure('BatchUnknown', `there is no batch ${batchId} in the record`);
    return batch;
  }

  /** Counted by this process alone, and as of its last request: near enough for what only has to leave room. */
  function hasReserve(): boolean {
    const budget = source.limits();
    if (!source.canCheckStars || !budget) return true;
    return budget.remaining > RESERVE || budget.reset * 1000 <= Date.now();
  }
}

interface BatchEnd {
  batchId: string;
  state: Exclude<BatchState, 'running'>;
  note?: string;
}
