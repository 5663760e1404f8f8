import { describe, expect, it } from 'vitest';
import { loudest, textOf, titleOf } from '../../src/domain/alert-text.ts';
import {
  inboxBacklog,
  judgeMirror,
  judgeTokenExpiry,
  reaches,
  refusedReading,
  troubledReadings,
  webhookSilence,
  type AlertNotice,
  type MirrorFacts,
} from '../../src/domain/alerts.ts';
import { MIRROR_STATUSES, type MirrorStatus } from '../../src/domain/model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const ago = (ms: number) => new Date(NOW - ms).toISOString();

function facts(changes: Partial<MirrorFacts> = {}): MirrorFacts {
  return {
    mirrorId: 'github-42',
    fullName: 'ada/engine',
    status: 'completed',
    note: null,
    errorKind: null,
    errorMessage: null,
    waiting: null,
    ...changes,
  };
}

const raised = (changes: Partial<MirrorFacts>) => judgeMirror(facts(changes)).raise;
const cleared = (status: MirrorStatus) => judgeMirror(facts({ status })).clear.map(({ kind }) => kind);

describe('a mirror', () => {
  it('that is given up is an alert with the failure, its hint, and what to type', () => {
    const [alert, ...more] = raised({
      status: 'permanent_failure',
      errorKind: 'TargetPathTaken',
      errorMessage: 'every name\nis taken',
    });

    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      kind: 'mirror_failed',
      subject: 'github-42',
      fullName: 'ada/engine',
      summary: 'ada/engine is not mirrored, and not tried again by itself: every name is taken (TargetPathTaken)',
      advice: expect.stringContaining('Rename or move one of them') as string,
      command: 'starkeep show ada/engine',
    });
  });

  it('whose attempts are used up is said to wait for an event or a person', () => {
    const [alert] = raised({ status: 'permanent_failure', errorKind: 'TargetUnreachable', errorMessage: 'no answer' });

    expect(alert?.advice).toMatch(/attempts are used up.*`starkeep sync ada\/engine`/);
  });

  it.each([
    ['SourceUnauthorized', 'GitHub'],
    ['TargetUnauthorized', 'OneDev'],
  ])('that fails with %s is the token’s alert, one for all mirrors', (errorKind, subject) => {
    expect(raised({ status: 'permanent_failure', errorKind, errorMessage: 'no' })).toMatchObject([
      { kind: 'token_refused', subject, fullName: null },
    ]);
  });

  it.each([
    ['frozen', 'upstream_gone'],
    ['held', 'transfer_held'],
  ] as const)('that is %s is %s', (status, kind) => {
    expect(raised({ status, note: 'why it is so' })).toMatchObject([
      { kind, summary: expect.stringContaining('why it is so') as string },
    ]);
  });

  it('whose deletion waits for a person is an alert, whatever else is so', () => {
    expect(raised({ status: 'pending_deletion', waiting: 'the budget is used up' })).toMatchObject([
      { kind: 'deletion_waiting', advice: expect.stringContaining('deletions approve ada/engine') as string },
    ]);
  });

  it.each(['pending', 'in_progress', 'failed'] as const)(
    'that is %s says nothing: what was so is neither over nor so again',
    (status) => {
      expect(raised({ status, errorKind: 'TransferFailed' })).toEqual([]);
      expect(cleared(status)).toEqual(['deletion_waiting']);
    },
  );

  it('that was given up goes on being what else it was', () => {
    expect(cleared('permanent_failure')).toEqual(['deletion_waiting']);
  });

  it.each(MIRROR_STATUSES)('that is %s raises nothing that it clears', (status) => {
    const verdict = judgeMirror(facts({ status }));

    const both = verdict.raise.filter(({ kind }) => verdict.clear.some((over) => over.kind === kind));
    expect(both).toEqual([]);
  });

  it('that is synced clears whatever there was', () => {
    expect(cleared('completed').sort()).toEqual([
      'deletion_waiting',
      'mirror_failed',
      'transfer_held',
      'upstream_gone',
    ]);
  });

  it('with a message of pages is told in a line of bounded length', () => {
    const [alert] = raised({ status: 'permanent_failure', errorMessage: 'x\n'.repeat(5_000) });

    expect(alert?.summary.length).toBeLessThanOrEqual(600);
    expect(alert?.summary).not.toContain('\n');
  });
});

