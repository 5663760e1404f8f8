import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { historyEventsIn } from './histories.ts';
import { WEBHOOK_SECRET, withFleet, type FleetProcess, type Starred } from './fleet.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { eventually } from '../support/eventually.ts';
import { createHookshot, type Hookshot } from '../support/hookshot.ts';
import { commit, readRef } from '../support/repo.ts';

/**
 * An upgrade while GitHub goes on sending: two apis behind a balancer and two workers, each told to stop and replaced. Afterwards the same without being
 * told. Every request, every delivery and every ref is accounted for.
 */

const fleet = withFleet();

const DRAIN_DELAY_MS = 5_000;

/** What the operator's handbook promises: of an api, requests under way have 15 s after the delay; of a worker, all it does has 30 s. */
const API_STOPS_WITHIN_MS = DRAIN_DELAY_MS + 15_000;
const WORKER_STOPS_WITHIN_MS = 30_000;

/** Beyond what is promised, for a machine that has much else to do. */
const SLOWNESS_MS = 20_000;

/** Of these tests only a machine that has much else to do needs it. */
const PATIENCE_MS = 240_000;
const TIMEOUT_MS = 900_000;
const EVERY_MS = 300;

/** A delivery in so many brings a commit; the others only say so, as GitHub does when it sends twice. */
const COMMIT_EVERY = 4;

const starred: Starred[] = [];
let slow: Starred;
let balancer: Balancer;
let hookshot: Hookshot;

beforeAll(async () => {
  for (const name of ['engine', 'notes', 'loom', 'compiler']) {
    starred.push(await fleet.star(`ada/${name}`, { branches: ['next'], tags: 2 }));
  }
  slow = await fleet.star('ada/slow');
});

afterEach(async () => {
  await hookshot?.end();
  await balancer?.close();
  await fleet.killAll();
});

async function startApi(): Promise<FleetProcess & { url: string }> {
  const api = fleet.start('api', {
    STARKEEP_DRAIN_DELAY: `${DRAIN_DELAY_MS / 1000}s`,
  });
  const url = await api.ready();
  balancer.add(url);
  await eventually(() => balancer.isReady(url), PATIENCE_MS, 100);
  return { ...api, url };
}

async function startWorker(): Promise<FleetProcess> {
  const worker = fleet.start('worker');
  await worker.ready();
  return worker;
}

let pushes = 0;

/** Somebody pushes, here and there. */
async function nextPush(): Promise<{ event: string; payload: object }> {
  pushes += 1;
  const { repo, upstream } = starred[pushes % starred.length] as Starred;
  const before = await readRef(repo, 'refs/heads/main');
  const after =
    pushes % COMMIT_EVERY === 0 ? await commit(repo, { branch: 'main', message: `change ${pushes}` }) : before;
  const payload = fleet.github.payloads.push(upstream, {
    before: before ?? '',
    after: after ?? '',
  });
  return { event: 'push', payload };
}

async function statusOf({ upstream }: Starred): Promise<string | undefined> {
  const [row] = await fleet.db.query('select status from mirrors where full_name = $1', [upstream.fullName]);
  return row?.['status'] as string | undefined;
}

/** Guids that were acknowledged, and which nobody knows of. */
async function lost(): Promise<string[]> {
  const known = new Set((await fleet.db.query('select guid from deliveries')).map(({ guid }) => String(guid)));
  return hookshot.shots.filter(({ status, guid }) => status === 202 && !known.has(guid)).map(({ guid }) => guid);
}

