import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { addRange } from '../adapters/address-ranges.ts';
import { parseFilters, type FilterName } from '../domain/filters.ts';
import { maxSizeKb } from '../domain/filter-values.ts';
import { parentPathProblem } from '../domain/names.ts';

/** Turns a setting's text into its value, or throws an Error whose message completes "NAME must be …"; so does every function here. */
export type Parse = (text: string) => unknown;

export interface DeletionBudget {
  max: number;
  windowMs: number;
}

export function text(value: string): string {
  if (value.includes('\0')) throw new Error('text without NUL characters');
  return value;
}

/** It becomes part of a request header. */
export function token(value: string): string {
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Error('one word without spaces or line breaks');
  return value;
}

export function privateKey(value: string): string {
  if (!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(value))
    throw new Error("a private key in PEM form; a file's path goes into the setting of the same name with _FILE");
  return value;
}

/** It becomes part of a request header. */
export function adminKey(value: string): string {
  if (value.length < 8) throw new Error('at least 8 characters long');
  if (value.length > 512) throw new Error('at most 512 characters long');
  return token(value);
}

export function login(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(value)) throw new Error('a GitHub login');
  return value;
}

export function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
    throw new Error('an address that begins with http:// or https://');
  if (parsed.username || parsed.password) throw new Error('an address without a user name or password in it');
  if (parsed.search || parsed.hash) throw new Error('an address without ? or #');
  return parsed.href.replace(/\/+$/, '');
}

/** Of a service whose address is its password: it may have a query. */
export function hookUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || parsed.username || parsed.password || parsed.hash)
    throw new Error('an address that begins with http:// or https://, without a user name in it');
  return parsed.href;
}

export function topicUrl(value: string): string {
  const address = url(value);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(new URL(address).pathname.slice(1)))
    throw new Error('an address like https://ntfy.sh/TOPIC, whose topic has letters, digits, - and _ only');
  return address;
}

/** @see https://www.elastic.co/guide/en/elasticsearch/reference/current/indices-create-data-stream.html */
export function dataStream(value: string): string {
  if (value.length > 255 || !/^[^-_+.A-Z\\/*?"<>| ,#:][^A-Z\\/*?"<>| ,#:]*$/.test(value))
    throw new Error('the name of a data stream, such as logs-starkeep-default');
  return value;
}

/** @returns the address of the intake */
export function datadogUrl(value: string): string {
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(value)) return `https://http-intake.logs.${value}`;
  try {
    return url(value);
  } catch (error) {
    throw new Error('a site such as datadoghq.eu, or an address that begins with http:// or https://', {
      cause: error,
    });
  }
}

/** @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
export function otelPairs(value: string): Record<string, string> {
  try {
    const pairs = value.split(',').filter((part) => part.trim() !== '');
    return Object.fromEntries(
      pairs.map((pair) => {
        const [, name = '', text = ''] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
        if (name === '') throw new Error('no name');
        return [decodeURIComponent(name), decodeURIComponent(text)];
      }),
    );
  } catch (error) {
    throw new Error('NAME=value pairs, separated by commas and percent-encoded', { cause: error });
  }
}

/** They become request headers. */
export function otelHeaders(value: string): Record<string, string> {
  const pairs = otelPairs(value);
  for (const [name, content] of Object.entries(pairs)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(content))
      throw new Error('NAME=value pairs that can be request headers, separated by commas and percent-encoded');
  }
  return pairs;
}

export function ratio(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1) throw new Error('a number from 0 to 1');
  return number;
}

export function smtpUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['smtp:', 'smtps:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new Error('an address like smtp://USER:PASSWORD@HOST:587');
  readablePasswords(value);
  return value;
}

export function mailAddress(value: string): string {
  const address = value.trim();
  if (!/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(address)) throw new Error('a mail address such as ann@example.org');
  return address;
}

export function mailAddresses(value: string): string[] {
  try {
    return value.split(',').map(mailAddress);
  } catch (error) {
    throw new Error('mail addresses, separated by commas', { cause: error });
  }
}

