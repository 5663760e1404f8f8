import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf } from '../../../src/adapters/git/environment.ts';
import { isNameable } from '../../../src/adapters/git/listing.ts';
import { clonePath, sshTarget } from '../../../src/adapters/github-urls.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { candidatePaths, isFullName } from '../../../src/domain/names.ts';
import { readRef, refsOf, setRefs } from '../../support/repo.ts';
import { createStreamWorld } from './stream-world.ts';

/** What a shell, an option parser, a path or a refspec would make something of. */
const HOSTILE = [
  ...['-', '--', '--upload-pack=', '-oProxyCommand=', '--exec=', '+', ':', '^', '@', '%s', '%00', '=', '&', '#', '!'],
  ...[
    '$(touch${IFS}pwned)',
    '`touch${IFS}pwned`',
    ';touch${IFS}pwned',
    '|id',
    '>pwned',
    '&&id',
    "'",
    '"',
    '$HOME',
    '{a,b}',
  ],
  ...[
    '/',
    '..',
    '.',
    '../',
    '.git',
    '.lock',
    'HEAD',
    'refs/heads/main',
    '\\',
    '\n',
    '\t',
    ' ',
    '\0',
    '\u202e',
    'é',
    '漢',
  ],
];

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''));

/** A word that is safe wherever a path on OneDev goes: into an address, an argument, a query. */
const SAFE_PATH = /^github(?:\/\w[\w.-]*){2}$/;

describe('a repository of any name', () => {
  it('gets a path on OneDev that is no option, leads nowhere else, and has nothing in it for a shell', () => {
    fc.assert(
      fc.property(hostile, hostile, (owner, name) => {
        for (const path of candidatePaths('github', `${owner}/${name}`, '7')) {
          const segments = path.split('/').length;
          expect(segments).toBe(3);
          expect(path).toMatch(SAFE_PATH);
        }
      }),
    );
  });

  it('is not asked of GitHub at all when no repository there can be called so', () => {
    fc.assert(
      fc.property(hostile, hostile, (owner, name) => {
        if (isFullName(`${owner}/${name}`)) expect(`${owner}/${name}`).toMatch(/^[\w.-]+\/[\w.-]+$/);
      }),
    );
  });

  it('has an address that git takes for an address, on the host it may be on, or none', () => {
    const urls = fc.oneof(
      hostile,
      hostile.map((text) => `https://github.example/${text}`),
      hostile.map((text) => `https://${text}/o/r.git`),
      hostile.map((text) => `git@${text}:o/r.git`),
      hostile.map((text) => `ssh://${text}/o/r.git`),
    );
    fc.assert(
      fc.property(urls, (url) => {
        const checks = [
          () => addressOf(url),
          () => clonePath(url, 'https://github.example'),
          () => sshTarget(url, 'https://github.example'),
        ];
        for (const check of checks) {
          try {
            check();
            expect(url).toMatch(/^(?:https?:\/\/|ssh:\/\/|[^-])/i);
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
          }
        }
      }),
    );
  });
});

describe('refs of any name that git allows', { timeout: 180_000 }, () => {
  const written = [
    ...['-rf', '--upload-pack=touch${IFS}pwned', '$(touch${IFS}pwned)', '`touch${IFS}pwned`', ';touch${IFS}pwned'],
    ...[
      '|touch${IFS}pwned',
      '>pwned',
      "a'b",
      'a"b',
      '+main',
      'HEAD',
      'refs/heads/main',
      '%s%n',
      '{a,b}',
      '$HOME',
      '#x',
      '!x',
    ],
  ];
  // The same ones in every run: what is found here must be found again.
  const drawn = fc
    .sample(hostile, { numRuns: 120, seed: 42 })
    .map((name, index) => `${index}/${name}`)
    .filter((name) => isNameable(`refs/heads/${name}`));

  it.each(['stream', 'clone'] as const)('are mirrored as they are by %s, and nothing they say is done', async (way) => {
    const world = await createStreamWorld({ commits: 1 }, { commits: 0 });
    const tip = await readRef(world.source, 'refs/heads/main');
    const names = [
      ...written.map((name) => `tags/${name}`),
      ...[...written, ...drawn].map((name) => `heads/${name}`),
    ].map((name) => `refs/${name}`);
    await setRefs(
      world.source,
      names.map((name) => ({ name, oid: tip })),
    );
    const expected = await world.mirrored(world.source);

    await (way === 'stream' ? world.sync() : world.clone());

    expect(Object.keys(expected).length).toBe(names.length + 1);
    expect(await refsOf(world.target)).toEqual(expected);
    for (const dir of [process.cwd(), world.dir, world.cacheDir, world.source.dir, world.target.dir]) {
      expect(existsSync(join(dir, 'pwned'))).toBe(false);
    }
  });
});
