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
  if (version === 4) return list.check(plain, 'ipv4') || list.check(`::ffff:${plain}`, 'ipv6');
  return version === 6 && list.check(plain, 'ipv6');
}

/** What one sender has at least, as one text: an IPv4 address, or the /64 of an IPv6 one. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [front = [], back] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups =
    back === undefined ? front : [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
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

/** What a request says of the way it came, each header as it stands. */
export interface ForwardedHeaders {
  host: string;
  forwardedHost: string | undefined;
  forwardedProto: string | undefined;
}

/**
 * The origin a browser asked, as `https://starkeep.example`: of TLS and of another name in front of us only a trusted proxy may tell.
 * @see https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-Proto
 */
export function outerOrigin(peer: string, { host, ...forwarded }: ForwardedHeaders, trusted: BlockList): string {
  if (!contains(trusted, peer)) return `http://${host}`;
  const isTls = firstOf(forwarded.forwardedProto)?.toLowerCase() === 'https';
  return `${isTls ? 'https' : 'http'}://${firstOf(forwarded.forwardedHost) ?? host}`;
}

/** Of a list, what the proxy nearest to the browser wrote. */
function firstOf(header: string | undefined): string | undefined {
  return header?.split(',')[0]?.trim() || undefined;
}
