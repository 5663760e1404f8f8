import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { KeyStore } from '../../../src/domain/service-stores.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { served } from '../serve.ts';
import { auditOf, withApi } from './world.ts';

const world = withApi();

describe('without a valid key', () => {
  it.each([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer skp_wrong' }],
    ['another scheme', { authorization: 'Basic YW5uOmFubg==' }],
    ['nothing behind the scheme', { authorization: 'Bearer ' }],
    ['a key with spaces', { authorization: 'Bearer one two' }],
  ])('nobody gets in: %s', async (_, headers) => {
    const { status, body, headers: answered } = await world.ask('GET', '/mirrors', { as: null, headers });

    expect([status, body.title]).toEqual([401, 'Not authenticated']);
    expect(answered.get('www-authenticate')).toBe('Bearer realm="starkeep"');
    expect(answered.get('content-type')).toBe('application/problem+json');
    expect(body.detail).toContain('starkeep keys create');
  });

  it('it is not told what there is', async () => {
    expect((await world.ask('GET', '/no/such/thing', { as: null })).status).toBe(401);
  });

  it('a revoked key is a wrong one', async () => {
    const { store, keys } = world;
    const [key] = await store.keys.list();
    await store.keys.revoke(key?.keyId ?? '');

    expect((await world.ask('GET', '/mirrors', { as: 'read' })).status).toBe(401);
    expect(keys.read).toMatch(/^skp_/);
  });

  it('attempts are in the audit log once a minute and in the log, neither with what was tried', async () => {
    const headers = { authorization: 'Bearer skp_hush-hush' };
    const [before] = await world.store.audit.read({ limit: 1 });

    await world.ask('GET', '/mirrors', { as: null, headers });
    await world.ask('POST', '/reconcile', { as: null, headers });

    const since = (await world.store.audit.read({ limit: 10 })).filter(
      ({ eventId }) => Number(eventId) > Number(before?.eventId ?? 0),
    );
    expect(since).toMatchObject([
      {
        actor: 'nobody',
        action: 'authentication.failed',
        subject: '203.0.113.7',
        details: { path: '/api/v1/mirrors' },
      },
    ]);
    expect(world.logged.join()).toContain('api key refused');
    expect(JSON.stringify(since) + world.logged.join()).not.toContain('hush-hush');
  });
});

describe('a key of a scope', () => {
  it.each([
    ['read', 'GET', '/mirrors', 200],
    ['read', 'POST', '/reconcile', 403],
    ['read', 'POST', '/mirrors/github-7/pause', 403],
    ['read', 'GET', '/audit', 403],
    ['operate', 'GET', '/mirrors', 200],
    ['operate', 'POST', '/reconcile', 202],
    ['operate', 'POST', '/mirrors/github-7/cancel-deletion', 404],
    ['operate', 'POST', '/mirrors/github-7/approve-deletion', 403],
    ['operate', 'GET', '/audit', 403],
    ['admin', 'POST', '/mirrors/github-7/approve-deletion', 404],
    ['admin', 'GET', '/audit', 200],
  ] as const)('%s: %s %s is answered %i', async (as, method, path, status) => {
    expect((await world.ask(method, path, { as })).status).toBe(status);
  });

  it('that is too small is told which it takes, and nothing happens', async () => {
    const { body } = await world.ask('POST', '/reconcile', { as: 'read' });

    expect(body).toMatchObject({
      detail: 'This needs a key of scope operate, and the key "read key" has scope read.',
      needed: 'operate',
    });
    expect(world.readings).toEqual([]);
  });
});

