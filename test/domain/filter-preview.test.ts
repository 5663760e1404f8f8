import { describe, expect, it } from 'vitest';
import { previewFilters, replacedFilters, type PreviewCandidate } from '../../src/domain/filter-preview.ts';
import { parseFilters } from '../../src/domain/filters.ts';

const candidate = (fullName: string, changes: Partial<PreviewCandidate> = {}): PreviewCandidate => ({
  repoId: '7',
  fullName,
  archived: false,
  fork: false,
  language: 'Go',
  topics: [],
  stars: 5,
  sizeKb: 1_000,
  now: 'kept',
  pinned: false,
  ...changes,
});

describe('a preview of filters', () => {
  const onlyGo = parseFilters({ LANGUAGES: 'Go' });

  it('counts and adds up what is kept and what is not, by name, each with its reason', () => {
    const preview = previewFilters(onlyGo, [
      candidate('b/rust', { language: 'Rust', sizeKb: 30 }),
      candidate('A/go', { sizeKb: 12 }),
    ]);

    expect(preview.kept).toEqual({ repositories: 1, bytes: 12_000 });
    expect(preview.excluded).toEqual({ repositories: 1, bytes: 30_000 });
    expect(preview.lines.map(({ fullName, reason }) => [fullName, reason])).toEqual([
      ['A/go', null],
      ['b/rust', 'Its language is Rust, and STARKEEP_FILTER_LANGUAGES keeps only Go.'],
    ]);
  });

  it.each([
    ['Go', 'kept', null],
    ['Go', 'excluded', 'newly_kept'],
    ['Rust', 'kept', 'newly_excluded'],
    ['Rust', 'excluded', null],
    ['Rust', null, null],
  ] as const)('says of %s, %s now: %s', (language, now, change) => {
    const { lines } = previewFilters(onlyGo, [candidate('a/b', { language, now })]);

    expect(lines[0]?.change).toBe(change);
  });

  it('keeps what a person added by hand, whatever the filters say', () => {
    const { kept } = previewFilters(onlyGo, [candidate('a/b', { language: 'Rust', pinned: true })]);

    expect(kept.repositories).toBe(1);
  });
});

describe('filters in place of others', () => {
  const inForce = parseFilters({ LANGUAGES: 'Go', MIN_STARS: '50' });

  it('leave those of other names as they are', () => {
    expect(replacedFilters(inForce, { LANGUAGES: 'Rust' })).toEqual(
      parseFilters({ LANGUAGES: 'Rust', MIN_STARS: '50' }),
    );
  });

  it('are lifted by an empty text', () => {
    expect(replacedFilters(inForce, { MIN_STARS: '' })).toEqual(parseFilters({ LANGUAGES: 'Go' }));
  });

  it('must parse', () => {
    expect(() => replacedFilters(inForce, { MAX_SIZE: 'huge' })).toThrow(
      'STARKEEP_FILTER_MAX_SIZE: `huge` at character 1',
    );
  });
});
