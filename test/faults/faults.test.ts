import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { FEWEST_REPOSITORIES, KILLED, planCampaign } from './plan.ts';

/** A campaign of less than a minute; `npm run test:faults` is the long one. Another seed tries other moments. */
const SEED = 11;

const options = { seed: SEED, repositories: FEWEST_REPOSITORIES, durationMs: 12_000, short: true };

describe('when every process is killed once, and connections break', () => {
  let ended: Promise<unknown> = Promise.resolve();
  let dir = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'starkeep-faults-'));
    await chmod(dir, 0o755);
  });

  // Also after a time-out, which only asks the campaign to end.
  afterAll(async () => {
    await ended;
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }, 120_000);

  it('nothing that was acknowledged is lost, and nothing else is touched', { timeout: 420_000 }, async ({ signal }) => {
    const said: string[] = [];
    const campaign = runCampaign({
      plan: planCampaign(options),
      dir,
      temporalBinary: inject('temporalCli'),
      settle: { withinMs: 180_000, stillMs: 120_000 },
      say: (line) => said.push(line),
      signal,
    });
    ended = campaign.catch(() => undefined);

    const { losses, deliveries, faults, deletions } = await campaign;

    expect(losses, said.join('\n')).toEqual([]);
    expect([...faults.keys()]).toEqual(expect.arrayContaining(KILLED.map((name) => `kill ${name}`)));
    expect(deliveries.every(({ acknowledgedAt }) => acknowledgedAt !== null)).toBe(true);
    // Else nothing would have been at stake.
    expect(deletions).toBeGreaterThan(0);
  });
});

describe('the plan of a campaign', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planCampaign(options)).toEqual(planCampaign(options));
    expect(planCampaign(options)).not.toEqual(planCampaign({ ...options, seed: SEED + 1 }));
  });

  it.each([1, 2, 3])('kills everything before it kills anything twice (seed %i)', (seed) => {
    const { faults, repositories } = planCampaign({ seed, repositories: 200, durationMs: 240_000 });
    const kills = faults.flatMap(({ kind }) => (kind.startsWith('kill ') ? [kind] : []));

    expect(new Set(kills.slice(0, KILLED.length)).size).toBe(KILLED.length);
    expect(repositories).toHaveLength(200);
    expect(new Set(repositories.map(({ fullName }) => fullName)).size).toBe(200);
  });
});
