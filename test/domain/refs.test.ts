import { describe, expect, it } from 'vitest';
import type { Ref, RefListing, RewritePolicy } from '../../src/domain/model.ts';
import {
  archivedTipsOf,
  archiveNameOf,
  differences,
  digestText,
  needsOwnPush,
  planSync,
  type RefUpdate,
  restoredNameOf,
  type SyncPlan,
  wouldEmpty,
} from '../../src/domain/refs.ts';

const DATE = '2026-11-23T142530Z';

/** `main=a1` → a branch, `t:v1=b2` → a tag, `refs/…=c3` as it is; ids are padded to 40 digits. */
function listing(refs: string, head: string | null = 'refs/heads/main'): RefListing {
  return { refs: refs.split(' ').filter(Boolean).map(ref), head };
}

function ref(text: string): Ref {
  const [name = '', oid = ''] = text.split('=');
  return { name: fullName(name), oid: id(oid) };
}

function fullName(name: string): string {
  if (name.startsWith('refs/')) return name;
  return name.startsWith('t:') ? `refs/tags/${name.slice(2)}` : `refs/heads/${name}`;
}

function id(short: string): string {
  return short.padEnd(40, '0');
}

interface Given {
  source: RefListing;
  target: RefListing;
  policy?: RewritePolicy;
  /** `new<old`: the new id contains the old one. */
  grown?: string[];
  expireBefore?: string;
}

function plan({ source, target, policy = 'keep-old', grown = [], expireBefore }: Given): SyncPlan {
  const contained = new Set(grown.map((pair) => pair.split('<').map(id).join('<')));
  return planSync(source, target, {
    rewritePolicy: policy,
    archiveDate: DATE,
    ...(expireBefore === undefined ? {} : { archivesExpireBefore: expireBefore }),
    contains: (tip, ancestor) => contained.has(`${tip}<${ancestor}`),
  });
}

/** `refs/heads/main a1->b2!`: what a plan does to a ref; `!` is forced, `-` is nothing. */
function short({ name, expected, desired, forced }: RefUpdate): string {
  const shortId = (oid: string | null) => (oid === null ? '-' : oid.replace(/0+$/, ''));
  return `${name} ${shortId(expected)}->${shortId(desired)}${forced ? '!' : ''}`;
}

function shown(result: SyncPlan) {
  return {
    archives: result.archives.map(short),
    first: result.first === null ? null : short(result.first),
    refuge: result.refuge === null ? null : { ...result.refuge, push: result.refuge.push && short(result.refuge.push) },
    clearances: result.clearances.map(short),
    updates: result.updates.map(short),
    isolated: result.isolated.map(short),
    deletions: result.deletions.map(short),
    held: result.held,
  };
}

const NOTHING = {
  archives: [],
  first: null,
  refuge: null,
  clearances: [],
  updates: [],
  isolated: [],
  deletions: [],
  held: [],
};

interface Row extends Given {
  behaviour: string;
  expected: Partial<ReturnType<typeof shown>>;
}

