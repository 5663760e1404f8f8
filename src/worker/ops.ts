import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { statfs } from 'node:fs/promises';
import { serve } from '@hono/node-server';
import type { Worker } from '@temporalio/worker';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Pool } from '../adapters/postgres/database.ts';
import { type Answer, ask, shown } from '../checks.ts';
import { ConfigError } from '../config.ts';
import { Failure } from '../domain/failures.ts';
import type { MirrorControl } from '../domain/ports.ts';
import {
  dataDiskFree,
  dataDiskSize,
  metricsText,
  setPool,
  workerActivities,
  workerRegistry,
  workerSlots,
} from '../metrics.ts';

/** What a worker answers about itself, on a port of its own: `/health`, `/livez`, `/readyz`, `/metrics`, and nothing else. */

/** One that polls a task queue, as far as it is looked at here. */
export type Polling = Pick<Worker, 'getState' | 'getStatus'> & {
  readonly options: Pick<Worker['options'], 'taskQueue'>;
};

/** What a worker is made of, once it is. */
export interface Hosted {
  db: Pick<Pool, 'query' | 'use'>;
  control: Pick<MirrorControl, 'ping'>;
  /** `null`: they are not made yet. */
  workers: readonly Polling[] | null;
  /** Activities at a time, by task queue. */
  slots: Readonly<Record<string, number>>;
}

export interface WorkerOpsPorts {
  /** `null`: it has not reached Temporal yet. */
  hosted: () => Hosted | null;
  draining: () => boolean;
  /** The numbers of Temporal's own SDK, as a scrape of it gets them. */
  sdkText: () => Promise<string>;
  dataDir: string;
  log: Logger;
}

export function createWorkerOps(ports: WorkerOpsPorts): Hono {
  const app = new Hono();
  const checks = async () => {
    const [postgres, temporal] = await Promise.all([askPostgres(ports), askTemporal(ports)]);
    return { postgres: shown(postgres), temporal: shown(temporal) };
  };

  app.get('/livez', (c) => c.json({ status: 'ok' }));

  app.get('/health', async (c) => {
    const dependencies = await checks();
    const isWell = Object.values(dependencies).every(({ ok }) => ok);
    // What is on its way out is neither: it does what it was told to.
    const status = ports.draining() ? 'draining' : isWell ? 'ok' : 'unhealthy';
    return c.json({ status, dependencies }, isWell && status === 'ok' ? 200 : 503);
  });

  app.get('/readyz', async (c) => {
    if (ports.draining()) return c.json({ status: 'draining' }, 503);
    const dependencies = await checks();
    // A worker does nothing without both.
    const isReady = Object.values(dependencies).every(({ ok }) => ok);
    return c.json({ status: isReady ? 'ready' : 'not ready', dependencies }, isReady ? 200 : 503);
  });

  app.get('/metrics', async (c) => {
    const [sdk] = await Promise.all([ports.sdkText(), checks(), measureDisk(ports)]);
    const hosted = ports.hosted();
    if (hosted) setPool(hosted.db.use());
    for (const worker of hosted?.workers ?? []) {
      workerActivities.set({ task_queue: worker.options.taskQueue }, worker.getStatus().numInFlightActivities);
    }
    for (const [taskQueue, slots] of Object.entries(hosted?.slots ?? {})) {
      workerSlots.set({ task_queue: taskQueue }, slots);
    }
    const { text, contentType } = await metricsText(workerRegistry);
    return c.body(`${text.trimEnd()}\n${sdk}`, 200, { 'content-type': contentType });
  });

  return app;
}

function hostedNow({ hosted }: WorkerOpsPorts): Hosted {
  const now = hosted();
  if (now) return now;
  throw new Failure('TemporalUnavailable', 'the worker is starting, and has not reached Temporal yet');
}

function askPostgres(ports: WorkerOpsPorts): Promise<Answer<unknown>> {
  return ask(ports.log, 'postgres', async () => hostedNow(ports).db.query('select 1'));
}

/** That the server answers says nothing of whether work is taken from it, nor the other way round: a poll goes on while the server is away. */
function askTemporal(ports: WorkerOpsPorts): Promise<Answer<unknown>> {
  return ask(ports.log, 'temporal', async () => {
    const { control, workers } = hostedNow(ports);
    await control.ping();
    if (workers === null) throw new Failure('TemporalUnavailable', 'the worker is starting, and takes no work yet');
    const idle = workers.filter((worker) => worker.getState() !== 'RUNNING');
    if (idle.length === 0) return;
    const names = idle.map((worker) => `${worker.options.taskQueue} (${worker.getState().toLowerCase()})`);
    throw new Failure('TemporalUnavailable', `the worker takes no work from ${names.join(' and ')}`);
  });
}

async function measureDisk({ dataDir }: WorkerOpsPorts): Promise<void> {
  try {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    dataDiskFree.set(bavail * bsize);
    dataDiskSize.set(blocks * bsize);
  } catch {
    // Made by the first clone; until then there is nothing to say.
    dataDiskFree.set(Number.NaN);
    dataDiskSize.set(Number.NaN);
  }
}

/**
 * Begins to listen.
 * @returns the address, with the port that was chosen for 0
 * @throws ConfigError when the address cannot be listened on
 */
export async function openWorkerOps(
  where: { host: string; port: number },
  ports: WorkerOpsPorts,
): Promise<{ url: string; close(): Promise<void> }> {
  const { host: hostname, port } = where;
  const server = serve({ fetch: createWorkerOps(ports).fetch, hostname, port }) as Server;
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE' ? 'another program listens there (each worker of a machine needs its own)' : message;
    throw new ConfigError([
      `STARKEEP_WORKER_HOST and STARKEEP_WORKER_PORT say ${hostname}:${port}, which cannot be listened on: ${why}.`,
    ]);
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${address.port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
