import { describe, expect, it } from 'vitest';
import { auditOf, withApi } from './world.ts';

const world = withApi();

const namesOf = (body: { keys: { name: string }[] }) => body.keys.map(({ name }) => name);

describe('keys', () => {
  it('are listed for admins, without their texts', async () => {
    const { body } = await world.ask('GET', '/keys');

    expect(namesOf(body as never)).toEqual(['read key', 'operate key', 'admin key']);
    expect(JSON.stringify(body)).not.toContain(world.keys.admin);
    expect((await world.ask('GET', '/keys', { as: 'operate' })).status).toBe(403);
  });

  it('are made with a text that is shown once and lets in', async () => {
    const { status, body } = await world.ask('POST', '/keys', { body: { name: 'robot', scope: 'read' } });

    const mine = await world.app.request('/api/v1/mirrors', { headers: { authorization: `Bearer ${body.key}` } });
    const { body: listed } = await world.ask('GET', '/keys');
    expect([status, body.name, body.scope, mine.status]).toEqual([201, 'robot', 'read', 200]);
    expect(JSON.stringify(listed)).not.toContain(body.key);
    expect(await auditOf(world, 1)).toEqual([['admin key', 'key.created', 'robot']]);
  });

  it.each([
    [{ name: 'admin key', scope: 'read' }, 409],
    [{ name: 'STARKEEP_ADMIN_KEY', scope: 'read' }, 409],
    [{ name: '', scope: 'read' }, 400],
    [{ name: 'robot', scope: 'root' }, 400],
  ])('are not made as %j', async (wanted, status) => {
    expect((await world.ask('POST', '/keys', { body: wanted })).status).toBe(status);
  });

  it('let nobody in once they are revoked', async () => {
    const { keys } = (await world.ask('GET', '/keys')).body as { keys: { keyId: string }[] };

    const { status } = await world.ask('DELETE', `/keys/${keys[0]?.keyId}`);

    expect(await auditOf(world, 1)).toEqual([['admin key', 'key.revoked', 'read key']]);
    expect([status, (await world.ask('GET', '/mirrors', { as: 'read' })).status]).toEqual([204, 401]);
    expect((await world.ask('DELETE', `/keys/${keys[0]?.keyId}`)).status).toBe(404);
  });

  it('stay where revoking one would lock everybody out, or it would come back', async () => {
    await world.store.keys.adoptSetting('a-text-that-somebody-thought-up');
    const { keys } = (await world.ask('GET', '/keys')).body as { keys: { keyId: string; name: string }[] };
    const idOf = (name: string) => keys.find((key) => key.name === name)?.keyId;

    const ofSetting = await world.ask('DELETE', `/keys/${idOf('STARKEEP_ADMIN_KEY')}`);
    await world.store.keys.adoptSetting(undefined);
    const last = await world.ask('DELETE', `/keys/${idOf('admin key')}`);

    expect([ofSetting.status, last.status, last.body.title]).toEqual([409, 409, 'Last admin key']);
  });
});