const ROWS: Row[] = [
  {
    behaviour: 'equal sides need nothing',
    source: listing('main=a t:v1=b'),
    target: listing('main=a t:v1=b'),
    expected: {},
  },
  {
    behaviour: 'into an empty target the default branch goes first and alone',
    source: listing('dev=b main=a t:v1=c'),
    target: listing('', null),
    expected: {
      first: 'refs/heads/main -->a',
      updates: ['refs/heads/dev -->b', 'refs/tags/v1 -->c'],
    },
  },
  {
    behaviour: 'a HEAD that points at nothing leaves no branch to go first',
    source: listing('dev=b', 'refs/heads/main'),
    target: listing(''),
    expected: { updates: ['refs/heads/dev -->b'] },
  },
  {
    behaviour: 'a branch that grew is moved without force and without an archive',
    source: listing('main=b'),
    target: listing('main=a'),
    grown: ['b<a'],
    expected: { first: 'refs/heads/main a->b' },
  },
  {
    behaviour: 'a rewritten branch is forced, and its old tip archived first',
    source: listing('main=b'),
    target: listing('main=a'),
    expected: { archives: [`refs/starkeep/${DATE}/main -->a`], first: 'refs/heads/main a->b!' },
  },
  {
    behaviour: 'a rewritten branch is not archived when the policy is to follow',
    policy: 'follow',
    source: listing('main=b'),
    target: listing('main=a'),
    expected: { first: 'refs/heads/main a->b!' },
  },
  {
    behaviour: 'a rewritten branch stays as it is when the policy is to hold',
    policy: 'hold',
    source: listing('main=b dev=d'),
    target: listing('main=a'),
    expected: { held: ['refs/heads/main'], updates: ['refs/heads/dev -->d'] },
  },
  {
    behaviour: 'a deleted branch stays when the policy is to hold',
    policy: 'hold',
    source: listing('main=a'),
    target: listing('main=a old=b'),
    expected: { held: ['refs/heads/old'] },
  },
  {
    behaviour: 'a tag follows also when branches are held, and its old id is kept',
    policy: 'hold',
    source: listing('main=a t:v1=c'),
    target: listing('main=a t:v1=b'),
    expected: { archives: [`refs/starkeep/${DATE}/tags/v1 -->b`], updates: ['refs/tags/v1 b->c!'] },
  },
  {
    behaviour: 'a moved tag is forced even when the new commit contains the old one',
    source: listing('main=a t:v1=c'),
    target: listing('main=a t:v1=b'),
    grown: ['c<b'],
    expected: { archives: [`refs/starkeep/${DATE}/tags/v1 -->b`], updates: ['refs/tags/v1 b->c!'] },
  },
  {
    behaviour: 'a deleted branch and a deleted tag are archived and then removed',
    source: listing('main=a'),
    target: listing('main=a old=b t:v1=c'),
    expected: {
      archives: [`refs/starkeep/${DATE}/old -->b`, `refs/starkeep/${DATE}/tags/v1 -->c`],
      deletions: ['refs/heads/old b->-!', 'refs/tags/v1 c->-!'],
    },
  },
  {
    behaviour: 'an old tip archived before under the same name is not archived again, whatever the date',
    source: listing('main=a'),
    target: listing('main=a old=b refs/starkeep/2020-01-01T000000Z/old=b'),
    expected: { deletions: ['refs/heads/old b->-!'] },
  },
  {
    behaviour: 'an archive of another tip of the same branch does not count',
    source: listing('main=a'),
    target: listing('main=a old=b refs/starkeep/2020-01-01T000000Z/old=c'),
    expected: { archives: [`refs/starkeep/${DATE}/old -->b`], deletions: ['refs/heads/old b->-!'] },
  },
  {
    behaviour: 'a branch called like a tag does not share an archive name with the tag',
    source: listing('main=a'),
    target: listing('main=a tags/v1=b t:v1=c heads/x=d x=e'),
    expected: {
      archives: [
        `refs/starkeep/${DATE}/heads/heads/x -->d`,
        `refs/starkeep/${DATE}/heads/tags/v1 -->b`,
        `refs/starkeep/${DATE}/tags/v1 -->c`,
        `refs/starkeep/${DATE}/x -->e`,
      ],
      deletions: ['refs/heads/heads/x d->-!', 'refs/heads/tags/v1 b->-!', 'refs/heads/x e->-!', 'refs/tags/v1 c->-!'],
    },
  },
  {
    behaviour: "the target's own refs and the source's pull requests are nobody's business",
    source: listing('main=a refs/pull/1/head=b refs/notes/x=c'),
    target: listing('main=a refs/pulls/7/head=d refs/updates/3=e refs/starkeep/2020/x=f'),
    expected: {},
  },
  {
    behaviour: 'a source without heads and tags removes nothing',
    source: listing('', null),
    target: listing('main=a t:v1=b'),
    expected: {},
  },
  {
    behaviour: 'names that break the form of the receive hook go alone',
    source: listing('main=a t:v1+k3s1=b t:a%b=c t:a&b=d t:ok=e'),
    target: listing('main=a'),
    expected: {
      isolated: ['refs/tags/a%b -->c', 'refs/tags/a&b -->d', 'refs/tags/v1+k3s1 -->b'],
      updates: ['refs/tags/ok -->e'],
    },
  },
  {
    behaviour: 'a tag of a tree or a blob goes alone',
    source: {
      refs: [
        { name: 'refs/heads/main', oid: id('a') },
        { name: 'refs/tags/tree', oid: id('b'), peelsTo: 'tree' },
        { name: 'refs/tags/blob', oid: id('c'), peelsTo: 'blob' },
        { name: 'refs/tags/v1', oid: id('d'), peeled: id('a'), peelsTo: 'commit' },
      ],
      head: 'refs/heads/main',
    },
    target: listing('main=a'),
    expected: {
      isolated: ['refs/tags/blob -->c', 'refs/tags/tree -->b'],
      updates: ['refs/tags/v1 -->d'],
    },
  },
  {
    behaviour: 'a removed branch makes room for branches below its name before they come',
    source: listing('main=a x/y=b'),
    target: listing('main=a x=c'),
    expected: {
      archives: [`refs/starkeep/${DATE}/x -->c`],
      clearances: ['refs/heads/x c->-!'],
      updates: ['refs/heads/x/y -->b'],
    },
  },
  {
    behaviour: 'removed branches below a name make room for the branch of that name',
    source: listing('main=a x=b'),
    target: listing('main=a x/y=c x/z=d xx=e'),
    policy: 'follow',
    expected: {
      clearances: ['refs/heads/x/y c->-!', 'refs/heads/x/z d->-!'],
      updates: ['refs/heads/x -->b'],
      deletions: ['refs/heads/xx e->-!'],
    },
  },
  {
    behaviour: 'tags make room for tags only: a branch of a similar name is not in the way',
    source: listing('main=a x/y=b'),
    target: listing('main=a t:x=c'),
    policy: 'follow',
    expected: { updates: ['refs/heads/x/y -->b'], deletions: ['refs/tags/x c->-!'] },
  },
  {
    behaviour: 'a default branch that needs room comes after the clearance, with HEAD waiting on a branch that stays',
    source: listing('release/1=a other=o', 'refs/heads/release/1'),
    target: listing('release=b other=o', 'refs/heads/release'),
    policy: 'follow',
    expected: {
      refuge: { name: 'refs/heads/other', push: null },
      clearances: ['refs/heads/release b->-!'],
      updates: ['refs/heads/release/1 -->a'],
    },
  },
  {
    behaviour: 'where no branch stays, HEAD waits on one made for the purpose and removed at the end',
    source: listing('release/1=a', 'refs/heads/release/1'),
    target: listing('release=b', 'refs/heads/release'),
    policy: 'follow',
    expected: {
      refuge: { name: 'refs/heads/starkeep-refuge', push: 'refs/heads/starkeep-refuge -->a' },
      clearances: ['refs/heads/release b->-!'],
      updates: ['refs/heads/release/1 -->a'],
      deletions: ['refs/heads/starkeep-refuge a->-!'],
    },
  },
  {
    behaviour: 'a refuge left by a run that died is used again',
    source: listing('release/1=a', 'refs/heads/release/1'),
    target: listing('release=b starkeep-refuge=a', 'refs/heads/release'),
    policy: 'follow',
    expected: {
      refuge: { name: 'refs/heads/starkeep-refuge', push: null },
      clearances: ['refs/heads/release b->-!'],
      updates: ['refs/heads/release/1 -->a'],
      deletions: ['refs/heads/starkeep-refuge a->-!'],
    },
  },
  {
    behaviour: 'HEAD needs no refuge when the new default branch stands there already',
    source: listing('main=a release/1=b'),
    target: listing('main=a release=c', 'refs/heads/release'),
    policy: 'follow',
    expected: { clearances: ['refs/heads/release c->-!'], updates: ['refs/heads/release/1 -->b'] },
  },
];

