import { type Spellings, spellingsOf, wordsWithin } from './secret-spellings.ts';

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

/** Of a secret of several lines (a PEM), a line shorter than this says nothing. */
const SHORTEST_LINE = 16;

/**
 * @param secrets the values known to be secret; each is masked as it is, as JSON, HTML and URLs write it, and wherever it is a part of something in
 * base64 (HTTP basic among it, whatever the user's name is). Of one with several lines each line is masked by itself too.
 * @returns a function that masks them, and everything that has the shape of a credential
 */
export function createRedactor(secrets: Iterable<string>): Redact {
  const { plain, inBase64 } = allSpellingsOf(secrets);
  return (text) => {
    let clean = text;
    for (const secret of plain) clean = clean.replaceAll(secret, MASK);
    for (const part of inBase64) {
      for (const word of wordsWithin(clean, part)) clean = clean.replaceAll(word, MASK);
    }
    for (const [shape, mask] of SHAPES) clean = clean.replace(shape, mask);
    return clean;
  };
}

/** @returns whether one of these values is in a text, in any of its spellings; what merely looks like a credential is none of them */
export function createDetector(secrets: Iterable<string>): (text: string) => boolean {
  const { plain, inBase64 } = allSpellingsOf(secrets);
  return (text) => [...plain, ...inBase64].some((spelling) => text.includes(spelling));
}

function allSpellingsOf(secrets: Iterable<string>): Spellings {
  const values = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET);
  const known = [...new Set([...values, ...values.flatMap(linesOf)])].map(spellingsOf);
  return {
    // Longest first, so that a secret containing another is masked whole.
    plain: [...new Set(known.flatMap(({ plain }) => plain))].sort((a, b) => b.length - a.length),
    inBase64: [...new Set(known.flatMap(({ inBase64 }) => inBase64))],
  };
}

/** The frame of a PEM is no secret. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
}
