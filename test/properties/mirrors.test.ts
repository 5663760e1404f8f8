import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { withStore } from '../adapters/postgres/test-store.ts';
import { quietRuntime, timeSkippingEnvironment } from '../support/temporal.ts';
import { FAULTS, PLACE_COUNT, Sequence, type Step, withWorkers } from './sequence.ts';

/**
 * Whatever happens to a star list, in whatever order: nothing is deleted without a proof, and in the end the mirrors are what the list says.
 * A failure prints the seed and the shortest sequence that shows it; `fc.assert` takes both back as `seed` and `path`.
 */

/** Another one tries other sequences. */
const SEED = 20_260_310;

const SEQUENCES = 24;

/** No sequence begins later: a slow machine tries fewer. */
const AT_MOST_MS = 30_000;

/** How long a failing sequence is made shorter. */
const SHRINKING_MS = 60_000;

const at = fc.nat({ max: PLACE_COUNT - 1 });
const change = (
  ...kinds: (
    | 'star'
    | 'unstar'
    | 'rename'
    | 'transfer'
    | 'squat'
    | 'delete'
    | 'recreate'
    | 'push'
    | 'hide'
    | 'show'
    | 'block'
    | 'unblock'
  )[]
) => fc.record({ do: fc.constantFrom(...kinds), at });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: change('star') },
  { weight: 5, arbitrary: change('unstar') },
  { weight: 4, arbitrary: change('rename', 'transfer', 'squat', 'push') },
  { weight: 4, arbitrary: change('delete', 'recreate', 'hide', 'show', 'block', 'unblock') },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('webhook' as const),
      at,
      kind: fc.constantFrom('starred' as const, 'unstarred' as const, 'changed' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redeliver' as const), which: fc.nat({ max: 20 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reconcile' as const), full: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.constantFrom(1, 13, 25) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fault' as const), fault: fc.constantFrom(...FAULTS) }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'calm' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('meanwhile' as const),
      change: change('star', 'unstar', 'rename', 'transfer', 'squat', 'push'),
    }),
  },
);

describe('the mirrors of a star list', () => {
  // Failing is what most of these activities are for.
  beforeAll(() => quietRuntime('ERROR'));
  const store = withStore({ externalId: '41000001', login: 'keeper' });
  const temporal = timeSkippingEnvironment();
  let current: Sequence | null = null;
  withWorkers(temporal, () => current);

  it('end as the list says, and none was ever deleted without a proof', { timeout: 240_000 }, async () => {
    let deletions = 0;
    let deadline = Date.now() + AT_MOST_MS;
    let failed = false;

    const check = async (steps: Step[]) => {
      if (Date.now() > deadline) return;
      await store.db.query('truncate accounts restart identity cascade');
      await store.accounts.save({ externalId: '41000001', login: 'keeper' });
      const sequence = await Sequence.begin(store, temporal);
      current = sequence;
      try {
        await sequence.mirrorAll();
        await sequence.run(steps);
        await sequence.end();
        expect(await sequence.judge()).toEqual([]);
      } catch (error) {
        if (!failed) deadline = Date.now() + SHRINKING_MS;
        failed = true;
        throw error;
      } finally {
        deletions += sequence.deletions;
        await sequence.close();
      }
    };
    const sequences = fc.array(step, { minLength: 10, maxLength: 20 });
    await fc.assert(fc.asyncProperty(sequences, check), { seed: SEED, numRuns: SEQUENCES });

    // Else the property would hold of a Starkeep that deletes nothing.
    expect(deletions).toBeGreaterThan(0);
  });
});
