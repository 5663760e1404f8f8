import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment, ConfigError, loadConfig, required } from '../src/config.ts';
import { SETTINGS, type Role } from '../src/config/settings.ts';
import { COMPLETE, type Environment, fileWith, PEM, problemsOf, shownOf } from './settings.ts';

describe('without any setting', () => {
  it('everything has its documented default', () => {
    const { github, onedev, temporal, unstar, log, ...rest } = loadConfig({}, 'none');

    expect(github).toEqual({
      token: undefined,
      login: undefined,
      apiUrl: 'https://api.github.com',
      url: 'https://github.com',
      app: undefined,
      webhookSecrets: [],
      ssh: undefined,
    });
    expect(onedev).toEqual({ url: undefined, token: undefined, parent: 'github', ssh: undefined });
    expect(temporal).toEqual({
      address: undefined,
      namespace: 'default',
      cli: undefined,
      payloadKeys: [],
      environment: {},
    });
    expect([unstar, log]).toEqual([
      { policy: 'delete', graceMs: 604_800_000 },
      { level: 'info', file: undefined },
    ]);
    expect(rest).toMatchObject({
      databaseUrl: undefined,
      host: '127.0.0.1',
      port: 8000,
      dataDir: resolve('.starkeep'),
      deleteBudget: { max: 10, windowMs: 86_400_000 },
      rewritePolicy: 'keep-old',
      archiveRetentionMs: null,
      transfer: 'auto',
      webhookAllow: 'any',
      trustedProxies: { rules: [] },
      secrets: [],
      telemetry: { elasticsearch: undefined, datadog: undefined, logs: undefined, traces: undefined },
      alerts: { atLeast: 'info', webhook: undefined, slack: undefined, ntfy: undefined, mail: undefined },
    });
  });
});

