import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { counted, createReceiver, createSender, SECRET, signed } from './receiver.ts';

const { model, payloads } = createSender();
const repository = model.add({ fullName: 'ann/kept' });
const OID = 'a'.repeat(40);
const push = payloads.push(repository, { after: OID });
const star = payloads.star(repository, 'created');

const withSecrets = (...secrets: string[]) => createReceiver({ secrets });

/** Nothing is stored or dispatched, and the answer is a problem document that gives nothing away. */
async function expectRefused(receiver: ReturnType<typeof createReceiver>, response: Response, status: number) {
  const text = await response.text();
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  expect(JSON.parse(text)).toMatchObject({ type: 'about:blank', status });
  expect(text).not.toMatch(/Secret to Everybody| {4}at |\.ts:|node_modules/);
  expect([receiver.inbox.rows.size, receiver.control.events]).toEqual([0, []]);
  expect(receiver.logged).toEqual([expect.objectContaining({ level: 40, msg: 'webhook refused' })]);
  return (JSON.parse(text) as { detail: string }).detail;
}

describe('a signature', () => {
  it("is GitHub's own: the vector of its documentation fits", async () => {
    const receiver = createReceiver();
    const documented = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

    const response = await receiver.post('Hello, World!', { 'x-hub-signature-256': documented });

    expect(await expectRefused(receiver, response, 400)).toBe('The body is not JSON.');
  });

  it.each([
    ['missing', { 'x-hub-signature-256': null }],
    ['empty', { 'x-hub-signature-256': '' }],
    ['of another secret', { ...signed(push, {}, 'another secret').headers }],
    ['of another body', { ...signed(star).headers }],
    ['without its prefix', { 'x-hub-signature-256': signatureOf(push).slice('sha256='.length) }],
    ['in upper case', { 'x-hub-signature-256': signatureOf(push).toUpperCase().replace('SHA256', 'sha256') }],
    ['cut short', { 'x-hub-signature-256': signatureOf(push).slice(0, -1) }],
    ['too long', { 'x-hub-signature-256': `${signatureOf(push)}0` }],
    ['given twice', { 'x-hub-signature-256': `${signatureOf(push)}, ${signatureOf(push)}` }],
    [
      'the old SHA-1 alone',
      { 'x-hub-signature-256': null, 'x-hub-signature': 'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59' },
    ],
    ['SHA-1 in the place of SHA-256', { 'x-hub-signature-256': sha1Of(push) }],
  ])('that is %s is a 401', async (_, headers) => {
    const receiver = createReceiver();

    const response = await receiver.post(push, headers);

    const detail = await expectRefused(receiver, response, 401);
    expect(detail).toBe('X-Hub-Signature-256 is missing or does not fit the body and GITHUB_WEBHOOK_SECRET.');
  });

  it('covers every byte of the body, white space included', async () => {
    const receiver = createReceiver();
    const { headers } = signed(JSON.stringify(push));

    const response = await receiver.post(`${JSON.stringify(push)} `, headers);

    await expectRefused(receiver, response, 401);
  });

  it('is looked at before the body: a wrong one over no JSON is a 401', async () => {
    const receiver = createReceiver();

    const response = await receiver.post('{', { 'x-hub-signature-256': signatureOf(push) });

    await expectRefused(receiver, response, 401);
  });

  it('of the previous secret is accepted during a rotation', async () => {
    const { post } = withSecrets('the new secret', SECRET);

    const response = await post(push);

    expect(response.status).toBe(202);
  });

  it('of neither the current nor the previous secret is a 401', async () => {
    const receiver = withSecrets('the new secret', 'the old secret');

    const response = await receiver.post(push);

    await expectRefused(receiver, response, 401);
  });

  it('cannot fit while no secret is set, and the answer says that', async () => {
    const receiver = withSecrets();

    const response = await receiver.post(push, signed(push, {}, 'anything').headers);

    const detail = await expectRefused(receiver, response, 401);
    expect(detail).toBe('GITHUB_WEBHOOK_SECRET is not set, so no delivery can be verified.');
  });
});

