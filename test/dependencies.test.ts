import { describe, expect, it } from 'vitest';
import { auditVerdict } from '../scripts/audit.ts';
import { licenceProblems, type LockedPackage, lockfileProblems, readLockfile } from '../scripts/dependencies.ts';
import { bom } from '../scripts/sbom.ts';

const HASH = `sha512-${'A'.repeat(86)}==`;

const lockfileWith = (locked: LockedPackage, folder = 'node_modules/left-pad') => {
  return { lockfileVersion: 3, packages: { '': {}, [folder]: { version: '1.0.0', license: 'MIT', ...locked } } };
};

describe('the lockfile', () => {
  it('has a hash for everything, and names no registry but the public one', async () => {
    expect(lockfileProblems(await readLockfile())).toEqual([]);
  });

  it.each<[string, LockedPackage, RegExp]>([
    ['without a hash', {}, /has no hash/],
    ['with a weak hash', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /no SHA-512/],
    [
      'from another registry',
      { integrity: HASH, resolved: 'https://npm.example/left-pad.tgz' },
      /comes from https:\/\/npm/,
    ],
    [
      'from the public registry without TLS',
      { integrity: HASH, resolved: 'http://registry.npmjs.org/x.tgz' },
      /comes from/,
    ],
    [
      'from a host named alike',
      { integrity: HASH, resolved: 'https://registry.npmjs.org.example/x.tgz' },
      /comes from/,
    ],
    ['from a repository', { integrity: HASH, resolved: 'git+ssh://git@github.com/a/b.git#1' }, /comes from git/],
    ['from a folder of this machine', { integrity: HASH, resolved: 'file:/tmp/left-pad' }, /comes from file/],
    ['from a folder beside this one', { integrity: HASH, resolved: 'file:./../left-pad' }, /comes from file/],
  ])('is refused for a package %s', (_, locked, reason) => {
    expect(lockfileProblems(lockfileWith(locked))).toEqual([expect.stringMatching(reason)]);
  });

  it.each<[string, LockedPackage]>([
    ['of a registry that is left open', { integrity: HASH }],
    [
      'of the public registry',
      { integrity: HASH, resolved: 'https://registry.npmjs.org/left-pad/-/left-pad-1.0.0.tgz' },
    ],
    ['inside this repository', { integrity: HASH, resolved: 'file:./vendor/left-pad.tgz' }],
  ])('may have a package %s', (_, locked) => {
    expect(lockfileProblems(lockfileWith(locked))).toEqual([]);
  });
});

describe('the licences of what runs in production', () => {
  it('are all on the list', async () => {
    expect(licenceProblems(await readLockfile())).toEqual([]);
  });

  it('are refused when they are not on it, or not stated', () => {
    const { packages } = lockfileWith({ license: 'AGPL-3.0' }, 'node_modules/a/node_modules/@b/c');
    const silent = { version: '2.0.0' };

    expect(licenceProblems({ lockfileVersion: 3, packages: { ...packages, 'node_modules/silent': silent } })).toEqual([
      expect.stringMatching(/^@b\/c@1\.0\.0 has the licence AGPL-3\.0: read it/),
      expect.stringMatching(/^silent@2\.0\.0 has no stated licence/),
    ]);
  });

  it('do not count for what is only for work on Starkeep', () => {
    expect(licenceProblems(lockfileWith({ license: 'AGPL-3.0', dev: true }))).toEqual([]);
  });
});

describe('an audit of the dependencies', () => {
  const reportOf = (severity: string) =>
    JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities: { 'left-pad': { severity, range: '<1.2.0', fixAvailable: true } },
    });

  it.each(['high', 'critical'])('fails for a vulnerability that is %s', (severity) => {
    expect(auditVerdict(reportOf(severity))).toEqual({
      kind: 'vulnerable',
      packages: [`left-pad <1.2.0: ${severity}; \`npm audit fix\` has a remedy`],
    });
  });

  it('counts those below', () => {
    expect(auditVerdict(reportOf('moderate'))).toEqual({ kind: 'clean', below: 1 });
  });

  it.each([
    ['an error', '{"message":"405 Method Not Allowed","error":{"summary":""}}', '405 Method Not Allowed'],
    ['an empty object', '{}', 'the answer is no report'],
    ['something else', 'npm error code ENOTFOUND\n', 'npm error code ENOTFOUND'],
    ['nothing', '', 'npm said nothing'],
  ])('that was answered with %s knows nothing, and says so', (_, output, reason) => {
    expect(auditVerdict(output)).toEqual({ kind: 'unanswered', reason });
  });
});

describe('the bill of materials', () => {
  it('is CycloneDX, and has what runs in production with its hash and licence, and nothing else', async () => {
    const made = JSON.parse(await bom()) as {
      bomFormat: string;
      metadata: { component: { name: string } };
      components: { name: string; hashes?: unknown; licenses?: unknown }[];
    };

    expect(made).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'starkeep' } } });
    const names = made.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['hono', 'pg', '@temporalio/worker']));
    expect(names).not.toContain('vitest');
    const hono = made.components.find(({ name }) => name === 'hono');
    expect(hono).toMatchObject({ hashes: [{ alg: 'SHA-512' }], licenses: [{ license: { id: 'MIT' } }] });
  });
});
