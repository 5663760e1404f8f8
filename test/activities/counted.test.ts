import { expect, it } from 'vitest';
import type { EndedExchange, Meter } from '../../src/domain/meter.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { RecordEntry } from '../../src/domain/record.ts';
import { createOnedev } from '../../src/adapters/onedev.ts';
import { report } from '../adapters/postgres/test-store.ts';
import { failureOf, transferDouble, withMethods, withWorld } from './world.ts';

const world = withWorld();

/** Writes down what it is told, shortly. */
function createMeter(): Meter & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    synced: ({ trigger, report: { outcome } }) => void told.push(`synced ${trigger} ${outcome}`),
    syncFailed: ({ trigger, kind, givenUp }) => void told.push(`failed ${trigger} ${kind} ${givenUp}`),
    activityFailed: (activity, kind) => void told.push(`${activity} ${kind}`),
  };
}

async function attempt() {
  const repository = await world.mirror('ada/engine');
  const ids = { mirrorId: mirrorIdOf(repository.id), correlationId: 'c', workflowId: 'w', runId: 'run-2' };
  const fields = { repoId: repository.id, fullName: repository.fullName, trigger: 'manual', attempt: 1 } as const;
  return { ...ids, ...fields, startedAt: new Date().toISOString() };
}

it('a sync is counted when it is in the record: once, also where the telling of alerts had to be repeated', async () => {
  const meter = createMeter();
  let isFirst = true;
  const alerts = withMethods(world.store.alerts, {
    takeNews: () => {
      if (!isFirst) return world.store.alerts.takeNews();
      isFirst = false;
      throw new Error('the connection broke');
    },
  });
  const { record } = world.activities({ meter, alerts });
  const entry: RecordEntry = { kind: 'synced', report: report({ outcome: 'changed' }), ...(await attempt()) };

  await failureOf(world.run(record, entry));
  await world.run(record, entry);

  expect(meter.told.filter((what) => what.startsWith('synced'))).toEqual(['synced manual changed']);
});

it('a failed sync is counted by its kind, and an unknown kind is none of its own', async () => {
  const meter = createMeter();
  const { record } = world.activities({ meter });
  const failed = (kind: string, nextAttemptAt: string | null): Extract<RecordEntry, { kind: 'failed' }> => ({
    ...{ kind: 'failed', failure: { kind, message: 'no' }, retryCount: 1, nextAttemptAt },
    ...base,
  });
  const base = await attempt();

  await world.run(record, failed('TargetUnreachable', new Date().toISOString()));
  await world.run(record, { ...failed('made up by a stranger', null), attempt: 2 });

  expect(meter.told).toEqual(['failed manual TargetUnreachable false', 'failed manual Unexpected true']);
});

it('an attempt of an activity that fails is counted by its name and kind', async () => {
  const meter = createMeter();
  const transfer = transferDouble(() => Promise.reject(new Error('nobody foresaw this')));
  const activities = world.activities({ meter, transfer });
  const { mirrorId } = await attempt();

  await failureOf(world.run(activities.transfer, { mirrorId, correlationId: 'c', force: true }));

  expect(meter.told).toEqual(['transfer Unexpected']);
});

it('every request to the hosts is told of with its route, and none is of an unknown one', async () => {
  const told: EndedExchange[] = [];
  const onExchange = (ended: EndedExchange) => void told.push(ended);
  const { url, token } = world.onedev;
  const target = createOnedev({ url, token, parent: 'github', userAgent: 'starkeep-test', onExchange });
  const activities = world.activities({ source: world.source({ onExchange }), target });
  const repository = world.star('ada/notes');
  const ids = { mirrorId: mirrorIdOf(repository.id), correlationId: 'c' };
  const claims = { repoId: repository.id, fullName: 'ada/notes', claims: 'nothing', requested: true } as const;

  await world.run(activities.fetchMetadata, { ...ids, ...claims });
  await world.run(activities.ensureProject, ids);
  const plan = await world.run(activities.beginReading, { correlationId: 'r', full: true });
  await world.run(activities.readStars, { correlationId: 'r', list: 'sweep', cursor: null, ...plan });

  const routes = told.map(({ host, method, route, status }) => `${host} ${method} ${route} ${status}`);
  expect(routes).toContain('github GET /repositories/{id} 200');
  expect(routes).toContain('github POST /graphql 200');
  expect(routes).toContain('onedev POST /projects 200');
  expect(routes.filter((route) => route.includes('other'))).toEqual([]);
  expect(told.filter(({ seconds }) => !(seconds > 0))).toEqual([]);
});

it('a request without an answer is told of as one without a status', async () => {
  const told: EndedExchange[] = [];
  const options = { url: 'http://127.0.0.1:9', token: 't', parent: 'github', userAgent: 'starkeep-test' };
  const target = createOnedev({ ...options, onExchange: (ended) => void told.push(ended) });

  await expect(target.version()).rejects.toThrow();

  expect(told).toMatchObject([{ host: 'onedev', route: '/version/server', status: null }]);
});
