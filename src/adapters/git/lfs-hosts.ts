import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { addRange } from '../address-ranges.ts';
import { LfsTrouble } from './lfs-trouble.ts';

/**
 * Where Git LFS objects may be fetched from. GitHub keeps them on storage of another host and names signed addresses there, so "only the
 * configured host" cannot hold for them. What holds instead: the address came from the configured source itself, over a connection it is
 * trusted on; it is https unless the source is not; it is no private address unless the source is on one; and no credential of ours goes there.
 */
export interface HostPolicy {
  /** Whether it is the configured source itself, which may be sent our credentials. */
  isSource(url: URL): boolean;
  /** @throws LfsTrouble `refused` for an address that may not be asked at all */
  check(url: URL): Promise<void>;
  /** For connections to other hosts: a name that leads to a private address is refused when it is looked up, so it cannot change in between. */
  lookup: LookupFunction;
}

/** Addresses that are not of the public internet. @see https://www.iana.org/assignments/iana-ipv4-special-registry/ and its IPv6 like */
const PRIVATE = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/128', '::1/128', '64:ff9b::/96', '64:ff9b:1::/48', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
];

const privateAddresses = new BlockList();
for (const range of PRIVATE) addRange(privateAddresses, range);

/** @returns true also for what is no address at all */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address);
  return version === 0 || privateAddresses.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

export function createHostPolicy(source: URL): HostPolicy {
  let asked: Promise<boolean> | null = null;
  const sourceIsPrivate = () => (asked ??= leadsToPrivate(source.hostname));

  return {
    isSource: (url) => url.origin === source.origin,

    async check(url) {
      if (url.origin === source.origin) return;
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && source.protocol === 'http:')) {
        throw new LfsTrouble('refused', `GitHub named an address on ${url.host} that does not begin with https://.`);
      }
      const host = bare(url.hostname);
      if (isIP(host) !== 0 && isPrivateAddress(host) && !(await sourceIsPrivate())) throw privateHost(url.host);
    },

    lookup(hostname, options, callback) {
      void Promise.all([promisify(resolve)(hostname, { ...options, all: true }), sourceIsPrivate()])
        .then(([found, allowed]: [LookupAddress[], boolean]) => {
          if (!allowed && found.some(({ address }) => isPrivateAddress(address))) throw privateHost(hostname);
          const [first] = found;
          if (options.all) callback(null, found);
          else callback(null, first?.address ?? '', first?.family);
        })
        .catch((error: NodeJS.ErrnoException) => callback(error, ''));
    },
  };
}

async function leadsToPrivate(hostname: string): Promise<boolean> {
  const host = bare(hostname);
  if (isIP(host) !== 0) return isPrivateAddress(host);
  try {
    const found = await promisify(resolve)(host, { all: true });
    return found.some(({ address }) => isPrivateAddress(address));
  } catch {
    // A source that cannot be found lends nobody its privilege; that it cannot be reached is told where it is asked.
    return false;
  }
}

/** URLs write IPv6 addresses in brackets. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function privateHost(host: string): LfsTrouble {
  return new LfsTrouble('refused', `GitHub named an address on ${host}, which is not on the public internet.`);
}
