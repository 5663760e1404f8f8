import { describe, expect, it } from 'vitest';
import { createEnteredSettings, NOTHING_ENTERED } from '../../../src/adapters/postgres/entered-settings.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { probeAlerts, probeGithub, probeOnedev, testNotice } from '../../../src/domain/probes.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { parsePayloadKeys } from '../../../src/domain/payload-keys.ts';
import { createSettingsDesk } from '../../../src/settings-desk.ts';
import { auditOf, deskOf, withApi } from './world.ts';

const SECRET = 'a-long-secret-of-a-token';
const config = loadConfig({ GITHUB_TOKEN: SECRET, STARKEEP_UNSTAR_GRACE: '3d' }, 'none');
const redact = createRedactor(config.secrets);
const source = {
  canSweep: true,
  account: async () => ({ externalId: '41', login: 'ann' }),
  tokenExpiresAt: () => '2027-01-01T00:00:00.000Z',
  tokenScopes: () => ['repo'],
  limits: () => ({ limit: 5_000, remaining: 4_321, reset: 0 }),
  sweepPage: async () => ({ repositories: [], next: null, total: 412, flaw: null }),
};
const down = (name: string) => ({
  name,
  atOnce: 1,
  send: () => Promise.reject(new Failure('AlertUnreachable', `no answer to ${SECRET}`)),
});
const up = { name: 'slack', atOnce: 1, send: async () => undefined };
const notice = (channel: string) => testNotice(channel, 'one', '2026-11-25T00:00:00.000Z');

const keys = parsePayloadKeys(`one:${Buffer.alloc(32, 1).toString('base64')}`);
/** What a connection would be tried with. */
let triedWith: Config[] = [];

const world = withApi((store) => {
  triedWith = [];
  const probesOf = (tried: Config) => {
    triedWith.push(tried);
    return {
      github: () => probeGithub(source, redact),
      onedev: () => probeOnedev(null, redact),
      alerts: () => probeAlerts([up, down('webhook')], redact, notice),
    };
  };
  const entered = createEnteredSettings(store.db, keys);
  return { settingsDesk: createSettingsDesk({ config, stamp: NOTHING_ENTERED, entered, probesOf }) };
});

const enter = (settings: Record<string, string | null>) => world.ask('POST', '/settings', { body: { settings } });
const entered = async (withKeys = keys) => {
  const { settings, unopened } = await createEnteredSettings(world.store.db, withKeys).read();
  return { of: Object.fromEntries(settings.map(({ name, value }) => [name, value])), unopened };
};

