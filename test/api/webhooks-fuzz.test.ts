import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createReceiver, signed, type Receiver } from './receiver.ts';
import { served } from './serve.ts';

/**
 * Requests that somebody might send, made from real payloads: what is broken about them is chosen by a generator with a seed, so that a failure
 * comes again. Most are signed after they were broken, so that they get past the signature.
 */

const SEED = 20261125;
const REQUESTS = 10_000;
const OVER_THE_WIRE = 400;

const NEVER_AN_ERROR_OF_OURS = [200, 202, 400, 401, 403, 408, 413, 415];

interface Fuzzed {
  body: Buffer;
  headers: Record<string, string>;
}

describe('broken requests', () => {
  it('are answered as they should be, ten thousand of them, and leave no memory behind', async () => {
    const { receiver, errors } = quietReceiver();
    const chance = createChance(SEED);
    const statuses = new Map<number, number>();
    const heapBytes: number[] = [];

    for (let sent = 0; sent < REQUESTS; sent += 200) {
      const batch = Array.from({ length: 200 }, () => fuzzed(chance));
      const answers = await Promise.all(
        batch.map(async (request) => receiver.app.request('/webhooks/github', init(request))),
      );
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (sent % 2_000 === 1_800) heapBytes.push(await heapAfterCollection());
    }

    expect([...statuses.keys()].filter((status) => !NEVER_AN_ERROR_OF_OURS.includes(status))).toEqual([]);
    expect(errors).toEqual([]);
    // Each way out was taken by many, so that the one above says something.
    const rare = [200, 202, 400, 401, 415].filter((status) => (statuses.get(status) ?? 0) < 100);
    expect(rare).toEqual([]);
    expect(((heapBytes.at(-1) ?? 0) - (heapBytes[0] ?? 0)) / 1024 / 1024).toBeLessThan(16);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('are survived over a real socket, also where they are no HTTP', async () => {
    const { receiver, errors } = quietReceiver();
    const url = new URL(await served(receiver.app));
    const chance = createChance(SEED + 1);
    const statuses = new Set<number | null>();

    for (let sent = 0; sent < OVER_THE_WIRE; sent += 40) {
      const answers = await Promise.all(Array.from({ length: 40 }, () => sendRaw(url, brokenWire(chance))));
      for (const status of answers) statuses.add(status);
    }

    const { status } = await fetch(`${url.origin}/webhooks/github`, {
      method: 'POST',
      ...signed({ zen: 'z' }, { 'x-github-event': 'ping' }),
    });
    expect([...statuses].filter((answered) => answered !== null && answered >= 500)).toEqual([]);
    expect([...statuses]).toEqual(expect.arrayContaining([200, 202, 400]));
    expect([status, errors]).toEqual([200, []]);
  });
});

/** A receiver that keeps nothing, so that what stays in memory is the api's own; and whatever it logs as an error. */
function quietReceiver(): { receiver: Receiver; errors: string[] } {
  const errors: string[] = [];
  // Of GitHub's events that one is told as an error: it is one of whoever did it.
  const write = (line: string) => void (line.includes('our webhook was deleted at GitHub') || errors.push(line));
  const log = pino({ level: 'error' }, { write });
  const { ports } = createReceiver();
  let address = 0;
  const receiver = createReceiver({
    log,
    deliveries: { ...ports.deliveries, take: async () => 'new', markDispatched: async () => undefined },
    control: { ...ports.control, repoEvent: async ({ repoId }) => ({ workflowId: `mirror-github-${repoId}` }) },
    audit: { append: async (entry) => ({ ...entry, accountId: null, eventId: '1', at: '', prevHash: '', hash: '' }) },
    // Everybody from elsewhere, so that nobody is slowed for what another did.
    clientAddress: () => `10.0.${(address = (address + 1) % 65_536) >> 8}.${address & 255}`,
  });
  return { receiver, errors };
}

// -------------------------------------------------------------------------------------------------------------- breaking

const examples = readExamples();

function fuzzed(chance: Chance): Fuzzed {
  const { event, body: whole } = chance.oneOf(examples);
  let body = whole;
  for (let times = chance.below(3); times > 0; times -= 1) body = chance.oneOf(BREAKING_BODIES)(body, chance);
  const changes = chance.below(4) === 0 ? chance.oneOf(BREAKING_HEADERS)(chance) : {};
  const signer = chance.below(10) === 0 ? whole : body;
  const delivery = `fuzz-${chance.below(1_000_000_000)}`;
  return {
    body,
    headers: { ...signed(signer, { 'x-github-event': event, 'x-github-delivery': delivery }).headers, ...changes },
  };
}

const BREAKING_BODIES: ((body: Buffer, chance: Chance) => Buffer)[] = [
  // A few bytes are others.
  (body, chance) => {
    const broken = Buffer.from(body);
    for (let times = 1 + chance.below(8); times > 0; times -= 1)
      broken[chance.below(broken.length)] = chance.below(256);
    return broken;
  },
  // It ends too early.
  (body, chance) => body.subarray(0, chance.below(body.length + 1)),
  // A value is another one, which is JSON.
  (body, chance) => replaceValue(body, chance, chance.oneOf(VALUES)),
  (body, chance) => replaceValue(body, chance, chance.oneOf(VALUES)),
  (body, chance) => replaceValue(body, chance, nested(chance.oneOf([5, 63, 64, 65, 500, 20_000]), chance)),
  (body, chance) => replaceValue(body, chance, digits(chance.oneOf([15, 16, 17, 20, 99, 100, 101, 5_000]), chance)),
  // A member is there twice, or is one that every object has.
  (body, chance) => addMember(body, `"${chance.oneOf(MEMBERS)}":${chance.oneOf(VALUES)}`, chance),
  (body, chance) =>
    addMember(body, `"${chance.oneOf(MEMBERS)}":{"${chance.oneOf(MEMBERS)}":${chance.oneOf(VALUES)}}`, chance),
  // Bytes that are no UTF-8, NUL, half a surrogate pair.
  (body, chance) => insert(body, chance.below(body.length + 1), chance.oneOf(NO_TEXT)),
  (body) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
  (body, chance) => Buffer.concat([body, Buffer.from(chance.oneOf([' ', '\n', '{}', ',', '\0']))]),
  (_, chance) => Buffer.from(chance.oneOf(['', '{}', '[]', 'null', '0', '""', '{"', 'payload=%7B%7D'])),
];

const VALUES = [
  'null', 'true', '0', '-1', '-0', '1.5', '1e400', '-1e400', '1e-400', '9007199254740993', '123456789012345678901', '[]', '{}', '""',
  '"x"', '"\\u0000"', '"\\ud800"', '"../../etc/passwd"', '"a/b"', '"refs/heads/\\u0000"', '[[]]', '{"id":5}', '{"id":"5"}', '"created"', '"deleted"',
]; // prettier-ignore

const MEMBERS = [
  '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then', '', 'action', 'repository', 'sender', 'ref', 'id',
  'full_name', 'starred_at', 'hook', 'hook_id', 'zen', 'before', 'after',
]; // prettier-ignore

const NO_TEXT = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0], [0xc0, 0x80]].map((bytes) =>
  Buffer.from(bytes),
);

