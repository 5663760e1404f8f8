import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { parentIn } from '../../src/adapters/temporal-tracing.ts';

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const headers = (value: unknown) => ({ 'starkeep-trace': defaultPayloadConverter.toPayload(value) });

describe('a span that was handed on in a header', () => {
  it.each([[true], [false], [null]])('is read, sampled or not: %s', (sampled) => {
    expect(parentIn(headers({ ...IDS, sampled }))).toEqual({ ...IDS, sampled });
  });

  it.each([
    ['nothing', {}],
    ['null', headers(null)],
    ['a text', headers('00-x-y-01')],
    ['ids that are none', headers({ ...IDS, traceId: 'x' })],
    ['ids of zeros', headers({ ...IDS, spanId: '0'.repeat(16) })],
    ['ids that are no texts', headers({ traceId: 1, spanId: {} })],
    [
      'something encrypted',
      { 'starkeep-trace': { metadata: { encoding: Buffer.from('binary/x') }, data: Buffer.from('y') } },
    ],
  ])('is none when there is %s, and nobody fails for it', (_, given) => {
    expect(parentIn(given)).toBeNull();
  });
});