describe('a setting', () => {
  it.each<[string, string, (config: ReturnType<typeof loadConfig>) => unknown, unknown]>([
    ['GITHUB_TOKEN', 'ghs_a.b-c', (config) => config.github.token, 'ghs_a.b-c'],
    ['GITHUB_LOGIN', 'ann-b_c', (config) => config.github.login, 'ann-b_c'],
    [
      'GITHUB_API_URL',
      'https://ghe.example.org/api/v3/',
      (config) => config.github.apiUrl,
      'https://ghe.example.org/api/v3',
    ],
    ['GITHUB_URL', 'HTTPS://GHE.example.org/', (config) => config.github.url, 'https://ghe.example.org'],
    ['GITHUB_WEBHOOK_SECRET', "It's a Secret", (config) => config.github.webhookSecrets, ["It's a Secret"]],
    ['ONEDEV_URL', 'http://127.0.0.1:6610/', (config) => config.onedev.url, 'http://127.0.0.1:6610'],
    ['ONEDEV_URL', 'https://host/one/dev/', (config) => config.onedev.url, 'https://host/one/dev'],
    ['ONEDEV_TOKEN', 'token', (config) => config.onedev.token, 'token'],
    ['ONEDEV_PARENT', '/mirrors/github/', (config) => config.onedev.parent, 'mirrors/github'],
    ['DATABASE_URL', 'postgres://u:p%40ss@h/d', (config) => config.databaseUrl, 'postgres://u:p%40ss@h/d'],
    ['DATABASE_URL', 'postgresql:///d?host=/run', (config) => config.databaseUrl, 'postgresql:///d?host=/run'],
    ['TEMPORAL_ADDRESS', '[::1]:7233', (config) => config.temporal.address, '[::1]:7233'],
    ['TEMPORAL_NAMESPACE', 'stars', (config) => config.temporal.namespace, 'stars'],
    ['TEMPORAL_CLI', '/opt/temporal', (config) => config.temporal.cli, '/opt/temporal'],
    ['STARKEEP_HOST', '::', (config) => config.host, '::'],
    ['STARKEEP_PORT', '0', (config) => config.port, 0],
    ['STARKEEP_PORT', '65535', (config) => config.port, 65_535],
    ['STARKEEP_DATA_DIR', 'some/where', (config) => config.dataDir, resolve('some/where')],
    ['STARKEEP_UNSTAR_POLICY', 'archive', (config) => config.unstar.policy, 'archive'],
    ['STARKEEP_UNSTAR_POLICY', 'keep', (config) => config.unstar.policy, 'keep'],
    ['STARKEEP_UNSTAR_GRACE', '0s', (config) => config.unstar.graceMs, 0],
    ['STARKEEP_UNSTAR_GRACE', '90s', (config) => config.unstar.graceMs, 90_000],
    ['STARKEEP_UNSTAR_GRACE', '15m', (config) => config.unstar.graceMs, 900_000],
    ['STARKEEP_UNSTAR_GRACE', '1.5h', (config) => config.unstar.graceMs, 5_400_000],
    ['STARKEEP_UNSTAR_GRACE', '30d', (config) => config.unstar.graceMs, 2_592_000_000],
    ['STARKEEP_UNSTAR_GRACE', '2w', (config) => config.unstar.graceMs, 1_209_600_000],
    ['STARKEEP_DELETE_BUDGET', '3/1h', (config) => config.deleteBudget, { max: 3, windowMs: 3_600_000 }],
    ['STARKEEP_DELETE_BUDGET', '0/24h', (config) => config.deleteBudget, { max: 0, windowMs: 86_400_000 }],
    ['STARKEEP_REWRITE_POLICY', 'hold', (config) => config.rewritePolicy, 'hold'],
    ['STARKEEP_REWRITE_POLICY', 'follow', (config) => config.rewritePolicy, 'follow'],
    ['STARKEEP_TRANSFER', 'clone', (config) => config.transfer, 'clone'],
    ['STARKEEP_STAGE_ABOVE', '250MB', (config) => config.stageAboveBytes, 250_000_000],
    ['STARKEEP_STAGE_ABOVE', 'never', (config) => config.stageAboveBytes, null],
    ['STARKEEP_LFS', 'off', (config) => config.lfs.mode, 'off'],
    ['STARKEEP_LFS_MAX_SIZE', '500MB', (config) => config.lfs.maxBytes, 500_000_000],
    ['STARKEEP_LFS_MAX_SIZE', '2GiB', (config) => config.lfs.maxBytes, 2 ** 31],
    ['STARKEEP_TRANSFER_SLOTS', '8', (config) => config.transferSlots, 8],
    ['STARKEEP_DRAIN_DELAY', '8s', (config) => config.drainDelayMs, 8_000],
    ['STARKEEP_WEBHOOK_ALLOW', 'github', (config) => config.webhookAllow, 'github'],
    ['STARKEEP_LOG_LEVEL', 'debug', (config) => config.log.level, 'debug'],
    ['STARKEEP_LOG_FILE', 'logs/a.log', (config) => config.log.file, 'logs/a.log'],
  ])('%s=%s is taken', (name, value, read, expected) => {
    const config = loadConfig({ [name]: value }, 'none');

    expect(read(config)).toEqual(expected);
  });

  it.each([
    ['GITHUB_TOKEN', 'two words', 'one word without spaces'],
    ['GITHUB_TOKEN', 'token\n', 'one word without spaces'],
    ['GITHUB_LOGIN', 'ann/kept', 'a GitHub login'],
    ['GITHUB_API_URL', 'api.github.com', 'begins with http:// or https://'],
    ['GITHUB_API_URL', 'ftp://api.github.com', 'begins with http:// or https://'],
    ['GITHUB_URL', 'https://github.com/?a=b', 'without ? or #'],
    ['ONEDEV_URL', 'https://ann:pass@host/', 'without a user name or password'],
    ['ONEDEV_URL', 'onedev:6610', 'begins with http:// or https://'],
    ['ONEDEV_TOKEN', 'tök', 'one word without spaces'],
    ['ONEDEV_PARENT', '/', 'a project path on OneDev'],
    ['ONEDEV_PARENT', 'a/../b', 'a project path on OneDev'],
    ['DATABASE_URL', 'mysql://h/d', 'postgres://USER:PASSWORD@HOST:5432/DATABASE'],
    ['DATABASE_URL', 'localhost', 'postgres://USER:PASSWORD@HOST:5432/DATABASE'],
    ['DATABASE_URL', 'postgres://u:100%@h/d', 'percent-encoded'],
    ['TEMPORAL_ADDRESS', 'localhost', 'HOST:PORT'],
    ['TEMPORAL_ADDRESS', 'http://localhost:7233', 'HOST:PORT'],
    ['TEMPORAL_ADDRESS', 'localhost:99999', 'HOST:PORT'],
    ['TEMPORAL_API_KEY', 'two words', 'one word without spaces'],
    ['STARKEEP_PORT', '65536', 'a port from 0'],
    ['STARKEEP_PORT', '-1', 'a port from 0'],
    ['STARKEEP_PORT', '80a', 'a port from 0'],
    ['STARKEEP_PORT', '8e3', 'a port from 0'],
    ['STARKEEP_ADMIN_KEY', 'short', 'at least 8 characters'],
    ['STARKEEP_ADMIN_KEY', 'two words here', 'one word without spaces'],
    ['STARKEEP_ADMIN_KEY', 'x'.repeat(513), 'at most 512 characters'],
    ['STARKEEP_RECONCILE_EVERY', 'often', 'a duration such as'],
    ['STARKEEP_UNSTAR_POLICY', 'Delete', 'one of delete, archive, keep'],
    ['STARKEEP_UNSTAR_GRACE', '7', 'a duration such as'],
    ['STARKEEP_UNSTAR_GRACE', '-7d', 'a duration such as'],
    ['STARKEEP_UNSTAR_GRACE', '7 days', 'a duration such as'],
    ['STARKEEP_UNSTAR_GRACE', '99999d', 'a duration such as'],
    ['STARKEEP_DELETE_BUDGET', '10', 'COUNT/WINDOW'],
    ['STARKEEP_DELETE_BUDGET', '10/0s', 'COUNT/WINDOW'],
    ['STARKEEP_DELETE_BUDGET', '-1/24h', 'COUNT/WINDOW'],
    ['STARKEEP_REWRITE_POLICY', 'overwrite', 'one of keep-old, follow, hold'],
    ['STARKEEP_ARCHIVE_RETENTION', '3h', 'at least 1d'],
    ['STARKEEP_ARCHIVE_RETENTION', 'always', 'forever, or a duration'],
    ['STARKEEP_TRANSFER', 'rsync', 'one of auto, stream, clone'],
    ['STARKEEP_LFS', 'on', 'one of auto, off'],
    ['STARKEEP_STAGE_ABOVE', '0', 'never, or a size of at least 1KB'],
    ['STARKEEP_LFS_MAX_SIZE', '500', 'a size of at least 1KB'],
    ['STARKEEP_TRANSFER_SLOTS', '0', 'a whole number from 1'],
    ['STARKEEP_DRAIN_DELAY', '3m', 'a duration of at most 2m'],
    ['STARKEEP_DRAIN_DELAY', 'soon', 'a duration of at most 2m'],
    [
      'STARKEEP_WEBHOOK_ALLOW',
      'anybody',
      'any, github or a list of addresses and CIDR ranges ("anybody" is no address',
    ],
    ['STARKEEP_WEBHOOK_ALLOW', '10.0.0.0/33', '"10.0.0.0/33" is no address or CIDR range'],
    ['STARKEEP_WEBHOOK_ALLOW', ' , ', 'it names none'],
    ['STARKEEP_TRUSTED_PROXIES', '10.0.0.0/8/8', '"10.0.0.0/8/8" is no address or CIDR range'],
    ['STARKEEP_LOG_LEVEL', 'verbose', 'one of trace, debug, info, warn, error, fatal'],
    ['STARKEEP_ALERT_URL', 'mail', 'begins with http:// or https://'],
  ])('%s=%j is refused with a sentence that says what it must be', (name, value, sentence) => {
    const problems = problemsOf({ [name]: value });

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must be .*\\.$`, 's'));
    expect(problems[0]).toContain(sentence);
  });

  it.each(['GITHUB_APP_PRIVATE_KEY', 'GITHUB_SSH_KEY', 'ONEDEV_SSH_KEY'])(
    '%s is a key and not the path of one',
    (name) => {
      expect(problemsOf({ [name]: '/run/secrets/key.pem' })).toContain(
        `${name} must be a private key in PEM form; a file's path goes into the setting of the same name with _FILE.`,
      );
    },
  );

  it.each(['https://host', 'ssh://git:password@host', 'host:6611'])('ONEDEV_SSH_URL=%s is refused', (value) => {
    expect(problemsOf({ ONEDEV_SSH_URL: value })).toContainEqual(
      expect.stringMatching(/^ONEDEV_SSH_URL must be an address like ssh:\/\/HOST:PORT/),
    );
  });

  it.each(SETTINGS.map(({ name }) => [name]))('%s that is empty is unset', (name) => {
    expect(shownOf({ [name]: '' }, name)).toEqual(shownOf({}, name));
  });

  it.each(SETTINGS.map((setting) => [setting.name, setting] as const))(
    '%s has a sentence and a default that it accepts',
    (_, setting) => {
      expect(setting.meaning).toMatch(/^\S.{5,}[^.]$/);
      if (setting.default !== null && !setting.default.startsWith('(')) {
        expect(() => setting.parse(setting.default as string)).not.toThrow();
      }
    },
  );

  it('has no default when it is a secret', () => {
    expect(SETTINGS.filter((setting) => setting.secret && setting.default !== null)).toEqual([]);
  });
});

