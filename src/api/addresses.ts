import { type BlockList, isIP } from 'node:net';

/** Whether an address may deliver webhooks. */
export interface AddressCheck {
  allows(address: string): boolean;
}

/** A peer as Node reports it: `::ffff:203.0.113.7` is the IPv4 address it wraps. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

export function contains(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const version = isIP(plain);
  return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Who sent the request: the peer, or, when the peer is a trusted proxy, the last address in X-Forwarded-For that is not a trusted proxy
 * itself. Everything further left can be made up by the sender.
 * @returns the address; empty when a trusted proxy names something that is none, so that no list has it
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: BlockList): string {
  const hops = forwardedFor?.trim() ? forwardedFor.split(',') : [];
  let client = plainAddress(peer);
  while (contains(trusted, client) && hops.length > 0) client = hopAddress(hops.pop() as string);
  return client;
}

/** Some proxies write the port too: `203.0.113.7:4711`, `[2001:db8::1]:4711`. */
function hopAddress(hop: string): string {
  const text = hop.trim();
  const [, v6, v4] = /^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$/.exec(text) ?? [];
  const address = plainAddress(v6 ?? v4 ?? text);
  return isIP(address) === 0 ? '' : address;
}
