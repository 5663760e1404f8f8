import { afterEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/domain/failures.ts';
import { MIRROR_STATUSES } from '../../src/domain/model.ts';
import type { Figures } from '../../src/domain/figures.ts';
import { createReceiver, FIGURES, type Receiver } from './receiver.ts';

const never = () => new Promise<never>(() => undefined);
const refused = () => Promise.reject(new Failure('DatabaseUnavailable', 'Postgres: connection refused'));

const withFigures = (read: () => Promise<Partial<Figures>>): Receiver =>
  createReceiver({ figures: { read: async () => ({ ...FIGURES, ...(await read()) }) } });

const withCounts = (counts: () => Promise<Record<string, number>>): Receiver =>
  withFigures(async () => ({ byStatus: await counts() }));

/** What a scraper reads: name with labels → value. */
async function scrape({ app }: Receiver): Promise<Map<string, number>> {
  const text = await (await app.request('/metrics')).text();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

describe('/health', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is 200 while Postgres and Temporal answer', async () => {
    const { app } = createReceiver();

    const response = await app.request('/health');

    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ok', dependencies: { postgres: { ok: true }, temporal: { ok: true } } },
    ]);
  });

  it('is 503 while Temporal is down, with the reason and what to do', async () => {
    const { app, control } = createReceiver();
    control.isDown = true;

    const response = await app.request('/health');

    expect([response.status, await response.json()]).toEqual([
      503,
      {
        status: 'unhealthy',
        dependencies: {
          postgres: { ok: true },
          temporal: {
            ok: false,
            reason: expect.stringMatching(/^Temporal: connection refused\. .*TEMPORAL_ADDRESS/) as string,
          },
        },
      },
    ]);
  });

  it('is 503 while Postgres is down, with the reason and what to do', async () => {
    const { app, inbox } = createReceiver();
    inbox.backlog = refused;

    const response = await app.request('/health');

    expect([response.status, await response.json()]).toMatchObject([
      503,
      {
        dependencies: { postgres: { ok: false, reason: expect.stringMatching(/refused\. .*DATABASE_URL/) as string } },
      },
    ]);
  });

  it('goes back to 200 by itself', async () => {
    const { app, control } = createReceiver();
    control.isDown = true;
    await app.request('/health');
    control.isDown = false;

    const response = await app.request('/health');

    expect(response.status).toBe(200);
  });

  it('does not wait for a server that hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const { app, inbox } = createReceiver();
    inbox.backlog = never;

    const answer = app.request('/health');
    await vi.advanceTimersByTimeAsync(3_000);

    const response = await answer;
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { dependencies: { postgres: { ok: false, reason: expect.stringContaining('no answer within 3 s') as string } } },
    ]);
  });

  it('tells the caller nothing of an unforeseen error, and the log everything', async () => {
    const { app, inbox, logged } = createReceiver();
    inbox.backlog = () => Promise.reject(new Error('relation "deliveries" does not exist'));

    const response = await app.request('/health');

    const text = await response.text();
    expect([response.status, text.includes('relation')]).toEqual([503, false]);
    expect(text).toContain('It failed unexpectedly; the log has the details.');
    expect(JSON.stringify(logged)).toContain('relation');
  });
});

describe('/readyz', () => {
  const readyz = async (setUp: (receiver: Receiver) => void) => {
    const receiver = createReceiver();
    setUp(receiver);
    return (await receiver.app.request('/readyz')).status;
  };

  it.each([
    ['both answer', () => undefined, 200],
    ['Temporal alone answers', ({ inbox }: Receiver) => (inbox.backlog = refused), 200],
    ['Postgres alone answers', ({ control }: Receiver) => (control.isDown = true), 200],
    [
      'neither answers',
      ({ inbox, control }: Receiver) => {
        inbox.backlog = refused;
        control.isDown = true;
      },
      503,
    ],
  ])('while %s', async (_, setUp, expected) => {
    expect(await readyz(setUp)).toBe(expected);
  });

  it('is 503 while the process drains, whatever answers', async () => {
    const { app } = createReceiver({ draining: () => true });

    const response = await app.request('/readyz');

    expect([response.status, await response.json()]).toEqual([503, { status: 'draining' }]);
  });
});

