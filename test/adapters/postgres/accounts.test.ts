import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failures.ts';
import { withStore } from './test-store.ts';

const store = withStore();

const kindOf = (error: unknown): string => (error instanceof Failure ? error.kind : String(error));

describe('the account', () => {
  it('is remembered under its id at GitHub', async () => {
    expect(store.account).toEqual({ accountId: 'github-41', externalId: '41', login: 'ann' });
    expect(await store.accounts.current()).toEqual(store.account);
  });

  it('keeps its id when it is renamed', async () => {
    const saved = await store.accounts.save({ externalId: '41', login: 'anna' });

    expect(saved).toEqual({ accountId: 'github-41', externalId: '41', login: 'anna' });
    expect(await store.accounts.current()).toEqual(saved);
  });

  it('is not exchanged for another one, even one that took its old login', async () => {
    const failure = await store.accounts.save({ externalId: '99', login: 'ann' }).catch((error: unknown) => error);

    expect(failure).toMatchObject({ kind: 'AccountMismatch', message: expect.stringContaining('99') });
    expect(await store.accounts.current()).toEqual(store.account);
  });
});

describe('the first account', () => {
  beforeEach(() => store.db.query('truncate accounts cascade'));

  it('is nobody before GitHub was reached', async () => {
    expect(await store.accounts.current()).toBeNull();
  });

  it('is saved once by workers that start together', async () => {
    const same = Array.from({ length: 10 }, () => store.accounts.save({ externalId: '41', login: 'ann' }));

    const saved = await Promise.all(same);

    expect(new Set(saved.map(({ accountId }) => accountId))).toEqual(new Set(['github-41']));
    expect(await store.db.query('select account_id from accounts')).toHaveLength(1);
  });

  it('is only one, also when workers with tokens of different people start together', async () => {
    const people = Array.from({ length: 10 }, (_, index) => ({ externalId: `${index + 1}`, login: `person-${index}` }));

    const outcomes = await Promise.allSettled(people.map((person) => store.accounts.save(person)));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [kindOf(outcome.reason)] : []));
    expect(refusals).toEqual(Array(9).fill('AccountMismatch'));
    expect(await store.db.query('select account_id from accounts')).toHaveLength(1);
  });
});
