import { describe, expect, it } from 'vitest';
import { chooseTip, historyOf, shortNameOf } from '../../src/domain/archives.ts';

const oid = (digit: string) => digit.repeat(40);
const EARLY = '2026-01-02T030405Z';
const LATE = '2026-06-07T080910.111Z';

const history = historyOf({
  head: null,
  refs: [
    { name: 'refs/heads/main', oid: oid('0') },
    { name: `refs/starkeep/${EARLY}/main`, oid: oid('1') },
    { name: `refs/starkeep/${LATE}/main`, oid: oid('2') },
    { name: `refs/starkeep/${LATE}/tags/v1`, oid: oid('3') },
    { name: `refs/starkeep/${LATE}/heads/tags/v1`, oid: oid('4') },
    { name: `refs/heads/restored/${EARLY}/main`, oid: oid('1') },
  ],
});

const chosen = (choice: Parameters<typeof chooseTip>[1]) => chooseTip(history, choice).oid[0];

describe('the history of a mirror', () => {
  it('says what was brought back', () => {
    expect(history.map(({ oid: [digit], restoredAs }) => [digit, restoredAs])).toEqual([
      ['1', `refs/heads/restored/${EARLY}/main`],
      ['4', null],
      ['2', null],
      ['3', null],
    ]);
  });

  it.each([
    ['what a branch pointed at last', { branch: 'main' }, '2'],
    ['what it pointed at at a time', { branch: 'main', at: '2025-12-31T00:00:00Z' }, '1'],
    ['what was archived at that very time', { branch: 'main', at: '2026-01-02T03:04:05.000Z' }, '1'],
    ['the later one after the first rewrite', { branch: 'main', at: '2026-01-02T03:04:06.000Z' }, '2'],
    ['a tag', { branch: 'tags/v1' }, '3'],
    ['a branch that is called like a tag, by its full name', { branch: 'refs/heads/tags/v1' }, '4'],
  ])('gives %s', (_, choice, digit) => {
    expect(chosen(choice)).toBe(digit);
  });

  it.each([
    ['several branches', {}, 'Say which branch: main, refs/heads/tags/v1, tags/v1.'],
    ['an unknown branch', { branch: 'mian' }, 'Nothing was archived of mian. There is something of main,'],
    [
      'a time after the last rewrite',
      { branch: 'main', at: '2026-07-01T00:00:00Z' },
      'last rewritten or removed before',
    ],
  ])('refuses %s, and says what there is', (_, choice, words) => {
    expect(() => chooseTip(history, choice)).toThrow(words);
  });

  it('of a mirror that nobody rewrote is empty, and there is nothing to choose', () => {
    const none = historyOf({ head: null, refs: [{ name: 'refs/heads/main', oid: oid('0') }] });

    expect(none).toEqual([]);
    expect(() => chooseTip(none, {})).toThrow('Nothing was archived of this mirror.');
  });

  it('names branches and tags the way they are asked for', () => {
    expect(['refs/heads/a/b', 'refs/tags/v1', 'refs/heads/tags/v1'].map(shortNameOf)).toEqual([
      'a/b',
      'tags/v1',
      'refs/heads/tags/v1',
    ]);
  });
});
