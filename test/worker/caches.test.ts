import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Queryable } from '../../src/adapters/postgres/database.ts';
import { loadConfig } from '../../src/config.ts';
import { parsePayloadKeys } from '../../src/domain/payload-keys.ts';
import { cacheOperationsTotal } from '../../src/metrics.ts';
import { type Caches, createCaches } from '../../src/worker/caches.ts';

const KEYS = parsePayloadKeys(`one:${Buffer.alloc(32, 'one').toString('base64')}`);
const TOKEN = `ghs_1.a.b|2026-01-01T00:00:00Z|${new Date(Date.now() + 3_600_000).toISOString()}|all|contents|`;

describe('what workers remember', () => {
  const closing: Caches[] = [];
  let asked: string[] = [];

  afterEach(async () => {
    await Promise.all(closing.splice(0).map((caches) => caches.close()));
    cacheOperationsTotal.reset();
    asked = [];
  });

  async function open(environment: Record<string, string>, keys = KEYS): Promise<Caches> {
    const db = { query: (text: string) => (asked.push(text), Promise.resolve([])) } as Queryable;
    const logger = pino({ level: 'silent' });
    const caches = await createCaches(loadConfig(environment, 'none'), { db, keys, logger, redact: (text) => text });
    closing.push(caches);
    return caches;
  }

  async function counted(cache: string): Promise<Record<string, number>> {
    const { values } = await cacheOperationsTotal.get();
    const ours = values.filter(({ labels }) => labels['cache'] === cache);
    return Object.fromEntries(ours.map(({ labels, value }) => [labels['outcome'], value]));
  }

  it('is counted by what became of it', async () => {
    const { answers } = await open({ STARKEEP_CACHE: 'memory' });
    await answers.get('a');
    await answers.set('a', { etag: '"1"', body: '[]', headers: {} });
    await answers.get('a');

    expect(await counted('answers')).toEqual({ hit: 1, miss: 1 });
    expect(asked).toEqual([]);
  });

  it('of an App is in Postgres only sealed', async () => {
    const { tokens } = await open({});

    await tokens.set('1', TOKEN);

    expect(asked.some((text) => text.includes('insert into remembered'))).toBe(true);
    expect(await tokens.get('1')).toBe(TOKEN);
  });

  it.each([
    ['without a key', {}, []],
    ['where it is said', { STARKEEP_CACHE: 'memory' }, KEYS],
  ])('of an App stays in the process %s', async (_, environment, keys) => {
    const { tokens } = await open(environment, keys);

    await tokens.set('1', TOKEN);

    expect(await tokens.get('1')).toBe(TOKEN);
    expect(asked).toEqual([]);
    expect(await counted('tokens')).toEqual({ hit: 1 });
  });
});
