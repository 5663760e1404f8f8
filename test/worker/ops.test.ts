import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import type { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Failure } from '../../src/domain/failures.ts';
import { createWorkerOps, type Hosted, openWorkerOps, type WorkerOpsPorts } from '../../src/worker/ops.ts';

const QUEUES = ['starkeep', 'starkeep-transfer'];

/** A worker whose parts can be turned off one by one. */
function createParts() {
  const parts = {
    isDown: { postgres: false, temporal: false },
    state: 'RUNNING' as ReturnType<Worker['getState']>,
    activities: 0,
    isDraining: false,
    isHosted: true,
    sdk: '',
  };
  const workers = QUEUES.map((taskQueue) => ({
    options: { taskQueue },
    getState: () => parts.state,
    getStatus: () => ({ numInFlightActivities: parts.activities }) as ReturnType<Worker['getStatus']>,
  }));
  const refuse = (kind: 'DatabaseUnavailable' | 'TemporalUnavailable', isDown: boolean) => {
    if (isDown) throw new Failure(kind, 'connection refused');
  };
  const hosted: Hosted = {
    db: {
      query: async () => (refuse('DatabaseUnavailable', parts.isDown.postgres), []),
      use: () => ({ idle: 1, inUse: 2, max: 20, waiting: 0 }),
    },
    control: { ping: async () => refuse('TemporalUnavailable', parts.isDown.temporal) },
    workers,
    slots: { starkeep: 20, 'starkeep-transfer': 2 },
  };
  const ports: WorkerOpsPorts = {
    hosted: () => (parts.isHosted ? hosted : null),
    draining: () => parts.isDraining,
    sdkText: async () => parts.sdk,
    dataDir: tmpdir(),
    log: pino({ level: 'silent' }),
  };
  return { parts, ports, app: createWorkerOps(ports) };
}

describe("a worker's /health", () => {
  it('is 200 while Postgres and Temporal answer and it takes work', async () => {
    const response = await createParts().app.request('/health');

    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ok', dependencies: { postgres: { ok: true }, temporal: { ok: true } } },
    ]);
  });

  it.each(['postgres', 'temporal'] as const)('is 503 with a reason while %s is away, and goes back', async (which) => {
    const { parts, app } = createParts();
    parts.isDown[which] = true;

    const down = await app.request('/health');
    parts.isDown[which] = false;
    const up = await app.request('/health');

    const { dependencies } = (await down.json()) as { dependencies: Record<string, { ok: boolean; reason: string }> };
    expect([down.status, up.status, dependencies[which]?.ok]).toEqual([503, 200, false]);
    expect(dependencies[which]?.reason).toMatch(/^connection refused\. .*(?:DATABASE_URL|TEMPORAL_ADDRESS)/);
  });

  it('is 503 when Temporal answers and no work is taken from it', async () => {
    const { parts, app } = createParts();
    parts.state = 'FAILED';

    const response = await app.request('/health');

    expect(response.status).toBe(503);
    expect(await response.text()).toContain('takes no work from starkeep (failed) and starkeep-transfer (failed)');
  });

  it('is 503 while it starts, and says so', async () => {
    const { parts, app } = createParts();
    parts.isHosted = false;

    const response = await app.request('/health');

    expect([response.status, (await response.text()).includes('has not reached Temporal yet')]).toEqual([503, true]);
  });

  it('says that it drains', async () => {
    const { parts, app } = createParts();
    parts.isDraining = true;

    const response = await app.request('/health');

    expect([response.status, await response.json()]).toMatchObject([503, { status: 'draining' }]);
  });
});

describe("a worker's /readyz", () => {
  it.each<[string, (parts: ReturnType<typeof createParts>['parts']) => void, number]>([
    ['all is well', () => undefined, 200],
    ['it drains, whatever answers', (parts) => (parts.isDraining = true), 503],
    ['Postgres is away', (parts) => (parts.isDown.postgres = true), 503],
    ['Temporal is away', (parts) => (parts.isDown.temporal = true), 503],
    ['it starts', (parts) => (parts.isHosted = false), 503],
  ])('while %s', async (_, change, expected) => {
    const { parts, app } = createParts();
    change(parts);

    expect((await app.request('/readyz')).status).toBe(expected);
  });

  it('is not /livez, which is 200 whatever is down', async () => {
    const { parts, app } = createParts();
    parts.isDown = { postgres: true, temporal: true };
    parts.isDraining = true;

    expect((await app.request('/livez')).status).toBe(200);
  });
});

describe("a worker's /metrics", () => {
  const scrape = async ({ app }: ReturnType<typeof createParts>) => (await app.request('/metrics')).text();

  it('has activities and slots by task queue, and they go back', async () => {
    const worker = createParts();
    worker.parts.activities = 2;

    const busy = await scrape(worker);
    worker.parts.activities = 0;
    const idle = await scrape(worker);

    expect(busy).toContain('starkeep_worker_activities{task_queue="starkeep-transfer"} 2\n');
    expect(busy).toContain('starkeep_worker_slots{task_queue="starkeep-transfer"} 2\n');
    expect(idle).toContain('starkeep_worker_activities{task_queue="starkeep-transfer"} 0\n');
  });

  it('says what is down, and that it is up again', async () => {
    const worker = createParts();
    worker.parts.isDown.temporal = true;

    const down = await scrape(worker);
    worker.parts.isDown.temporal = false;

    expect(down).toContain('starkeep_dependency_up{dependency="temporal"} 0\n');
    expect(await scrape(worker)).toContain('starkeep_dependency_up{dependency="temporal"} 1\n');
  });

  it('has the space on the disk of the data folder, and no number for a folder that is not there', async () => {
    const worker = createParts();

    const there = await scrape(worker);
    worker.ports.dataDir = '/nowhere/at/all';

    expect(there).toMatch(/^starkeep_data_disk_free_bytes [1-9]\d+$/m);
    expect(await scrape(worker)).toMatch(/^starkeep_data_disk_free_bytes Nan$/m);
  });

  it("has what Temporal's SDK counts behind its own", async () => {
    const worker = createParts();
    worker.parts.sdk = '# HELP temporal_x X\n# TYPE temporal_x gauge\ntemporal_x 1\n';

    expect(await scrape(worker)).toMatch(/\n# HELP temporal_x X\n# TYPE temporal_x gauge\ntemporal_x 1\n$/);
  });

  it('has nothing that only an api knows', async () => {
    expect(await scrape(createParts())).not.toMatch(/starkeep_(?:inbox|mirrors|deliveries)/);
  });
});

describe('the address of a worker', () => {
  it('is a free port for 0, and is free again when it is closed', async () => {
    const { ports } = createParts();
    const ops = await openWorkerOps({ host: '127.0.0.1', port: 0 }, ports);

    const { status } = await fetch(`${ops.url}/livez`);
    await ops.close();

    expect([status, ops.url]).toEqual([200, expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/)]);
    await expect(fetch(`${ops.url}/livez`)).rejects.toThrow();
  });

  it('that is taken is an error that names the settings', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;

    await expect(openWorkerOps({ host: '127.0.0.1', port }, createParts().ports)).rejects.toThrow(
      /STARKEEP_WORKER_HOST and STARKEEP_WORKER_PORT say 127\.0\.0\.1:\d+.*each worker of a machine needs its own/,
    );
  });
});