describe('a body', () => {
  it.each([
    ['no JSON', 'payload=%7B%7D'],
    ['half of a JSON', '{"ref":"refs/heads/main"'],
    ['JSON with something behind it', '{} {}'],
    ['JSON behind a byte order mark', `\uFEFF${JSON.stringify(push)}`],
    ['not an object but a list', '[]'],
    ['not an object but a text', '"push"'],
    ['not an object but null', 'null'],
    ['an empty object', '{}'],
    ['empty', ''],
    ['not UTF-8', Buffer.from(JSON.stringify({ ...push, note: 'é' }), 'latin1')],
    ['UTF-16', Buffer.from(JSON.stringify(push), 'utf16le')],
    ['nested without end', '['.repeat(200_000)],
    ['nested deeply', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])('that is %s is a 400', async (_, body) => {
    const receiver = createReceiver();

    const response = await receiver.post(body);

    await expectRefused(receiver, response, 400);
  });

  it.each([
    ['star', push],
    ['star', payloads.repository(repository, 'created')],
    ['star', payloads.meta(repository)],
    ['push', star],
    ['push', payloads.public(repository)],
    ['repository', star],
    ['repository', payloads.star(repository, 'deleted')],
    ['repository', push],
    ['repository', payloads.meta(repository)],
    ['repository', payloads.public(repository)],
    ['public', push],
    ['public', star],
    ['public', payloads.ping(repository)],
    ['public', payloads.repository(repository, 'publicized')],
    ['meta', payloads.repository(repository, 'deleted')],
    ['meta', payloads.star(repository, 'deleted')],
    ['ping', push],
  ])('under the header %s must have the shape of that event', async (event, payload) => {
    const receiver = createReceiver();

    const response = await receiver.post(payload, { 'x-github-event': event });

    expect(await expectRefused(receiver, response, 400)).toMatch(
      new RegExp(`^The body does not fit the event ${event} \\(`),
    );
  });

  it.each([
    ['an id that is a text', { id: '5' }],
    ['an id of zero', { id: 0 }],
    ['an id below zero', { id: -5 }],
    ['an id that is no whole number', { id: 5.5 }],
    ['an id beyond all numbers', { id: 1e300 }],
    ['no name', { full_name: undefined }],
    ['a name without an owner', { full_name: 'kept' }],
    ['a name that climbs', { full_name: 'ann/..' }],
    ['a name with a NUL', { full_name: 'ann/ke\0pt' }],
    ['a name with a line break', { full_name: 'ann/kept\n' }],
    ['a name without end', { full_name: `ann/${'k'.repeat(5_000)}` }],
  ])('about a repository with %s is a 400', async (_, changes) => {
    const receiver = createReceiver();
    const payload = { ...push, repository: { ...(push['repository'] as object), ...changes } };

    const response = await receiver.post(payload);

    await expectRefused(receiver, response, 400);
  });

  it('with an id of a thousand digits is a 400', async () => {
    const receiver = createReceiver();
    const body = JSON.stringify(push).replace(/"id":\d+/, `"id":${'9'.repeat(1_000)}`);

    const response = await receiver.post(body);

    await expectRefused(receiver, response, 400);
  });

  it.each([
    ['a ref that is short', { ref: 'main' }],
    ['an object id that is none', { after: 'HEAD' }],
    ['no object id', { before: undefined }],
  ])('of a push with %s is a 400', async (_, changes) => {
    const receiver = createReceiver();

    const response = await receiver.post({ ...push, ...changes });

    await expectRefused(receiver, response, 400);
  });
});

describe('a header', () => {
  it.each([
    ['x-github-delivery', null],
    ['x-github-delivery', ''],
    ['x-github-delivery', "guid'; drop table deliveries"],
    ['x-github-delivery', 'g'.repeat(129)],
    ['x-github-event', null],
    ['x-github-event', 'push,star'],
    ['x-github-event', 'e'.repeat(101)],
  ])('%s that is %j is a 400', async (name, value) => {
    const receiver = createReceiver();

    const response = await receiver.post(push, { [name]: value });

    await expectRefused(receiver, response, 400);
  });

  it('does not fill the log of a stranger: what is no delivery id is not repeated there', async () => {
    const receiver = createReceiver();

    await receiver.post(push, { 'x-github-delivery': 'g'.repeat(5_000), 'x-hub-signature-256': null });

    expect(JSON.stringify(receiver.logged).length).toBeLessThan(500);
  });
});

describe('a content type', () => {
  it.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/json',
    'multipart/form-data; boundary=x',
    'application/json-seq',
    null,
  ])('of %s is a 415 that says how to set it', async (type) => {
    const receiver = createReceiver();

    const response = await receiver.post(push, { 'content-type': type });

    const detail = await expectRefused(receiver, response, 415);
    expect(detail).toContain(
      "Set the webhook's content type to application/json (Settings, Webhooks, Edit: Content type)",
    );
  });

  it('of any length is repeated in part only', async () => {
    const receiver = createReceiver();

    const response = await receiver.post(push, { 'content-type': 'x'.repeat(5_000) });

    expect((await expectRefused(receiver, response, 415)).length).toBeLessThan(300);
  });
});

describe('an address', () => {
  it('that may not deliver is a 403, before anything else is looked at', async () => {
    const before = await counted('push', 'address');
    const receiver = createReceiver({ addresses: { allows: () => false } });

    const response = await receiver.post('{', { 'x-hub-signature-256': null, 'content-type': 'text/plain' });

    await expectRefused(receiver, response, 403);
    expect(receiver.logged[0]).toMatchObject({ outcome: 'address', address: '203.0.113.7' });
    expect(await counted('push', 'address')).toBe(before + 1);
  });
});

describe('a body that is too large', () => {
  it('by its Content-Length is a 413 without being read', async () => {
    const receiver = createReceiver();
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({ pull: () => void (pulled += 1) }, { highWaterMark: 0 });

    const response = await receiver.app.request('/webhooks/github', {
      method: 'POST',
      headers: { ...signed(push).headers, 'content-length': String(30 * 1024 * 1024) },
      body,
      duplex: 'half',
    } as RequestInit);

    await expectRefused(receiver, response, 413);
    expect(pulled).toBe(0);
  });

  it('is a 413 one byte above 25 MB, and read at exactly 25 MB', async () => {
    const atLimit = createReceiver();
    const above = createReceiver();
    const body = Buffer.alloc(25 * 1024 * 1024 + 1, ' ');

    const refused = await above.post(body);
    const read = await atLimit.post(body.subarray(1));

    await expectRefused(above, refused, 413);
    expect(await expectRefused(atLimit, read, 400)).toBe('The body is not JSON.');
  });
});

function signatureOf(body: unknown): string {
  return signed(body).headers['x-hub-signature-256'] ?? '';
}

function sha1Of(body: unknown): string {
  return `sha1=${createHmac('sha1', SECRET).update(JSON.stringify(body)).digest('hex')}`;
}
