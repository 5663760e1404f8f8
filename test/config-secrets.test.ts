import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { SETTINGS } from '../src/config/settings.ts';
import { COMPLETE, type Environment, fileWith, PEM, problemsOf, shownOf } from './settings.ts';

/** A value the setting would accept. */
function secretFor(name: string): string {
  if (/^DATABASE_.*URL$/.test(name)) return 'postgres://ann:hush-hush@h/d';
  if (name === 'REDIS_URL') return 'redis://ann:hush-hush@h:6379/0';
  if (name === 'STARKEEP_ALERT_SMTP_URL') return 'smtp://ann:hush-hush@h';
  if (/^STARKEEP_ALERT_.*_URL$/.test(name)) return 'https://h/hush-hush';
  if (/_HEADERS$/.test(name)) return 'authorization=hush-hush';
  if (/_KEYS$/.test(name)) return `hush:${Buffer.alloc(32, 'hush').toString('base64')}`;
  return /(?:PRIVATE|SSH)_KEY$/.test(name) ? `${PEM} hush` : 'hush-hush-hush-hush-hush';
}

describe('a secret from a file', () => {
  it.each([
    ['ends with a line feed', 'from-file\n', 'from-file'],
    ['ends with CR LF', 'from-file\r\n', 'from-file'],
    ['ends at once', 'from-file', 'from-file'],
    ['has white space of its own', ' from file \n', ' from file '],
  ])('that %s is read without the last line break alone', (_, content, expected) => {
    const { github, secrets } = loadConfig({ GITHUB_WEBHOOK_SECRET_FILE: fileWith(content) }, 'none');

    expect([github.webhookSecrets, secrets]).toEqual([[expected], [expected]]);
  });

  it.each(SETTINGS.filter((setting) => setting.secret).map(({ name }) => [name]))('works for %s', (name) => {
    const path = fileWith(secretFor(name));

    const problems = problemsOf({ [`${name}_FILE`]: path });

    expect(problems.filter((problem) => problem.includes(`${name}_FILE`))).toEqual([]);
  });

  it('may be a key of many lines', () => {
    const { github } = loadConfig({ GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY_FILE: fileWith(`${PEM}\n`) }, 'none');

    expect(github.app).toEqual({ appId: '1', privateKey: PEM });
  });

  it('is refused beside the same secret in the environment', () => {
    const problems = problemsOf({ ...COMPLETE, GITHUB_TOKEN_FILE: fileWith('other') }, 'up');

    expect(problems).toEqual(['GITHUB_TOKEN and GITHUB_TOKEN_FILE are both set; keep one of them.']);
  });

  it.each([
    ['does not exist', '/nonexistent/token', 'cannot be read (ENOENT)'],
    ['is a folder', tmpdir(), 'cannot be read (EISDIR)'],
    ['is empty', fileWith(''), 'is empty'],
    ['has a line break and nothing else', fileWith('\n'), 'is empty'],
  ])('that %s is one problem that names the file', (_, path, reason) => {
    const problems = problemsOf({ ...COMPLETE, GITHUB_TOKEN: '', GITHUB_TOKEN_FILE: path }, 'worker');

    expect(problems).toEqual([`GITHUB_TOKEN_FILE names "${path}", which ${reason}.`]);
  });

  it('exists for secrets only', () => {
    expect(problemsOf({ STARKEEP_PORT_FILE: fileWith('80') })).toEqual([
      'STARKEEP_PORT_FILE is not a setting of Starkeep. Did you mean STARKEEP_PORT?',
    ]);
  });
});

describe('what is shown', () => {
  it('is never a secret', () => {
    const names = SETTINGS.filter((setting) => setting.secret).map(({ name }) => name);
    const environment = Object.fromEntries(names.map((name) => [name, secretFor(name)]));
    const complete = {
      GITHUB_APP_ID: '1',
      GITHUB_SSH_KNOWN_HOSTS: 'h',
      ONEDEV_SSH_URL: 'ssh://h:1',
      ONEDEV_SSH_KNOWN_HOSTS: 'h',
      STARKEEP_LOG_ELASTICSEARCH_URL: 'https://h',
      STARKEEP_ALERT_URL: 'https://h',
      STARKEEP_ALERT_MAIL_FROM: 'a@h',
      STARKEEP_ALERT_MAIL_TO: 'a@h',
    };

    const { origins } = loadConfig({ ...environment, ...complete }, 'none');

    const secret = origins.filter(({ setting }) => setting.secret);
    expect(JSON.stringify(origins)).not.toContain('hush');
    expect(new Set(secret.map(({ shown }) => shown))).toEqual(new Set(['(hidden)']));
  });

  it('is each setting of the table, once, in its order', () => {
    expect(loadConfig({}, 'none').origins.map(({ setting }) => setting)).toEqual(SETTINGS);
  });

  it.each<[Environment, string, [string, string]]>([
    [{}, 'STARKEEP_PORT', ['8000', 'default']],
    [{ STARKEEP_PORT: '81' }, 'STARKEEP_PORT', ['81', 'environment']],
    [{}, 'GITHUB_LOGIN', ['', 'unset']],
    [{}, 'GITHUB_TOKEN', ['', 'unset']],
    [{ GITHUB_TOKEN: 'x' }, 'GITHUB_TOKEN', ['(hidden)', 'environment']],
    [{ GITHUB_TOKEN_FILE: fileWith('x') }, 'GITHUB_TOKEN', ['(hidden)', 'file']],
    [{}, 'STARKEEP_RECONCILE_EVERY', ['(15m; 6h without a token)', 'default']],
  ])('of %j for %s is %j', (environment, name, expected) => {
    expect(shownOf(environment, name)).toEqual(expected);
  });
});

describe('the list of secrets', () => {
  it("has the database's password as it is, beside the whole address", () => {
    const { secrets } = loadConfig({ DATABASE_URL: 'postgres://u:p%40ss%2Fword@h/d' }, 'none');

    expect(secrets).toEqual(['postgres://u:p%40ss%2Fword@h/d', 'p@ss/word']);
  });

  it('has each payload key by itself, beside all of them together', () => {
    const [first, second] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));
    const { secrets } = loadConfig({ STARKEEP_PAYLOAD_KEYS: `a:${first},b:${second}` }, 'none');

    expect(secrets).toEqual([`a:${first},b:${second}`, first, second]);
  });
});

describe('a problem with a secret', () => {
  it.each([
    ['GITHUB_TOKEN', 'very secret'],
    ['DATABASE_URL', 'mysql://u:very-secret@h/d'],
    ['REDIS_URL', 'http://u:very-secret@h/d'],
    ['STARKEEP_ADMIN_KEY', 'very-secret'],
    ['STARKEEP_PAYLOAD_KEYS', 'main:very-secret'],
    ['STARKEEP_SETTINGS_KEYS', 'main:very-secret'],
    ['ONEDEV_URL', 'https://ann:very-secret@host/'],
    ['GITHUB_URL', 'https://ann:very/secret@host/'],
    ['ONEDEV_SSH_URL', 'ssh://git:very-secret@host'],
  ])('in %s never shows it', (name, value) => {
    expect(problemsOf({ [name]: value }).join()).not.toMatch(/very.secret/);
  });
});
