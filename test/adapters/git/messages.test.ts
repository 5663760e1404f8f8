import { describe, expect, it } from 'vitest';
import { parseListing } from '../../../src/adapters/git/listing.ts';
import { failureOf, hookReason, meansBrokenCache, parsePush, type Side } from '../../../src/adapters/git/messages.ts';
import { parseProgress } from '../../../src/adapters/git/progress.ts';
import type { FailureKind } from '../../../src/domain/failures.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';

function kindOf(side: Side, stderr: string, anonymous = false): FailureKind {
  return failureOf({ side, doing: 'listing its refs', stderr, anonymous, redact: (text) => text }).kind;
}

const status = (code: number, remote = '') =>
  `${remote === '' ? '' : `remote: ${remote}\n`}fatal: unable to access 'https://x/y.git/': The requested URL returned error: ${code}`;

describe('failureOf', () => {
  it.each<[FailureKind, Side, string]>([
    ['SourceUnauthorized', 'source', "fatal: Authentication failed for 'https://x/y.git/'"],
    ['SourceUnauthorized', 'source', "fatal: could not read Username for 'https://x': terminal prompts disabled"],
    [
      'SourceUnauthorized',
      'source',
      'git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.',
    ],
    ['SourceForbidden', 'source', status(403)],
    ['SourceForbidden', 'source', status(403, 'The organization has enabled SAML SSO.')],
    ['SourceBlocked', 'source', status(403, 'Repository unavailable due to DMCA takedown.')],
    ['SourceBlocked', 'source', status(451)],
    ['SourceGone', 'source', "remote: Repository not found.\nfatal: repository 'https://x/y.git/' not found"],
    ['SourceGone', 'source', 'ERROR: Repository not found.\nfatal: Could not read from remote repository.'],
    ['SourceRateLimited', 'source', status(429, 'This request was rate-limited due to too many requests')],
    ['SourceRateLimited', 'source', status(403, 'You have exceeded a secondary rate limit.')],
    ['SourceError', 'source', status(500)],
    ['SourceError', 'source', status(301)],
    ['SourceError', 'source', 'error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502'],
    ['SourceUnreachable', 'source', "fatal: unable to access 'https://x/': Could not resolve host: x"],
    [
      'SourceUnreachable',
      'source',
      'error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF',
    ],
    ['SourceUnreachable', 'source', 'Host key verification failed.\nfatal: Could not read from remote repository.'],
    ['TargetUnauthorized', 'target', "fatal: Authentication failed for 'http://x/y/'"],
    ['TargetForbidden', 'target', status(403, 'You do not have permission to push to this project.')],
    [
      'TargetProjectMissing',
      'target',
      "remote: Project not found or inaccessible: github/a/b\nfatal: repository 'http://x/github/a/b/' not found",
    ],
    ['TargetStarting', 'target', "fatal: repository 'http://x/github/a/b/' not found"],
    ['TargetStarting', 'target', status(503, 'Server not ready')],
    ['TargetError', 'target', status(500, 'Server Error')],
    ['TargetError', 'target', 'error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413'],
    ['TargetUnreachable', 'target', "fatal: unable to access 'http://x/': Failed to connect to x port 80"],
    ['TargetUnreachable', 'target', 'send-pack: unexpected disconnect while reading sideband packet'],
    ['TargetChanged', 'target', "error: unable to delete 'refs/heads/x': remote ref does not exist"],
    ['DiskFull', 'source', 'fatal: write error: No space left on device\nfatal: index-pack failed'],
    ['TransferKilled', 'source', 'error: index-pack died of signal 9\nfatal: index-pack failed'],
    ['TransferKilled', 'target', 'fatal: Out of memory, malloc failed (tried to allocate 5 bytes)'],
    ['TransferFailed', 'target', 'fatal: something new'],
    ['TransferFailed', 'source', ''],
  ])('%s at the %s: %s', (kind, side, stderr) => {
    expect(kindOf(side, stderr)).toBe(kind);
  });

  it('does not take a full disk of the other side for ours', () => {
    expect(kindOf('target', 'remote: fatal: write error: No space left on device\n')).toBe('TransferFailed');
  });

  it('takes a request for credentials for "gone" when none were sent', () => {
    expect(kindOf('source', "fatal: could not read Username for 'https://x': terminal prompts disabled", true)).toBe(
      'SourceGone',
    );
  });

  it('waits at least a minute after a rate limit, because git does not say how long', () => {
    const failure = failureOf({
      side: 'source',
      doing: 'fetching from it',
      stderr: status(429),
      anonymous: false,
      redact: (text) => text,
    });

    expect(failure.retryAfterMs).toBeGreaterThanOrEqual(60_000);
  });

  it('says what happened, with the last words of git, redacted and at most 2 KB of them', () => {
    const stderr = `${'noise ü '.repeat(1_000)}\nfatal: the token hunter2-hunter2 is bad`;

    const failure = failureOf({
      side: 'target',
      doing: 'pushing to it',
      stderr,
      anonymous: false,
      redact: createRedactor(['hunter2-hunter2']),
    });

    expect(failure.message).toMatch(/^git failed while pushing to it\. git said: …/);
    expect(failure.message).toContain('fatal: the token [redacted] is bad');
    expect(Buffer.byteLength(failure.message)).toBeLessThan(2_048 + 100);
  });
});

describe('meansBrokenCache', () => {
  it.each([
    ['fatal: not a git repository: /x', true],
    ['error: object file ./objects/aa/bb is empty', true],
    ['error: packfile ./objects/pack/p.pack cannot be accessed', true],
    ['warning: ignoring broken ref refs/heads/x', true],
    [`fatal: unable to read tree ${'a'.repeat(40)}`, true],
    ['fatal: bad config line 1 in file /x/config', true],
    ['remote: fatal: bad object HEAD', false],
    ['fatal: Could not read from remote repository.', false],
    ["fatal: 'x' does not appear to be a git repository", false],
  ])('%s: %s', (stderr, expected) => {
    expect(meansBrokenCache(stderr)).toBe(expected);
  });
});

