import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';

/**
 * JSON of GitHub's, within bounds that are looked at before anything is built from it: a small text can become an object many times its
 * size, and one number of a million digits keeps a processor busy for minutes.
 */

/** GitHub's deepest payloads have a dozen levels. */
export const MAX_DEPTH = 64;

/** Members and elements, all levels together: the largest push GitHub describes has some 100,000. */
export const MAX_VALUES = 1_000_000;

export const MAX_NUMBER_LENGTH = 100;

export type ReadJson = { ok: true; value: unknown } | { ok: false; problem: string };

/** Numbers of more digits than these may be beyond 2^53, where JSON.parse rounds without a word. */
const EXACT_DIGITS = 15;

/** No text of GitHub's begins with this. */
const MARK = `${randomUUID()}:`;

/**
 * Reads JSON; whole numbers beyond 2^53 come as bigint. A member called `__proto__` becomes a member like any other.
 * @returns the value, or a sentence that says why there is none
 */
export function readJson(bytes: Buffer): ReadJson {
  if (bytes.length === 0 || !isUtf8(bytes)) return refused('The body is empty or not UTF-8 text.');
  const outline = outlineOf(bytes);
  if (typeof outline === 'string') return refused(outline);
  try {
    if (outline.length === 0) return { ok: true, value: JSON.parse(bytes.toString('utf8')) };
    const value: unknown = JSON.parse(marked(bytes, outline), (_, part: unknown) =>
      typeof part === 'string' && part.startsWith(MARK) ? exact(part.slice(MARK.length)) : part,
    );
    return { ok: true, value };
  } catch {
    return refused('The body is not JSON.');
  }
}

/** Where a long whole number begins and ends. */
type Span = [number, number];

/**
 * One pass over the bytes that builds nothing. It need not know whether it is JSON, since JSON.parse does: what is JSON, it counts rightly.
 * @returns the whole numbers that may be beyond 2^53, or the bound that is broken
 */
function outlineOf(bytes: Buffer): Span[] | string {
  const long: Span[] = [];
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      depth += 1;
      values += 1;
      if (depth > MAX_DEPTH) return `The body is nested more than ${MAX_DEPTH} levels deep.`;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1;
    } else if (byte === COMMA) {
      values += 1;
    } else if (byte === MINUS || isDigit(byte)) {
      const end = endOfNumber(bytes, at);
      if (end - at > MAX_NUMBER_LENGTH) return `The body has a number of more than ${MAX_NUMBER_LENGTH} characters.`;
      if (end - at > EXACT_DIGITS && isWhole(bytes, at, end)) long.push([at, end]);
      at = end - 1;
    }
    if (values > MAX_VALUES) return `The body has more than ${MAX_VALUES} values.`;
  }
  return long;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const MINUS = 0x2d;

/** @returns the place of the closing quote, or of the end where there is none */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) return at;
  }
  return bytes.length;
}

/** @returns the place behind it */
function endOfNumber(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && IN_NUMBER.has(bytes[at] as number)) at += 1;
  return at;
}

const IN_NUMBER = new Set(Buffer.from('0123456789+-.eE'));

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** As JSON writes one: `-0` aside, no other spelling is a whole number of more than 15 digits. */
function isWhole(bytes: Buffer, start: number, end: number): boolean {
  return /^-?[1-9]\d*$/.test(bytes.toString('latin1', start, end));
}

/** The text with those numbers as marked strings, so that none of their digits is lost. */
function marked(bytes: Buffer, spans: Span[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const [start, end] of spans) {
    parts.push(bytes.toString('utf8', done, start), `"${MARK}`, bytes.toString('latin1', start, end), '"');
    done = end;
  }
  parts.push(bytes.toString('utf8', done));
  return parts.join('');
}

function exact(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

function refused(problem: string): ReadJson {
  return { ok: false, problem };
}
