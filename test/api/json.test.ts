import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, MAX_NUMBER_LENGTH, MAX_VALUES, readJson } from '../../src/api/json.ts';

const read = (text: string) => readJson(Buffer.from(text));

describe('readJson', () => {
  it.each([
    '{"a":[1,-2.5e3,true,null,"é\\u00e9\\ud83d\\ude00"],"b":{}}',
    ' [ ] ',
    '"a \\" [[[[ 12345678901234567890 , \\\\"',
    '-0',
    '1e400',
    '{"a":1,"a":2}',
    '123456789012345',
    '0.12345678901234567890',
  ])('reads %s as JSON.parse does', (text) => {
    expect(read(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
  });

  it('keeps every digit of a whole number beyond 2^53, and only of those', () => {
    const text =
      '{"ids":[9007199254740991,9007199254740992,-9007199254740993,12345678901234567890],"text":"12345678901234567890","é":1}';

    expect(read(text)).toEqual({
      ok: true,
      value: {
        ids: [9007199254740991, 9007199254740992n, -9007199254740993n, 12345678901234567890n],
        text: '12345678901234567890',
        é: 1,
      },
    });
  });

  it.each(['', '{', '[1,]', '{"a":1}}', '01234567890123456', '--1234567890123456', '{"a":"', '"\\', 'NaN', '\uFEFF{}'])(
    'refuses %j',
    (text) => {
      expect(read(text)).toMatchObject({ ok: false });
    },
  );

  it('refuses what is not UTF-8', () => {
    expect(readJson(Buffer.from([0x22, 0xe9, 0x22]))).toEqual({
      ok: false,
      problem: 'The body is empty or not UTF-8 text.',
    });
  });

  it.each([
    ['nesting', `${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`, `[${'['.repeat(MAX_DEPTH)}`, 'nested more than 64'],
    ['the number of values', listOf(MAX_VALUES), listOf(MAX_VALUES + 1), 'more than 1000000 values'],
    [
      'the length of a number',
      `0.${'1'.repeat(MAX_NUMBER_LENGTH - 2)}`,
      '1'.repeat(MAX_NUMBER_LENGTH + 1),
      'a number of more than 100 characters',
    ],
  ])('bounds %s', (_, largest, tooLarge, problem) => {
    const refused = read(tooLarge);

    expect([read(largest).ok, refused.ok]).toEqual([true, false]);
    expect(refused.ok ? '' : refused.problem).toContain(problem);
  });

  it('reads one text of 20 MB', () => {
    const result = read(`{"id":12345678901234567890,"text":"${'x'.repeat(20_000_000)}"}`);

    expect(result.ok && (result.value as { id: bigint }).id).toBe(12345678901234567890n);
  });

  it('makes a member like any other of __proto__', () => {
    const result = read('{"__proto__":{"polluted":12345678901234567890},"constructor":{"prototype":{"polluted":1}}}');

    const value = result.ok ? (result.value as Record<string, unknown>) : {};
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect([value['polluted'], ({} as Record<string, unknown>)['polluted']]).toEqual([undefined, undefined]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

/** @param values the list itself included */
function listOf(values: number): string {
  return `[${'1,'.repeat(values - 2)}1]`;
}