describe('a request that cannot be one', () => {
  it.each([
    ['malformed', { body: '{"full":' }, 400, 'Malformed JSON'],
    ['of another type', { body: 'full=true', headers: { 'content-type': 'text/plain' } }, 415, 'Not JSON'],
    ['NUL in a text', { body: { full: 'a\0b' } }, 400, 'Text cannot be kept'],
    ['half a surrogate pair in a text', { body: '{"full":"\\ud800"}' }, 400, 'Text cannot be kept'],
    ['too large', { body: JSON.stringify({ full: 'x'.repeat(300_000) }) }, 413, 'Too large'],
    ['an unknown field', { body: { fool: true } }, 400, 'Request does not fit'],
    ['a field of another type', { body: { full: 'yes' } }, 400, 'Request does not fit'],
  ])('is refused: %s', async (_, options, status, title) => {
    const { status: got, body } = await world.ask('POST', '/reconcile', options);

    expect([got, body.title]).toEqual([status, title]);
    expect(world.readings).toEqual([]);
  });

  it('is told which field, and what is expected of it', async () => {
    const { body } = await world.ask('GET', '/mirrors?status=fine&limit=0&colour=red');

    expect(body.errors).toEqual([
      { in: 'query', field: 'status.0', problem: expect.stringContaining('"pending"|"in_progress"') as string },
      { in: 'query', field: 'limit', problem: expect.stringContaining('>=1') as string },
      { in: 'query', field: '', problem: 'Unrecognized key: "colour"' },
    ]);
    expect(body.detail).toMatch(/^The request does not fit \(query, status\.0: /);
  });

  it('with an empty body is one without', async () => {
    const headers = { 'content-type': 'application/json' };

    expect((await world.ask('POST', '/reconcile', { headers })).status).toBe(202);
  });
});

describe('an address', () => {
  it('with nothing at it is 404', async () => {
    const { status, body } = await world.ask('GET', '/nothing');

    expect([status, body.detail]).toEqual([
      404,
      'There is nothing at /api/v1/nothing; /api/v1/openapi.json says what there is.',
    ]);
  });

  it.each([
    ['DELETE', '/mirrors', 'GET, POST'],
    ['GET', '/filters/preview', 'POST'],
    ['PUT', '/mirrors/github-7/pause', 'POST'],
    ['PATCH', '/batches', 'POST, GET'],
    ['OPTIONS', '/mirrors/github-7', 'GET'],
  ])('takes no %s at %s', async (method, path, allow) => {
    const { status, headers } = await world.ask(method, path);

    expect([status, headers.get('allow')]).toEqual([405, allow]);
  });
});

describe('an address that takes something without a key', () => {
  it.each(['PUT', 'PATCH', 'OPTIONS'])('is 405 for %s, also without one', async (method) => {
    const { status, headers } = await world.ask(method, '/session', { as: null });

    expect([status, headers.get('allow')]).toEqual([405, 'POST, GET, DELETE']);
  });
});

describe('when something is down', () => {
  it('Temporal: 503 with the kind and when to try again, and the audit log says that it failed', async () => {
    world.control.isDown = true;

    const { status, body, headers } = await world.ask('POST', '/reconcile', { body: { full: true } });

    expect([status, body.kind, headers.get('retry-after')]).toEqual([503, 'TemporalUnavailable', '30']);
    expect(body.detail).toMatch(/^Temporal: connection refused\. Temporal did not answer/);
    expect(await auditOf(world, 2)).toEqual([
      ['admin key', 'stars.read.failed', null],
      ['admin key', 'stars.read', null],
    ]);
  });
});

describe('when Postgres is down', () => {
  const down = withApi({
    keys: {
      identify: () => Promise.reject(new Failure('DatabaseUnavailable', 'Postgres: connection refused')),
    } as Partial<KeyStore> as KeyStore,
  });

  it('it is 503, and nobody is taken for a stranger', async () => {
    const { status, body } = await down.ask('GET', '/mirrors');

    expect([status, body.kind]).toEqual([503, 'DatabaseUnavailable']);
  });
});

describe('when something unforeseen happens', () => {
  const broken = withApi({
    startReading: () => Promise.reject(new Error('hush-hush details')),
  });

  it('it is 500 without a word of it, and the log has the details', async () => {
    const { status, body } = await broken.ask('POST', '/reconcile');

    expect([status, JSON.stringify(body).includes('hush-hush')]).toEqual([500, false]);
    expect(broken.logged.join()).toContain('hush-hush details');
  });
});

/** As much of an OpenAPI document as is looked at here. */
const ApiDocument = z.looseObject({
  openapi: z.string(),
  info: z.looseObject({ version: z.string() }),
  servers: z.array(z.unknown()),
  components: z.looseObject({ securitySchemes: z.looseObject({ key: z.unknown() }) }),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.unknown()), security: z.unknown() })),
  ),
});

