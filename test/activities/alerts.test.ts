import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAlertStore } from '../../src/adapters/postgres/alerts.ts';
import { createRecordStore } from '../../src/adapters/postgres/record.ts';
import { createSlackChannel } from '../../src/adapters/alerts/slack.ts';
import { createWebhookChannel } from '../../src/adapters/alerts/webhook.ts';
import type { Activities } from '../../src/activities/index.ts';
import { Failure } from '../../src/domain/failures.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { createRedactor } from '../../src/domain/redaction.ts';
import { report } from '../adapters/postgres/test-store.ts';
import type { StandinRepository } from '../standins/github.ts';
import { startReceiver, type MessageReceiver } from '../support/receiver.ts';
import { DAY_MS, died, failureOf, type PortChanges, withMethods, withWorld } from './world.ts';

const world = withWorld();
const { store } = world;

let programs: MessageReceiver;
let people: MessageReceiver;

beforeEach(async () => {
  [programs, people] = await Promise.all([startReceiver(), startReceiver()]);
  await store.db.query('truncate alert_checks, deliveries');
});

afterEach(() => Promise.all([programs.close(), people.close()]));

const policy = { channels: ['webhook', 'slack'], atLeast: 'info' } as const;

function activities(changes: PortChanges = {}): Activities {
  return world.activities({
    alerts: createAlertStore(store.db, policy),
    record: createRecordStore(store.db, policy),
    alertChannels: [
      createWebhookChannel({ url: programs.url, secret: 'hush', userAgent: 'x' }),
      createSlackChannel({ url: people.url, userAgent: 'x' }),
    ],
    ...changes,
  });
}

const deliver = (channel: string, changes: PortChanges = {}) =>
  world.run(activities(changes).deliverAlerts, { channel });

const check = (changes: PortChanges = {}) => world.run(() => activities(changes).checkAlerts(), undefined);

const open = () => store.alerts.page({ before: null, limit: 100, openOnly: true });
const openKinds = async () => (await open()).map(({ kind, subject }) => `${kind} ${subject}`.trim()).sort();

/** What the webhook was told: event and what it is about. */
const told = () =>
  programs.got.map(({ body }) => JSON.parse(body) as { id: string; event: string; alert: { kind: string } });

let runs = 0;

const attempt = ({ id, fullName }: Pick<StandinRepository, 'id' | 'fullName'>) => ({
  mirrorId: mirrorIdOf(id),
  repoId: id,
  fullName,
  correlationId: 'c',
  workflowId: 'w',
  runId: `alerts-${(runs += 1)}`,
  trigger: 'webhook' as const,
  attempt: 1,
  startedAt: new Date().toISOString(),
});

const fail = (repository: StandinRepository, message = 'every name is taken', kind = 'TargetPathTaken') =>
  world.run(activities().record, {
    kind: 'failed',
    failure: { kind, message },
    retryCount: 1,
    nextAttemptAt: null,
    ...attempt(repository),
  });

const sync = (repository: StandinRepository) =>
  world.run(activities().record, { kind: 'synced', report: report(), ...attempt(repository) });

describe('a mirror that is given up', () => {
  it('wakes every channel once, however often it is given up, and once more when it is synced', async () => {
    const engine = await world.mirror('ada/engine');

    await fail(engine);
    await fail(engine);
    const raised = world.control.woken.splice(0);
    await sync(engine);

    expect([raised, world.control.woken]).toEqual([
      ['slack', 'webhook'],
      ['slack', 'webhook'],
    ]);
    expect(world.logged.filter((line) => line.includes('alert raised'))).toHaveLength(1);
    expect(world.logged.filter((line) => line.includes('alert cleared'))).toHaveLength(1);
  });

  it('is told once by every channel, and that it is over', async () => {
    const engine = await world.mirror('ada/engine');
    await fail(engine);
    await Promise.all([deliver('webhook'), deliver('slack')]);
    await sync(engine);
    await Promise.all([deliver('webhook'), deliver('slack')]);
    const again = await deliver('webhook');

    expect(told().map(({ event, alert }) => `${event} ${alert.kind}`)).toEqual([
      'raised mirror_failed',
      'cleared mirror_failed',
    ]);
    expect(people.got.map(({ body }) => body)).toEqual([
      expect.stringContaining('every name is taken') as string,
      expect.stringContaining('[over]') as string,
    ]);
    expect(again).toEqual({ sent: 0 });
  });

  it('is recorded although Temporal cannot wake anybody, and the next look does', async () => {
    const engine = await world.mirror('ada/engine');
    const away = withMethods(world.control, {
      sendAlerts: () => Promise.reject(new Failure('TemporalUnavailable', 'Temporal: no connection')),
    });
    const entry = {
      kind: 'failed' as const,
      failure: { kind: 'TargetPathTaken', message: 'taken' },
      retryCount: 1,
      nextAttemptAt: null,
      ...attempt(engine),
    };

    await world.run(activities({ control: away }).record, entry);
    await check();

    expect(world.control.woken).toEqual(['slack', 'webhook']);
  });

  it('together with many others is one message to people', async () => {
    for (const name of ['ada/a', 'ada/b', 'ada/c']) await fail(await world.mirror(name));

    await Promise.all([deliver('webhook'), deliver('slack')]);

    expect([programs.got.length, people.got.length]).toEqual([3, 1]);
    expect(people.got[0]?.body).toContain('3 new');
  });

  it('never tells a secret, whatever a server said', async () => {
    const engine = await world.mirror('ada/engine');
    await fail(engine, `it refused ${world.github.token} and Authorization: Bearer abcdefghijk`);

    const redact = createRedactor([world.github.token]);
    await Promise.all([deliver('webhook', { redact }), deliver('slack', { redact })]);

    for (const { body } of [...programs.got, ...people.got]) {
      expect(body).toContain('[redacted]');
      expect(body).not.toContain(world.github.token);
      expect(body).not.toContain('abcdefghijk');
    }
  });
});

