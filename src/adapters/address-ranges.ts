import { type BlockList, isIP } from 'node:net';

/**
 * Adds `203.0.113.7`, `203.0.113.0/24` or their IPv6 likes to a list.
 * @throws Error when it is none of these; a range that was read wrongly could let everybody in
 */
export function addRange(list: BlockList, range: string): void {
  const [address = '', bits, ...rest] = range.split('/');
  const version = isIP(address);
  const width = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || !(prefix <= width) || rest.length > 0) throw new Error(`"${range}" is no address or CIDR range`);
  list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
}
