import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { COMPLETE, fileWith, problemsOf } from './settings.ts';

/** Of a CA that does not matter to anybody. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUbEWe37ckvzHpOzbdOGN8+Au8PfgwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyNTE0NDM1MVoYDzIxMjYxMTAxMTQ0
MzUxWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATQaaZ/WQitnGDbVRql3qlZNJnVUppoZevCQnBWT+LC6HLZNIlj8n6HX2LFJ6p4
i3x4uN4oGIT9Z+ylcVWX9eJPo1MwUTAdBgNVHQ4EFgQUbeo7pi4nwWUDTO4vpcMP
XXjdAd4wHwYDVR0jBBgwFoAUbeo7pi4nwWUDTO4vpcMPXXjdAd4wDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA2+Tg6BHKru4bXUf8wuLvSvP38udr
44eG9z5b28LKzwYCIHHgn4LnOrXa7YuzyUW23AQ1JReI2HBps6rsu1qv113A
-----END CERTIFICATE-----`;

const FILE = fileWith(`# our CA\n${CERTIFICATE}\n`);

describe('verification of certificates', () => {
  it.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0'],
    ['GIT_SSL_NO_VERIFY', '1'],
    ['GIT_SSL_NO_VERIFY', 'false'],
    ['PGSSLMODE', 'no-verify'],
  ])('is not turned off by %s=%s: that is refused, and said what to do instead', (name, value) => {
    const problems = problemsOf({ ...COMPLETE, [name]: value }, 'worker');

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /turns off the verification of certificates\. Unset it; .*(STARKEEP_CA_FILE|sslrootcert)/,
    );
  });

  it.each([
    ['NODE_TLS_REJECT_UNAUTHORIZED', '1'],
    ['NODE_TLS_REJECT_UNAUTHORIZED', ''],
    ['GIT_SSL_NO_VERIFY', ''],
    ['PGSSLMODE', 'verify-full'],
  ])('is left on by %s=%s', (name, value) => {
    expect(problemsOf({ ...COMPLETE, [name]: value }, 'worker')).toEqual([]);
  });

  it.each([
    'sslmode=no-verify',
    'ssl=no-verify',
    'uselibpqcompat=true&sslmode=require',
    'uselibpqcompat=true&sslmode=prefer',
    'uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/dev/null',
  ])('is not turned off by %s in DATABASE_URL, and the refusal does not show the password', (parameters) => {
    const [problem = '', ...more] = problemsOf({ DATABASE_URL: `postgres://u:hush-hush@db/d?${parameters}` });

    expect(problem).toContain('DATABASE_URL must be an address that verifies the server: sslmode=verify-full');
    expect(problem).not.toContain('hush-hush');
    expect(more).toEqual([]);
  });

  it.each(['sslmode=verify-full', 'sslmode=disable', 'sslmode=require', 'uselibpqcompat=true&sslmode=verify-full', ''])(
    'lets DATABASE_URL have %s',
    (parameters) => {
      expect(problemsOf({ DATABASE_URL: `postgres://u:p@db/d?${parameters}` })).toEqual([]);
    },
  );

  it('names a file of DATABASE_URL that cannot be read', () => {
    expect(problemsOf({ DATABASE_URL: 'postgres://u:p@db/d?sslmode=verify-full&sslrootcert=/nowhere/ca' })).toEqual([
      'DATABASE_URL must be an address whose sslrootcert is a file that can be read (ENOENT).',
    ]);
  });
});

describe('STARKEEP_CA_FILE', () => {
  it('is read, and only its certificates count', () => {
    expect(loadConfig({ STARKEEP_CA_FILE: FILE }, 'none').ownCa).toBe(CERTIFICATE);
  });

  it('stands beside NODE_EXTRA_CA_CERTS, which Node would no longer look at', () => {
    expect(loadConfig({ STARKEEP_CA_FILE: FILE, NODE_EXTRA_CA_CERTS: FILE }, 'none').ownCa).toBe(
      `${CERTIFICATE}\n${CERTIFICATE}`,
    );
  });

  it('unset leaves trust to Node, whatever it has', () => {
    expect(loadConfig({ NODE_EXTRA_CA_CERTS: '/nowhere/ca' }, 'none').ownCa).toBeUndefined();
  });

  it.each([
    ['/nowhere/ca', 'the path of a file of certificates (ENOENT)'],
    [fileWith('hello'), 'the path of a file of certificates in PEM form (it has none)'],
    [
      fileWith('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
      'the path of a file of certificates in PEM form (one of them cannot be read)',
    ],
  ])('must be %s', (path, what) => {
    expect(problemsOf({ STARKEEP_CA_FILE: path })).toEqual([`STARKEEP_CA_FILE must be ${what}, but is "${path}".`]);
  });
});
