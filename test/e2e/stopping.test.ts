import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { withFleet, type FleetProcess } from './fleet.ts';
import { historyEventsIn } from './histories.ts';

/** A worker that is told to stop at an awkward moment. */

const fleet = withFleet();

/** Of these tests only a machine that has much else to do needs it. */
const PATIENCE_MS = 240_000;
const TIMEOUT_MS = 600_000;

/** Until what is under way is cancelled, and until it is left as it is. */
const GRACE_MS = 10_000;
const FORCE_MS = 30_000;

/** Whatever is held is let go with the test, so that the stand-ins can end. */
const held: (() => void)[] = [];
let stars = 0;

afterEach(async () => {
  held.splice(0).forEach((letGo) => letGo());
  await fleet.killAll();
});

/** The next such request gets no answer. @returns when it came */
function holdNext(host: 'github' | 'onedev', match: RegExp): Promise<void> {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const over = new Promise<void>((resolve) => held.push(resolve));
  fleet[host].failNext({ match, before: () => (reach(), over) });
  return reached;
}

/** A worker that has a new star to mirror, and waits for an answer that does not come. */
async function waitingWorker(host: 'github' | 'onedev', match: RegExp): Promise<FleetProcess> {
  await fleet.star(`ada/part-${(stars += 1)}`);
  const reached = holdNext(host, match);
  const worker = fleet.start('worker');
  await Promise.all([worker.ready(), reached]);
  return worker;
}

describe('a worker that is told to stop', { timeout: TIMEOUT_MS }, () => {
  it('before it has found Temporal ends with 0', async () => {
    const worker = fleet.start('worker', { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    await eventually(() => worker.said('Temporal does not answer yet'), PATIENCE_MS);

    const { code } = await worker.stop();

    expect([code, worker.stderr()]).toEqual([0, '']);
  });

  it('while GitHub does not answer leaves the question to another worker, which asks at once', async () => {
    const worker = await waitingWorker('github', /^POST \/api\/graphql/);

    const { code, ms } = await worker.stop();
    const other = fleet.start('worker');
    await other.ready();
    await fleet.comesToRest(PATIENCE_MS);

    expect([code, worker.stderr()]).toEqual([0, '']);
    expect(ms).toBeGreaterThan(GRACE_MS / 2);
    expect(worker.said('worker stopped')).toBe(true);
    const { timedOut, handedOver } = await historyEventsIn(fleet.temporal);
    expect([timedOut, handedOver]).toEqual([[], ['readStars']]);
  });

  it('while OneDev does not say whether it made a project waits for it, but not for ever', async () => {
    const worker = await waitingWorker('onedev', /^POST .*\/projects/);

    const { code, ms } = await worker.stop();

    expect([code, worker.stderr()]).toEqual([0, '']);
    expect(ms).toBeGreaterThan(FORCE_MS / 2);
    expect(worker.lines().at(-1)?.msg).toMatch(/^worker stopped; what did not end in time/);
  });

  it('twice does not wait', async () => {
    const worker = await waitingWorker('onedev', /^POST .*\/projects/);

    worker.child.kill('SIGTERM');
    await eventually(() => worker.said('worker drains'));
    const again = setInterval(() => worker.child.kill('SIGTERM'), 200);
    const { code } = await worker.ended;
    clearInterval(again);

    expect(code).toBe(130);
    expect(worker.said('worker is told again: it ends without waiting')).toBe(true);
  });
});