describe('the document', () => {
  it('is OpenAPI 3.1, needs no key, and names every route with its scope and its problems', async () => {
    const response = await world.app.request('/api/v1/openapi.json');
    const document = ApiDocument.parse(await response.json());

    expect([response.status, document.openapi, document.info.version]).toEqual([200, '3.1.0', '1.2.3']);
    expect(document.servers).toEqual([{ url: '/api/v1' }]);
    expect(document.components.securitySchemes.key).toEqual({ type: 'http', scheme: 'bearer' });
    expect(Object.keys(document.paths).sort()).toEqual([
      '/alerts',
      '/audit',
      '/audit/chain',
      '/batches',
      '/batches/{id}',
      '/batches/{id}/cancel',
      '/codec/decode',
      '/deletions',
      '/deliveries',
      '/deliveries/{guid}',
      '/deliveries/{guid}/replay',
      '/events',
      '/filters/preview',
      '/keys',
      '/keys/{id}',
      '/mirrors',
      '/mirrors/facets',
      '/mirrors/names',
      '/mirrors/{id}',
      '/mirrors/{id}/approve-deletion',
      '/mirrors/{id}/cancel-deletion',
      '/mirrors/{id}/delete',
      '/mirrors/{id}/history',
      '/mirrors/{id}/keep',
      '/mirrors/{id}/pause',
      '/mirrors/{id}/restore',
      '/mirrors/{id}/resume',
      '/mirrors/{id}/sync',
      '/mirrors/{id}/syncs',
      '/mirrors/{id}/timeline',
      '/places',
      '/readings',
      '/readings/latest',
      '/readings/{id}/ask',
      '/reconcile',
      '/running',
      '/session',
      '/settings',
      '/settings/test',
      '/stats',
    ]);
    for (const [path, routes] of Object.entries(document.paths)) {
      for (const [method, route] of Object.entries(routes)) {
        const ofWrites = method === 'get' ? [] : ['400', '403', '408', '413', '415'];
        expect(Object.keys(route.responses)).toEqual(expect.arrayContaining([...ofWrites, '401', '500', '503']));
        // Whoever begins a session has nothing yet but what the body brings.
        const begins = path === '/session' && method === 'post';
        expect(route.security).toEqual(begins ? [] : [{ key: [] }, { session: [] }]);
      }
    }
    expect(document.paths['/mirrors/{id}/approve-deletion']?.['post']?.['x-scope']).toBe('admin');
    expect(JSON.stringify(document)).not.toContain('middleware');
  });

  it('has no shape that is two at once, each of which forbids the fields of the other', async () => {
    const text = await (await world.app.request('/api/v1/openapi.json')).text();

    expect(text).not.toContain('allOf');
  });

  it('says what an idempotency key looks like, and what the problems with one do', async () => {
    const document = ApiDocument.parse(await (await world.app.request('/api/v1/openapi.json')).json());
    const { parameters = [], responses } = document.paths['/reconcile']?.['post'] as {
      parameters?: { name: string; schema: { pattern?: string } }[];
      responses: Record<string, unknown>;
    };

    const { pattern = '' } = parameters.find(({ name }) => name === 'Idempotency-Key')?.schema ?? {};
    const fits = ['a', 'a b', '!', 'x'.repeat(100)].map((key) => new RegExp(pattern).test(key));
    const unfit = ['', ' ', ' a', 'x'.repeat(101), 'é'].map((key) => new RegExp(pattern).test(key));
    expect([...new Set(fits), ...new Set(unfit)]).toEqual([true, false]);
    const problem = { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } };
    expect([responses['409'], responses['422']]).toMatchObject([problem, problem]);
  });
});

describe('over a real socket', () => {
  it('a body that claims no length is read up to its end, one without a key is not', async () => {
    const url = await served(world.app);
    const init = { method: 'POST', duplex: 'half', body: streamOf('{"full":', 'true}') } as RequestInit;
    const headers = { authorization: `Bearer ${world.keys.admin}`, 'content-type': 'application/json' };

    const answered = await fetch(`${url}/api/v1/reconcile`, { ...init, headers });
    const refused = await fetch(`${url}/api/v1/reconcile`, { ...init, body: streamOf('{}') });

    expect([answered.status, refused.status]).toEqual([202, 401]);
    expect(answered.headers.get('cache-control')).toBe('no-store');
    expect(world.readings).toEqual([{ full: true }]);
  });
});

function streamOf(...parts: string[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}