export function sshUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (parsed?.protocol !== 'ssh:' || parsed.password) throw new Error('an address like ssh://HOST:PORT');
  return parsed.href.replace(/\/+$/, '');
}

export function databaseUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol))
    throw new Error('an address like postgres://USER:PASSWORD@HOST:5432/DATABASE');
  readablePasswords(value);
  verifyingOnly(parsed.searchParams);
  return value;
}

export function redisUrl(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : null;
  const isRedis = parsed && ['redis:', 'rediss:'].includes(parsed.protocol) && parsed.hostname !== '';
  if (!isRedis || !/^\/?\d{0,5}$/.test(parsed.pathname) || parsed.search || parsed.hash)
    throw new Error('an address like redis://USER:PASSWORD@HOST:6379/0, or rediss://… for TLS');
  readablePasswords(value);
  return value;
}

/** They are hidden in logs by what they are in clear. */
function readablePasswords(address: string): void {
  try {
    passwordsIn(address);
  } catch {
    throw new Error('an address whose password has its special characters percent-encoded (% itself is %25)');
  }
}

/** @see https://github.com/brianc/node-postgres/tree/master/packages/pg-connection-string#tcp-connections */
function verifyingOnly(parameters: URLSearchParams): void {
  const mode = parameters.get('sslmode');
  // With libpq's meaning of the words, everything between `disable` and `verify-full` leaves something out.
  const isLax = parameters.get('uselibpqcompat') === 'true' && mode !== null && !/^(?:disable|verify-full)$/.test(mode);
  if (isLax || [mode, parameters.get('ssl')].includes('no-verify')) {
    throw new Error(
      'an address that verifies the server: sslmode=verify-full, with sslrootcert=FILE for a CA of your own',
    );
  }
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = parameters.get(name);
    if (file !== null) readable(file, `an address whose ${name} is a file that can be read`);
  }
}