describe('when every process is told to stop and replaced, one after the other', () => {
  it('no request fails, no sync is lost, and nothing waits for a dead worker', { timeout: TIMEOUT_MS }, async () => {
    balancer = await startBalancer();
    const [apis, workers] = await Promise.all([
      Promise.all([startApi(), startApi()]),
      Promise.all([startWorker(), startWorker()]),
    ]);
    await fleet.comesToRest(PATIENCE_MS);
    const held = holdNextFetch(slow);
    await commit(slow.repo, { branch: 'main', message: 'takes its time' });
    hookshot = createHookshot(balancer.url, WEBHOOK_SECRET);
    const delivered = fleet.github.deliver(`${balancer.url}/webhooks/github`, 'push', await pushOf(slow), {
      secret: WEBHOOK_SECRET,
    });
    // Whichever worker has it: both are told to stop.
    await held.reached;
    hookshot.begin(EVERY_MS, nextPush);

    const stops: {
      name: string;
      code: number | null;
      ms: number;
      within: number;
    }[] = [];
    const rollApis = async () => {
      for (const api of apis) {
        stops.push({
          name: 'api',
          within: API_STOPS_WITHIN_MS,
          ...(await api.stop()),
        });
        balancer.remove(api.url);
        await startApi();
      }
    };
    const rollWorkers = async () => {
      for (const worker of workers) {
        stops.push({
          name: 'worker',
          within: WORKER_STOPS_WITHIN_MS,
          ...(await worker.stop()),
        });
        await startWorker();
      }
    };
    await Promise.all([rollApis(), rollWorkers()]);
    await hookshot.end();
    held.letGo();

    expect((await delivered).status).toBe(202);
    expect(hookshot.shots.filter(({ status }) => status !== 202)).toEqual([]);
    expect(balancer.refused).toEqual([]);
    expect(stops.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(stops.filter(({ ms, within }) => ms > within + SLOWNESS_MS)).toEqual([]);
    await fleet.comesToRest(PATIENCE_MS);
    // A pass of it that began since then ends.
    await eventually(async () => (await statusOf(slow)) === 'completed', PATIENCE_MS, 100);
    expect(await lost()).toEqual([]);
    expect((await fleet.db.query(`select 1 from syncs where outcome = 'failed'`)).length).toBe(0);
    // Whatever was left to another worker was handed over: nobody waited until a heartbeat was missed.
    const events = await historyEventsIn(fleet.temporal);
    expect(events.timedOut).toEqual([]);
    expect(events.handedOver).toContain('transfer');
    expect(hookshot.shots.length).toBeGreaterThan(20);
  });
});

describe('when an api and a worker are killed', () => {
  it('nothing is lost that was acknowledged', { timeout: TIMEOUT_MS }, async () => {
    balancer = await startBalancer();
    const apis = await Promise.all([startApi(), startApi()]);
    const workers = await Promise.all([startWorker(), startWorker()]);
    hookshot = createHookshot(balancer.url, WEBHOOK_SECRET);
    hookshot.begin(EVERY_MS, nextPush);
    await eventually(() => hookshot.shots.length > 10, PATIENCE_MS);

    await Promise.all([apis[0].kill(), workers[0]?.kill()]);
    const killedAt = hookshot.shots.length;
    await eventually(() => hookshot.shots.length > killedAt + 20, PATIENCE_MS);
    await hookshot.end();

    await fleet.comesToRest(PATIENCE_MS);
    expect(await lost()).toEqual([]);
    // The balancer notices, and the other api takes the rest.
    expect(hookshot.shots.slice(-10).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
    expect(hookshot.shots.every(({ status }) => status === null || status === 202)).toBe(true);
  });
});

async function pushOf({ repo, upstream }: Starred): Promise<object> {
  const after = (await readRef(repo, 'refs/heads/main')) ?? '';
  return fleet.github.payloads.push(upstream, { after });
}

/** The next fetch from this repository gets no answer before it is let go; those after it do. */
function holdNextFetch({ upstream }: Starred): {
  reached: Promise<void>;
  letGo: () => void;
} {
  let letGo = (): void => undefined;
  const over = new Promise<void>((resolve) => (letGo = resolve));
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const before = () => (reach(), over);
  fleet.github.failNext({
    match: new RegExp(`^POST /${upstream.fullName}\\.git/git-upload-pack`),
    before,
  });
  return { reached, letGo };
}
