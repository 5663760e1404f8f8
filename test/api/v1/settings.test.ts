import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { probeAlerts, probeGithub, probeOnedev, testNotice } from '../../../src/domain/probes.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { shownSettings } from '../../../src/shown-settings.ts';
import { auditOf, withApi } from './world.ts';

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

const world = withApi({
  shownSettings: shownSettings(config),
  probes: {
    github: () => probeGithub(source, redact),
    onedev: () => probeOnedev(null, redact),
    alerts: () => probeAlerts([up, down('webhook')], redact, notice),
  },
});

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
      await world.ask('POST', '/settings/test', { as, body: { what: 'github' } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
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