describe('a token', () => {
  const subjects = (expiresAt: string | null) => judgeTokenExpiry(expiresAt, NOW).raise.map(({ subject }) => subject);

  it.each([
    [null, []],
    [ago(-15 * DAY_MS), []],
    [ago(-13 * DAY_MS), ['14 days']],
    [ago(-2 * DAY_MS), ['14 days', '3 days']],
    [ago(DAY_MS), ['14 days', '3 days']],
  ])('that ends at %s is spoken of as %j', (expiresAt, expected) => {
    expect(subjects(expiresAt)).toEqual(expected);
  });

  it('that lasts longer clears both warnings', () => {
    expect(judgeTokenExpiry(null, NOW).clear.map(({ subject }) => subject)).toEqual(['14 days', '3 days']);
  });
});

describe('webhooks', () => {
  const rhythm = { activeDays: 20, longestPauseMs: 10 * HOUR_MS };

  it.each([
    ['are silent after more than a day', 25 * HOUR_MS, rhythm, true],
    ['are not silent within a day', 23 * HOUR_MS, rhythm, false],
    [
      'that paused for three days before may pause for six',
      5 * DAY_MS,
      { activeDays: 9, longestPauseMs: 3 * DAY_MS },
      false,
    ],
    [
      'that paused for three days before may not pause for seven',
      7 * DAY_MS,
      { activeDays: 9, longestPauseMs: 3 * DAY_MS },
      true,
    ],
    ['that came on few days are not expected', 9 * DAY_MS, { activeDays: 4, longestPauseMs: HOUR_MS }, false],
    ['are not expected for ever', 31 * DAY_MS, rhythm, false],
  ])('%s', (_, silentMs, how, silent) => {
    expect(webhookSilence(ago(silentMs), how, NOW) !== null).toBe(silent);
  });
});

it.each([
  [{ count: 0, oldestSeconds: 0 }, false],
  [{ count: 3, oldestSeconds: 600 }, false],
  [{ count: 1, oldestSeconds: 601 }, true],
])('an inbox with %j waiting: an alert is %j', (backlog, expected) => {
  expect(inboxBacklog(backlog) !== null).toBe(expected);
});

it.each([
  ['AccountMismatch', 'star_list_refused'],
  ['SourceForbidden', 'star_list_refused'],
  ['SourceUnauthorized', 'token_refused'],
  ['SourceUnreachable', undefined],
  ['SourceRateLimited', undefined],
] as const)('a reading that fails with %s is %s', (failure, kind) => {
  expect(refusedReading(failure, 'why')?.kind).toBe(kind);
});

it('readings that are not whole are an alert at the third in a row', () => {
  expect([1, 2, 3].map((inARow) => troubledReadings('sweep', 'a gap', inARow)?.subject)).toEqual([
    undefined,
    undefined,
    'sweep',
  ]);
});

it('levels rise from info over warning to error', () => {
  expect([reaches('info', 'warning'), reaches('warning', 'warning'), reaches('error', 'info')]).toEqual([
    false,
    true,
    true,
  ]);
});

describe('the words', () => {
  const notice = (n: number, transition: AlertNotice['transition'] = 'raised'): AlertNotice => ({
    id: `uid-${n}.${transition}`,
    transition,
    alert: {
      alertId: String(n),
      kind: 'mirror_failed',
      level: 'error',
      subject: `github-${n}`,
      fullName: `ada/r${n}`,
      summary: `ada/r${n} is not mirrored`,
      advice: 'Mend it.',
      command: `starkeep show ada/r${n}`,
      raisedAt: ago(HOUR_MS),
      clearedAt: transition === 'cleared' ? ago(0) : null,
      clearedWhy: transition === 'cleared' ? 'it is mirrored again' : null,
    },
  });

  it('say what happened, what to do, what to type, and carry the id', () => {
    expect(titleOf([notice(1)])).toBe('Starkeep: [error] ada/r1 is not mirrored');
    expect(textOf([notice(1)])).toBe(
      [
        '[error] ada/r1 is not mirrored',
        'What to do: Mend it.',
        'See: starkeep show ada/r1   (since 2026-11-25 11:00 UTC, message uid-1.raised)',
      ].join('\n'),
    );
  });

  it('say that it is over, why, and how long it was so', () => {
    expect(textOf([notice(1, 'cleared')])).toContain(
      'Over on 2026-11-25 12:00 UTC: it is mirrored again. It was so since 2026-11-25 11:00 UTC.',
    );
    expect(titleOf([notice(1, 'cleared')])).toBe('Starkeep: [over] ada/r1: it is mirrored again');
    expect(loudest([notice(1, 'cleared')])).toBe('info');
  });

  it('spell ten out and count the rest', () => {
    const many = Array.from({ length: 300 }, (_, index) => notice(index));

    expect(titleOf(many)).toMatch(/^Starkeep: 300 new, first: /);
    expect(textOf(many)).toContain('… and 290 more: starkeep alerts --all');
    expect(textOf(many).length).toBeLessThan(4_000);
  });
});
