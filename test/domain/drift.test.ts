import { describe, expect, it } from 'vitest';
import { driftBetween, driftNote, repairedDrift } from '../../src/domain/drift.ts';
import { DRIFT_SHOWN, type RefListing } from '../../src/domain/model.ts';
import { report } from '../adapters/postgres/test-store.ts';

const listing = (refs: Record<string, string>): RefListing => ({
  refs: Object.entries(refs).map(([name, oid]) => ({ name, oid })),
  head: 'refs/heads/main',
});

const MAIN = { 'refs/heads/main': 'a' };

describe('drift', () => {
  it.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    ['a ref that is missing', { ...MAIN, 'refs/tags/v1': 'b' }, MAIN, ['refs/tags/v1']],
    ['a ref of somebody else', MAIN, { ...MAIN, 'refs/heads/mine': 'a' }, ['refs/heads/mine']],
    ['a ref that was moved', MAIN, { 'refs/heads/main': 'b' }, ['refs/heads/main']],
  ])('is %s', (_, source, target, names) => {
    expect(driftBetween(listing(source), listing(target), [])).toEqual({ refs: 1, names });
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['nothing differs', MAIN, MAIN],
    [
      'only archives and the target’s own refs differ',
      MAIN,
      { ...MAIN, 'refs/starkeep/x/y': 'b', 'refs/pulls/1': 'c' },
    ],
    ['only what was restored by hand differs', MAIN, { ...MAIN, 'refs/heads/restored/x/old': 'b' }],
    ['the source lists nothing', {}, MAIN],
  ])('is none when %s', (_, source, target) => {
    expect(driftBetween(listing(source), listing(target), [])).toBeNull();
  });

  it('leaves out what the target would not take, and names a bounded number of the rest', () => {
    const tags = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`refs/tags/${n}`, 'a']));

    const drift = driftBetween(listing({ ...MAIN, ...tags }), listing(MAIN), ['refs/tags/0', 'refs/tags/1']);

    expect(drift?.refs).toBe(48);
    expect(drift?.names).toHaveLength(DRIFT_SHOWN);
  });
});

describe('what a sync repaired', () => {
  const refs = { source: 3, created: 1, updated: 2, forced: 0, deleted: 1, archived: 4, declined: 0 };
  const before = { sourceDigest: 'digest-1', declinedCount: 0 };

  it('is what it changed although the source had not', () => {
    expect(repairedDrift(before, report({ refs }))).toEqual({ refs: 4, names: [] });
  });

  it.each<[string, Parameters<typeof repairedDrift>[0]]>([
    ['the source had changed', { ...before, sourceDigest: 'digest-0' }],
    ['there was no whole sync before', { ...before, sourceDigest: null }],
    ['the target only takes now what it would not take', { ...before, declinedCount: 4 }],
  ])('is nothing when %s', (_, mirror) => {
    expect(repairedDrift(mirror, report({ refs }))).toBeNull();
  });
});

describe('the note of a mirror', () => {
  const at = new Date('2026-11-16T22:05:00.000Z');

  it.each([
    [false, 'OneDev differs in 1 ref: refs/heads/x (found on 2026-11-16 22:05 UTC). `starkeep sync a/b` repairs it.'],
    [true, 'OneDev differed in 1 ref although GitHub had not changed, and was repaired on 2026-11-16 22:05 UTC.'],
  ])('says whether it is repaired: %j', (isRepaired, sentence) => {
    expect(driftNote({ refs: 1, names: ['refs/heads/x'] }, isRepaired, at, 'a/b')).toBe(sentence);
  });
});
