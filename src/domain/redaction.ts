/** Removes secrets from text. Used at the logger and wherever a foreign error text becomes ours. */
export type Redact = (text: string) => string;

const MASK = '[redacted]';

/**
 * GitHub's token shapes (`ghs_` tokens are about 520 characters with dots since 2026), our own API keys, credentials inside URLs, and authorization
 * header values as git and curl print them. None of them reaches across a quotation mark: in a log line that is where the field ends.
 * @see https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
 */
const SHAPES: [RegExp, string][] = [
  [/\bgh[opsur]_[A-Za-z0-9._-]{16,}/g, MASK],
  [/\bgithub_pat_[A-Za-z0-9_]{16,}/g, MASK],
  [/\bskp_[A-Za-z0-9_-]{16,}/g, MASK],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:"\\]*(?::[^\s/@"\\]*)?@/gi, `$1${MASK}@`],
  [/(authorization\\*"?\s*[:=]\s*\\*"?(?:basic|bearer|token)\s+)[^\s"',\\]+/gi, `$1${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=")|$)/g, MASK],
];

/** A known value shorter than this is not masked: it would blank half of every text. */
const SHORTEST_SECRET = 6;

/**
 * @param secrets the values known to be secret; each is masked as it is, as JSON and URLs write it, as its base64, and where `user:secret` was
 * encoded for HTTP basic
 * @returns a function that masks them, and everything that has the shape of a credential
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const values = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET);
  const known = values.flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    base64(secret),
    basic(secret),
  ]);
  // Longest first, so that a secret containing another is masked whole.
  const longestFirst = [...new Set(known)].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of longestFirst) clean = clean.replaceAll(secret, MASK);
    for (const [shape, mask] of SHAPES) clean = clean.replace(shape, mask);
    return clean;
  };
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function basic(secret: string): string {
  return base64(`x-access-token:${secret}`);
}
