import { describe, expect, it } from 'vitest';
import { open, seal } from '../../src/adapters/sealing.ts';
import { parsePayloadKeys } from '../../src/domain/payload-keys.ts';

const keyOf = (id: string, byte: number) => parsePayloadKeys(`${id}:${Buffer.alloc(32, byte).toString('base64')}`);
const [key] = keyOf('a.b', 1);
if (!key) throw new Error('a key is a key');

describe('a sealed text', () => {
  it.each(['', 'hush', 'Schlüssel 鍵', 'x'.repeat(20_000)])('opens with its key for its purpose: %.10s', (text) => {
    const sealed = seal(key, 'ONEDEV_TOKEN', text);

    expect(open([...keyOf('z', 9), key], 'ONEDEV_TOKEN', sealed)).toEqual({ opened: true, text });
    expect(seal(key, 'ONEDEV_TOKEN', text)).not.toBe(sealed);
  });

  it('stays closed for another purpose, without its key, with another of the same name, and when it was changed', () => {
    const sealed = seal(key, 'ONEDEV_TOKEN', 'hush');
    const changed = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`;

    expect(open([key], 'GITHUB_TOKEN', sealed)).toEqual({ opened: false, keyId: 'a.b', why: 'changed' });
    expect(open(keyOf('z', 1), 'ONEDEV_TOKEN', sealed)).toEqual({ opened: false, keyId: 'a.b', why: 'no such key' });
    expect(open(keyOf('a.b', 2), 'ONEDEV_TOKEN', sealed)).toEqual({ opened: false, keyId: 'a.b', why: 'changed' });
    expect(open([key], 'ONEDEV_TOKEN', changed)).toMatchObject({ opened: false, why: 'changed' });
    expect(open([key], 'ONEDEV_TOKEN', 'nonsense')).toEqual({ opened: false, keyId: '', why: 'no such key' });
  });
});
