import { describe, expect, it } from 'vitest';
import {
  FILTER_NAMES,
  FilterError,
  filterVerdict,
  parseFilters,
  type FilterName,
  type Filters,
  type Verdict,
} from '../../src/domain/filters.ts';
import type { SourceRepository } from '../../src/domain/model.ts';

type Settings = Partial<Record<FilterName, string>>;

function repository(changes: Partial<SourceRepository> = {}): SourceRepository {
  return {
    repoId: '1',
    fullName: 'torvalds/linux',
    cloneUrl: 'https://github.com/torvalds/linux.git',
    sshUrl: null,
    htmlUrl: 'https://github.com/torvalds/linux',
    description: null,
    defaultBranch: 'master',
    visibility: 'public',
    archived: false,
    disabled: false,
    fork: false,
    language: 'C',
    topics: ['kernel', 'operating-system'],
    stars: 100,
    sizeKb: 2_000_000,
    pushedAt: null,
    ...changes,
  };
}

function verdict(settings: Settings, changes: Partial<SourceRepository> = {}): Verdict {
  return filterVerdict(parseFilters(settings), repository(changes));
}

/** What is wrong with a setting; one that parses fails the test. */
function errorOf(filter: FilterName, text: string): FilterError {
  try {
    const filters = parseFilters({ [filter]: text });
    throw new Error(`it parses: ${JSON.stringify(filters)}`);
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
}

describe('no filters', () => {
  it('keep everything', () => {
    const odd = { archived: true, fork: true, language: null, topics: [], stars: 0, sizeKb: 90_000_000 };

    expect([verdict({}), verdict({}, odd)]).toEqual([{ kept: true }, { kept: true }]);
  });

  it('are what empty settings are', () => {
    const empty = Object.fromEntries(FILTER_NAMES.map((name) => [name, '']));

    expect(parseFilters(empty)).toEqual(parseFilters({}));
  });

  it('are plain JSON, like all filters', () => {
    const filters = parseFilters({ LANGUAGES: 'Go, !C', MAX_SIZE: '2GiB', INCLUDE: 'a/*' });

    expect(JSON.parse(JSON.stringify(filters))).toEqual(filters);
  });
});

describe('a setting means', () => {
  it.each<[FilterName, string, Partial<Filters>]>([
    ['LANGUAGES', 'Go', { languages: { wanted: ['Go'], unwanted: [] } }],
    ['LANGUAGES', ' Go,C++\n !PHP ,', { languages: { wanted: ['Go', 'C++'], unwanted: ['PHP'] } }],
    [
      'LANGUAGES',
      '"Jupyter Notebook", !"Vim Script"',
      { languages: { wanted: ['Jupyter Notebook'], unwanted: ['Vim Script'] } },
    ],
    ['LANGUAGES', '! PHP', { languages: { wanted: [], unwanted: ['PHP'] } }],
    ['TOPICS', 'cli, terminal !awesome', { topics: { wanted: ['cli', 'terminal'], unwanted: ['awesome'] } }],
    ['MIN_STARS', ' 50 ', { minStars: 50 }],
    ['MAX_SIZE', '1KB', { maxSizeKb: 1 }],
    ['MAX_SIZE', '1.5 mb', { maxSizeKb: 1500 }],
    ['MAX_SIZE', '2GB', { maxSizeKb: 2_000_000 }],
    ['MAX_SIZE', '2GiB', { maxSizeKb: 2_147_483.648 }],
    ['ARCHIVED', 'Skip', { archived: 'skip' }],
    ['FORKS', 'only', { forks: 'only' }],
    ['INCLUDE', 'torvalds/*, */dotfiles\n?/x.y', { include: ['torvalds/*', '*/dotfiles', '?/x.y'] }],
    ['EXCLUDE', 'a/b a/c', { exclude: ['a/b', 'a/c'] }],
  ])('%s=%j', (filter, text, expected) => {
    expect(parseFilters({ [filter]: text })).toEqual({ ...parseFilters({}), ...expected });
  });
});

describe('a setting that does not parse', () => {
  it.each<[FilterName, string, string, number, string]>([
    ['LANGUAGES', 'Go Rust', 'Go Rust', 1, 'put a comma between two names'],
    ['LANGUAGES', 'Go, ! Emacs Lisp', '! Emacs Lisp', 5, 'put a comma between two names'],
    ['LANGUAGES', 'Go, "Jupyter', '"Jupyter', 5, 'quotes stand around a whole name'],
    ['LANGUAGES', 'Go, V"im Script"', 'V"im Script"', 5, 'quotes stand around a whole name'],
    ['LANGUAGES', 'Go, ""', '""', 5, 'there is nothing between the quotes'],
    ['LANGUAGES', 'Go, !', '!', 5, 'there is no name after the `!`'],
    ['LANGUAGES', ' , ', ' , ', 1, 'there is nothing in it'],
    ['TOPICS', 'cli, c++', 'c++', 6, 'a topic has letters'],
    ['TOPICS', 'cli !', '!', 5, 'there is no name after the `!`'],
    ['MIN_STARS', '-1', '-1', 1, 'a whole number'],
    ['MIN_STARS', '1e3', '1e3', 1, 'a whole number'],
    ['MIN_STARS', '1 000', '000', 3, 'one number too many'],
    ['MAX_SIZE', '2GBB', '2GBB', 1, 'a size is a number with'],
    ['MAX_SIZE', '  500', '500', 3, 'a size is a number with'],
    ['MAX_SIZE', '2 GB 5', '2 GB 5', 1, 'a size is a number with'],
    ['MAX_SIZE', '2constructor', '2constructor', 1, 'a size is a number with'],
    ['MAX_SIZE', '0GB', '0GB', 1, 'nothing is that small'],
    ['ARCHIVED', 'no', 'no', 1, 'keep, skip and only'],
    ['FORKS', 'skip only', 'only', 6, 'one word too many'],
    ['INCLUDE', 'torvalds/*, linux', 'linux', 13, 'OWNER/NAME'],
    ['INCLUDE', 'https://github.com/a/b', 'https://github.com/a/b', 1, '`:` is in no name'],
    ['EXCLUDE', 'a/b !a/c', '!a/c', 5, 'not negated'],
    ['EXCLUDE', 'a/(b+)+$', 'a/(b+)+$', 1, '`(` is in no name'],
    ['EXCLUDE', 'a/b/c', 'a/b/c', 1, 'OWNER/NAME'],
  ])('%s=%j is refused with its word and place', (filter, text, word, position, problem) => {
    const error = errorOf(filter, text);

    expect(error).toMatchObject({ filter, word, position });
    expect(error.message).toBe(
      `STARKEEP_FILTER_${filter}: \`${word}\` at character ${position}: ${error.message.split(': ').slice(2).join(': ')}`,
    );
    expect(error.message).toContain(problem);
    expect(error.message).toMatch(/\.$/);
  });
});

describe('a repository is kept', () => {
  it.each<[Settings, Partial<SourceRepository>]>([
    [{ LANGUAGES: 'Go, c' }, {}],
    [{ LANGUAGES: '!Go' }, { language: null }],
    [{ LANGUAGES: '"Jupyter Notebook"' }, { language: 'Jupyter Notebook' }],
    [{ LANGUAGES: 'jupyter-notebook' }, { language: 'Jupyter Notebook' }],
    [{ TOPICS: 'Kernel' }, {}],
    [{ TOPICS: '!awesome' }, { topics: [] }],
    [{ MIN_STARS: '100' }, {}],
    [{ MAX_SIZE: '2GB' }, {}],
    [{ MAX_SIZE: '1MB' }, { sizeKb: 0 }],
    [
      { ARCHIVED: 'keep', FORKS: 'keep' },
      { archived: true, fork: true },
    ],
    [{ ARCHIVED: 'only' }, { archived: true }],
    [{ FORKS: 'skip' }, {}],
    [{ EXCLUDE: 'torvalds/l, */linu?x' }, {}],
    [{ EXCLUDE: 'tor/valds*' }, {}],
    [{ INCLUDE: 'TORVALDS/*', EXCLUDE: '*/*', LANGUAGES: 'Go', TOPICS: 'x', MIN_STARS: '999', MAX_SIZE: '1KB' }, {}],
    [
      { INCLUDE: '*/linux', ARCHIVED: 'skip', FORKS: 'skip' },
      { archived: true, fork: true },
    ],
  ])('with %j when it is %j', (settings, changes) => {
    expect(verdict(settings, changes)).toEqual({ kept: true });
  });
});

describe('a repository is left out', () => {
  it.each<[Settings, Partial<SourceRepository>, string]>([
    [{ EXCLUDE: 'a/b, */LIN*' }, {}, 'STARKEEP_FILTER_EXCLUDE has `*/LIN*`, which fits its name.'],
    [
      { EXCLUDE: 'torvalds/l?n?x', INCLUDE: 'linus/*' },
      {},
      'STARKEEP_FILTER_EXCLUDE has `torvalds/l?n?x`, which fits its name.',
    ],
    [{ LANGUAGES: 'Go, Rust' }, {}, 'Its language is C, and STARKEEP_FILTER_LANGUAGES keeps only Go, Rust.'],
    [{ LANGUAGES: '!c' }, {}, 'Its language is C, and STARKEEP_FILTER_LANGUAGES refuses c.'],
    [
      { LANGUAGES: 'C++' },
      { language: null },
      'It has no language that GitHub recognises, and STARKEEP_FILTER_LANGUAGES keeps only C++.',
    ],
    [
      { TOPICS: 'a, b, c, d, e, f, g' },
      {},
      'Its topics are kernel, operating-system, and STARKEEP_FILTER_TOPICS keeps only a, b, c, d, e and 2 more.',
    ],
    [{ TOPICS: 'a' }, { topics: [] }, 'It has no topics, and STARKEEP_FILTER_TOPICS keeps only a.'],
    [
      { TOPICS: 'kernel, !operating-system' },
      {},
      'Its topics are kernel, operating-system, and STARKEEP_FILTER_TOPICS refuses operating-system.',
    ],
    [{ MIN_STARS: '101' }, {}, 'It has 100 stars, and STARKEEP_FILTER_MIN_STARS is 101.'],
    [{ MAX_SIZE: '1.9GB' }, {}, 'GitHub puts its size at 2 GB, and STARKEEP_FILTER_MAX_SIZE is 1.9 GB.'],
    [{ MAX_SIZE: '1MiB' }, { sizeKb: 2000 }, 'GitHub puts its size at 2 MB, and STARKEEP_FILTER_MAX_SIZE is 1.05 MB.'],
    [{ ARCHIVED: 'skip' }, { archived: true }, 'It is archived, and STARKEEP_FILTER_ARCHIVED is `skip`.'],
    [{ ARCHIVED: 'only' }, {}, 'It is not archived, and STARKEEP_FILTER_ARCHIVED is `only`.'],
    [{ FORKS: 'skip' }, { fork: true }, 'It is a fork, and STARKEEP_FILTER_FORKS is `skip`.'],
    [{ FORKS: 'only' }, {}, 'It is not a fork, and STARKEEP_FILTER_FORKS is `only`.'],
    [{ EXCLUDE: 'torvalds/*', MIN_STARS: '101' }, {}, 'STARKEEP_FILTER_EXCLUDE has `torvalds/*`, which fits its name.'],
  ])('with %j when it is %j', (settings, changes, reason) => {
    expect(verdict(settings, changes)).toEqual({ kept: false, reason });
  });
});

describe('a name fits', () => {
  it.each([
    ['*/*', 'a/b', true],
    ['*a/*', 'banana/x', true],
    ['*an*a/x', 'banana/x', true],
    ['*ab/x', 'aab/x', true],
    ['a/?', 'a/b', true],
    ['a/?', 'a/bc', false],
    ['a/**', 'a/b.c', true],
    ['a/b.c', 'a/bxc', false],
    ['a*', 'a/b', false],
    ['ann/x', 'Ann/X', true],
    ['ann/x', 'hann/x', false],
  ])('%s against %s: %j', (glob, fullName, expected) => {
    const filters = { ...parseFilters({}), exclude: [glob] };

    expect(filterVerdict(filters, repository({ fullName })).kept).toBe(!expected);
  });

  it('at once, however many stars and letters there are', () => {
    const glob = `${'*a'.repeat(2_000)}*b/x`;
    const started = performance.now();

    const found = verdict({ EXCLUDE: glob }, { fullName: `${'a'.repeat(5_000)}/x` });

    expect(found).toEqual({ kept: true });
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
