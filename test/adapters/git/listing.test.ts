import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { whyUnnameable } from '../../../src/adapters/git/listing.ts';
import { git } from '../../support/repo.ts';

/** Pieces that git has rules about, put together in every way. */
const PIECES = ['a', '.', '/', '@', '{', '.lock', '-', 'ü', '~', '*', '\\', ' ', '\x7f', '\t', ']', '%', '=', '+', '^'];

describe('names of refs', () => {
  it('may be whatever git lets them be, and nothing else', async () => {
    const pairs = PIECES.flatMap((one) => PIECES.map((other) => `refs/heads/${one}${other}`));
    const framed = pairs.flatMap((pair) => [pair, `${pair}b`, `${pair}/b`]);
    // Each is a git of its own; every fourth of all three forms is enough.
    const chosen = framed.filter((_, index) => index % 4 === 0);

    const allowed = await inLanes(8, chosen, (name) =>
      git({ dir: tmpdir() }, ['check-ref-format', name]).then(
        () => true,
        () => false,
      ),
    );

    const ours = chosen.map((name) => whyUnnameable(name) === null);
    expect(chosen.filter((_, index) => ours[index] !== allowed[index])).toEqual([]);
  });

  it('have a length that the other side can store', () => {
    expect(whyUnnameable(`refs/heads/${'x'.repeat(4_000)}`)).toBeNull();
    expect(whyUnnameable(`refs/heads/${'ü'.repeat(2_100)}`)).toMatch(/longer than 4096 bytes/);
  });
});

async function inLanes<Item, Result>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
