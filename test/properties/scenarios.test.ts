import { beforeAll, describe, expect, it } from 'vitest';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { withStore } from '../adapters/postgres/test-store.ts';
import { quietRuntime, timeSkippingEnvironment } from '../support/temporal.ts';
import { Sequence, type Step, withWorkers } from './sequence.ts';

/**
 * What must not make a mirror disappear, one thing after the other, with the real workflows, activities and record. Time enough for every grace
 * period passes in each.
 */

const AFTERWARDS: Step[] = [
  { do: 'pass', hours: 2 },
  { do: 'reconcile', full: true },
  { do: 'pass', hours: 48 },
  { do: 'reconcile', full: true },
  { do: 'pass', hours: 48 },
];

const CALM: Step[] = [{ do: 'calm' }];

describe('what deletes nothing', () => {
  beforeAll(() => quietRuntime('ERROR'));

  const store = withStore({ externalId: '41000001', login: 'keeper' });
  const temporal = timeSkippingEnvironment();
  let current: Sequence | null = null;
  withWorkers(temporal, () => current);

  /** Five mirrors, of which something is true; then days pass, and nothing was deleted. */
  async function scenario(
    work: (sequence: Sequence) => Promise<unknown>,
    rules: Parameters<typeof Sequence.begin>[2] = {},
  ): Promise<void> {
    const sequence = await Sequence.begin(store, temporal, rules);
    current = sequence;
    try {
      await sequence.mirrorAll();
      await work(sequence);
      expect(sequence.violations).toEqual([]);
    } finally {
      await sequence.close();
    }
  }

  const lastReading = async () =>
    (await store.db.query(`select * from star_readings where kind = 'sweep' order by reading_id desc limit 1`))[0];

  const statusOf = async ({ id }: { id: string }) => (await store.mirrors.get(mirrorIdOf(id)))?.status;

  /** GitHub says this to whatever matches, from now on. */
  function alwaysAnswer(sequence: Sequence, pattern: RegExp, status: number, message: string): void {
    const answer = { status, body: JSON.stringify({ message }), headers: { 'content-type': 'application/json' } };
    for (let times = 0; times < 200; times += 1) sequence.github.answerNext(pattern, answer);
  }

  describe('while the star list is not complete, although a star was taken back', () => {
    it.each<[string, Step['do'] extends string ? Extract<Step, { do: 'fault' }>['fault'] : never, RegExp | null]>([
      ['errors at status 200', 'graphql partial with errors', /./],
      ['errors and no data', 'graphql errors only', /could not be read/],
      ['isOverLimit', 'graphql over limit', /./],
      ['a total that does not fit', 'graphql total too high', /there are 5 stars|5 stars/],
      ['pages that time out', 'graphql times out', /could not be read/],
      ['no complete reading at all', 'graphql absent', /no complete reading/],
      ['a secondary limit', 'secondary limit', /SourceRateLimited/],
      ['answers cut off', 'github cuts bodies off', /could not be read/],
      ['an outage', 'github answers 500', /could not be read/],
    ])('with %s; afterwards it is', async (_, fault, why) => {
      await scenario(async (sequence) => {
        await sequence.run([{ do: 'fault', fault }, { do: 'unstar', at: 0 }, ...AFTERWARDS]);
        const deletedMeanwhile = sequence.deletions;
        const reading = await lastReading();
        await sequence.end();

        expect(deletedMeanwhile).toBe(0);
        expect(reading).toMatchObject({ complete: false });
        if (why) expect(reading?.['incomplete_why']).toMatch(why);
        expect(sequence.deletions).toBe(1);
      });
    });

    it('with an organisation that single sign-on hides: what is hidden is kept', async () => {
      await scenario(async (sequence) => {
        await sequence.run([{ do: 'fault', fault: 'single sign-on hides an owner' }, ...AFTERWARDS, ...CALM]);
        await sequence.end();

        expect(sequence.deletions).toBe(0);
        expect(await sequence.judge()).toEqual([]);
      });
    });
  });

  describe('when the list cannot be true', () => {
    it('because it is empty after a full one', async () => {
      await scenario(async (sequence) => {
        for (const repository of sequence.github.repositories) sequence.github.unstar(repository);
        await sequence.run(AFTERWARDS);

        expect(sequence.deletions).toBe(0);
        expect(await lastReading()).toMatchObject({ complete: true, conclusion: 'refuse' });
      });
    });

    it('because more is missing at once than the budget allows: one item for a person, no timers', async () => {
      const rules = { deleteBudget: { max: 2, windowMs: 86_400_000 } };
      await scenario(async (sequence) => {
        await sequence.run([0, 1, 2].map((at) => ({ do: 'unstar' as const, at })));
        await sequence.run(AFTERWARDS);

        expect(sequence.deletions).toBe(0);
        expect(await lastReading()).toMatchObject({ conclusion: 'hold', absent: 3 });
        expect(await store.db.query('select from deletions')).toEqual([]);
      }, rules);
    });
  });

  describe('when it is about the account', () => {
    it('a renamed login is the same account, and everything stays mirrored', async () => {
      await scenario(async (sequence) => {
        sequence.restart({ account: async () => ({ externalId: '41000001', login: 'renamed' }) });
        await sequence.run(AFTERWARDS);

        expect(sequence.deletions).toBe(0);
        expect(await sequence.judge()).toEqual([]);
        expect(await store.accounts.current()).toMatchObject({ login: 'renamed' });
      });
    });

    it('the token of another account, who stars none of it, is refused', async () => {
      await scenario(async (sequence) => {
        sequence.restart({ account: async () => ({ externalId: '31337', login: 'somebody-else' }) });
        for (const repository of sequence.github.repositories) sequence.github.unstar(repository);
        await sequence.run([...AFTERWARDS, { do: 'webhook', at: 0, kind: 'unstarred' }, { do: 'pass', hours: 48 }]);

        expect(sequence.deletions).toBe(0);
        expect(await store.db.query('select from deletions')).toEqual([]);
        expect(await store.accounts.current()).toMatchObject({ login: 'keeper' });
      });
    });

    it('a token that may not read stars proves nothing', async () => {
      await scenario(async (sequence) => {
        alwaysAnswer(sequence, /graphql|starred/, 403, 'Resource not accessible by personal access token');
        await sequence.run([{ do: 'unstar', at: 0 }, { do: 'webhook', at: 0, kind: 'unstarred' }, ...AFTERWARDS]);

        expect(sequence.deletions).toBe(0);
        expect(await lastReading()).toMatchObject({ complete: false });
      });
    });

    it('a token that sees no star at all proves nothing', async () => {
      await scenario(async (sequence) => {
        alwaysAnswer(sequence, /user\/starred\//, 404, 'Not Found');
        await sequence.run([{ do: 'webhook', at: 0, kind: 'unstarred' }, ...AFTERWARDS]);

        expect(sequence.deletions).toBe(0);
        expect(await statusOf(sequence.repository(0))).toBe('completed');
      });
    });

    it('a revoked token stops everything and deletes nothing', async () => {
      await scenario(async (sequence) => {
        await sequence.run([{ do: 'fault', fault: 'token revoked' }, { do: 'unstar', at: 0 }, ...AFTERWARDS]);

        expect(sequence.deletions).toBe(0);
      });
    });
  });

  describe('when upstream is gone', () => {
    const LOST: [string, 'delete' | 'hide' | 'block' | 'tos'][] = [
      ['deleted', 'delete'],
      ['made private', 'hide'],
      ['blocked (451)', 'block'],
      ['blocked (terms of service)', 'tos'],
    ];

    it.each(LOST)('a mirror that is %s is frozen and kept, also when its star went too', async (_, how) => {
      await scenario(async (sequence) => {
        const repository = sequence.repository(0);
        await sequence.run([{ do: how === 'tos' ? 'block' : how, at: 0 }]);
        if (how === 'tos') repository.blocked = 'tos';
        await sequence.run([{ do: 'unstar', at: 0 }, { do: 'webhook', at: 0, kind: 'unstarred' }, ...AFTERWARDS]);

        expect(sequence.deletions).toBe(0);
        expect(await statusOf(repository)).toBe('frozen');
        expect(sequence.projectsOf(repository)).toHaveLength(1);
      });
    });

    it.each([
      ['shown again', 'hide', 'show'],
      ['unblocked', 'block', 'unblock'],
    ] as const)('a starred mirror that is %s comes back to life in its own project', async (_, lost, found) => {
      await scenario(async (sequence) => {
        const repository = sequence.repository(0);
        const before = (await store.mirror(repository.id)).project;
        await sequence.run([{ do: lost, at: 0 }, { do: 'webhook', at: 0, kind: 'changed' }, ...AFTERWARDS]);
        const frozen = await statusOf(repository);
        await sequence.run([{ do: found, at: 0 }, ...AFTERWARDS]);

        expect([frozen, await statusOf(repository)]).toEqual(['frozen', 'completed']);
        expect((await store.mirror(repository.id)).project).toEqual(before);
        expect(sequence.deletions).toBe(0);
      });
    });

    it('in the grace period of an unstar, it is frozen instead', async () => {
      await scenario(async (sequence) => {
        const repository = sequence.repository(0);
        await sequence.run([
          { do: 'unstar', at: 0 },
          { do: 'reconcile', full: true },
        ]);
        const pending = await statusOf(repository);
        await sequence.run([{ do: 'delete', at: 0 }, ...AFTERWARDS]);

        expect([pending, await statusOf(repository)]).toEqual(['pending_deletion', 'frozen']);
        expect(sequence.deletions).toBe(0);
      });
    });

    it('another repository under its name is another mirror, at another path', async () => {
      await scenario(async (sequence) => {
        const gone = sequence.repository(0);
        await sequence.run([
          { do: 'delete', at: 0 },
          { do: 'reconcile', full: true },
          { do: 'recreate', at: 0 },
        ]);
        const stranger = sequence.repository(0);
        await sequence.run([{ do: 'star', at: 0 }, ...AFTERWARDS]);

        expect(stranger.id).not.toBe(gone.id);
        expect(sequence.projectsOf(gone)).toEqual(['github/ada/engine']);
        expect(sequence.projectsOf(stranger)).toHaveLength(1);
        expect(sequence.projectsOf(stranger)).not.toEqual(sequence.projectsOf(gone));
        expect([await statusOf(gone), await statusOf(stranger)]).toEqual(['frozen', 'completed']);
      });
    });

    it('while GitHub answers 404 to everything, everything is kept, and comes back', async () => {
      await scenario(async (sequence) => {
        alwaysAnswer(sequence, /./, 404, 'Not Found');
        await sequence.run([{ do: 'webhook', at: 0, kind: 'unstarred' }, ...AFTERWARDS]);

        expect(sequence.deletions).toBe(0);
        expect(sequence.projectsOf(sequence.repository(0))).toHaveLength(1);
      });
    });
  });

  describe('when only the name changed', () => {
    it.each(['rename', 'transfer'] as const)('a %s moves the one project', async (how) => {
      await scenario(async (sequence) => {
        const repository = sequence.repository(0);
        const before = (await store.mirror(repository.id)).project;
        await sequence.run([{ do: how, at: 0 }, ...AFTERWARDS]);

        const after = (await store.mirror(repository.id)).project;
        expect(after).toEqual({ projectId: before?.projectId, path: `github/${repository.fullName}` });
        expect(sequence.projectsOf(repository)).toEqual([after?.path]);
        expect(sequence.deletions).toBe(0);
      });
    });

    it('a stranger under the old name is neither mirrored nor taken for it', async () => {
      await scenario(async (sequence) => {
        const repository = sequence.repository(0);
        await sequence.run([{ do: 'rename', at: 0 }, { do: 'squat', at: 0 }, ...AFTERWARDS]);
        const stranger = sequence.github.repositories.find(({ fullName }) => fullName === 'ada/engine');

        expect(await statusOf(repository)).toBe('completed');
        expect(stranger && sequence.projectsOf(stranger)).toEqual([]);
        expect(sequence.deletions).toBe(0);
      });
    });
  });

  it('a webhook that says "unstarred" of what is starred', async () => {
    await scenario(async (sequence) => {
      await sequence.run([{ do: 'webhook', at: 0, kind: 'unstarred' }, ...AFTERWARDS]);

      expect(sequence.deletions).toBe(0);
      expect(await statusOf(sequence.repository(0))).toBe('completed');
    });
  });

  it('a star that comes back within the grace period', async () => {
    await scenario(async (sequence) => {
      await sequence.run([
        { do: 'unstar', at: 0 },
        { do: 'reconcile', full: true },
        { do: 'pass', hours: 13 },
      ]);
      await sequence.run([{ do: 'star', at: 0 }, ...AFTERWARDS]);

      expect(sequence.deletions).toBe(0);
      expect(await sequence.judge()).toEqual([]);
    });
  });
});