describe('the settings', () => {
  it('come with their origin and what they are about, and no secret with its value', async () => {
    const { body } = await world.ask('GET', '/settings');

    const byName = Object.fromEntries(body.settings.map((one: { name: string }) => [one.name, one]));
    expect(byName['GITHUB_TOKEN']).toMatchObject({
      secret: true,
      isSet: true,
      value: null,
      origin: 'environment',
      group: 'GitHub',
    });
    expect(byName['ONEDEV_TOKEN']).toMatchObject({ secret: true, isSet: false, value: null, origin: 'unset' });
    expect(byName['STARKEEP_UNSTAR_GRACE']).toMatchObject({ value: '3d', origin: 'environment', group: 'Deletions' });
    expect(byName['STARKEEP_REWRITE_POLICY']).toMatchObject({ value: 'keep-old', origin: 'default', group: 'Syncs' });
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it.each(['read', 'operate'] as const)('are not for a key of scope %s', async (as) => {
    const answers = [
      await world.ask('GET', '/settings', { as }),
      await world.ask('POST', '/settings', { as, body: { settings: { STARKEEP_LFS: 'off' } } }),
      await world.ask('POST', '/settings/test', { as, body: { what: 'github' } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});

describe('entering settings', () => {
  it('keeps all of them sealed, says who entered them, and has that in the audit log without a secret', async () => {
    const { status, body } = await enter({
      ONEDEV_URL: 'https://onedev.example.org',
      ONEDEV_TOKEN: 'token-of-onedev',
      STARKEEP_LFS: 'off',
    });

    expect([status, body]).toEqual([200, { entered: ['ONEDEV_URL', 'ONEDEV_TOKEN', 'STARKEEP_LFS'] }]);
    expect((await entered()).of).toEqual({
      ONEDEV_URL: 'https://onedev.example.org',
      ONEDEV_TOKEN: 'token-of-onedev',
      STARKEEP_LFS: 'off',
    });
    const rows = JSON.stringify(await world.store.db.query('select * from entered_settings'));
    expect(rows).not.toMatch(/token-of-onedev|onedev\.example|off/);
    const [event] = await world.store.audit.read({ limit: 1 });
    expect(event).toMatchObject({ actor: 'admin key', action: 'settings.enter' });
    expect(event?.details['changed']).toEqual({
      ONEDEV_URL: { from: null, to: 'https://onedev.example.org' },
      ONEDEV_TOKEN: 'set',
      STARKEEP_LFS: { from: 'auto', to: 'off' },
    });
  });

  it('shows that the api does not run by them yet, and takes them back with null or an empty text', async () => {
    expect((await world.ask('GET', '/settings')).body).toMatchObject({
      isBehind: false,
      whyClosed: null,
      unopened: [],
    });
    await enter({ STARKEEP_LFS: 'off', STARKEEP_TRANSFER: 'clone' });
    expect((await world.ask('GET', '/settings')).body).toMatchObject({ isBehind: true });

    await enter({ STARKEEP_LFS: null, STARKEEP_TRANSFER: '' });

    expect((await entered()).of).toEqual({});
    expect((await world.ask('GET', '/settings')).body).toMatchObject({ isBehind: false });
  });

  it('refuses what is wrong, each with its reason, and enters nothing of it', async () => {
    const { status, body } = await enter({
      STARKEEP_LFS: 'maybe',
      STARKEEP_FILTER_MIN_STARS: 'many',
      STARKEEP_TRANSFER: 'clone',
    });

    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { in: 'settings', field: 'STARKEEP_LFS', problem: expect.stringContaining('must be one of auto, off') },
      { in: 'settings', field: 'STARKEEP_FILTER_MIN_STARS', problem: expect.stringContaining('many') },
    ]);
    expect((await entered()).of).toEqual({});
  });

  it.each([
    ['STARKEEP_NONSENSE', 'is not a setting of Starkeep'],
    ['DATABASE_URL', 'is set where Starkeep is started'],
    ['STARKEEP_ADMIN_KEY', 'is set where Starkeep is started'],
    ['STARKEEP_UNSTAR_GRACE', 'is set in the environment of Starkeep, which wins'],
  ])('does not take %s', async (name, why) => {
    const { status, body } = await enter({ [name]: '1d' });

    expect([status, body.errors[0].field]).toEqual([422, name]);
    expect(body.errors[0].problem).toContain(why);
  });

  it('does not let a secret follow an address to somewhere else', async () => {
    await enter({ ONEDEV_URL: 'https://onedev.example.org', ONEDEV_TOKEN: 'token-of-onedev' });

    const moved = await enter({ ONEDEV_URL: 'https://evil.example.org' });
    const tried = await world.ask('POST', '/settings/test', {
      body: { what: 'onedev', settings: { ONEDEV_URL: 'https://evil.example.org' } },
    });
    const ofTheEnvironment = await enter({ GITHUB_API_URL: 'https://evil.example.org/api/v3' });
    const takenBack = await enter({ ONEDEV_URL: null });
    const withIt = await enter({ ONEDEV_URL: 'https://other.example.org', ONEDEV_TOKEN: 'another-token' });

    expect([moved, tried, ofTheEnvironment, takenBack, withIt].map(({ status }) => status)).toEqual([
      422, 422, 422, 422, 200,
    ]);
    expect(moved.body.detail).toBe(
      'ONEDEV_TOKEN would be sent to another address. Enter it again together with ONEDEV_URL.',
    );
    expect(ofTheEnvironment.body.detail).toContain(
      'is set in the environment of Starkeep and would be sent to another',
    );
    expect(triedWith).toEqual([]);
  });

  it('without a key to seal with is refused with what to do', async () => {
    const closed = createEnteredSettings(world.store.db, []);

    expect(closed.canSeal).toBe(false);
    await expect(closed.change({ STARKEEP_LFS: 'off' }, 'ann')).rejects.toThrow('without a key');
    expect((await entered()).of).toEqual({});
  });

  it('what another key sealed, or somebody moved to another name, stays closed; entering it again mends it', async () => {
    await enter({ STARKEEP_LFS: 'off', STARKEEP_TRANSFER: 'clone', STARKEEP_LOG_LEVEL: 'debug' });
    const others = parsePayloadKeys(`two:${Buffer.alloc(32, 2).toString('base64')}`);
    expect((await entered(others)).unopened.map(({ why, keyId }) => [why, keyId])).toEqual(
      Array.from({ length: 3 }, () => ['no such key', 'one']),
    );
    await world.store.db.query(
      `update entered_settings set sealed = (select sealed from entered_settings where name = 'STARKEEP_LFS')
        where name = 'STARKEEP_TRANSFER'`,
    );

    expect((await entered()).unopened).toEqual([{ name: 'STARKEEP_TRANSFER', keyId: 'one', why: 'changed' }]);
    expect((await world.ask('GET', '/settings')).body.unopened).toEqual(['STARKEEP_TRANSFER']);
    expect(deskOf(world.store, async () => Promise.reject(new Error('not tried'))).whyClosed).toContain(
      'STARKEEP_SETTINGS_KEYS',
    );
    await enter({ STARKEEP_TRANSFER: 'stream' });
    expect(await entered()).toMatchObject({ unopened: [], of: { STARKEEP_TRANSFER: 'stream' } });
  });
});

describe('a token that cannot be opened', () => {
  it('does not follow an address either: its key may come back', async () => {
    await enter({ ONEDEV_URL: 'https://onedev.example.org', ONEDEV_TOKEN: 'token-of-onedev' });
    await world.store.db.query(`update entered_settings set sealed = replace(sealed, 'one.', 'lost.')`);

    expect((await enter({ ONEDEV_URL: 'https://evil.example.org' })).status).toBe(422);
    expect((await enter({ ONEDEV_URL: 'https://b.example.org', ONEDEV_TOKEN: 'anew' })).status).toBe(200);
  });
});

describe('trying a connection', () => {
  const tried = async (what: unknown) => (await world.ask('POST', '/settings/test', { body: { what } })).body;

  it('to GitHub says whose token it is, what it may, and when it ends', async () => {
    expect(await tried('github')).toEqual({
      ok: true,
      facts: [
        { name: 'login', value: 'ann' },
        { name: 'scopes', value: 'repo' },
        { name: 'token ends', value: '2027-01-01T00:00:00.000Z' },
        { name: 'stars', value: '412' },
        { name: 'requests left this hour', value: '4321' },
      ],
      problem: null,
      whatToDo: null,
    });
    expect(await auditOf(world, 1)).toEqual([['admin key', 'settings.test', 'github']]);
  });

  it('to an OneDev nobody told us of says which settings lack', async () => {
    expect(await tried('onedev')).toMatchObject({ ok: false, problem: 'ONEDEV_URL or ONEDEV_TOKEN is not set.' });
  });

  it('to the channels of alerts says which took it, and why one did not, without a secret', async () => {
    const body = await tried('alerts');

    expect(body).toMatchObject({ ok: false, problem: 'Not everything was sent: webhook.' });
    expect(body.facts).toEqual([
      { name: 'slack', value: 'sent' },
      { name: 'webhook', value: 'failed: no answer to [redacted]' },
    ]);
  });

  it('as it would be with other settings uses those, and enters nothing', async () => {
    const settings = { ONEDEV_URL: 'https://onedev.example.org', ONEDEV_TOKEN: 'token-of-onedev' };

    const { status } = await world.ask('POST', '/settings/test', { body: { what: 'onedev', settings } });

    expect(status).toBe(200);
    expect(triedWith.map(({ onedev }) => [onedev.url, onedev.token])).toEqual([Object.values(settings)]);
    expect((await entered()).of).toEqual({});
  });

  it('to something else is 400', async () => {
    expect((await world.ask('POST', '/settings/test', { body: { what: 'gitlab' } })).status).toBe(400);
  });
});

describe('an OneDev', () => {
  const target = (scope: 'user' | 'scoped', exists: boolean) => ({
    version: async () => '16.5.6',
    checkToken: async () => ({ scope, name: scope === 'user' ? 'ann' : null }),
    parent: async () => ({ path: 'github', exists }),
  });

  it.each([
    ['user', false, true],
    ['scoped', true, true],
    ['scoped', false, false],
  ] as const)('with a token of kind %s, and its project there: %s, is ready: %s', async (scope, exists, ok) => {
    expect((await probeOnedev(target(scope, exists), redact)).ok).toBe(ok);
  });
});
