import { describe, expect, it } from 'vitest';
import { createFreshness, MARK_VALID_MS, type Mark } from '../../../src/adapters/postgres/freshness.ts';

/** A primary that answers when the test says so, and writes one further with every question. */
function slowPrimary() {
  let asked = 0;
  const waiting: { answer: (mark: Mark) => void; fail: (error: Error) => void; mark: Mark }[] = [];
  return {
    ask: () => new Promise<Mark>((answer, fail) => waiting.push({ answer, fail, mark: markAt((asked += 1)) })),
    answer(which = 0) {
      const [question] = waiting.splice(which, 1);
      question?.answer(question.mark);
    },
    fail() {
      waiting.shift()?.fail(new Error('the primary is away'));
    },
    get asked() {
      return asked;
    },
  };
}

const markAt = (number: number): Mark => ({ position: `0/${number}`, database: '7/5' });

/** It hears changes, and knows the first mark. */
async function hearing() {
  const primary = slowPrimary();
  let time = 0;
  const freshness = createFreshness({ ask: primary.ask, now: () => time });
  freshness.hears();
  primary.answer();
  expect(await freshness.required()).toEqual(markAt(1));
  return { primary, freshness, later: (ms: number) => (time += ms) };
}

describe('how far a replica has to be', () => {
  it('is not known before changes are heard, nor once they are not heard any more', async () => {
    const { freshness, primary } = await hearing();
    const unheard = createFreshness({ ask: () => Promise.resolve(markAt(1)) });

    freshness.isDeaf();

    expect([await unheard.required(), await freshness.required()]).toEqual([null, null]);
    expect(primary.asked).toBe(1);
  });

  it('is asked once, however much is read, while nothing changes', async () => {
    const { freshness, primary } = await hearing();

    await Promise.all([freshness.required(), freshness.required()]);

    expect(await freshness.required()).toEqual(markAt(1));
    expect(primary.asked).toBe(1);
  });

  it('is asked for at once when something changes, and whoever reads then waits for that answer', async () => {
    const { freshness, primary } = await hearing();

    freshness.changed();
    const asked = primary.asked;
    const reads = [freshness.required(), freshness.required()];
    primary.answer();

    expect(asked).toBe(2);
    expect(await Promise.all(reads)).toEqual([markAt(2), markAt(2)]);
    expect(primary.asked).toBe(2);
  });

  it('is asked for anew by a read when something changed after the question under way', async () => {
    const { freshness, primary } = await hearing();
    freshness.changed();
    const before = freshness.required();
    freshness.changed();

    const after = freshness.required();
    primary.answer(1);
    primary.answer(0);

    expect([await before, await after]).toEqual([markAt(2), markAt(3)]);
    // The answer that came last is not the newest one.
    expect(await freshness.required()).toEqual(markAt(3));
  });

  it('is asked for one at a time when much changes and nobody reads', async () => {
    const { freshness, primary } = await hearing();

    for (let change = 0; change < 1_000; change += 1) freshness.changed();

    expect(primary.asked).toBe(2);
  });

  it('begins anew when changes are heard again: what came meanwhile is not known', async () => {
    const { freshness, primary } = await hearing();
    freshness.isDeaf();

    freshness.hears();
    const read = freshness.required();
    primary.answer();

    expect(await read).toEqual(markAt(2));
  });

  it('is not known while the primary does not say', async () => {
    const { freshness, primary } = await hearing();
    freshness.changed();
    const read = freshness.required();
    primary.fail();

    expect(await read).toBeNull();
  });

  it('does not hold for ever when nobody refreshes it', async () => {
    const { freshness, primary, later } = await hearing();
    later(MARK_VALID_MS);
    const read = freshness.required();
    primary.answer();

    expect(await read).toEqual(markAt(2));
  });

  it('may be refreshed without a change', async () => {
    const { freshness, primary, later } = await hearing();
    const refreshed = freshness.refresh();
    primary.answer();
    await refreshed;
    later(MARK_VALID_MS - 1);

    expect(await freshness.required()).toEqual(markAt(2));
    expect(primary.asked).toBe(2);
  });
});