const BREAKING_HEADERS: ((chance: Chance) => Record<string, string>)[] = [
  (chance) => ({ 'content-type': chance.oneOf(['text/plain', 'application/xml', '', 'multipart/form-data; boundary=', 'application/json; charset=utf-16', 'APPLICATION/JSON', 'application/json,application/json']) }), // prettier-ignore
  (chance) => ({ 'x-hub-signature-256': chance.oneOf(['', 'sha256=', 'sha1=0', `sha256=${'g'.repeat(64)}`, `sha256=${'0'.repeat(63)}`, 'x'.repeat(5_000)]) }), // prettier-ignore
  (chance) => ({ 'x-hub-signature-256': `sha256=${digits(64, chance)}` }),
  (chance) => ({ 'x-github-event': chance.oneOf(['', 'push', 'star', 'repository', 'public', 'meta', 'ping', '__proto__', 'constructor', 'e'.repeat(200), 'pu sh', '*']) }), // prettier-ignore
  (chance) => ({ 'x-github-delivery': chance.oneOf(['', 'x'.repeat(128), 'x'.repeat(129), "'; drop table deliveries", '../..', '\u00e9']) }), // prettier-ignore
  (chance) => ({ 'x-github-hook-id': chance.oneOf(['', '-1', digits(20, chance), digits(21, chance), 'NaN']) }),
  (chance) => ({ 'x-forwarded-for': chance.oneOf(['', ',', '::', '1.2.3.4, unknown', '9'.repeat(3_000)]) }),
  (chance) => ({ 'content-encoding': chance.oneOf(['gzip', 'br', 'identity']) }),
];

