import { beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../src/adapters/postgres/database.ts';
import { createKeyStore } from '../../../src/adapters/postgres/api-keys.ts';
import { adoptSettingKey, makeFirstKey } from '../../../src/domain/keys.ts';
import { withStore } from './test-store.ts';

const store = withStore();

beforeEach(() => store.db.query('truncate api_keys, sessions, answered_requests restart identity'));

const validKeys = async () => (await store.keys.list()).filter(({ revokedAt }) => revokedAt === null);

describe('a key', () => {
  it('lets its owner in by its text, of which only a hash and the first characters are kept', async () => {
    const made = await store.keys.create({ name: 'ann', scope: 'operate' });

    const text = made?.text ?? '';
    expect(text).toMatch(/^skp_[\w-]{43}$/);
    expect(await store.keys.identify(text)).toMatchObject({ name: 'ann', scope: 'operate', origin: 'person' });
    expect(await store.keys.identify(`${text}x`)).toBeNull();
    const [row] = await store.db.query<{ all: string }>('select api_keys::text as all from api_keys');
    expect(row?.all).not.toContain(text.slice(8));
    expect(row?.all).toContain(text.slice(0, 8));
  });

  it('that was revoked lets nobody in, and gives its name free', async () => {
    const made = await store.keys.create({ name: 'ann', scope: 'read' });

    const revoked = await store.keys.revoke(made?.key.keyId ?? '');

    expect(revoked?.revokedAt).not.toBeNull();
    expect(await store.keys.identify(made?.text ?? '')).toBeNull();
    expect(await store.keys.revoke(made?.key.keyId ?? '')).toBeNull();
    expect(await store.keys.create({ name: 'ANN', scope: 'read' })).not.toBeNull();
    expect(await store.keys.create({ name: 'ann', scope: 'read' })).toBeNull();
  });

  it('notes when it was used, at most once a minute', async () => {
    const made = await store.keys.create({ name: 'ann', scope: 'read' });
    await store.keys.identify(made?.text ?? '');
    const [first] = await store.keys.list();

    await store.keys.identify(made?.text ?? '');

    expect(first?.lastUsedAt).not.toBeNull();
    expect((await store.keys.list())[0]?.lastUsedAt).toBe(first?.lastUsedAt);
  });
});

describe('the first key', () => {
  it('is one, however many processes start at once', async () => {
    const processes = Array.from({ length: 4 }, () => createDatabase({ url: store.database.url, maxConnections: 1 }));

    const texts = await Promise.all(processes.map((db) => createKeyStore(db).createFirst()));

    await Promise.all(processes.map((db) => db.close()));
    const told = texts.filter((text) => text !== null);
    expect(told).toHaveLength(1);
    expect(await validKeys()).toHaveLength(1);
    expect(await store.keys.identify(told[0] ?? '')).toMatchObject({ scope: 'admin', origin: 'first_start' });
  });

  it('is not made where somebody can administer already', async () => {
    await store.keys.create({ name: 'ann', scope: 'admin' });

    expect([await makeFirstKey(store), await store.keys.hasAdmin()]).toEqual([null, true]);
  });

  it('is made where keys can look only', async () => {
    await store.keys.create({ name: 'ann', scope: 'read' });

    expect(await makeFirstKey(store)).toMatch(/^skp_/);
    expect(await store.audit.read({ limit: 1 })).toMatchObject([{ actor: 'first start', action: 'key.created' }]);
  });
});

describe('STARKEEP_ADMIN_KEY', () => {
  it('lets in what it names, and once it is changed only that', async () => {
    await adoptSettingKey(store, 'old-old-old');
    await adoptSettingKey(store, 'new-new-new');

    expect(await store.keys.identify('old-old-old')).toBeNull();
    expect(await store.keys.identify('new-new-new')).toMatchObject({ scope: 'admin', origin: 'setting', shown: null });
    expect(await validKeys()).toHaveLength(1);
  });

  it('does nothing when it is what it was, and so is in the audit log once', async () => {
    await adoptSettingKey(store, 'same-same');
    const [before] = await store.audit.read({ limit: 1 });

    await adoptSettingKey(store, 'same-same');

    expect(await store.audit.read({ limit: 1 })).toEqual([before]);
    expect(before).toMatchObject({ actor: 'STARKEEP_ADMIN_KEY', action: 'key.created' });
  });

  it('that is not set any more lets nobody in', async () => {
    await adoptSettingKey(store, 'leaked-leaked');

    await adoptSettingKey(store, undefined);

    expect(await store.keys.identify('leaked-leaked')).toBeNull();
    expect(await store.audit.read({ limit: 1 })).toMatchObject([{ action: 'key.revoked' }]);
  });

  it('is one key when several processes adopt it at once', async () => {
    await adoptSettingKey(store, 'the-one-before');

    await Promise.all(Array.from({ length: 6 }, () => store.keys.adoptSetting('the-new-one')));

    expect(await validKeys()).toHaveLength(1);
    expect(await store.keys.identify('the-new-one')).not.toBeNull();
  });
});
