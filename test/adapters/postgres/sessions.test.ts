import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_SESSIONS_OF_KEY } from '../../../src/domain/sessions.ts';
import { withStore } from './test-store.ts';

const store = withStore();
let keyId = '';

beforeEach(async () => {
  await store.db.query('truncate api_keys, sessions, answered_requests restart identity');
  keyId = (await store.keys.create({ name: 'ann', scope: 'operate' }))?.key.keyId ?? '';
});

const begin = async () => (await store.sessions.begin(keyId))?.text ?? '';
const rows = async () => (await store.db.query('select * from sessions')).length;

describe('a session', () => {
  it('is known by its text, of which only a hash is kept, and may what its key may', async () => {
    const begun = await store.sessions.begin(keyId);

    const text = begun?.text ?? '';
    expect(text).toMatch(/^[\w-]{43}$/);
    expect(await store.sessions.identify(text)).toMatchObject({
      key: { keyId, name: 'ann', scope: 'operate' },
      session: begun?.session,
    });
    expect(await store.sessions.identify(`${text.slice(0, -1)}_`)).toBeNull();
    const [row] = await store.db.query<{ all: string }>('select sessions::text as all from sessions');
    expect(row?.all).not.toContain(text.slice(0, 8));
  });

  it('lasts twelve hours, and one when it is not used', async () => {
    const session = (await store.sessions.begin(keyId))?.session;

    const hours = [session?.expiresAt, session?.idleUntil].map(
      (time) => (Date.parse(time ?? '') - Date.parse(session?.createdAt ?? '')) / 3_600_000,
    );
    expect(hours).toEqual([12, 1]);
  });

  it.each([
    ['was not used for an hour', `last_used_at = now() - interval '1 hour'`, false],
    ['was used 59 minutes ago', `last_used_at = now() - interval '59 minutes'`, true],
    ['has had its time, however much it is used', `created_at = now() - interval '1 day', expires_at = now()`, false],
  ])('that %s: lets in %j', async (_, change, isIn) => {
    const text = await begin();
    await store.db.query(`update sessions set ${change}`);

    expect((await store.sessions.identify(text)) !== null).toBe(isIn);
  });

  it('that is used goes on, and its key counts as used', async () => {
    const text = await begin();
    await store.db.query(`update sessions set last_used_at = now() - interval '50 minutes'`);

    const found = await store.sessions.identify(text);

    expect(Date.parse(found?.session.idleUntil ?? '')).toBeGreaterThan(Date.now() + 50 * 60_000);
    expect((await store.keys.list())[0]?.lastUsedAt).not.toBeNull();
  });

  it('ends at once with its key, and with it all others of that key', async () => {
    const texts = [await begin(), await begin()];

    await store.keys.revoke(keyId);

    expect(await Promise.all(texts.map((text) => store.sessions.identify(text)))).toEqual([null, null]);
    expect(await store.sessions.begin(keyId)).toBeNull();
  });

  it('ends with the key of the setting, when that changes', async () => {
    await store.keys.adoptSetting('old-old-old');
    const setting = (await store.keys.list()).find(({ origin }) => origin === 'setting');
    const text = (await store.sessions.begin(setting?.keyId ?? ''))?.text ?? '';

    await store.keys.adoptSetting('new-new-new');

    expect(await store.sessions.identify(text)).toBeNull();
  });

  it('that is ended is over, the others of its key are not; ending it again does nothing', async () => {
    const [one, other] = [await begin(), await begin()];

    await store.sessions.end(one);
    await store.sessions.end(one);

    expect(await store.sessions.identify(one)).toBeNull();
    expect(await store.sessions.identify(other)).not.toBeNull();
  });
});

describe('beginning one', () => {
  it('forgets those that are over, whosever they are', async () => {
    await begin();
    await store.db.query(`update sessions set last_used_at = now() - interval '2 hours'`);
    keyId = (await store.keys.create({ name: 'bob', scope: 'read' }))?.key.keyId ?? '';

    await begin();

    expect(await rows()).toBe(1);
  });

  it('ends the oldest of a key that would have too many, also when many begin at once', async () => {
    const oldest = await begin();

    await Promise.all(Array.from({ length: MAX_SESSIONS_OF_KEY }, begin));

    expect([await rows(), await store.sessions.identify(oldest)]).toEqual([MAX_SESSIONS_OF_KEY, null]);
  });
});
