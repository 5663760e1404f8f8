import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../src/domain/failures.ts';
import { createRedactor } from '../../src/domain/redaction.ts';

const MASK = '[redacted]';
const GHS = `ghs_${'eyJhbGciOi.JIUzI1NiJ9-_'.repeat(23)}`;
const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nk9w=\n-----END RSA PRIVATE KEY-----';

describe('a known secret', () => {
  const redact = createRedactor(['hunter2-hunter2', 'a b&c/d+ü', 'quote"and\\slash\nline']);

  it.each([
    ['as it is', 'token hunter2-hunter2!', `token ${MASK}!`],
    ['more than once', 'hunter2-hunter2 and hunter2-hunter2', `${MASK} and ${MASK}`],
    ['inside a word', 'xhunter2-hunter2x', `x${MASK}x`],
    ['as a URL writes it', `?token=${encodeURIComponent('a b&c/d+ü')}`, `?token=${MASK}`],
    ['as JSON writes it', JSON.stringify({ m: 'quote"and\\slash\nline' }), `{"m":"${MASK}"}`],
    ['as base64', `key ${Buffer.from('hunter2-hunter2').toString('base64')}`, `key ${MASK}`],
    ['as base64 of UTF-8', Buffer.from('a b&c/d+ü').toString('base64'), MASK],
    ['as the password git sends', Buffer.from('x-access-token:hunter2-hunter2').toString('base64'), MASK],
    [
      'as a password of anybody',
      `Basic ${Buffer.from('ann:hunter2-hunter2').toString('base64')}, or`,
      `Basic ${MASK}, or`,
    ],
    ['in the middle of a base64', Buffer.from('{"a":1,"token":"hunter2-hunter2"}').toString('base64'), MASK],
    [
      'in the base64 of URLs',
      `?state=${Buffer.from('>>>hunter2-hunter2???').toString('base64url')}&x`,
      `?state=${MASK}&x`,
    ],
    [
      'as URLs write its base64',
      `?q=${encodeURIComponent(Buffer.from('a b&c/d+ü').toString('base64'))}`,
      `?q=${MASK}%3D%3D`,
    ],
    ['as a form writes it', 'token=a+b%26c%2Fd%2B%C3%BC', `token=${MASK}`],
    ['as a URL with small letters', 'a%20b%26c%2fd%2b%c3%bc', MASK],
    [
      'as JSON in JSON',
      JSON.stringify({ m: JSON.stringify({ n: 'quote"and\\slash\nline' }) }),
      `{"m":"{\\"n\\":\\"${MASK}\\"}"}`,
    ],
    ['as Go writes JSON', '{"m":"a b\\u0026c/d+ü"}', `{"m":"${MASK}"}`],
    ['as HTML', '<p>a b&amp;c/d+ü</p>', `<p>${MASK}</p>`],
  ])('is masked %s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it('is masked whole when another is a part of it', () => {
    const both = createRedactor(['secret', 'secret-and-more']);

    expect(both('secret-and-more, secret')).toBe(`${MASK}, ${MASK}`);
  });

  it('is no pattern: its characters mean themselves', () => {
    const redact = createRedactor(['a.*(b)$&']);

    expect(redact('axxxb a.*(b)$& ok')).toBe(`axxxb ${MASK} ok`);
  });

  it('of several lines is masked line by line too', () => {
    const lines = ['MIIEowIBAAKCAQEAx7', 'k9wq8Zr1V2mN3bC4xL', 'a=='];
    const redact = createRedactor([
      `-----BEGIN RSA PRIVATE KEY-----\n${lines.join('\n')}\n-----END RSA PRIVATE KEY-----\n`,
    ]);

    expect(redact(`line 2: ${lines[1]}; frame -----END RSA PRIVATE KEY-----`)).toBe(
      `line 2: ${MASK}; frame -----END RSA PRIVATE KEY-----`,
    );
  });

  it('is masked in every base64 it is a part of, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('base64', 'base64url'), (before, after, encoding) => {
        const text = Buffer.from(`${before}hunter2-hunter2${after}`).toString(encoding as 'base64');

        expect(redact(`"${text}"`)).toBe(`"${MASK}"`);
      }),
    );
  });

  it('that is very short is left, or it would blank half of every text', () => {
    const redact = createRedactor(['', 'e', 'short']);

    expect(redact('a short sentence')).toBe('a short sentence');
  });
});

