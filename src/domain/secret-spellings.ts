/** The forms in which a secret turns up in texts of other programs. */
export interface Spellings {
  /** Texts that are the secret. */
  plain: string[];
  /** Texts that are a part of every base64 (of either alphabet) of something the secret is a part of. */
  inBase64: string[];
}

/** Fewer characters of base64 turn up by chance. */
const SHORTEST_PART = 7;

export function spellingsOf(secret: string): Spellings {
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const plain = [
    secret,
    json,
    // JSON in JSON: an answer that is JSON, in the field of a log line.
    JSON.stringify(json).slice(1, -1),
    // Go, which Temporal is written in, escapes these too; others escape the slash.
    ...[json, JSON.stringify(json).slice(1, -1)].map((text) => text.replaceAll(/[<>&]/g, unicodeEscape)),
    json.replaceAll('/', '\\/'),
    ...[url, encodeStrictly(secret), encodeStrictly(secret).replaceAll('%20', '+')].flatMap(bothCases),
    html(secret),
  ];
  const parts = [0, 1, 2].map((before) => certainPart(bytesOf(secret), before));
  const inBase64 = parts
    .filter((part) => part.length >= SHORTEST_PART)
    .flatMap((part) => [part, part.replaceAll('+', '-').replaceAll('/', '_'), ...bothCases(encodeStrictly(part))]);
  return { plain: [...new Set(plain)], inBase64: [...new Set(inBase64)] };
}

/** @returns every word of base64 in `text` that has `part` in it, the longest first; a word ends at what base64 has no use for */
export function wordsWithin(text: string, part: string): string[] {
  const words = new Set<string>();
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at)) {
    let from = at;
    while (from > 0 && isBase64(text, from - 1)) from -= 1;
    let to = at + part.length;
    while (to < text.length && isBase64(text, to)) to += 1;
    while (text[to] === '=') to += 1;
    words.add(text.slice(from, to));
    at = to;
  }
  return [...words].sort((a, b) => b.length - a.length);
}

function isBase64(text: string, index: number): boolean {
  return /[A-Za-z0-9+/_-]/.test(text.charAt(index));
}

/**
 * The characters of a base64 that depend on `bytes` alone when so many bytes (modulo three) stand before them: each character holds six bits, so the
 * first and the last may hold bits of the neighbours.
 */
function certainPart(bytes: Uint8Array, before: number): string {
  const padded = new Uint8Array(before + bytes.length);
  padded.set(bytes, before);
  const from = Math.ceil((before * 8) / 6);
  const to = Math.floor((padded.length * 8) / 6);
  return base64(padded).slice(from, to);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Everything but letters, digits, `-`, `.`, `_` and `~`, as most programs do it. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function bothCases(encoded: string): string[] {
  return [encoded, encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function html(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