describe('planSync', () => {
  it.each(ROWS)('$behaviour', ({ expected, ...given }) => {
    const result = shown(plan(given));

    expect(result).toEqual({ ...NOTHING, ...expected });
  });

  it('counts "nobody can tell" as rewritten', () => {
    const result = planSync(listing('main=b'), listing('main=a'), {
      rewritePolicy: 'keep-old',
      archiveDate: DATE,
      contains: () => undefined,
    });

    expect(result.first?.forced).toBe(true);
    expect(result.archives).toHaveLength(1);
  });

  it('wants the source as it is, except for what is held', () => {
    const result = plan({ source: listing('main=b dev=c'), target: listing('main=a old=d'), policy: 'hold' });

    expect(Object.fromEntries(result.desired)).toEqual({
      'refs/heads/main': id('a'),
      'refs/heads/dev': id('c'),
      'refs/heads/old': id('d'),
    });
  });

  it('decides a removal for many thousand refs', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `refs/heads/topic/${index}=a`).join(' ');
    const others = Array.from({ length: 20_000 }, (_, index) => `refs/heads/gone/${index}=a`).join(' ');

    const result = plan({ source: listing(many), target: listing(others) });

    expect(result.deletions).toHaveLength(20_000);
  });
});

describe('wouldEmpty', () => {
  it.each([
    ['nothing at the source, something at the target', '', 'main=a', true],
    ['only refs that are not mirrored at the source', 'refs/pull/1/head=a', 't:v1=a', true],
    ['nothing on either side', '', '', false],
    ['only refs that are not mirrored at the target', '', 'refs/pulls/1/head=a', false],
    ['something at the source', 'main=a', 'main=b', false],
  ])('%s', (_, source, target, expected) => {
    expect(wouldEmpty(listing(source), listing(target))).toBe(expected);
  });
});