describe('parsePush', () => {
  it('reads the verdict on each ref', () => {
    const stdout = [
      'To http://x/y',
      ' \taaa:refs/heads/a\t1..2',
      '+\taaa:refs/heads/b\t1...2 (forced update)',
      '*\taaa:refs/heads/c\t[new branch]',
      '-\t:refs/heads/d\t[deleted]',
      '=\taaa:refs/heads/e\t[up to date]',
      '!\taaa:refs/heads/f\t[rejected] (stale info)',
      '!\taaa:refs/heads/g\t[remote rejected] (pre-receive hook declined)',
      '!\t:refs/heads/h\t[remote rejected] (deletion of the current branch prohibited)',
      'Done',
    ].join('\n');

    const verdicts = parsePush(stdout, '');

    expect(Object.fromEntries(verdicts)).toEqual({
      'refs/heads/a': { verdict: 'taken' },
      'refs/heads/b': { verdict: 'taken' },
      'refs/heads/c': { verdict: 'taken' },
      'refs/heads/d': { verdict: 'taken' },
      'refs/heads/e': { verdict: 'taken' },
      'refs/heads/f': { verdict: 'changed' },
      'refs/heads/g': { verdict: 'hook-declined' },
      'refs/heads/h': { verdict: 'declined', reason: 'deletion of the current branch prohibited' },
    });
  });

  it('tells a ref that somebody moved from one that cannot be', () => {
    const stdout = [
      '!\taaa:refs/heads/a\t[remote rejected] (failed to update ref)',
      '!\taaa:refs/heads/b/c\t[remote rejected] (failed to update ref)',
    ].join('\n');
    const stderr = [
      "remote: error: cannot lock ref 'refs/heads/a': is at 1 but expected 2        ",
      "remote: error: cannot lock ref 'refs/heads/b/c': 'refs/heads/b' exists; cannot create 'refs/heads/b/c'        ",
    ].join('\n');

    const verdicts = parsePush(stdout, stderr);

    expect(verdicts.get('refs/heads/a')).toEqual({ verdict: 'changed' });
    expect(verdicts.get('refs/heads/b/c')).toMatchObject({
      verdict: 'declined',
      reason: expect.stringContaining("'refs/heads/b' exists"),
    });
  });
});

describe('hookReason', () => {
  it('is the text in the box of stars', () => {
    const stderr = [
      'remote: Some noise',
      'remote: *********************************        ',
      'remote: *        ',
      'remote: *  ERROR PUSHING REF: refs/heads/x        ',
      'remote: *        ',
      'remote: *  Branch protection: no *force* push        ',
      'remote: *  (rule 3)        ',
      'remote: *        ',
      'remote: *********************************        ',
      'remote: more noise',
    ].join('\n');

    expect(hookReason(stderr)).toBe('Branch protection: no *force* push (rule 3)');
  });

  it('is never empty', () => {
    expect(hookReason('')).toBe('declined by the pre-receive hook without a reason');
  });
});

describe('parseProgress', () => {
  it.each([
    ['Receiving objects:  42% (420/1000)', ['Receiving objects', 420, 0, 0]],
    ['Receiving objects:   7% (7/100), 1.50 MiB | 512.00 KiB/s', ['Receiving objects', 7, 1_572_864, 524_288]],
    ['Writing objects: 100% (3/3), 250 bytes | 250.00 KiB/s, done.', ['Writing objects', 3, 250, 256_000]],
  ])('reads %s', (line, [title, done, bytes, bytesPerSecond]) => {
    expect(parseProgress(line)).toEqual({ title, done, bytes, bytesPerSecond });
  });

  it.each(['remote: Counting objects:  50% (1/2)', 'From http://x', 'Enumerating objects: 5, done.'])(
    'leaves out %s',
    (line) => {
      expect(parseProgress(line)).toBeNull();
    },
  );
});

describe('parseListing', () => {
  const A = 'a'.repeat(40);
  const B = 'b'.repeat(40);

  it('reads heads, tags with what they peel to, archives and HEAD, and leaves out what only ends alike', () => {
    const output = [
      'ref: refs/heads/main\tHEAD',
      `${A}\tHEAD`,
      `${A}\trefs/heads/main`,
      `${A}\trefs/odd/refs/heads/x`,
      'ref: refs/remotes/origin/main\trefs/remotes/origin/HEAD',
      `${A}\trefs/remotes/origin/HEAD`,
      `${B}\trefs/tags/v1`,
      `${A}\trefs/tags/v1^{}`,
      `${A}\trefs/starkeep/2026/x`,
      '',
    ].join('\n');

    expect(parseListing(output)).toEqual({
      refs: [
        { name: 'refs/heads/main', oid: A },
        { name: 'refs/tags/v1', oid: B, peeled: A },
        { name: 'refs/starkeep/2026/x', oid: A },
      ],
      head: 'refs/heads/main',
    });
  });

  it('has no HEAD when HEAD is no branch', () => {
    expect(parseListing(`${A}\tHEAD\n${A}\trefs/heads/main\n`).head).toBeNull();
  });

  it.each([
    ['ObjectFormatUnsupported', `${'a'.repeat(64)}\trefs/heads/main\n`],
    ['TransferFailed', 'surprise\trefs/heads/main\n'],
  ])('is a %s failure for %j', (kind, output) => {
    expect(() => parseListing(output)).toThrow(expect.objectContaining({ kind }));
  });
});
