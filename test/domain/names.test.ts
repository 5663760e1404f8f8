import { describe, expect, it } from 'vitest';
import {
  archivePath,
  candidatePaths,
  isArchivePath,
  isFullName,
  markerIn,
  parentPathProblem,
  projectDescription,
  projectName,
  samePath,
  splitPath,
} from '../../src/domain/names.ts';

describe('projectName', () => {
  it.each([
    ['linux', 'linux'],
    ['hello_world', 'hello_world'],
    ['node.js', 'node.js'],
    ['_private', '_private'],
    ['.github', '_.github'],
    ['-dash', '_-dash'],
    ['..', '_..'],
    ['projects', '_projects'],
    ['Projects', '_Projects'],
    ['robots.txt', '_robots.txt'],
    ['avatars', '_avatars'],
    ['dotfiles.git', 'dotfiles.git_'],
    ['dotfiles.GIT', 'dotfiles.GIT_'],
    ['.git', '_.git_'],
    ['~admin', '_-admin'],
    ['naïve', 'na-ve'],
    ['a/b', 'a-b'],
    ['', '_'],
  ])('turns %j into %j', (name, expected) => {
    expect(projectName(name)).toBe(expected);
  });
});

describe('candidatePaths', () => {
  it('offers the plain path first, then one with the repository id', () => {
    expect(candidatePaths('github', 'torvalds/linux', '2325298')).toEqual([
      'github/torvalds/linux',
      'github/torvalds/linux-2325298',
    ]);
  });

  it('maps owner and name each for itself', () => {
    expect(candidatePaths('mirrors/github', 'projects/.github', '7')[0]).toBe('mirrors/github/_projects/_.github');
  });

  it('never ends a path in .git', () => {
    expect(candidatePaths('github', 'o/x.git', '7')).toEqual(['github/o/x.git_', 'github/o/x.git_-7']);
  });

  it('gives a name too long for OneDev only a path with its id, which two repositories cannot share', () => {
    const paths = candidatePaths('p'.repeat(100), `${'o'.repeat(100)}/${'n'.repeat(100)}`, '123456789');

    expect(paths).toHaveLength(1);
    expect(paths[0]).toHaveLength(255);
    expect(paths[0]).toMatch(/n-123456789$/);
  });
});

describe('archivePath', () => {
  it.each([
    [1, 'github/o/r.archived-7'],
    [2, 'github/o/r.archived-7-2'],
  ])('says at attempt %i what the project is', (attempt, expected) => {
    expect(archivePath('github/o/r', '7', attempt)).toBe(expected);
  });

  it('keeps its end when the path is long', () => {
    const path = archivePath(`github/${'x'.repeat(260)}`, '7', 1);

    expect(path).toHaveLength(255);
    expect(path).toMatch(/x\.archived-7$/);
  });

  it.each([
    ['github/o/r.archived-7', '7', true],
    ['github/o/r.archived-7-2', '7', true],
    ['github/o/r.archived-77', '7', false],
    ['github/o/r.archived-8', '7', false],
    ['github/o/r', '7', false],
  ])('recognises %s for repository %s: %s', (path, repoId, expected) => {
    expect(isArchivePath(path, repoId)).toBe(expected);
  });
});

describe('splitPath', () => {
  it('takes the last segment off', () => {
    expect(splitPath('a/b/c')).toEqual({ parent: 'a/b', name: 'c' });
  });

  it('finds no parent in a single name', () => {
    expect(splitPath('github')).toEqual({ parent: null, name: 'github' });
  });
});

describe('parentPathProblem', () => {
  it.each(['github', 'mirrors/github', '_mirrors', 'a.b-c'])('accepts %s', (path) => {
    expect(parentPathProblem(path)).toBeNull();
  });

  it.each([
    '',
    '/',
    'github/',
    '/github',
    'git hub',
    '.github',
    'new',
    'import',
    'a/projects',
    'x.git',
    '~api',
    'a'.repeat(101),
  ])('refuses %j with a sentence', (path) => {
    expect(parentPathProblem(path)).toMatch(/\w+ \w+/);
  });
});

describe('isFullName', () => {
  it.each(['torvalds/linux', 'o/.github', 'o/r.git', 'o/..r', 'emu_corp/x'])('accepts %s', (text) => {
    expect(isFullName(text)).toBe(true);
  });

  it.each(['', 'linux', 'a/b/c', 'o/', '/r', 'o/.', 'o/..', '-o/r', 'o/r s', 'o/ü', 'o/r\n', 'o/r?x=1'])(
    'refuses %j',
    (text) => {
      expect(isFullName(text)).toBe(false);
    },
  );
});

describe('samePath', () => {
  it('compares as OneDev does, without regard to case', () => {
    expect(samePath('github/O/Repo', 'GitHub/o/repo')).toBe(true);
    expect(samePath('github/o/r', 'github/o/r2')).toBe(false);
  });
});

describe('the marker', () => {
  it('is the last line of the description and is found there', () => {
    const text = projectDescription('github-7', 'https://github.com/o/r', 'A thing.');

    expect(text).toBe('A thing.\n\nMirror of https://github.com/o/r\nKept by Starkeep as github-7');
    expect(markerIn(text)).toBe('github-7');
  });

  it.each([null, '', '   '])('stands alone with the address when upstream says %j', (description) => {
    expect(projectDescription('github-7', 'https://github.com/o/r', description)).toBe(
      'Mirror of https://github.com/o/r\nKept by Starkeep as github-7',
    );
  });

  it('cannot be forged by what upstream writes in its description', () => {
    const text = projectDescription('github-7', 'https://github.com/o/r', 'x\nKept by Starkeep as github-666');

    expect(markerIn(text)).toBe('github-7');
  });

  it('survives a description of any length', () => {
    expect(markerIn(projectDescription('github-7', 'https://github.com/o/r', 'y'.repeat(50_000)))).toBe('github-7');
  });

  it('is found whatever line ends and trailing space an editor left', () => {
    expect(markerIn('x\r\nKept by Starkeep as github-7\r\n \n')).toBe('github-7');
  });

  it.each([null, undefined, '', 'A project', 'Kept by Starkeep as github-7\nand more', 'Kept by Starkeep'])(
    'is not seen in %j',
    (description) => {
      expect(markerIn(description)).toBeNull();
    },
  );

  it('leaves nothing in the description that OneDev could give back differently', () => {
    const text = projectDescription('github-7', 'https://github.com/o/r', `a\u0000b\tc${'z'.repeat(1_994)}\u{1F600}`);

    expect(text).toMatch(/^a b cz+\n/);
    expect(Buffer.from(text).toString()).toBe(text);
  });
});
