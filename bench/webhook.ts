import { createHash, createHmac, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { createDeliveryStore } from '../src/adapters/postgres/deliveries.ts';
import { ensureSearchAttributes } from '../src/adapters/search-attributes.ts';
import { createMirrorControl, openTemporal } from '../src/adapters/temporal.ts';
import type { RepoEvent } from '../src/domain/events.ts';
import type { Delivery } from '../src/domain/record-stores.ts';
import { freePort } from '../src/free-port.ts';
import { createSender } from '../test/api/receiver.ts';
import { median, percentile, say, startServers, startStarkeep } from './processes.ts';

/**
 * What taking a webhook costs: `npm run bench -- webhook [--seconds 4] [--runs 5] [--concurrency 1,16,64]`. Deliveries per second and the time to
 * the answer of `POST /webhooks/github` in a real api process, against its two bare parts, called from here without HTTP: the insert into the
 * inbox, and the signal to Temporal. All three in turn in each run, on the same Postgres and Temporal; no worker runs, so that nothing else takes
 * their time. The ratio is to the slower of the two parts.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    runs: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '1,16,64' },
  },
});
const seconds = Number(values.seconds);
const runs = Number(values.runs);

/** So many mirrors take turns: a busy account's, not one repository's. */
const REPOSITORIES = 200;
const SECRET = 'a secret of the benchmark';
const WARM_SECONDS = 8;

const { model, payloads } = createSender();
const pushes = Array.from({ length: REPOSITORIES }, (_, index) => {
  const repository = model.add({ fullName: `bench/repo-${index}` });
  const body = Buffer.from(JSON.stringify(payloads.push(repository, { after: 'a'.repeat(40) })));
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  return { repoId: repository.id, fullName: repository.fullName, body, signature, bodySha256 };
});
type Push = (typeof pushes)[number];

const servers = await startServers();
const port = await freePort();
const api = await startStarkeep('api', servers, {
  GITHUB_WEBHOOK_SECRET: SECRET,
  STARKEEP_PORT: String(port),
  STARKEEP_ADMIN_KEY: 'an-admin-key-of-the-benchmark-0123456789',
});
const db = createDatabase({ url: servers.databaseUrl });
const temporal = openTemporal({ environment: {}, address: servers.temporalAddress, namespace: 'default' });
// A worker's first deed, and no worker runs.
await ensureSearchAttributes(temporal.connection, 'default');
const control = createMirrorControl(temporal);
const deliveries = createDeliveryStore(db);

/** One delivery by each way. They differ in the repositories' ids, so that none meets a workflow of the other. */
const WAYS = {
  insert: async (push: Push) => void (await deliveries.take(deliveryOf(push))),
  signal: async (push: Push) => void (await control.repoEvent(eventOf({ ...push, repoId: `9${push.repoId}` }))),
  endpoint: post,
};
type Way = keyof typeof WAYS;
const WAY_NAMES = Object.keys(WAYS) as Way[];

interface Sample {
  perSecond: number;
  ms: number[];
}

try {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  // An api runs for years: what it does in its first seconds, before its code is compiled, says nothing.
  for (const way of WAY_NAMES) await load(way, 16, WARM_SECONDS, agent);
  const table = new Table({
    head: ['at once', 'what', 'per second', 'p50 ms', 'p99 ms', 'of the slower part'],
    style: { head: [], border: [] },
  });
  for (const concurrency of values.concurrency.split(',').map(Number)) {
    const samples: Record<Way, Sample[]> = { insert: [], signal: [], endpoint: [] };
    for (let run = 0; run < runs; run += 1) {
      // Each time another one first: what the machine does meanwhile hits all alike.
      for (let turn = 0; turn < WAY_NAMES.length; turn += 1) {
        const way = WAY_NAMES[(turn + run) % WAY_NAMES.length] as Way;
        samples[way].push(await load(way, concurrency, seconds, agent));
      }
      say(`${concurrency} at once: run ${run + 1} of ${runs}`);
    }
    const ratios = samples.endpoint.map(
      ({ perSecond }, run) =>
        perSecond / Math.min(samples.insert[run]?.perSecond ?? NaN, samples.signal[run]?.perSecond ?? NaN),
    );
    for (const way of WAY_NAMES) {
      const ms = samples[way].flatMap((sample) => sample.ms);
      const rate = median(samples[way].map(({ perSecond }) => perSecond));
      const ratio = way === 'endpoint' ? median(ratios).toFixed(2) : '';
      const times = [50, 99].map((percent) => percentile(ms, percent).toFixed(1));
      table.push([concurrency, way, rate.toFixed(0), ...times, ratio]);
    }
  }
  process.stdout.write(`${table.toString()}\n`);
  agent.destroy();
} finally {
  await api.stop();
  await Promise.all([db.close(), temporal.close()]);
  await servers.stop();
}

/** So many at once, each beginning the next when it has its answer. */
async function load(way: Way, concurrency: number, lasting: number, agent: Agent): Promise<Sample> {
  const ms: number[] = [];
  const began = performance.now();
  const until = began + lasting * 1000;
  let next = 0;
  const lane = async () => {
    while (performance.now() < until) {
      const push = pushes[(next += 1) % REPOSITORIES] as Push;
      const start = performance.now();
      await WAYS[way](push, agent);
      ms.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { perSecond: ms.length / ((performance.now() - began) / 1000), ms };
}

/** As GitHub sends it, over a connection that is kept. */
function post({ body, signature }: Push, agent: Agent): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-github-event': 'push',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': signature,
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/webhooks/github', method: 'POST', headers, agent },
      (answer) => {
        answer.resume();
        answer.once('error', reject);
        answer.once('end', () => {
          if (answer.statusCode === 202) resolve();
          else reject(new Error(`the api answered ${answer.statusCode}`));
        });
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

function eventOf({ repoId, fullName }: Push): RepoEvent {
  const guid = randomUUID();
  return { kind: 'changed', repoId, fullName, trigger: 'webhook', correlationId: guid, deliveryId: guid };
}

function deliveryOf(push: Push): Delivery {
  const guid = randomUUID();
  return {
    guid,
    hookId: null,
    bodySha256: push.bodySha256,
    event: 'push',
    action: null,
    repoId: push.repoId,
    fullName: push.fullName,
    correlationId: guid,
    repoEvent: { ...eventOf(push), correlationId: guid, deliveryId: guid },
    ignoredReason: null,
  };
}