/** Something between a colon and the next comma or bracket: nearly always a value. */
function replaceValue(body: Buffer, chance: Chance, value: string): Buffer {
  const colon = body.indexOf(':', chance.below(body.length || 1));
  if (colon < 0) return body;
  let end = colon + 1;
  while (end < body.length && !',}]'.includes(String.fromCharCode(body[end] as number))) end += 1;
  return Buffer.concat([body.subarray(0, colon + 1), Buffer.from(value), body.subarray(end)]);
}

function addMember(body: Buffer, member: string, chance: Chance): Buffer {
  const brace = body.indexOf('{', chance.below(3) === 0 ? chance.below(body.length || 1) : 0);
  return brace < 0 ? body : insert(body, brace + 1, Buffer.from(`${member},`));
}

function insert(body: Buffer, at: number, what: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, at), what, body.subarray(at)]);
}

function nested(depth: number, chance: Chance): string {
  const [open, close] = chance.oneOf([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return `${open.repeat(depth)}0${close.repeat(chance.below(4) === 0 ? 0 : depth)}`;
}

function digits(count: number, chance: Chance): string {
  return Array.from({ length: count }, () => 1 + chance.below(9)).join('');
}

/** The whole request as bytes, some of them broken. */
function brokenWire(chance: Chance): Buffer {
  const { body, headers } = fuzzed(chance);
  const length = chance.oneOf([`content-length: ${body.length}`, `content-length: ${body.length}`, ...LENGTHS]);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = Buffer.from(
    `POST /webhooks/github HTTP/1.1\r\nhost: x\r\n${[...lines, length].join('\r\n')}\r\n\r\n`,
    'latin1',
  );
  const wire = Buffer.concat([head, body]);
  const part = chance.below(4) === 0 ? head.length : 0;
  for (let times = part === 0 ? 0 : 1 + chance.below(4); times > 0; times -= 1)
    wire[chance.below(part)] = chance.below(256);
  return wire;
}

const LENGTHS = ['content-length: -1', 'content-length: 5\r\ncontent-length: 6', 'content-length: 99999999999', 'transfer-encoding: chunked', 'transfer-encoding: chunked\r\ncontent-length: 5', 'x-none: 0']; // prettier-ignore

/** @returns the status of the first answer; `null` when the connection was closed without one */
async function sendRaw(url: URL, wire: Buffer): Promise<number | null> {
  const heard: Buffer[] = [];
  const socket = connect(Number(url.port), url.hostname);
  socket.on('data', (chunk) => heard.push(chunk));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  // A reset is an answer, too.
  socket.on('error', () => socket.destroy());
  socket.end(wire);
  await closed;
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.concat(heard).toString('latin1')) ?? [];
  return status === undefined ? null : Number(status);
}

function init({ body, headers }: Fuzzed): RequestInit {
  return { method: 'POST', headers, body: new Uint8Array(body) };
}

// ------------------------------------------------------------------------------------------------------------- materials

interface Chance {
  /** A whole number from 0 on. */
  below(bound: number): number;
  oneOf<T>(choices: readonly T[]): T;
}

/** Mulberry32. @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { below, oneOf: (choices) => choices[below(choices.length)] as never };
}

/** Of github.com; those of events we use, and as many others. */
function readExamples(): { event: string; body: Buffer }[] {
  const folder = dirname(createRequire(import.meta.url).resolve('@octokit/webhooks-examples/package.json'));
  const events = JSON.parse(readFileSync(join(folder, 'api.github.com', 'index.json'), 'utf8')) as {
    name: string;
    examples: unknown[];
  }[];
  const all = events.flatMap(({ name, examples }) =>
    examples.map((payload) => ({ event: name, body: Buffer.from(JSON.stringify(payload)) })),
  );
  const isUsed = ({ event }: { event: string }) =>
    ['star', 'push', 'repository', 'public', 'meta', 'ping'].includes(event);
  const used = all.filter(isUsed);
  return [...used, ...all.filter((example) => !isUsed(example)).slice(0, used.length)];
}

/** Of several collections the one that left least: what a request held may be given up only in a later turn, and more so where the machine is busy. */
async function heapAfterCollection(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const left: number[] = [];
  for (let times = 0; times < 3; times += 1) {
    await new Promise((turn) => setImmediate(turn));
    collect();
    const { heapUsed, external } = process.memoryUsage();
    left.push(heapUsed + external);
  }
  return Math.min(...left);
}
