import { describe, expect, it } from 'vitest';
import { addPage, conclude, EMPTY_TALLY, incompleteBecause, type Tally } from '../../src/domain/sweep.ts';

type Page = Parameters<typeof addPage>[1];

const read = (...pages: Partial<Page>[]): Tally =>
  pages.reduce<Tally>((tally, page) => addPage(tally, { fresh: 100, total: 250, flaw: null, ...page }), EMPTY_TALLY);

describe('a reading of the star list', () => {
  it('is complete when every page said the same total and the pages add up to it', () => {
    const tally = read({}, {}, { fresh: 50 });

    expect(incompleteBecause(tally)).toBeNull();
  });

  it.each<[string, Tally, RegExp]>([
    ['lacks an item', read({}, {}, { fresh: 49 }), /249 repositories were read, but there are 250/],
    ['has one too many', read({}, {}, { fresh: 51 }), /251 repositories were read/],
    ['changed under way', read({}, { total: 249 }, { fresh: 49, total: 249 }), /changed from 250 to 249/],
    ['lost its total', read({}, { total: null }, { fresh: 50 }), /changed from 250 to nothing/],
    ['has no total at all', read({ total: null }), /does not say how many/],
    ['had an error on a page', read({}, { flaw: 'GitHub answered with an error' }, { fresh: 50 }), /GitHub answered/],
    ['read nothing', EMPTY_TALLY, /does not say how many/],
  ])('is incomplete when it %s', (_, tally, reason) => {
    expect(incompleteBecause(tally)).toMatch(reason);
  });

  it('stays incomplete although later pages are fine', () => {
    const tally = read({ flaw: 'hidden by SSO' }, {}, { fresh: 50 });

    expect(incompleteBecause(tally)).toBe('hidden by SSO');
  });
});

describe('what follows from a complete reading', () => {
  it.each([
    ['nothing is missing', { seen: 250, absent: 0, before: 250, atOnce: 10 }, 'nothing'],
    ['a few are missing', { seen: 247, absent: 3, before: 250, atOnce: 10 }, 'ask'],
    ['as many as may be are missing', { seen: 240, absent: 10, before: 250, atOnce: 10 }, 'ask'],
    ['more than may be are missing', { seen: 239, absent: 11, before: 250, atOnce: 10 }, 'hold'],
    ['the budget is zero', { seen: 249, absent: 1, before: 250, atOnce: 0 }, 'hold'],
    ['the list is empty after a full one', { seen: 0, absent: 5, before: 5, atOnce: 10 }, 'refuse'],
    ['the only star is gone', { seen: 0, absent: 1, before: 1, atOnce: 10 }, 'ask'],
    ['the list is empty and always was', { seen: 0, absent: 0, before: 0, atOnce: 10 }, 'nothing'],
  ])('when %s', (_, facts, kind) => {
    expect(conclude(facts).kind).toBe(kind);
  });
});