function readable(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${what} (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

/** @returns the PEM */
export function certificates(file: string): string {
  const pem = readable(file, 'the path of a file of certificates');
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error('the path of a file of certificates in PEM form (it has none)');
  try {
    for (const one of found) new X509Certificate(one);
  } catch (error) {
    throw new Error('the path of a file of certificates in PEM form (one of them cannot be read)', { cause: error });
  }
  return found.join('\n');
}

export function hostPort(value: string): string {
  const [, portNumber] = /^(?:\[[0-9a-fA-F:]+\]|[^\s:/]+):(\d{1,5})$/.exec(value) ?? [];
  if (!(Number(portNumber) <= 65_535)) throw new Error('HOST:PORT, such as localhost:7233');
  return value;
}

export function port(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error('a port from 0 (any free one) to 65535');
  return number;
}

export function count(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new Error('a whole number from 1 to 9999');
  return Number(value);
}

/** One would wait for itself where something is read beside a transaction. */
export function poolSize(value: string): number {
  const size = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (size < 2 || size > 1_000) throw new Error('a whole number from 2 to 1000');
  return size;
}

/** @returns how many a second; `null`: unlimited */
export function rate(value: string): number | null {
  if (value.trim() === 'unlimited') return null;
  const [, count, unit] = /^(\d{1,6}(?:\.\d{1,3})?)\/([sm])$/.exec(value.trim()) ?? [];
  const perSecond = Number(count) / (unit === 'm' ? 60 : 1);
  if (!(perSecond > 0)) throw new Error('unlimited, or COUNT/s or COUNT/m, such as 10/s');
  return perSecond;
}

/** @returns bytes */
export function size(value: string): number {
  try {
    return Math.round((maxSizeKb(value) ?? Number.NaN) * 1000);
  } catch (error) {
    throw new Error('a size of at least 1KB, such as 500MB or 4GiB', { cause: error });
  }
}

/** @returns bytes; `null` for never */
export function sizeOrNever(value: string): number | null {
  if (value.trim() === 'never') return null;
  try {
    return size(value);
  } catch (error) {
    throw new Error('never, or a size of at least 1KB, such as 500MB or 4GiB', { cause: error });
  }
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Ten years: longer timers are typing mistakes, and JavaScript dates stay exact. */
const LONGEST_MS = 3650 * 86_400_000;

/** @returns milliseconds */
export function duration(value: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(value.trim()) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (!(ms <= LONGEST_MS)) throw new Error('a duration such as 30s, 15m, 6h or 7d');
  return Math.round(ms);
}

/** @returns milliseconds */
export function interval(value: string): number {
  const ms = duration(value);
  if (ms < 1_000) throw new Error('a duration of at least 1s');
  return ms;
}

/** @returns milliseconds */
export function drainDelay(value: string): number {
  try {
    const ms = duration(value);
    if (ms <= 120_000) return ms;
  } catch {
    // Said below.
  }
  throw new Error('a duration of at most 2m, such as 8s');
}

/** @returns milliseconds; `null` for never */
export function everyOrNever(value: string): number | null {
  try {
    if (value.trim() === 'never' || duration(value) === 0) return null;
    return interval(value);
  } catch (error) {
    throw new Error('never, or a duration of at least 1s, such as 7d', { cause: error });
  }
}

/** @returns milliseconds; `null` for ever */
export function retention(value: string): number | null {
  if (value.trim() === 'forever') return null;
  try {
    const ms = duration(value);
    if (ms >= SHORTEST_RETENTION_MS) return ms;
  } catch {
    // Said below, with the other choice.
  }
  throw new Error('forever, or a duration of at least 1d, such as 365d');
}

/** Shorter than that, an old tip could be gone before anybody has seen that its branch was rewritten. */
const SHORTEST_RETENTION_MS = 86_400_000;

export function budget(value: string): DeletionBudget {
  const [, max, window] = /^(\d{1,6})\/(.+)$/.exec(value.trim()) ?? [];
  try {
    const windowMs = duration(window ?? '');
    if (windowMs > 0) return { max: Number(max), windowMs };
  } catch {
    // Falls through to the message for the whole expression.
  }
  throw new Error('COUNT/WINDOW, such as 10/24h');
}

export function oneOf(...choices: string[]): Parse {
  return (value) => {
    if (!choices.includes(value)) throw new Error(`one of ${choices.join(', ')}`);
    return value;
  };
}

/** Checked here, each by itself, so that every wrong one is reported; the text stays what it was. */
export function filter(name: FilterName): Parse {
  return (value) => {
    parseFilters({ [name]: value });
    return value;
  };
}

export function parentPath(value: string): string {
  const path = value.replace(/^\/+|\/+$/g, '');
  const problem = parentPathProblem(path);
  if (problem) throw new Error(`a project path on OneDev (${problem})`);
  return path;
}

export function allowList(value: string): 'any' | 'github' | BlockList {
  if (value === 'any' || value === 'github') return value;
  try {
    return cidrs(value);
  } catch (error) {
    throw new Error(`any, github or ${(error as Error).message}`, { cause: error });
  }
}

export function cidrs(value: string): BlockList {
  const list = new BlockList();
  const parts = value.split(/[\s,]+/).filter(Boolean);
  try {
    if (parts.length === 0) throw new Error('it names none');
    for (const part of parts) addRange(list, part);
  } catch (error) {
    throw new Error(`a list of addresses and CIDR ranges (${(error as Error).message})`, { cause: error });
  }
  return list;
}

/** @returns the passwords of an address, in clear: there are two places for one */
export function passwordsIn(value: string | undefined): string[] {
  if (value === undefined) return [];
  const { password, searchParams } = new URL(value);
  return [decodeURIComponent(password), searchParams.get('password') ?? ''].filter(Boolean);
}

/** For messages about addresses that may be anything but well formed. */
export function withoutUserInfo(value: string): string {
  return value.replace(/:\/\/\S*@/, '://(hidden)@');
}