describe('a channel', () => {
  it('that is down keeps its messages, which all arrive in their order when it is up, and no other waits', async () => {
    const engine = await world.mirror('ada/engine');
    await fail(engine);
    await programs.down();
    const failure = await failureOf(deliver('webhook'));
    const other = await deliver('slack');
    await sync(engine);
    const [listed] = await store.alerts.page({ before: null, limit: 1, openOnly: false });
    await programs.up();

    const later = await deliver('webhook');

    expect([failure.type, failure.nonRetryable, other]).toEqual(['AlertUnreachable', false, { sent: 1 }]);
    expect(listed?.undelivered).toContainEqual({
      channel: 'webhook',
      reason: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(later).toEqual({ sent: 2 });
    expect(told().map(({ event }) => event)).toEqual(['raised', 'cleared']);
  });

  it('that refuses one message takes the others, and is asked again about the one', async () => {
    for (const name of ['ada/a', 'ada/b', 'ada/c']) await fail(await world.mirror(name));
    const refusing = createWebhookChannel({ url: programs.url, secret: undefined, userAgent: 'x' });
    const picky = {
      ...refusing,
      send: (notices: Parameters<typeof refusing.send>[0]) =>
        notices[0]?.alert.fullName === 'ada/a'
          ? Promise.reject(new Failure('AlertRefused', 'too rude'))
          : refusing.send(notices),
    };

    const failure = await failureOf(deliver('webhook', { alertChannels: [picky] }));
    const later = await deliver('webhook');

    expect([failure.type, failure.nonRetryable, later]).toEqual(['AlertRefused', false, { sent: 1 }]);
    expect(programs.got).toHaveLength(3);
  });

  it('that asks for a long wait is tried again all the same', async () => {
    await fail(await world.mirror('ada/engine'));
    programs.status = 429;
    programs.headers = { 'retry-after': '3600' };

    const failure = await failureOf(deliver('webhook'));

    expect([failure.nonRetryable, failure.nextRetryDelay]).toEqual([false, 30_000]);
  });

  it('gets a message twice under one id when the worker dies between sending and noting', async () => {
    await fail(await world.mirror('ada/engine'));
    const dying = withMethods(createAlertStore(store.db, policy), { noteSent: async () => died() });

    await failureOf(deliver('webhook', { alerts: dying }));
    await deliver('webhook');
    await deliver('webhook');

    const ids = told().map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('that is no longer set up has nothing to send', async () => {
    await fail(await world.mirror('ada/engine'));

    expect(await deliver('slack', { alertChannels: [] })).toEqual({ sent: 0 });
  });
});

describe('the star list', () => {
  const begin = (correlationId: string, changes: PortChanges = {}) =>
    world.run(activities(changes).beginReading, { correlationId, full: true });

  const end = async (correlationId: string, tally: { seen: number; flaws?: string[] }) => {
    const { readingId } = await begin(correlationId);
    return world.run(activities().endReading, {
      correlationId,
      readingId,
      kind: 'sweep',
      tally: { pages: 1, total: tally.seen, flaws: [], ...tally },
      signalled: 0,
    });
  };

  it('that is another account’s is an alert at once, once, and over when a reading gets through', async () => {
    const other = world.source({ login: 'somebody-else', token: world.github.token });
    const failures = [await failureOf(begin('a', { source: other })), await failureOf(begin('b', { source: other }))];
    const refused = await open();
    await end('c', { seen: 0 });

    expect(failures.map(({ type }) => type)).toEqual(['AccountMismatch', 'AccountMismatch']);
    expect(refused).toMatchObject([{ kind: 'star_list_refused', level: 'error' }]);
    expect(await open()).toEqual([]);
  });

  it('whose token was revoked is the token’s alert', async () => {
    world.github.switches.tokenRevoked = true;
    await failureOf(begin('a'));
    const refused = await openKinds();
    world.github.switches.tokenRevoked = false;
    await check();

    expect([refused, await openKinds()]).toEqual([['token_refused GitHub'], []]);
  });

  it('of which too much is missing waits for a person, and no longer when it is whole again', async () => {
    for (const name of ['ada/a', 'ada/b', 'ada/c']) await world.mirror(name);
    const { readingId } = await begin('a');
    const ended = { correlationId: 'a', readingId, kind: 'sweep' as const, signalled: 0 };
    await store.db.query(`update mirrors set seen_in = $1 where full_name = 'ada/a'`, [readingId]);
    await world.run(activities({ rules: { deleteBudget: { max: 1, windowMs: DAY_MS } } }).endReading, {
      ...ended,
      tally: { pages: 1, seen: 1, total: 1, flaws: [] },
    });
    const [held] = await open();
    await store.readings.approve(readingId, 'ann');
    await check();

    expect(held).toMatchObject({ kind: 'star_list_held', subject: 'held' });
    expect(held?.advice).toContain(`starkeep deletions ask ${readingId}`);
    expect(await open()).toEqual([]);
  });

  it('that is not whole three times in a row is an alert, and over with the first that is', async () => {
    const opened: string[][] = [];
    for (const correlationId of ['a', 'b', 'c', 'd']) {
      await end(correlationId, { seen: 0, flaws: ['GitHub left out repositories of an organisation'] });
      opened.push(await openKinds());
    }
    await end('e', { seen: 0 });

    const incomplete = ['star_list_incomplete sweep'];
    expect([opened, await openKinds()]).toEqual([[[], [], incomplete, incomplete], []]);
  });
});

describe('the regular look', () => {
  it('says that the token is about to end, louder when it is near, and is quiet when there is another', async () => {
    const endsIn = (days: number) => {
      const at = new Date(Date.now() + days * DAY_MS).toISOString();
      world.github.switches.tokenExpiration = at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
    };
    const seen: string[][] = [];
    for (const days of [20, 10, 2, 300]) {
      endsIn(days);
      await check();
      seen.push(await openKinds());
    }

    expect(seen).toEqual([[], ['token_expiring 14 days'], ['token_expiring 14 days', 'token_expiring 3 days'], []]);
  });

  it('says that webhooks no longer arrive, where they used to, and that they do again', async () => {
    await check();
    const without = await openKinds();
    for (let day = 2; day < 12; day += 1) {
      await store.db.query(
        `insert into deliveries (guid, body_sha256, event, correlation_id, outcome, ignored_reason, received_at)
         values ($1, 'x', 'push', 'c', 'ignored', 'not ours', now() - make_interval(days => $2, hours => 6))`,
        [`guid-${day}`, day],
      );
    }
    await check();
    const silent = await openKinds();
    await store.db.query(`update deliveries set received_at = now() where guid = 'guid-2'`);
    await check();

    expect([without, silent, await openKinds()]).toEqual([[], ['webhooks_silent'], []]);
  });

  it('says that deliveries wait, and that they no longer do', async () => {
    await store.deliveries.take({
      guid: 'guid-1',
      hookId: null,
      bodySha256: 'x',
      event: 'push',
      action: null,
      repoId: '1',
      fullName: 'ada/engine',
      correlationId: 'c',
      repoEvent: { kind: 'changed', trigger: 'webhook', repoId: '1', fullName: 'ada/engine', correlationId: 'c' },
      ignoredReason: null,
    });
    await check();
    const fresh = await openKinds();
    await store.db.query(`update deliveries set received_at = now() - interval '20 minutes'`);
    await check();
    const waiting = await openKinds();
    await store.deliveries.markDispatched('guid-1', 'w');
    await check();

    expect([fresh, waiting, await openKinds()]).toEqual([[], ['inbox_backlog'], []]);
  });

  it('reads the audit log every six hours, and says when it is broken', async () => {
    let reads = 0;
    let intact = false;
    const audit = {
      verify: async () => {
        reads += 1;
        return intact
          ? { intact: true as const, events: 1, head: 'h' }
          : { intact: false as const, eventId: '7', problem: 'it is missing' };
      },
    };

    await check({ audit });
    await check({ audit });
    const broken = await open();
    intact = true;
    await store.db.query(`update alert_checks set checked_at = now() - interval '7 hours'`);
    await check({ audit });

    expect(reads).toBe(2);
    expect(broken).toMatchObject([
      { kind: 'audit_broken', level: 'error', summary: 'The audit log is broken at entry 7: it is missing' },
    ]);
    expect(await open()).toEqual([]);
  });

  it('does not mind that GitHub does not answer, and looks at the rest', async () => {
    world.github.switches.serverError = true;
    await store.db.query('truncate alert_checks');

    await check();

    expect([await open(), await store.alerts.checkedAt('audit')]).toEqual([[], expect.any(String) as string]);
  });
});
