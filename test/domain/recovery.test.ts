import { describe, expect, it } from 'vitest';
import type { SourceDelivery } from '../../src/domain/ports.ts';
import {
  attemptsByGuid,
  MAX_REQUESTS,
  type MissedDelivery,
  readUntil,
  receiverTrouble,
  recoveryVerdict,
} from '../../src/domain/recovery.ts';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR_MS = 3_600_000;
const ago = (hours: number): string => new Date(NOW - hours * HOUR_MS).toISOString();

const attempt = (guid: string, changes: Partial<SourceDelivery> = {}): SourceDelivery => ({
  id: '3804004623172239366',
  guid,
  deliveredAt: ago(2),
  status: 'timed out',
  statusCode: 0,
  event: 'push',
  redelivery: false,
  ...changes,
});

const missed = (changes: Partial<MissedDelivery> = {}): MissedDelivery => ({
  guid: 'g',
  event: 'push',
  deliveryId: '1',
  firstSeenAt: ago(2),
  attemptedAt: ago(2),
  status: 'timed out',
  statusCode: 0,
  answered: false,
  requests: 0,
  requestedAt: null,
  taken: false,
  ...changes,
});

describe('attempts at one event', () => {
  it('are one entry: the latest attempt, the time of the first', () => {
    const attempts = attemptsByGuid([
      attempt('a', { id: '3', deliveredAt: ago(1), status: 'Invalid HTTP Response: 503', statusCode: 503 }),
      attempt('b', { id: '2' }),
      attempt('a', { id: '1', deliveredAt: ago(3) }),
    ]);

    expect(attempts).toEqual([
      {
        guid: 'a',
        event: 'push',
        deliveryId: '3',
        firstSeenAt: ago(3),
        attemptedAt: ago(1),
        status: 'Invalid HTTP Response: 503',
        statusCode: 503,
        answered: false,
      },
      expect.objectContaining({ guid: 'b', deliveryId: '2' }),
    ]);
  });

  it.each([
    ['first', [attempt('a', { status: 'OK', deliveredAt: ago(3) }), attempt('a')]],
    ['last', [attempt('a'), attempt('a', { status: 'OK', deliveredAt: ago(1) })]],
  ])('count as answered when the %s of them was', (_, list) => {
    expect(attemptsByGuid(list)).toMatchObject([{ guid: 'a', answered: true }]);
  });

  it('may be none', () => {
    expect(attemptsByGuid([])).toEqual([]);
  });
});

describe('a reading of GitHub’s list', () => {
  it.each([
    ['three days the first time', null, ago(72)],
    ['to a quarter of an hour before the last complete one', ago(1), ago(1.25)],
    ['three days after a longer pause: GitHub has no more', ago(100), ago(72)],
  ])('goes back %s', (_, completeSince, until) => {
    expect(readUntil(completeSince, NOW)).toBe(until);
  });
});

describe('a missed delivery', () => {
  it.each<[string, Partial<MissedDelivery>, string]>([
    ['is asked for', {}, 'ask'],
    ['that our receiver could not take is asked for', { statusCode: 503 }, 'ask'],
    ['that our receiver refused is asked for: the secret may be right by now', { statusCode: 401 }, 'ask'],
    ['is left alone for an hour after it was asked for', { requests: 1, requestedAt: ago(0.9) }, 'wait'],
    ['is asked for again an hour later', { requests: 1, requestedAt: ago(1) }, 'ask'],
    ['is left alone for nine hours after the third time', { requests: 3, requestedAt: ago(8.9) }, 'wait'],
    ['is asked for again nine hours after the third time', { requests: 3, requestedAt: ago(9) }, 'ask'],
    [
      'is waited for after the last request',
      { requests: MAX_REQUESTS, requestedAt: ago(60), firstSeenAt: ago(70) },
      'wait',
    ],
  ])('%s', (_, changes, kind) => {
    expect(recoveryVerdict(missed(changes), NOW)).toEqual({ kind });
  });

  it.each<[string, Partial<MissedDelivery>, string]>([
    ['taken when the inbox has it by now', { taken: true, answered: true }, 'taken'],
    ['unrecorded when we answered and have no row', { answered: true }, 'unrecorded'],
    ['refused when it was malformed', { statusCode: 400 }, 'refused'],
    ['refused when it was too large', { statusCode: 413 }, 'refused'],
    ['expired when GitHub no longer has it', { firstSeenAt: ago(72.1) }, 'expired'],
    [
      'given up after the last request',
      { requests: MAX_REQUESTS, requestedAt: ago(81), firstSeenAt: ago(71) },
      'given_up',
    ],
  ])('ends as %s', (_, changes, as) => {
    expect(recoveryVerdict(missed(changes), NOW)).toEqual({ kind: 'end', as });
  });

  it('is asked for over 40 hours, so that an outage of a day is outlasted', () => {
    const requestedAt: number[] = [];
    const state = missed({ firstSeenAt: ago(0) });
    for (let hour = 0; hour <= 72; hour += 1) {
      const now = NOW + hour * HOUR_MS;
      if (recoveryVerdict(state, now).kind !== 'ask') continue;
      requestedAt.push(hour);
      Object.assign(state, { requests: state.requests + 1, requestedAt: new Date(now).toISOString() });
    }

    expect(requestedAt).toEqual([0, 1, 4, 13, 40]);
  });
});

describe('what our receiver said', () => {
  it.each([
    [401, /GITHUB_WEBHOOK_SECRET/],
    [403, /STARKEEP_WEBHOOK_ALLOW/],
    [404, /\/webhooks\/github/],
    [415, /content type/],
    [413, /too large/],
  ])('with %i names what to mend', (statusCode, words) => {
    expect(receiverTrouble(statusCode)).toMatch(words);
  });

  it.each([0, 200, 408, 500, 503])('with %i passes by itself', (statusCode) => {
    expect(receiverTrouble(statusCode)).toBeNull();
  });
});