describe('what looks like a credential', () => {
  const redact = createRedactor([]);

  it.each([
    ['a classic token', `ghp_${'a1B2'.repeat(9)}`, MASK],
    ['a fine-grained token', `github_pat_${'a1B2_'.repeat(16)}`, MASK],
    ['an installation token of 520 characters with dots', `using ${GHS} now`, `using ${MASK} now`],
    ['an API key of ours', `the key skp_${'a1B2_-'.repeat(7)}x!`, `the key ${MASK}!`],
    ['a refresh token', `ghr_${'a1B2'.repeat(19)}`, MASK],
    ['user and password in a URL', 'https://ann:pa-ss@host/x.git', `https://${MASK}@host/x.git`],
    ['a password alone in a URL', 'postgres://:pa-ss@host/db', `postgres://${MASK}@host/db`],
    ['a token as the user of a URL', 'ssh://token@host/', `ssh://${MASK}@host/`],
    [
      'a header as git prints it',
      '=> Send header: Authorization: Basic YW5uOnBhc3M=',
      `=> Send header: Authorization: Basic ${MASK}`,
    ],
    ['a header as curl prints it', '> authorization: token abcdef', `> authorization: token ${MASK}`],
    ['a header in JSON', '{"authorization":"Bearer abc.def"}', `{"authorization":"Bearer ${MASK}"}`],
    [
      'a header in JSON in JSON',
      '{"m":"{\\"authorization\\":\\"bearer abc\\"}"}',
      `{"m":"{\\"authorization\\":\\"bearer ${MASK}\\"}"}`,
    ],
    ['a private key', `key:\n${PEM}\nend`, `key:\n${MASK}\nend`],
    ['a private key that was cut off', PEM.slice(0, 50), MASK],
  ])('%s is masked', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    'https://github.com/ann/kept?x=1',
    'git@github.com:ann/kept.git',
    'ann@example.org wrote to bob@example.org',
    'http://127.0.0.1:8000 and ann@example.org',
    '{"url":"http://127.0.0.1:8000","by":"ann@example.org"}',
    'tag ghp_short',
    'authorization failed for the basic reason',
    '-----BEGIN CERTIFICATE-----',
  ])('%s is left as it is', (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('our own words', () => {
  it('are none of it: what is said of every failure stays as it is', () => {
    const words = Object.values(FAILURES).map(({ hint }) => hint);

    expect(words.map(createRedactor([]))).toEqual(words);
  });
});

describe('a line of a log', () => {
  const redact = createRedactor([PEM]);

  it.each([
    ['a whole key', PEM],
    ['a key that was cut off', PEM.slice(0, 50)],
    ['a URL with a password', 'postgres://u:secret@h/d'],
    ['a header', 'authorization: basic c2VjcmV0'],
  ])('is still one line of JSON with all its fields after %s in it was masked', (_, secret) => {
    const line = `${JSON.stringify({ level: 30, reason: secret, url: 'http://h:1', by: 'a@b' })}\n`;

    const clean = redact(line);

    expect(clean.endsWith('\n')).toBe(true);
    expect(JSON.parse(clean)).toMatchObject({
      level: 30,
      reason: expect.stringContaining(MASK) as string,
      url: 'http://h:1',
      by: 'a@b',
    });
  });

  it('of some megabytes is done with soon', () => {
    const started = performance.now();

    redact(
      `https://${'a'.repeat(1_000_000)} ${'-----BEGIN PRIVATE KEY-----'.repeat(1_000)} ${'authorization: '.repeat(10_000)}`,
    );

    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
