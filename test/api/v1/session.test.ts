import { describe, expect, it } from 'vitest';
import { auditOf, withApi, type World } from './world.ts';

/** A browser that keeps its cookie, at an address of ours unless the headers say otherwise. */
function browser(world: World, own: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) {
  let cookie = '';
  const send = async (method: string, path: string, headers: Record<string, string> = own, body?: unknown) => {
    const response = await world.app.request(`/api/v1${path}`, {
      method,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const set = response.headers.get('set-cookie');
    if (set !== null) cookie = set.split(';')[0] ?? '';
    const text = await response.text();
    const answer = (text === '' ? null : JSON.parse(text)) as Record<string, unknown> | null;
    return { status: response.status, body: answer, headers: response.headers, setCookie: set };
  };
  return {
    send,
    login: (key: string, headers = own) => send('POST', '/session', headers, { key }),
    get cookie() {
      return cookie;
    },
  };
}

describe('beginning a session', () => {
  const world = withApi();

  it('answers who it is, and sets a cookie that no script reads and no other site sends', async () => {
    const { status, body, setCookie, headers } = await browser(world).login(world.keys.operate);

    expect([status, body]).toEqual([
      201,
      {
        name: 'operate key',
        scope: 'operate',
        session: {
          createdAt: expect.any(String) as string,
          expiresAt: expect.any(String) as string,
          idleUntil: expect.any(String) as string,
        },
      },
    ]);
    expect(setCookie).toMatch(/^starkeep_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is in the audit log under the name of the key, with neither key nor cookie', async () => {
    const one = browser(world);
    await one.login(world.keys.operate);

    const [entry] = await world.store.audit.read({ limit: 1 });

    expect(entry).toMatchObject({
      actor: 'operate key',
      action: 'session.created',
      subject: 'operate key',
      details: { keyId: '2', address: '203.0.113.7' },
    });
    expect(JSON.stringify(entry) + world.logged.join()).not.toMatch(
      new RegExp(`${world.keys.operate}|${one.cookie.split('=')[1]}`),
    );
  });

  it.each([
    ['a wrong key', { key: 'skp_wrong' }, 401],
    ['what cannot be a key', { key: 'two words' }, 401],
    ['no key', {}, 400],
    ['a key that is too long', { key: 'x'.repeat(513) }, 400],
    ['more than a key', { key: 'x', name: 'ann' }, 400],
  ])('takes more than %s', async (_, body, expected) => {
    const { status, setCookie } = await browser(world).send('POST', '/session', {}, body);

    expect([status, setCookie]).toEqual([expected, null]);
  });

  it.each([
    ['text', { 'content-type': 'text/plain' }, '{"key":"x"}', 415],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'key=x', 415],
    ['half a JSON', { 'content-type': 'application/json' }, '{"key":', 400],
    ['300 KB', { 'content-type': 'application/json' }, JSON.stringify({ key: 'x'.repeat(300_000) }), 413],
  ])('takes no %s', async (_, headers, body, expected) => {
    const response = await world.app.request('/api/v1/session', { method: 'POST', headers, body });

    expect(response.status).toBe(expected);
  });

  it('from another site is refused, also with a valid key', async () => {
    const foreign = await browser(world, { 'sec-fetch-site': 'cross-site' }).login(world.keys.admin);
    const neighbour = await browser(world, { origin: 'http://localhost:1' }).login(world.keys.admin);

    expect([foreign.status, foreign.setCookie, neighbour.status]).toEqual([403, null, 403]);
  });

  it('fails into the audit log and ever more slowly, counted together with keys that were sent', async () => {
    const [before] = await world.store.audit.read({ limit: 1 });
    const began = performance.now();
    await browser(world).login('skp_hush-hush');
    await world.ask('GET', '/mirrors', { as: null, headers: { authorization: 'Bearer skp_hush-hush' } });
    await browser(world).login('skp_hush-hush');
    const tookMs = performance.now() - began;

    const since = (await world.store.audit.read({ limit: 10 })).filter(
      ({ eventId }) => Number(eventId) > Number(before?.eventId ?? 0),
    );
    expect(since).toMatchObject([
      { actor: 'nobody', action: 'authentication.failed', details: { path: '/api/v1/session' } },
    ]);
    expect(tookMs).toBeGreaterThanOrEqual(50 + 100 + 200 - 10);
    expect(JSON.stringify(since) + world.logged.join()).not.toContain('hush-hush');
  });

  it('ends the one the browser had before', async () => {
    const one = browser(world);
    await one.login(world.keys.read);
    const before = one.cookie;

    await one.login(world.keys.operate);

    const old = await world.app.request('/api/v1/session', { headers: { cookie: before } });
    expect([old.status, (await one.send('GET', '/session')).body?.['name']]).toEqual([401, 'operate key']);
  });
});

describe('a session', () => {
  const world = withApi();

  it('says who it is', async () => {
    const one = browser(world);
    const { body } = await one.login(world.keys.read);

    expect(await one.send('GET', '/session')).toMatchObject({ status: 200, body: { ...body } });
  });

  it('may what its key may, and no more', async () => {
    const one = browser(world);
    await one.login(world.keys.operate);

    const [look, change, audit] = [
      await one.send('GET', '/mirrors'),
      await one.send('POST', '/reconcile'),
      await one.send('GET', '/audit'),
    ];

    expect([look.status, change.status, audit.status]).toEqual([200, 202, 403]);
  });

  it('has what it changes in the audit log under the name of its key', async () => {
    const one = browser(world);
    await one.login(world.keys.operate);

    await one.send('POST', '/reconcile');

    const [entry] = await world.store.audit.read({ limit: 1 });
    expect(entry).toMatchObject({ actor: 'operate key', action: 'stars.read', details: { keyId: '2' } });
    expect(entry?.details['sessionId']).toMatch(/^\d+$/);
  });

  it('is over when it is ended: audited, the cookie gone, and not to be used again', async () => {
    const one = browser(world);
    await one.login(world.keys.read);
    const { cookie } = one;

    const ended = await one.send('DELETE', '/session');

    expect([ended.status, ended.setCookie]).toEqual([
      204,
      'starkeep_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict',
    ]);
    expect(await auditOf(world, 1)).toEqual([['read key', 'session.ended', 'read key']]);
    const again = await world.app.request('/api/v1/session', { headers: { cookie } });
    expect(again.status).toBe(401);
    expect(((await again.json()) as { detail: string }).detail).toContain('The session is over');
  });

  it('is over when its key is revoked', async () => {
    const one = browser(world);
    await one.login(world.keys.admin);

    await world.store.keys.revoke('3');

    expect((await one.send('GET', '/mirrors')).status).toBe(401);
  });

  it('that is over is neither slowed nor in the audit log: browsers send what they have', async () => {
    const [before] = await world.store.audit.read({ limit: 1 });

    const { status } = await browser(world).send('GET', '/mirrors', { cookie: `starkeep_session=${'a'.repeat(43)}` });

    expect([status, await world.store.audit.read({ limit: 1 })]).toEqual([401, before ? [before] : []]);
  });

  it('is not looked at beside a key that was sent', async () => {
    const one = browser(world);
    await one.login(world.keys.admin);

    const wrong = await one.send('GET', '/mirrors', { authorization: 'Bearer skp_wrong' });
    const right = await one.send('GET', '/session', { authorization: `Bearer ${world.keys.read}` });

    expect([wrong.status, right.body]).toEqual([401, { name: 'read key', scope: 'read', session: null }]);
  });

  it('cannot be ended by a key', async () => {
    const { status, body } = await world.ask('DELETE', '/session');

    expect([status, body.title]).toEqual([409, 'No session']);
  });
});

describe('a change by session', () => {
  const world = withApi();

  it.each([
    ['of our own page', { 'sec-fetch-site': 'same-origin' }, 202],
    ['of our own page, behind a proxy that changes Host', { 'sec-fetch-site': 'same-origin', origin: 'http://a' }, 202],
    ['of our own page, in a browser without Sec-Fetch-Site', { origin: 'http://localhost' }, 202],
    ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of a neighbouring host', { 'sec-fetch-site': 'same-site', origin: 'http://localhost' }, 403],
    ['of a bookmark', { 'sec-fetch-site': 'none' }, 403],
    ['of another site, in a browser without Sec-Fetch-Site', { origin: 'https://evil.example' }, 403],
    ['of another port', { origin: 'http://localhost:8080' }, 403],
    ['of a page without an origin', { origin: 'null' }, 403],
    ['of whoever does not say', {}, 403],
  ])('%s is answered %#: %j → %i', async (_, headers: Record<string, string>, expected) => {
    const one = browser(world);
    await one.login(world.keys.operate);

    const { status } = await one.send('POST', '/reconcile', headers);

    expect([status, world.readings.length]).toEqual([expected, expected === 202 ? 1 : 0]);
  });

  it('by key needs no page', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

    expect((await world.ask('POST', '/reconcile', { headers })).status).toBe(202);
  });

  it('ends no session for another site', async () => {
    const one = browser(world);
    await one.login(world.keys.operate);

    await one.send('DELETE', '/session', { 'sec-fetch-site': 'cross-site' });

    expect((await one.send('GET', '/session')).status).toBe(200);
  });
});

describe('behind TLS', () => {
  const world = withApi({ outerOrigin: () => 'https://starkeep.example' });

  it('the cookie is sent back over TLS only, and to this host only', async () => {
    const one = browser(world);
    const { setCookie } = await one.login(world.keys.read);

    expect(setCookie).toMatch(
      /^__Host-starkeep_session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect((await one.send('GET', '/session')).status).toBe(200);
    expect((await one.send('DELETE', '/session')).setCookie).toBe(
      '__Host-starkeep_session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    );
  });

  it('a cookie under the name it has without TLS is none', async () => {
    const one = browser(world);
    await one.login(world.keys.read);
    const cookie = one.cookie.replace('__Host-', '');

    expect((await browser(world).send('GET', '/session', { cookie })).status).toBe(401);
  });

  it('Origin has to be the address in the browser', async () => {
    const one = browser(world);
    await one.login(world.keys.operate);

    const ours = await one.send('POST', '/reconcile', { origin: 'https://starkeep.example' });
    const inner = await one.send('POST', '/reconcile', { origin: 'http://localhost' });

    expect([ours.status, inner.status]).toEqual([202, 403]);
  });
});
