import * as tls from 'node:tls';
import { Agent, type Dispatcher } from 'undici';

/**
 * Whose certificates are trusted when we talk to GitHub, OneDev and whoever keeps LFS objects. One answer for the whole process, as it is for
 * Node itself: set once at start, before anything connects. Verification cannot be turned off.
 */

let own: string[] | undefined;
let dispatcher = new Agent();

/** Trusts the CAs in `pem` besides the usual ones; `undefined`: the usual ones alone. */
export function trustAlso(pem: string | undefined): void {
  own = pem === undefined ? undefined : [...usual(), pem];
  const before = dispatcher;
  dispatcher = new Agent({ connect: trusted() });
  // Its connections were made under the old trust; requests under way may end.
  void before.close();
}

/** For Node's own TLS: what a connection is made with. */
export function trusted(): { ca?: string[] } {
  return own === undefined ? {} : { ca: own };
}

/** For `fetch`. */
export function trustingDispatcher(): Dispatcher {
  return dispatcher;
}

/** For programs that take a file; `null`: they know the usual ones by themselves. */
export function trustedBundle(): string | null {
  return own === undefined ? null : `${own.join('\n')}\n`;
}

/** What Node trusts by itself; before version 22 it does not tell of what NODE_EXTRA_CA_CERTS adds, which config.ts does. */
function usual(): readonly string[] {
  const { getCACertificates } = tls as typeof tls & { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}

/** What OpenSSL and Node call it when a certificate cannot be trusted. @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_CODE =
  /^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_CERT_|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|INVALID_(?:CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_)/;

/** Whether a connection failed because of the other side's certificate. */
export function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (typeof code === 'string' && CERTIFICATE_CODE.test(code)) || isUntrusted(error.cause);
}
