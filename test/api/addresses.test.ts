import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addRange } from '../../src/adapters/address-ranges.ts';
import { clientAddress, contains, networkOf, outerOrigin, plainAddress } from '../../src/api/addresses.ts';

function listOf(...ranges: string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return list;
}

describe('plainAddress', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['', ''],
  ])('of %s is %s', (address, plain) => {
    expect(plainAddress(address)).toBe(plain);
  });
});

describe('contains', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '203.0.113.8', false],
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.0/24', '::ffff:203.0.113.7', true],
    ['203.0.113.0/24', '::ffff:cb00:7107', true],
    ['203.0.113.0/24', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::/32', '203.0.113.7', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['::/0', '', false],
    ['0.0.0.0/0', 'nonsense', false],
  ])('a list of %s says of %j: %j', (range, address, expected) => {
    expect(contains(listOf(range), address)).toBe(expected);
  });
});

describe('addRange', () => {
  it.each([
    '203.0.113.7/',
    '203.0.113.0/33',
    '203.0.113.0/-1',
    '203.0.113.0/8/9',
    '203.0.113.0/2a',
    '2001:db8::/129',
    '203.0.113',
    'localhost',
    '/8',
    '',
  ])('refuses %j rather than guess', (range) => {
    const list = new BlockList();

    expect(() => addRange(list, range)).toThrow(`"${range}" is no address or CIDR range`);
    expect(list.rules).toEqual([]);
  });
});

describe('clientAddress', () => {
  const proxies = listOf('10.0.0.0/8', '2001:db8::/32');

  it.each([
    ['the peer, when nothing is forwarded', '203.0.113.7', undefined, '203.0.113.7'],
    ['the peer, when it is no proxy of ours', '203.0.113.7', '192.0.2.1', '203.0.113.7'],
    ['the plain form of the peer', '::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['what our proxy names', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['what our proxy names, also when it is an IPv4-mapped peer', '::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['what our proxy names over IPv6', '2001:db8::1', '2001:db9::7', '2001:db9::7'],
    ['the last one named', '10.0.0.1', '198.51.100.9, 192.0.2.1', '192.0.2.1'],
    ['the one before a chain of our proxies', '10.0.0.1', '198.51.100.9,192.0.2.1, 10.0.0.3 ,10.0.0.2', '192.0.2.1'],
    ['the first of a chain that is ours alone', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['our proxy, when it names nobody', '10.0.0.1', '', '10.0.0.1'],
    ['without the port', '10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['without the port and brackets', '10.0.0.1', '[2001:db9::7]:4711', '2001:db9::7'],
    ['without the brackets', '10.0.0.1', '[2001:db9::7]', '2001:db9::7'],
    ['nobody, when our proxy names what is no address', '10.0.0.1', '192.0.2.1, unknown', ''],
    ['nobody, when our proxy names an empty one last', '10.0.0.1', '192.0.2.1, ', ''],
    ['nobody, when there is no peer', '', '192.0.2.1', ''],
  ])('is %s', (_, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected);
  });

  it('trusts nobody by default', () => {
    expect(clientAddress('127.0.0.1', '192.0.2.1', new BlockList())).toBe('127.0.0.1');
  });
});

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('outerOrigin', () => {
  const proxies = listOf('10.0.0.0/8');
  const headers = { host: 'inner:8000', forwardedHost: 'starkeep.example', forwardedProto: 'https' };

  it.each([
    ['what the peer asked, when it is no proxy of ours', '203.0.113.7', headers, 'http://inner:8000'],
    ['what our proxy names', '10.0.0.1', headers, 'https://starkeep.example'],
    [
      'the nearest proxy’s, of several',
      '10.0.0.1',
      { ...headers, forwardedHost: 'a.example, b', forwardedProto: 'HTTPS, http' },
      'https://a.example',
    ],
    [
      'our own host, where the proxy keeps it',
      '10.0.0.1',
      { ...headers, forwardedHost: undefined },
      'https://inner:8000',
    ],
    [
      'without TLS, where the proxy says nothing',
      '10.0.0.1',
      { ...headers, forwardedProto: undefined },
      'http://starkeep.example',
    ],
  ])('is %s', (_, peer, sent, origin) => {
    expect(outerOrigin(peer, sent, proxies)).toBe(origin);
  });
});
