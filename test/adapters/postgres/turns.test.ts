import { afterEach, describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/adapters/postgres/turns.ts';
import type { Turns } from '../../../src/domain/ports.ts';
import { withDatabase } from '../../support/postgres.ts';

const database = withDatabase('empty');
const joined: Turns[] = [];
let clock = 0;

afterEach(async () => {
  await Promise.all(joined.splice(0).map((turns) => turns.leave()));
});

async function join(): Promise<Turns> {
  const turns = createTurns(database.url, () => clock);
  joined.push(turns);
  await turns.join();
  return turns;
}

/** What each says when it is asked once. */
const ask = (...all: Turns[]) => Promise.all(all.map((turns) => turns.isOurs()));

describe('processes that all have to restart', () => {
  it('do not wait where there is only one', async () => {
    expect(await ask(await join())).toEqual([true]);
  });

  it('go one after the other, each when the one before is there again', async () => {
    const [first, second, third] = [await join(), await join(), await join()];
    const atOnce = await ask(first, second, third);

    await first.leave();
    const whileAway = await ask(second, third);
    await join();
    const afterwards = await ask(second, third);
    await second.leave();
    await join();

    expect(atOnce).toEqual([true, false, false]);
    expect(whileAway).toEqual([false, false]);
    expect(afterwards).toEqual([true, false]);
    expect(await ask(third)).toEqual([true]);
  });

  it('do not wait for ever for one that does not come back', async () => {
    const [first, second] = [await join(), await join()];
    await ask(second);

    await first.leave();
    const soon = await ask(second);
    clock += 31_000;

    expect([soon, await ask(second)]).toEqual([[false], [true]]);
  });

  it('take the place that another left', async () => {
    const [first] = [await join(), await join()];
    await first.leave();

    expect(await ask(await join())).toEqual([true]);
  });

  it('do not wait where nobody can say', async () => {
    const turns = createTurns('postgres://nobody@127.0.0.1:1/nothing');

    await expect(turns.join()).rejects.toThrow('Postgres');

    expect(await turns.isOurs()).toBe(true);
  });
});