describe('address lists', () => {
  it('are separated by commas, spaces or lines, and may mix the two families', () => {
    const { webhookAllow, trustedProxies } = loadConfig(
      {
        STARKEEP_WEBHOOK_ALLOW: '192.0.2.0/24, 198.51.100.7\n2001:db8::/32',
        STARKEEP_TRUSTED_PROXIES: '10.0.0.0/8 ::1',
      },
      'none',
    );

    if (typeof webhookAllow === 'string') throw new Error('not a list');
    expect(['192.0.2.9', '198.51.100.7', '198.51.100.8'].map((address) => webhookAllow.check(address))).toEqual([
      true,
      true,
      false,
    ]);
    expect(webhookAllow.check('2001:db8::5', 'ipv6')).toBe(true);
    expect([trustedProxies.check('10.9.9.9'), trustedProxies.check('::1', 'ipv6')]).toEqual([true, true]);
  });

  it("cannot be GitHub's on another server, which publishes none", () => {
    const problems = problemsOf({ STARKEEP_WEBHOOK_ALLOW: 'github', GITHUB_URL: 'https://ghe.example.org' });

    expect(problems).toEqual([expect.stringContaining('STARKEEP_WEBHOOK_ALLOW=github works with github.com only')]);
  });

  it('do not add a second problem to a GitHub address that cannot be read', () => {
    for (const name of ['GITHUB_URL', 'GITHUB_API_URL']) {
      expect(problemsOf({ STARKEEP_WEBHOOK_ALLOW: 'github', [name]: 'nonsense' })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must be`)),
      ]);
    }
  });
});

describe("GitHub's two addresses", () => {
  it.each([
    [{}, 'https://api.github.com', 'https://github.com'],
    [{ GITHUB_URL: 'https://github.com/' }, 'https://api.github.com', 'https://github.com'],
    [{ GITHUB_API_URL: 'https://api.github.com/' }, 'https://api.github.com', 'https://github.com'],
    [{ GITHUB_URL: 'https://ghe.example.org' }, 'https://ghe.example.org/api/v3', 'https://ghe.example.org'],
    [{ GITHUB_API_URL: 'https://ghe.example.org/api/v3' }, 'https://ghe.example.org/api/v3', 'https://ghe.example.org'],
    [{ GITHUB_API_URL: 'http://127.0.0.1:4000' }, 'http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    [{ GITHUB_URL: 'https://acme.ghe.com' }, 'https://api.acme.ghe.com', 'https://acme.ghe.com'],
    [{ GITHUB_API_URL: 'https://api.acme.ghe.com' }, 'https://api.acme.ghe.com', 'https://acme.ghe.com'],
    [{ GITHUB_API_URL: 'http://a:1', GITHUB_URL: 'http://b:2' }, 'http://a:1', 'http://b:2'],
    [{ GITHUB_API_URL: '', GITHUB_URL: 'http://b:2' }, 'http://b:2/api/v3', 'http://b:2'],
  ])('from %j', (environment, apiUrl, url) => {
    expect(loadConfig(environment, 'none').github).toMatchObject({ apiUrl, url });
  });

  it('are shown as they are used, not as the default would be', () => {
    const environment = { GITHUB_URL: 'https://ghe.example.org' };

    expect(shownOf(environment, 'GITHUB_API_URL')).toEqual(['https://ghe.example.org/api/v3', 'derived']);
    expect(shownOf(environment, 'GITHUB_URL')).toEqual(['https://ghe.example.org', 'environment']);
    expect(shownOf({}, 'GITHUB_API_URL')).toEqual(['https://api.github.com', 'default']);
  });
});

describe('an unknown name', () => {
  it.each([
    ['STARKEEP_PROT', 'STARKEEP_PORT'],
    ['STARKEEP_UNSTAR_GRACE_PERIOD', 'STARKEEP_UNSTAR_GRACE'],
    ['STARKEEP_LOGLEVEL', 'STARKEEP_LOG_LEVEL'],
    ['STARKEEP_ADMINKEY_FILE', 'STARKEEP_ADMIN_KEY_FILE'],
    ['STARKEEP_port', 'STARKEEP_PORT'],
  ])('%s is refused, and %s suggested', (name, suggestion) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([`${name} is not a setting of Starkeep. Did you mean ${suggestion}?`]);
  });

  it.each(['PATH', 'GITHUB_ACTIONS', 'TEMPORAL_TLS', 'ONEDEV_HOME', 'STARKEEPER'])(
    '%s is none of our business',
    (name) => {
      expect(problemsOf({ [name]: 'x' })).toEqual([]);
    },
  );

  it('that is empty is unset like every other', () => {
    expect(problemsOf({ STARKEEP_PROT: '', STARKEEP_X: undefined })).toEqual([]);
  });
});

describe('what a role needs', () => {
  it.each<[Role, string[]]>([
    ['none', []],
    ['migrate', ['DATABASE_URL']],
    ['api', ['DATABASE_URL', 'TEMPORAL_ADDRESS']],
    ['up', []],
    ['worker', ['GITHUB_TOKEN', 'ONEDEV_URL', 'ONEDEV_TOKEN', 'DATABASE_URL', 'TEMPORAL_ADDRESS']],
  ])('%s: %j', (role, names) => {
    const missing = problemsOf({}, role).map((problem) => SETTINGS.find(({ name }) => problem.includes(name))?.name);
    const given = Object.fromEntries(names.map((name) => [name, COMPLETE[name]]));

    expect(missing).toEqual(names);
    expect(problemsOf(given, role)).toEqual([]);
  });

  it.each<[Environment, string[]]>([
    [{ GITHUB_TOKEN: 'gh' }, ['ONEDEV_URL', 'ONEDEV_TOKEN']],
    [{ ONEDEV_URL: 'https://h' }, ['GITHUB_TOKEN', 'ONEDEV_TOKEN']],
    [{ GITHUB_LOGIN: 'ann', ONEDEV_TOKEN: 'od' }, ['ONEDEV_URL']],
  ])(
    'up: of %j the rest, since something was forgotten; of nothing nothing, since the web UI leads through it',
    (given, names) => {
      const missing = problemsOf(given, 'up').map(
        (problem) => SETTINGS.find(({ name }) => problem.includes(name))?.name,
      );

      expect(missing).toEqual(names);
      expect(loadConfig({}, 'up').lacking).toHaveLength(3);
      expect(loadConfig(COMPLETE, 'up').lacking).toEqual([]);
    },
  );

  it('may have been entered in the web UI, where the environment wins', () => {
    const entered = [
      { name: 'ONEDEV_TOKEN', value: 'entered', by: 'ann', at: '' },
      { name: 'ONEDEV_URL', value: 'https://entered.example.org', by: 'ann', at: '' },
      // Not one of those that may be: it is as if it were not there.
      { name: 'STARKEEP_ADMIN_KEY', value: 'entered-by-hand', by: 'ann', at: '' },
    ];
    const { ONEDEV_TOKEN: _, ...rest } = COMPLETE;

    const config = loadConfig(rest, 'worker', entered);

    expect(config.onedev).toMatchObject({ url: COMPLETE['ONEDEV_URL'], token: 'entered' });
    expect(config.adminKey).toBeUndefined();
    expect(config.secrets).toContain('entered');
    const originOf = (name: string) => config.origins.find(({ setting }) => setting.name === name)?.origin;
    expect([originOf('ONEDEV_TOKEN'), originOf('ONEDEV_URL')]).toEqual(['ui', 'environment']);
  });

  it.each([
    ['GITHUB_API_URL', 'GITHUB_TOKEN'],
    ['GITHUB_URL', 'GITHUB_TOKEN'],
  ])('but an entered %s does not get the %s of the environment, which the api may not know of', (name, secret) => {
    const entered = [{ name, value: 'https://evil.example.org', by: 'ann', at: '' }];

    expect(() => loadConfig(COMPLETE, 'worker', entered)).toThrow(
      `${secret} is set in the environment and would be sent`,
    );
  });

  it('and is wrong although it was entered says how it is taken back', () => {
    const entered = [{ name: 'STARKEEP_LFS', value: 'maybe', by: 'ann', at: '' }];

    expect(() => loadConfig(COMPLETE, 'worker', entered)).toThrow(
      'It was entered in the web UI; `starkeep config unset STARKEEP_LFS` takes it back.',
    );
  });

  it('is fulfilled by a login in the place of a token', () => {
    expect(problemsOf({ ...COMPLETE, GITHUB_TOKEN: undefined, GITHUB_LOGIN: 'ann' }, 'worker')).toEqual([]);
  });

  it('is not reported as missing as well when it is set wrongly', () => {
    expect(problemsOf({ ...COMPLETE, ONEDEV_URL: 'onedev' }, 'up')).toEqual([
      'ONEDEV_URL must be an address that begins with http:// or https://, but is "onedev".',
    ]);
  });
});

describe('settings that belong together', () => {
  it.each([
    [{ GITHUB_APP_ID: '1' }, 'GITHUB_APP_PRIVATE_KEY is not set'],
    [{ GITHUB_APP_PRIVATE_KEY: PEM }, 'GITHUB_APP_ID is not set'],
    [{ GITHUB_SSH_KEY: PEM }, 'GITHUB_SSH_KNOWN_HOSTS is not set'],
    [{ ONEDEV_SSH_URL: 'ssh://h:6611' }, 'ONEDEV_SSH_KEY and ONEDEV_SSH_KNOWN_HOSTS are not set'],
    [{ TEMPORAL_DEPLOYMENT_NAME: 'starkeep' }, 'TEMPORAL_WORKER_BUILD_ID is not set'],
    [{ TEMPORAL_WORKER_BUILD_ID: '1' }, 'TEMPORAL_DEPLOYMENT_NAME is not set'],
    [{ GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old' }, 'GITHUB_WEBHOOK_SECRET_PREVIOUS is set without GITHUB_WEBHOOK_SECRET'],
  ])('%j alone is a problem', (environment, sentence) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining(sentence)]);
  });

  it('make one part of the configuration', () => {
    const { github, onedev, temporal } = loadConfig(
      {
        TEMPORAL_DEPLOYMENT_NAME: 'starkeep',
        TEMPORAL_WORKER_BUILD_ID: '0.1.0-4f2a',
        GITHUB_WEBHOOK_SECRET: 'new',
        GITHUB_WEBHOOK_SECRET_PREVIOUS: 'old',
        GITHUB_SSH_KEY: PEM,
        GITHUB_SSH_KNOWN_HOSTS: 'github.com ssh-ed25519 AAAA',
        ONEDEV_SSH_URL: 'ssh://onedev:6611/',
        ONEDEV_SSH_KEY: PEM,
        ONEDEV_SSH_KNOWN_HOSTS: 'onedev ssh-ed25519 AAAA',
      },
      'none',
    );

    expect(temporal.deployment).toEqual({ deploymentName: 'starkeep', buildId: '0.1.0-4f2a' });
    expect(github.webhookSecrets).toEqual(['new', 'old']);
    expect(github.ssh).toEqual({ privateKey: PEM, knownHosts: 'github.com ssh-ed25519 AAAA' });
    expect(onedev.ssh).toEqual({ url: 'ssh://onedev:6611', privateKey: PEM, knownHosts: 'onedev ssh-ed25519 AAAA' });
  });
});

describe('problems', () => {
  it('are all reported at once, as one list', () => {
    const environment = {
      STARKEEP_PROT: '1',
      STARKEEP_PORT: 'x',
      GITHUB_TOKEN_FILE: '/nonexistent',
      ONEDEV_URL: 'y',
      GITHUB_APP_ID: '1',
      STARKEEP_UNSTAR_GRACE: 'never',
    };

    const problems = problemsOf(environment, 'up');

    const message = new ConfigError(problems).message;
    expect(problems.map((problem) => problem.split(' ')[0]?.replace(',', ''))).toEqual([
      'STARKEEP_PROT',
      'GITHUB_TOKEN_FILE',
      'ONEDEV_URL',
      'STARKEEP_PORT',
      'STARKEEP_UNSTAR_GRACE',
      'ONEDEV_TOKEN',
      'GITHUB_APP_ID',
    ]);
    expect(message.split('\n')).toEqual(['7 settings need attention:', ...problems.map((problem) => `  - ${problem}`)]);
  });
});

describe("Temporal's own variables", () => {
  it('are passed on without the empty ones, and without what is ours', () => {
    const { temporal } = loadConfig(
      {
        TEMPORAL_ADDRESS: 'temporal:7233',
        TEMPORAL_TLS: '',
        TEMPORAL_TLS_SERVER_NAME: 'cloud',
        TEMPORAL_NAMESPACE: '',
        TEMPORAL_CLI: '/opt/temporal',
        TEMPORAL_API_KEY_FILE: fileWith('api-key\n'),
        OTHER: 'x',
      },
      'none',
    );

    expect(temporal).toEqual({
      address: 'temporal:7233',
      namespace: 'default',
      cli: '/opt/temporal',
      payloadKeys: [],
      environment: {
        TEMPORAL_ADDRESS: 'temporal:7233',
        TEMPORAL_TLS_SERVER_NAME: 'cloud',
        TEMPORAL_API_KEY: 'api-key',
      },
    });
  });
});

describe('a child of starkeep up', () => {
  it('gets the addresses of the servers that run, over whatever was set', () => {
    const servers = { databaseUrl: 'postgres://embedded/d', temporalAddress: '127.0.0.1:1', dataDir: '/data' };
    const environment = childEnvironment(
      { ...COMPLETE, DATABASE_URL: '', DATABASE_URL_FILE: '/x', PATH: '/bin' },
      servers,
    );

    const config = loadConfig(environment, 'worker');

    expect([config.databaseUrl, config.temporal.address, config.dataDir]).toEqual([
      'postgres://embedded/d',
      '127.0.0.1:1',
      '/data',
    ]);
    expect(environment['PATH']).toBe('/bin');
  });
});

describe('required', () => {
  it('hands out what is there, and never nothing', () => {
    expect(required('x')).toBe('x');
    expect(() => required(undefined)).toThrow('a required setting is missing although it was checked');
  });
});
