import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { watchGithubRanges, type GithubRanges } from '../../src/adapters/github-ranges.ts';
import { contains } from '../../src/api/addresses.ts';

const HOUR_MS = 3_600_000;
const HOOKS = ['192.30.252.0/22', '140.82.112.0/20', '2a0a:a440::/29'];

interface World {
  ranges: GithubRanges;
  errors: string[];
  asked: { path: string | undefined; headers: IncomingHttpHeaders }[];
  /** What `/meta` does from now on. */
  answer: (respond: (response: ServerResponse) => void) => void;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

async function watch(first: (response: ServerResponse) => void): Promise<World> {
  let respond = first;
  const asked: World['asked'] = [];
  const errors: string[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url, headers: request.headers });
    respond(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  const ranges = watchGithubRanges({ apiUrl, userAgent: 'starkeep/test' }, (reason) => errors.push(reason));
  onTestFinished(async () => {
    ranges.stop();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { ranges, errors, asked, answer: (next) => (respond = next) };
}

/** Waits without a timer, since those are not real here. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((wake) => setImmediate(wake));
}

describe("GitHub's addresses", () => {
  it('are asked for at once, as GitHub wants to be asked', async () => {
    const { ranges, asked } = await watch(json({ hooks: HOOKS }));

    await until(() => ranges.current() !== null);

    expect(asked).toEqual([
      {
        path: '/api/meta',
        headers: expect.objectContaining({
          'user-agent': 'starkeep/test',
          'x-github-api-version': '2022-11-28',
        }) as IncomingHttpHeaders,
      },
    ]);
  });

  it.each([
    ['192.30.255.255', true],
    ['140.82.127.1', true],
    ['::ffff:140.82.112.1', true],
    ['2a0a:a447::1', true],
    ['192.31.0.0', false],
    ['2a0a:a448::1', false],
    ['127.0.0.1', false],
  ])('contain %s: %j', async (address, expected) => {
    const { ranges } = await watch(json({ hooks: HOOKS }));
    await until(() => ranges.current() !== null);

    const list = ranges.current();

    expect(list && contains(list, address)).toBe(expected);
  });

  it('are unknown until GitHub has answered', async () => {
    const { ranges, asked } = await watch(() => undefined);

    await until(() => asked.length > 0);

    expect(ranges.current()).toBeNull();
  });

  it('are read again after a day', async () => {
    const { ranges, asked, answer } = await watch(json({ hooks: ['192.30.252.0/22'] }));
    await until(() => ranges.current() !== null && vi.getTimerCount() > 0);
    const before = ranges.current();
    answer(json({ hooks: ['198.51.100.0/24'] }));

    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    await until(() => ranges.current() !== before);

    const list = ranges.current();
    expect([asked.length, list && contains(list, '198.51.100.1'), list && contains(list, '192.30.252.1')]).toEqual([
      2,
      true,
      false,
    ]);
  });

  it('stay the last ones known while GitHub cannot be asked, and are asked for again after minutes', async () => {
    const { ranges, errors, asked, answer } = await watch(json({ hooks: HOOKS }));
    await until(() => ranges.current() !== null && vi.getTimerCount() > 0);
    const before = ranges.current();
    answer(json({ message: 'API rate limit exceeded' }, 403));

    await vi.advanceTimersByTimeAsync(24 * HOUR_MS);
    await until(() => errors.length > 0 && vi.getTimerCount() > 0);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    await until(() => errors.length > 1);

    expect([ranges.current() === before, asked.length, errors[0]]).toEqual([
      true,
      3,
      'GitHub answered 403 when asked for its addresses',
    ]);
  });

  it.each([
    ['no JSON', (response: ServerResponse) => void response.end('<html>')],
    ['no list', json({})],
    ['an empty list', json({ hooks: [] })],
    ['a range without an address', json({ hooks: [...HOOKS, '/8'] })],
    ['a range with a length that is none', json({ hooks: [...HOOKS, '10.0.0.0/x'] })],
    ['a range with an empty length, which must not become everybody', json({ hooks: [...HOOKS, '10.0.0.0/'] })],
  ])('are not taken from %s', async (_, respond) => {
    const { ranges, errors } = await watch(respond);

    await until(() => errors.length > 0);

    expect([ranges.current(), errors]).toEqual([null, ['GitHub sent no list of its addresses']]);
  });

  it('may be single ones: those are not the ranges of everybody', async () => {
    const { ranges } = await watch(json({ hooks: ['192.30.252.1'] }));
    await until(() => ranges.current() !== null);

    const list = ranges.current();

    expect(list && [contains(list, '192.30.252.1'), contains(list, '203.0.113.7')]).toEqual([true, false]);
  });

  it('are no longer asked for once stopped, and a question under way ends with it', async () => {
    const { ranges, errors, asked } = await watch(() => undefined);
    await until(() => asked.length > 0);

    ranges.stop();
    await vi.advanceTimersByTimeAsync(48 * HOUR_MS);

    expect([asked.length, errors, vi.getTimerCount()]).toEqual([1, [], 0]);
  });
});
