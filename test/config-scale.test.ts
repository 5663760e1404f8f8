import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';

/** The settings of caches, pools and rates. */

function problemsOf(environment: Record<string, string>): string {
  try {
    loadConfig(environment, 'none');
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
  return '';
}

describe('what is remembered', () => {
  it.each([
    ['in Postgres where nothing is set', {}, 'postgres'],
    ['in Redis where there is one', { REDIS_URL: 'redis://cache:6379' }, 'redis'],
    ['where STARKEEP_CACHE says so', { STARKEEP_CACHE: 'memory' }, 'memory'],
    [
      'where STARKEEP_CACHE says so although there is a Redis',
      { REDIS_URL: 'redis://cache', STARKEEP_CACHE: 'postgres' },
      'postgres',
    ],
  ])('is kept %s', (_, environment, place) => {
    expect(loadConfig(environment, 'none').cache.place).toBe(place);
  });

  it('needs an address to be in Redis', () => {
    expect(problemsOf({ STARKEEP_CACHE: 'redis' })).toContain('REDIS_URL');
  });

  it('has a password that is on the list of secrets, alone and with its address', () => {
    const url = 'rediss://starkeep:p%40ss-word@cache.example.org:6380/2';

    const { secrets, origins } = loadConfig({ REDIS_URL: url }, 'none');

    expect(secrets).toEqual(expect.arrayContaining([url, 'p@ss-word']));
    expect(origins.find(({ setting }) => setting.name === 'REDIS_URL')?.shown).toBe('(hidden)');
  });

  it.each(['http://cache', 'cache:6379', 'redis://', 'redis://cache/name', 'redis://cache?db=1'])(
    'is not looked for at %s',
    (url) => {
      expect(problemsOf({ REDIS_URL: url })).toContain('redis://USER:PASSWORD@HOST:6379/0');
    },
  );

  it('tells of a password that is not encoded without showing it', () => {
    const problems = problemsOf({ REDIS_URL: 'redis://u:100%25%@cache' });

    expect(problems).toContain('percent-encoded');
    expect(problems).not.toContain('100%');
  });
});

describe('connections', () => {
  it.each([
    ['2', 2],
    ['1000', 1000],
  ])('may be %s a process', (value, expected) => {
    expect(loadConfig({ STARKEEP_DATABASE_POOL: value }, 'none').databasePool).toBe(expected);
  });

  it.each(['0', '1', '1001', 'many', '2.5'])('may not be %s', (value) => {
    expect(problemsOf({ STARKEEP_DATABASE_POOL: value })).toContain('a whole number from 2 to 1000');
  });

  it('are what suits the process where nothing is set', () => {
    expect(loadConfig({}, 'none').databasePool).toBeUndefined();
  });
});

describe('a rate', () => {
  it.each([
    ['10/s', 10],
    ['0.5/s', 0.5],
    ['30/m', 0.5],
    ['unlimited', null],
  ])('%s is taken', (value, perSecond) => {
    const { rates } = loadConfig(
      { STARKEEP_GITHUB_RATE: value, STARKEEP_ONEDEV_RATE: value, STARKEEP_TRANSFER_RATE: value },
      'none',
    );

    expect(rates).toEqual({ github: perSecond, onedev: perSecond, transfer: perSecond });
  });

  it.each(['0/s', '10', '10/h', '-1/s', 'none'])('%s is none', (value) => {
    expect(problemsOf({ STARKEEP_ONEDEV_RATE: value })).toContain('unlimited, or COUNT/s or COUNT/m');
  });

  it('of GitHub is below its secondary limit of 900 points a minute where nothing is set', () => {
    expect(loadConfig({}, 'none').rates).toEqual({ github: 10, onedev: null, transfer: null });
  });
});

describe('a read replica', () => {
  const url = 'postgres://starkeep:of%20the-replica@replica/starkeep';

  it('has a password that is on the list of secrets, alone and with its address', () => {
    const { databaseReadUrl, secrets } = loadConfig(
      { DATABASE_URL: 'postgres://db/d', DATABASE_READ_URL: url },
      'none',
    );

    expect(databaseReadUrl).toBe(url);
    expect(secrets).toEqual(expect.arrayContaining([url, 'of the-replica']));
  });

  it('is one of a Postgres that is named too', () => {
    expect(problemsOf({ DATABASE_READ_URL: url })).toContain('DATABASE_READ_URL is set without DATABASE_URL.');
  });

  it('is verified as the primary is', () => {
    const problem = problemsOf({ DATABASE_URL: 'postgres://db/d', DATABASE_READ_URL: `${url}?sslmode=no-verify` });

    expect(problem).toContain('DATABASE_READ_URL must be an address that verifies the server');
    expect(problem).not.toContain('of%20the-replica');
  });
});