describe('needsOwnPush', () => {
  it.each([
    ['refs/heads/main', undefined, false],
    ['refs/tags/vüñ-1', undefined, false],
    ['refs/tags/v1+k3s1', undefined, true],
    ['refs/heads/100%', undefined, true],
    ['refs/heads/a&b', undefined, true],
    ['refs/heads/a=b', undefined, true],
    ['refs/tags/v1', 'commit', false],
    ['refs/tags/v1', 'tree', true],
    ['refs/tags/v1', 'blob', true],
  ] as const)('%s that peels to %s: %s', (name, peelsTo, expected) => {
    expect(needsOwnPush(peelsTo === undefined ? { name } : { name, peelsTo })).toBe(expected);
  });
});

describe('differences', () => {
  it('names what is missing, moved and too much, and ignores what is not mirrored', () => {
    const desired = new Map([
      ['refs/heads/main', id('a')],
      ['refs/heads/dev', id('b')],
      ['refs/tags/v1', id('c')],
    ]);

    const result = differences(desired, listing('main=a dev=x extra=y refs/pulls/1/head=z'));

    expect(result).toEqual(['refs/heads/dev', 'refs/heads/extra', 'refs/tags/v1']);
  });
});

describe('digestText', () => {
  it('does not depend on the order of the listing, on peeled ids or on refs that are not mirrored', () => {
    const one = listing('main=a t:v1=b dev=c');
    const other = listing('t:v1=b dev=c main=a refs/pull/1/head=d');
    other.refs[0] = { name: 'refs/tags/v1', oid: id('b'), peeled: id('a'), peelsTo: 'commit' };

    expect(digestText(other)).toBe(digestText(one));
  });

  it.each([
    ['a moved ref', 'main=b', 'refs/heads/main'],
    ['a new ref', 'main=a dev=a', 'refs/heads/main'],
    ['another HEAD', 'main=a', 'refs/heads/dev'],
    ['no HEAD', 'main=a', null],
  ])('tells %s', (_, refs, head) => {
    expect(digestText(listing(refs, head))).not.toBe(digestText(listing('main=a')));
  });
});

