import { describe, expect, it } from 'vitest';
import { fittingCount } from '../../src/domain/pages.ts';

describe('a page', () => {
  it.each([
    [[], 3, 100, 0],
    [['a', 'b'], 3, 100, 2],
    [['a', 'b', 'c', 'd'], 3, 100, 3],
    [['a', 'b', 'c'], 3, 6, 2],
    [['a', 'b', 'c'], 3, 7, 2],
    [['ü', 'b'], 3, 6, 1],
    [['much too large', 'b'], 3, 5, 1],
  ])('of %j, at most %i and %i bytes, has %i', (entries, limit, maxBytes, count) => {
    expect(fittingCount(entries, limit, maxBytes)).toBe(count);
  });
});
