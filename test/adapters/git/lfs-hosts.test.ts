import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createHostPolicy, isPrivateAddress } from '../../../src/adapters/git/lfs-hosts.ts';

const PUBLIC_SOURCE = new URL('https://93.184.216.34/acme/art.git');
const PRIVATE_SOURCE = new URL('https://10.1.2.3/acme/art.git');

describe('where objects may be fetched from', () => {
  it.each([
    ['https://storage.example.com/x', true],
    ['https://93.184.216.35/x', true],
    ['https://93.184.216.34/x', true],
    ['http://storage.example.com/x', false],
    ['file:///etc/passwd', false],
    ['https://127.0.0.1/x', false],
    ['https://2130706433/x', false],
    ['https://10.0.0.1/x', false],
    ['https://169.254.169.254/latest/meta-data', false],
    ['https://[::1]/x', false],
    ['https://[::ffff:10.0.0.1]/x', false],
    ['https://[fd00::1]/x', false],
  ])('from a public https source: %s', async (address, allowed) => {
    const policy = createHostPolicy(PUBLIC_SOURCE);

    const checked = policy.check(new URL(address)).then(
      () => true,
      () => false,
    );

    expect(await checked).toBe(allowed);
  });

  it('a source on a private network may keep its objects on that network', async () => {
    const policy = createHostPolicy(PRIVATE_SOURCE);

    await expect(policy.check(new URL('https://10.9.9.9/x'))).resolves.toBeUndefined();
    await expect(policy.check(new URL('http://10.9.9.9/x'))).rejects.toThrow('does not begin with https://');
  });

  it('a name that leads to a private address is refused when it is looked up', async () => {
    const lookUp = promisify(createHostPolicy(PUBLIC_SOURCE).lookup as never) as (
      ...args: unknown[]
    ) => Promise<unknown>;

    await expect(lookUp('localhost', { all: true })).rejects.toThrow('not on the public internet');
  });

  it('only the same origin is the source', () => {
    const policy = createHostPolicy(PUBLIC_SOURCE);

    expect(policy.isSource(new URL('https://93.184.216.34/other'))).toBe(true);
    expect(policy.isSource(new URL('https://93.184.216.34:8443/other'))).toBe(false);
    expect(policy.isSource(new URL('http://93.184.216.34/other'))).toBe(false);
  });

  it('what is no address counts as private', () => {
    expect(isPrivateAddress('localhost')).toBe(true);
  });
});
