import { describe, expect, it } from 'vitest';
import type { DeliveriesRead, DeliveriesRequest, RecoveryEnding, RecoverySummary } from '../../src/domain/record.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import { PAGES_PER_RUN, REDELIVERIES_PER_RUN } from '../../src/workflows/policy.ts';
import type { recoverDeliveries } from '../../src/workflows/recovery.ts';
import { timeSkippingEnvironment, uniqueName } from '../support/temporal.ts';
import { failureOf } from './world.ts';

describe('recoverDeliveries', () => {
  const temporal = timeSkippingEnvironment();

  interface Script {
    pages?: DeliveriesRead[];
    /** What each call asks for. */
    requested?: number[];
    beforePage?: (request: DeliveriesRequest) => void;
    beforeRequests?: () => void;
  }

  async function recover({ pages = [page(null)], requested = [], beforePage, beforeRequests }: Script) {
    const reads: DeliveriesRequest[] = [];
    const endings: RecoveryEnding[] = [];
    let begun = 0;
    let calls = 0;
    const left = [...requested];
    const activities = {
      beginRecovery: async () => ({ runId: String((begun += 1)), until: '2026-01-01T00:00:00.000Z' }),
      readDeliveries: async (request: DeliveriesRequest) => {
        beforePage?.(request);
        reads.push(request);
        return pages[Number(request.cursor ?? 0)];
      },
      requestRedeliveries: async () => {
        beforeRequests?.();
        calls += 1;
        return { requested: left.shift() ?? 0 };
      },
      endRecovery: async (ending: RecoveryEnding): Promise<RecoverySummary> => {
        endings.push(ending);
        return { seen: ending.seen, missed: ending.missed, requested: 0 };
      },
    };
    const taskQueue = uniqueName('recovery');
    const stop = await temporal.workers({ activities }, [taskQueue, TASK_QUEUES.github]);
    const began = await temporal.environment.currentTimeMs();
    const run = temporal.client.workflow.execute<typeof recoverDeliveries>('recoverDeliveries', {
      taskQueue,
      workflowId: uniqueName('recover'),
    });
    await run.finally(stop);
    const tookMs = (await temporal.environment.currentTimeMs()) - began;
    return { reads, endings, begun, calls, tookMs };
  }

  it('reads to the end, asks until nothing is due, and then ends the run', async () => {
    const { reads, endings, calls } = await recover({ pages: [page('1', 2), page(null, 1)], requested: [50, 12] });

    expect(reads.map(({ cursor, until }) => [cursor, until.slice(0, 4)])).toEqual([
      [null, '2026'],
      ['1', '2026'],
    ]);
    expect(calls).toBe(3);
    expect(endings).toMatchObject([{ runId: '1', pages: 2, seen: 200, missed: 3 }]);
  });

  it('continues as new on long lists, in one run of the record', async () => {
    const count = PAGES_PER_RUN * 2 + 5;
    const pages = Array.from({ length: count }, (_, index) => page(index === count - 1 ? null : String(index + 1)));

    const { reads, endings, begun } = await recover({ pages });

    expect(new Set(reads.map(({ correlationId }) => correlationId)).size).toBe(1);
    expect([reads.length, begun]).toEqual([count, 1]);
    expect(endings).toMatchObject([{ pages: count, seen: count * 100 }]);
  });

  it('leaves what is more than its share to the next run', async () => {
    const { calls } = await recover({ requested: Array<number>(20).fill(50) });

    expect(calls * 50).toBe(REDELIVERIES_PER_RUN);
  });

  it.each(['beforePage', 'beforeRequests'] as const)('waits for a rate limit (%s), and then goes on', async (where) => {
    let limited = true;
    const limit = () => {
      if (!limited) return;
      limited = false;
      throw failureOf('SourceRateLimited', 40 * 60_000);
    };

    const { endings, tookMs } = await recover({ [where]: limit });

    expect(tookMs).toBeGreaterThanOrEqual(40 * 60_000);
    expect(endings).toHaveLength(1);
  });

  it('fails without ending the run when GitHub’s list cannot be read, so that the next reads it again', async () => {
    const endings: unknown[] = [];
    const failing = recover({
      beforePage: () => {
        throw failureOf('SourceUnauthorized');
      },
    });

    await expect(failing).rejects.toMatchObject({ cause: { cause: { type: 'SourceUnauthorized' } } });
    expect(endings).toEqual([]);
  });
});

function page(next: string | null, missed = 0): DeliveriesRead {
  return { next, seen: 100, missed };
}
