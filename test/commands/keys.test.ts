import { beforeEach, describe, expect, it } from 'vitest';
import { withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';

const store = withStore();
const starkeep = (...args: string[]) => run(args, { DATABASE_URL: store.database.url });

beforeEach(() => store.db.query('truncate api_keys, sessions, answered_requests restart identity'));

describe('keys', () => {
  it('create prints a key that lets in, alone on its line, and the audit log says who made it', async () => {
    const { code, stdout, stderr } = await starkeep(
      'keys',
      'create',
      '--name',
      'laptop',
      '--scope',
      'read',
      '--by',
      'ann',
    );

    const [text = '', sentence] = stdout.split('\n');
    expect([code, stderr]).toEqual([0, '']);
    expect(await store.keys.identify(text)).toMatchObject({ name: 'laptop', scope: 'read' });
    expect(sentence).toContain('the key "laptop" (read), shown only this once');
    expect(await store.audit.read({ limit: 1 })).toMatchObject([
      { actor: 'ann', action: 'key.created', subject: 'laptop', details: { scope: 'read' } },
    ]);
    expect(JSON.stringify(await store.audit.read({ limit: 5 }))).not.toContain(text);
  });

  it('list shows each by its beginning only', async () => {
    const made = await store.keys.create({ name: 'laptop', scope: 'admin' });
    await store.keys.adoptSetting('hush-hush-key');

    const { stdout } = await starkeep('keys', 'list');

    expect(stdout).toMatch(/│ 1 +│ laptop +│ skp_.{4}… +│ admin /);
    expect(stdout).toMatch(/│ STARKEEP_ADMIN_KEY +│ \(set\) /);
    expect(stdout).not.toMatch(new RegExp(`hush|${made?.text}`));
  });

  it('revoke takes one away', async () => {
    const made = await store.keys.create({ name: 'laptop', scope: 'admin' });

    const { stdout } = await starkeep('keys', 'revoke', made?.key.keyId ?? '', '--by', 'ann');

    expect(stdout).toBe('Key "laptop" was revoked; it lets nobody in any more.\n');
    expect(await store.keys.identify(made?.text ?? '')).toBeNull();
  });

  it('revoke refuses the key of the setting, which would come back, and one that is not there', async () => {
    await store.keys.adoptSetting('hush-hush-key');

    const set = await starkeep('keys', 'revoke', '1');
    const unknown = await starkeep('keys', 'revoke', 'x');

    expect([set.code, set.stderr]).toEqual([4, expect.stringContaining('Change or unset it') as string]);
    expect([unknown.code, unknown.stderr]).toEqual([
      3,
      'There is no valid key x. npx starkeep keys list names them.\n',
    ]);
  });

  it.each([
    [['--name', ''], 2, '--name "" is no name for a key'],
    [['--name', 'starkeep_admin_key'], 2, 'is what Starkeep calls a key of its own'],
    [['--name', 'a', '--scope', 'root'], 2, '--scope must be one of read, operate, admin, but is "root".'],
    [[], 2, '--name'],
    [['--name', 'TAKEN'], 4, 'There is a key "TAKEN" already;'],
  ])('create %j is refused', async (args, code, complaint) => {
    await store.keys.create({ name: 'taken', scope: 'read' });

    const answer = await starkeep('keys', 'create', ...args);

    expect(answer.code).toBe(code);
    expect(answer.stderr).toContain(complaint);
    expect(await store.keys.list()).toHaveLength(1);
  });
});