describe('archiveNameOf', () => {
  it.each([
    ['refs/heads/main', 'main'],
    ['refs/heads/feature/x', 'feature/x'],
    ['refs/heads/tagsoup', 'tagsoup'],
    ['refs/heads/tags', 'heads/tags'],
    ['refs/heads/heads/main', 'heads/heads/main'],
    ['refs/tags/v1', 'tags/v1'],
  ])('keeps %s as %s', (name, key) => {
    expect(archiveNameOf(name, DATE)).toBe(`refs/starkeep/${DATE}/${key}`);
  });
});

describe('archived tips', () => {
  const OLD = 'refs/starkeep/2025-01-02T030405.678Z';

  it('are listed oldest first, with what they were the tip of', () => {
    const target = listing(
      `main=a1 refs/starkeep/${DATE}/feature/x=b2 ${OLD}/tags/v1=c3 ${OLD}/heads/tags/v1=d4 refs/starkeep/odd/wip=e5`,
    );

    const tips = archivedTipsOf(target).map(({ of, archivedAt }) => `${of} ${archivedAt}`);

    expect(tips).toEqual([
      'refs/heads/wip null',
      'refs/heads/tags/v1 2025-01-02T03:04:05.678Z',
      'refs/tags/v1 2025-01-02T03:04:05.678Z',
      'refs/heads/feature/x 2026-11-23T14:25:30.000Z',
    ]);
  });

  it.each([
    ['feature/x=b2', `refs/heads/restored/${DATE}/feature/x`],
    ['t:v1=b2', `refs/tags/restored/${DATE}/v1`],
    ['tags/v1=b2', `refs/heads/restored/${DATE}/tags/v1`],
  ])('come back under a name of their own (%s)', (lost, restored) => {
    const name = archiveNameOf(ref(lost).name, DATE);
    const [tip] = archivedTipsOf({ refs: [{ name, oid: id('b2') }], head: null });

    expect(tip && restoredNameOf(tip)).toBe(restored);
  });

  it('that were brought back are neither removed nor counted as a difference', () => {
    const source = listing('main=a1');
    const target = listing('main=a1 restored/2026/wip=b2 t:restored/2026/v1=c3');

    const result = plan({ source, target });

    expect(shown(result)).toEqual({ ...NOTHING });
    expect(differences(result.desired, target)).toEqual([]);
  });

  it('that were brought back give way, archived once more, when upstream needs the name', () => {
    const source = listing('main=a1 restored=b2');
    const target = listing('main=a1 restored/2026/wip=c3');

    const result = plan({ source, target });

    expect(shown(result)).toMatchObject({
      archives: [`refs/starkeep/${DATE}/restored/2026/wip -->c3`],
      clearances: ['refs/heads/restored/2026/wip c3->-!'],
      updates: ['refs/heads/restored -->b2'],
    });
  });

  it('go when their time is over, and no other', () => {
    const source = listing('main=a1');
    const target = listing(`main=a1 ${OLD}/wip=b2 refs/starkeep/${DATE}/wip=c3 refs/starkeep/odd/wip=d4`);

    const result = plan({ source, target, expireBefore: '2025-06-01T00:00:00Z' });

    expect(shown(result)).toEqual({ ...NOTHING, deletions: [`${OLD}/wip b2->-!`] });
  });

  it('stay for ever unless a time is set', () => {
    const target = listing(`main=a1 refs/starkeep/1999-01-01T000000Z/wip=b2`);

    const result = plan({ source: listing('main=a1'), target });

    expect(shown(result)).toEqual(NOTHING);
  });

  it('do not stand in for the one that is needed now when they are about to go', () => {
    const source = listing('main=a1 wip=b2');
    const target = listing(`main=a1 wip=c3 ${OLD}/wip=c3`);

    const result = plan({ source, target, expireBefore: '2025-06-01T00:00:00Z' });

    expect(shown(result).archives).toEqual([`refs/starkeep/${DATE}/wip -->c3`]);
  });
});
