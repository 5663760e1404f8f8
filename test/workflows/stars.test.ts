import { describe, expect, it } from 'vitest';
import type { ReadingKind } from '../../src/domain/model.ts';
import type {
  ReadingEnd,
  ReadingPlan,
  ReadingRequest,
  ReadingSummary,
  StarList,
  StarsRead,
  StarsRequest,
} from '../../src/domain/record.ts';
import { TASK_QUEUES } from '../../src/workflows/messages.ts';
import { PAGES_PER_RUN } from '../../src/workflows/policy.ts';
import type { drainInbox } from '../../src/workflows/recovery.ts';
import type { reconcileStars } from '../../src/workflows/stars.ts';
import { devServerEnvironment, uniqueName } from '../support/temporal.ts';
import { failureOf } from './world.ts';

describe('reconcileStars', () => {
  const temporal = devServerEnvironment();

  interface Script {
    kind?: ReadingKind;
    /** The pages of each list, by cursor: `null` is page 0. */
    pages: Partial<Record<StarList, StarsRead[]>>;
    before?: (request: StarsRequest) => void;
    waitAtMostMs?: number;
  }

  async function reconcile({ kind = 'list', pages, before, waitAtMostMs = 60_000 }: Script) {
    const requests: StarsRequest[] = [];
    const ends: ReadingEnd[] = [];
    const begins: ReadingRequest[] = [];
    const activities = {
      beginReading: async (request: ReadingRequest): Promise<ReadingPlan> => {
        begins.push(request);
        return { readingId: '1', kind: request.kind ?? kind, pushedUntil: null, waitAtMostMs };
      },
      readStars: async (request: StarsRequest): Promise<StarsRead> => {
        before?.(request);
        requests.push(request);
        return pages[request.list]?.[Number(request.cursor ?? 0)] as StarsRead;
      },
      endReading: async (end: ReadingEnd): Promise<ReadingSummary> => {
        ends.push(end);
        const { seen } = end.tally;
        return { kind: end.kind, incompleteWhy: null, seen, signalled: end.signalled, absent: 0, conclusion: null };
      },
    };
    const taskQueue = uniqueName('stars');
    const stop = await temporal.workers({ activities }, [taskQueue, TASK_QUEUES.github]);
    const workflowId = uniqueName('reconcile');
    const run = temporal.client.workflow.execute<typeof reconcileStars>('reconcileStars', {
      taskQueue,
      workflowId,
      args: [],
    });
    const result = await run.finally(stop);
    return { result, requests, ends, begins };
  }

  it('reads every page once, under one correlation id, and adds up what it found', async () => {
    const pages = [page('1', 100, 40), page('2', 100, 0), page(null, 7, 7)];

    const { ends, requests } = await reconcile({ pages: { list: pages } });

    expect(ends).toMatchObject([{ signalled: 47, tally: { pages: 3, seen: 207, flaws: [] } }]);
    expect(requests.map(({ cursor }) => cursor)).toEqual([null, '1', '2']);
    expect(new Set(requests.map(({ correlationId }) => correlationId)).size).toBe(1);
  });

  it('reads the newest stars, then the latest pushes, when a quick look is due', async () => {
    const pages = { newest: [page(null, 100, 1)], pushed: [page(null, 100, 2)] };

    const { ends, requests } = await reconcile({ kind: 'quick', pages });

    expect(requests.map(({ list }) => list)).toEqual(['newest', 'pushed']);
    expect(ends).toMatchObject([{ signalled: 3 }]);
  });

  it.each<[string, Partial<StarsRead>, RegExp]>([
    ['a gap', { gap: 'the token may not see organisation 7' }, /organisation 7/],
    ['a total that moves', { total: 102 }, /changed from 103 to 102/],
  ])('hands %s on, so that the reading proves nothing', async (_, odd, flaw) => {
    const pages = [
      { ...page('1', 100, 0), total: 103 },
      { ...page(null, 3, 0), total: 103, ...odd },
    ];

    const { ends } = await reconcile({ kind: 'sweep', pages: { sweep: pages } });

    expect(ends[0]?.tally.flaws.join()).toMatch(flaw);
  });

  it('goes on where it was after a page that failed', async () => {
    let failures = 1;
    const before = ({ cursor }: StarsRequest) => {
      if (cursor === '1' && failures-- > 0) throw failureThatPasses();
    };

    const { requests } = await reconcile({ pages: { list: [page('1', 100, 0), page(null, 5, 5)] }, before });

    expect(requests.map(({ cursor }) => cursor)).toEqual([null, '1']);
  });

  it('ends as incomplete when a page cannot be read at all', async () => {
    const before = ({ cursor }: StarsRequest) => {
      if (cursor === '1') throw failureOf('SourceBadResponse');
    };

    const { ends } = await reconcile({ pages: { list: [page('1', 100, 4)] }, before });

    expect(ends).toMatchObject([
      { signalled: 4, tally: { seen: 100, flaws: ['a page could not be read (SourceBadResponse)'] } },
    ]);
  });

  it('waits for a rate limit that is short, and then goes on', async () => {
    let limited = true;
    const before = () => {
      if (!limited) return;
      limited = false;
      throw failureOf('SourceRateLimited', 1_000);
    };

    const { ends } = await reconcile({ pages: { list: [page(null, 5, 5)] }, before });

    expect(ends).toMatchObject([{ tally: { seen: 5, flaws: [] } }]);
  });

  it('ends as incomplete when a short rate limit comes back again and again: it does not wait for ever', async () => {
    let refused = 0;
    const before = () => {
      refused += 1;
      throw failureOf('SourceRateLimited', 1_000);
    };

    const { ends } = await reconcile({ pages: {}, before, waitAtMostMs: 1_500 });

    expect(ends).toMatchObject([{ tally: { flaws: ['a page could not be read (SourceRateLimited)'] } }]);
    expect(refused).toBe(2);
  });

  it('ends as incomplete when a rate limit lasts longer than the interval', async () => {
    const before = () => {
      throw failureOf('SourceRateLimited', 3_600_000);
    };

    const { ends } = await reconcile({ pages: {}, before });

    expect(ends).toMatchObject([{ tally: { flaws: ['a page could not be read (SourceRateLimited)'] } }]);
  });

  it.each([
    ['is not offered', 'SourceUnsupported', 'this GitHub server has no complete reading'],
    ['cannot be had now', 'SourceBadResponse', 'a page could not be read (SourceBadResponse)'],
  ] as const)('reads the plain list where the complete reading %s', async (_, failure, flaw) => {
    const before = ({ list }: StarsRequest) => {
      if (list === 'sweep') throw failureOf(failure);
    };

    const { ends, begins } = await reconcile({ kind: 'sweep', pages: { list: [page(null, 5, 5)] }, before });

    expect(ends.map(({ kind }) => kind)).toEqual(['sweep', 'list']);
    expect(ends[0]?.tally.flaws).toEqual([flaw]);
    expect(begins[1]).toMatchObject({ kind: 'list' });
  });

  it('continues as new on long lists and still adds up', async () => {
    const count = PAGES_PER_RUN + 10;
    const pages = Array.from({ length: count }, (_, index) =>
      page(index === count - 1 ? null : String(index + 1), 100, 1),
    );

    const { ends, requests, begins } = await reconcile({ pages: { list: pages } });

    expect(ends).toMatchObject([{ signalled: count, tally: { pages: count, seen: count * 100 } }]);
    expect(requests).toHaveLength(count);
    expect(begins).toHaveLength(1);
  });

  it('fails, and concludes nothing, when the account is not the one this installation mirrors', async () => {
    const failing = reconcile({
      pages: {},
      before: () => {
        throw failureOf('AccountMismatch');
      },
    });

    await expect(failing).rejects.toMatchObject({ cause: { cause: { type: 'AccountMismatch' } } });
  });
});

describe('drainInbox', () => {
  const temporal = devServerEnvironment();

  it('goes on until nothing waits', async () => {
    const waiting = [200, 200, 31, 0];
    const taskQueue = uniqueName('inbox');
    const dispatchDeliveries = async () => ({ taken: waiting.shift() ?? 0 });
    const worker = await temporal.worker({ taskQueue, activities: { dispatchDeliveries } });

    const result = await worker.runUntil(
      temporal.client.workflow.execute<typeof drainInbox>('drainInbox', { taskQueue, workflowId: uniqueName('drain') }),
    );

    expect(result).toEqual({ dispatched: 431 });
  });
});

function page(next: string | null, seen: number, signalled: number): StarsRead {
  return { next, seen, signalled, total: null, gap: null };
}

function failureThatPasses(): Error {
  return new Error('a hiccup');
}
