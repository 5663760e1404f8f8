import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../src/config.ts';
import { SETTINGS } from '../src/config/settings.ts';
import { FILTER_NAMES, parseFilters } from '../src/domain/filters.ts';

function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment, 'none');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('filter settings', () => {
  it('filter nothing when none is set', () => {
    expect(loadConfig({}, 'none').filters).toEqual(parseFilters({}));
  });

  it.each([
    ['STARKEEP_FILTER_LANGUAGES', 'Go, !"Emacs Lisp"', { languages: { wanted: ['Go'], unwanted: ['Emacs Lisp'] } }],
    ['STARKEEP_FILTER_TOPICS', 'cli', { topics: { wanted: ['cli'], unwanted: [] } }],
    ['STARKEEP_FILTER_MIN_STARS', '10', { minStars: 10 }],
    ['STARKEEP_FILTER_MAX_SIZE', '500 MB', { maxSizeKb: 500_000 }],
    ['STARKEEP_FILTER_ARCHIVED', 'only', { archived: 'only' }],
    ['STARKEEP_FILTER_FORKS', 'skip', { forks: 'skip' }],
    ['STARKEEP_FILTER_INCLUDE', '*/dotfiles', { include: ['*/dotfiles'] }],
    ['STARKEEP_FILTER_EXCLUDE', 'ann/*', { exclude: ['ann/*'] }],
  ])('%s=%s is taken, and used', (name, text, expected) => {
    const { filters } = loadConfig({ [name]: text }, 'none');

    expect(filters).toEqual({ ...parseFilters({}), ...expected });
  });

  it('are one row each in the table of settings', () => {
    const rows = SETTINGS.map(({ name }) => name).filter((name) => name.startsWith('STARKEEP_FILTER_'));

    expect(rows).toEqual(FILTER_NAMES.map((name) => `STARKEEP_FILTER_${name}`));
  });

  it('that do not parse are all named at once, with word and place', () => {
    const problems = problemsOf({
      STARKEEP_FILTER_MAX_SIZE: '2GBB',
      STARKEEP_FILTER_EXCLUDE: 'ann/*, bob',
      STARKEEP_PORT: 'x',
    });

    expect(problems).toEqual([
      expect.stringMatching(/^STARKEEP_PORT must be/),
      expect.stringMatching(/^STARKEEP_FILTER_MAX_SIZE: `2GBB` at character 1: .*\.$/),
      expect.stringMatching(/^STARKEEP_FILTER_EXCLUDE: `bob` at character 8: .*\.$/),
    ]);
  });
});
