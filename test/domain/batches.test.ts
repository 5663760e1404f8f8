import { describe, expect, it } from 'vitest';
import { beginBatch, cancelBatch, filterSelection, type BatchPorts } from '../../src/domain/batches.ts';
import { Failure } from '../../src/domain/failures.ts';
import { FilterError } from '../../src/domain/filters.ts';

const REQUEST = { selection: { kind: 'all' }, by: 'ann', correlationId: 'c' } as const;

/** Ports that answer nothing unless told to. */
function ports(changes: { [Port in keyof BatchPorts]?: Partial<BatchPorts[Port]> }): BatchPorts {
  return { accounts: {}, batches: {}, control: {}, ...changes } as BatchPorts;
}

describe('a selection by filters', () => {
  it('is the same text for the same filters', () => {
    const one = filterSelection({ MIN_STARS: '5', LANGUAGES: ' Go ', TOPICS: '' });
    const other = filterSelection({ LANGUAGES: 'Go', MIN_STARS: '5' });

    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });

  it('that does not parse is refused with the word', () => {
    expect(() => filterSelection({ MIN_STARS: 'many' })).toThrow(FilterError);
  });
});

describe('a batch', () => {
  it('cannot be begun before it is known whose stars these are', async () => {
    const begun = beginBatch(ports({ accounts: { current: () => Promise.resolve(null) } }), REQUEST);

    await expect(begun).rejects.toMatchObject({ kind: 'AccountUnknown' });
  });

  it('that does not exist cannot be cancelled', async () => {
    const cancelled = cancelBatch(ports({ batches: { get: () => Promise.resolve(null) } }), '7', 'ann');

    await expect(cancelled).rejects.toThrow(new Failure('BatchUnknown', 'There is no batch 7.'));
  });
});
