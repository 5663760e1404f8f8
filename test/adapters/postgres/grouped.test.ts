import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { grouped } from '../../../src/adapters/postgres/grouped.ts';
import { Failure } from '../../../src/domain/failures.ts';

/** Each group that was begun, and what ends it. */
function groups() {
  const begun: { inputs: number[]; end: (outputs: number[]) => void; fail: (error: Error) => void }[] = [];
  const run = (inputs: number[]) =>
    new Promise<number[]>((end, fail) => {
      begun.push({ inputs, end, fail });
    });
  return { begun, run };
}

/** Until the group behind one that has ended had its turn. */
const nextGroup = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

describe('who comes', () => {
  it('alone is served at once, and gathers others behind it', async () => {
    const { begun, run } = groups();
    const ask = grouped(run);

    const asked = [1, 2, 3].map(ask);
    expect(begun.map(({ inputs }) => inputs)).toEqual([[1]]);
    begun[0]?.end([10]);
    expect(await asked[0]).toBe(10);
    await nextGroup();
    begun[1]?.end([20, 30]);

    expect(await Promise.all(asked)).toEqual([10, 20, 30]);
    expect(begun.map(({ inputs }) => inputs)).toEqual([[1], [2, 3]]);
  });

  it('in numbers is served in groups of the largest size there may be', async () => {
    const { begun, run } = groups();
    const ask = grouped(run, { maxGroup: 2 });

    const asked = [1, 2, 3, 4].map(ask);
    for (let group = 0; group < 3; group += 1) {
      const { inputs, end } = begun[group] ?? expect.fail('no further group was begun');
      end(inputs);
      await asked[(inputs[0] ?? 0) - 1];
      await nextGroup();
    }

    expect(await Promise.all(asked)).toEqual([1, 2, 3, 4]);
    expect(begun.map(({ inputs }) => inputs)).toEqual([[1], [2, 3], [4]]);
  });

  it('waits for company where that is asked for', async () => {
    const { begun, run } = groups();
    const ask = grouped(run, { gatherMs: 25 });

    const asked = [1, 2].map(ask);
    await vi.advanceTimersByTimeAsync(24);
    expect(begun).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    begun[0]?.end([10, 20]);

    expect(await Promise.all(asked)).toEqual([10, 20]);
    expect(begun.map(({ inputs }) => inputs)).toEqual([[1, 2]]);
  });

  it('behind a group that hangs waits no longer than it is patient', async () => {
    const { begun, run } = groups();
    const ask = grouped(run, { patienceMs: 500 });

    const hanging = ask(1);
    const behind = ask(2);
    await vi.advanceTimersByTimeAsync(499);
    expect(begun).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    begun[1]?.end([20]);
    expect(await behind).toBe(20);
    // What was given up on may still answer, and begins nothing twice.
    begun[0]?.end([10]);

    expect(await hanging).toBe(10);
    expect(begun).toHaveLength(2);
  });
});

describe('a group that fails', () => {
  it('because Postgres is away fails for everybody in it, and the next is tried', async () => {
    const { begun, run } = groups();
    const ask = grouped(run);
    const first = ask(1);
    const asked = [2, 3].map(ask);
    begun[0]?.end([10]);
    await first;
    await nextGroup();

    begun[1]?.fail(new Failure('DatabaseUnavailable', 'gone'));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = ask(4);
    begun[2]?.end([40]);

    expect(await later).toBe(40);
  });

  it('because of one of them fails for that one alone', async () => {
    const ask = grouped(async (inputs: number[]) => {
      if (inputs.includes(3)) throw new Error('no row for 3');
      return inputs;
    });

    const asked = await Promise.allSettled([1, 2, 3, 4].map(ask));

    expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });
});