describe('/livez', () => {
  it('is 200 whatever is down, and while the process drains', async () => {
    const { app, inbox, control } = createReceiver({ draining: () => true });
    inbox.backlog = refused;
    control.isDown = true;

    const response = await app.request('/livez');

    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });
});

describe('/metrics', () => {
  it('is text of the Prometheus format, with a help and a type for each metric', async () => {
    const { app } = createReceiver();

    const response = await app.request('/metrics');

    const lines = (await response.text()).trimEnd().split('\n');
    const sample = /^[a-z_]+(?:\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (?:[0-9.e+-]+|Nan|\+Inf)$/;
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(
      lines.filter((line) => line !== '' && !/^# (?:HELP|TYPE) starkeep_/.test(line) && !sample.test(line)),
    ).toEqual([]);
    for (const name of ['starkeep_deliveries_total', 'starkeep_inbox_waiting', 'starkeep_mirrors']) {
      expect(
        lines.filter((line) => line.startsWith(`# HELP ${name} `) || line.startsWith(`# TYPE ${name} `)),
      ).toHaveLength(2);
    }
  });

  it('counts the inbox and the mirrors at the moment it is asked', async () => {
    let counts: Record<string, number> = { completed: 3, failed: 2 };
    const receiver = withCounts(async () => counts);
    receiver.inbox.backlog = async () => ({ count: 5, oldestSeconds: 61.5 });
    const before = await scrape(receiver);
    counts = { completed: 5 };
    receiver.inbox.backlog = async () => ({ count: 0, oldestSeconds: 0 });

    const after = await scrape(receiver);

    const names = [
      'starkeep_inbox_waiting',
      'starkeep_inbox_oldest_seconds',
      'starkeep_mirrors{status="completed"}',
      'starkeep_mirrors{status="failed"}',
    ];
    expect(names.map((name) => before.get(name))).toEqual([5, 61.5, 3, 2]);
    expect(names.map((name) => after.get(name))).toEqual([0, 0, 5, 0]);
  });

  it('counts the syncs that were cloned instead, by reason', async () => {
    const samples = await scrape(createReceiver({ mirrors: { countFallbacks: async () => ({ 'source-ssh': 3 }) } }));

    expect(samples.get('starkeep_transfer_fallbacks{reason="source-ssh"}')).toBe(3);
  });

  it('has every status of a mirror, also those that no mirror has', async () => {
    const samples = await scrape(createReceiver());

    for (const status of MIRROR_STATUSES) expect(samples.get(`starkeep_mirrors{status="${status}"}`)).toBe(0);
  });

  it('says what is down, and that it is up again, without anybody asking for /health', async () => {
    const receiver = createReceiver();
    const ups = async () => {
      const samples = await scrape(receiver);
      return ['postgres', 'temporal'].map((name) => samples.get(`starkeep_dependency_up{dependency="${name}"}`));
    };
    receiver.control.isDown = true;
    receiver.inbox.backlog = refused;
    const down = await ups();
    receiver.control.isDown = false;
    receiver.inbox.backlog = async () => ({ count: 0, oldestSeconds: 0 });

    const up = await ups();

    expect([down, up]).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it('is no number where nothing is known, rather than the last one known', async () => {
    const receiver = withCounts(async () => ({ completed: 3 }));
    await scrape(receiver);
    receiver.inbox.backlog = refused;

    const samples = await scrape(receiver);

    expect(samples.get('starkeep_mirrors{status="completed"}')).toBeNaN();
    expect(samples.get('starkeep_inbox_waiting')).toBeNaN();
  });

  it('answers although the record cannot be read for an unforeseen reason', async () => {
    const receiver = withCounts(() => Promise.reject(new Error('relation "mirrors" does not exist')));

    const response = await receiver.app.request('/metrics');

    expect(response.status).toBe(200);
  });

  it('gives no label a value from outside', async () => {
    const receiver = createReceiver();
    await receiver.post('{}', { 'x-github-event': 'made_up_by_a_stranger' });

    const samples = await scrape(receiver);

    expect([...samples.keys()].filter((name) => name.includes('stranger'))).toEqual([]);
  });
});

describe('a gauge of the record', () => {
  const RESET = '2026-11-25T12:00:00.000Z';

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each<[string, Partial<Figures>, number, Partial<Figures>, number]>([
    ['starkeep_mirrors_kept', { total: 12 }, 12, { total: 11 }, 11],
    ['starkeep_mirrors_safe', { safe: 9 }, 9, { safe: 12 }, 12],
    ['starkeep_mirrors_stale', { stale: 3 }, 3, { stale: 0 }, 0],
    ['starkeep_oldest_success_age_seconds', { oldestSuccessSeconds: 90_000 }, 90_000, { oldestSuccessSeconds: 60 }, 60],
    [
      'starkeep_deletions_pending{waits_for="person"}',
      { pendingDeletions: { time: 1, person: 2 } },
      2,
      { pendingDeletions: { time: 1, person: 0 } },
      0,
    ],
    [
      'starkeep_deletions_pending{waits_for="time"}',
      { pendingDeletions: { time: 1, person: 2 } },
      1,
      { pendingDeletions: { time: 0, person: 2 } },
      0,
    ],
    ['starkeep_star_list_complete_timestamp_seconds', { lastFullAt: RESET }, 1_795_608_000, { lastFullAt: null }, NaN],
  ])('%s says what is so, and goes back', async (name, before, during, after, later) => {
    let figures = before;
    const receiver = withFigures(async () => figures);

    const first = (await scrape(receiver)).get(name);
    figures = after;

    expect([first, (await scrape(receiver)).get(name)]).toEqual([during, later]);
  });

  it("of GitHub's budget is whole again when its hour is over, although nobody has asked since", async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(RESET) - 60_000 });
    const receiver = withFigures(async () => ({ budget: { limit: 5_000, remaining: 40, resetAt: RESET } }));
    const left = async () => (await scrape(receiver)).get('starkeep_github_budget_remaining');

    const before = await left();
    vi.setSystemTime(Date.parse(RESET));

    expect([before, await left()]).toEqual([40, 5_000]);
  });

  it('is no number while the record cannot be read', async () => {
    let read = async (): Promise<Partial<Figures>> => ({ total: 12 });
    const receiver = withFigures(() => read());
    await scrape(receiver);
    read = refused;

    const samples = await scrape(receiver);

    const names = [
      'starkeep_mirrors_kept',
      'starkeep_mirrors_stale',
      'starkeep_oldest_success_age_seconds',
      'starkeep_deletions_pending{waits_for="person"}',
      'starkeep_github_budget_remaining',
    ];
    expect(names.map((name) => samples.get(name))).toEqual(names.map(() => NaN));
  });

  it('of the connections to Postgres is how they are used at that moment', async () => {
    let use = { idle: 2, inUse: 8, max: 10, waiting: 3 };
    const receiver = createReceiver({ pool: () => use });
    const names = [
      '_connections{state="in_use"}',
      '_connections{state="idle"}',
      '_connections_max',
      '_queries_waiting',
    ];
    const read = async () => {
      const samples = await scrape(receiver);
      return names.map((name) => samples.get(`starkeep_database${name}`));
    };

    const before = await read();
    use = { idle: 10, inUse: 0, max: 10, waiting: 0 };

    expect([before, await read()]).toEqual([
      [8, 2, 10, 3],
      [0, 10, 10, 0],
    ]);
  });
});

describe('every answer', () => {
  it('of an unknown path is a problem document', async () => {
    const response = await createReceiver().app.request('/nothing/here');

    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await response.json()).toMatchObject({ status: 404, title: 'Not found' });
  });

  it.each(['/', '/livez', '/metrics', '/nothing/here'])('of %s may not be sniffed or framed', async (path) => {
    const { headers } = await createReceiver().app.request(path);

    expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY']);
  });
});

describe('the gauge of open alerts', () => {
  it('has every kind, goes back when it is over, and is no number while Postgres is down', async () => {
    let countOpen = async (): Promise<Record<string, number>> => ({ mirror_failed: 2 });
    const receiver = createReceiver({ alerts: { countOpen: () => countOpen() } });
    const of = async (kind: string) => (await scrape(receiver)).get(`starkeep_alerts_open{kind="${kind}"}`);

    const during = [await of('mirror_failed'), await of('audit_broken')];
    countOpen = async () => ({});
    const after = await of('mirror_failed');
    countOpen = refused;

    expect([during, after, await of('mirror_failed')]).toEqual([[2, 0], 0, Number.NaN]);
  });
});
