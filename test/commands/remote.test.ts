import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { auditOf, withApi } from '../api/v1/world.ts';
import { served } from '../api/serve.ts';
import { run, start } from '../support/cli.ts';
import { quietPort } from '../support/quiet-port.ts';

/** The commands as people type them on another machine: real processes, over real HTTP, with a key. */

const world = withApi();

let url: string;
beforeEach(async () => {
  url = await served(world.app);
});

type Scope = keyof typeof world.keys;
const settings = (as: Scope = 'admin') => ({ STARKEEP_URL: url, STARKEEP_KEY: world.keys[as] });
const starkeep = (...args: string[]) => run(args, settings());

async function addDeletion(mirrorId: 'github-7'): Promise<void> {
  const ids = { mirrorId, correlationId: 'c', workflowId: 'w', runId: 'r' };
  await world.store.record.write(world.store.account.accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof: 'twice',
    dueAt: null,
    ...ids,
  });
}

describe('over HTTP', () => {
  it('list and show say what the record has, and print it as the api has it for programs', async () => {
    await world.addMirror('7', 'ada/engine');
    await world.addMirror('8', 'bob/loom', { row: { status: 'failed', last_error_kind: 'TargetError' } });

    const [list, show, json] = await Promise.all([
      starkeep('list'),
      starkeep('show', 'LOOM'),
      starkeep('list', '--status', 'failed', '--json'),
    ]);

    expect([list.code, list.stderr]).toEqual([0, '']);
    expect(list.stdout).toContain('2 mirrors: 1 completed, 1 failed');
    expect(list.stdout).not.toContain('\u001b');
    expect(show.stdout).toContain('  try now        npx starkeep sync bob/loom\n');
    expect(show.stdout).toMatch(/ {2}what to do {5}\S/);
    const answer = await world.ask('GET', '/mirrors?status=failed');
    expect(JSON.parse(json.stdout)).toEqual(answer.body.mirrors);
  });

  it('sync --wait tells the mirror in the name of the key, and waits for the end', async () => {
    await world.addMirror('7', 'ada/engine');

    const waiting = start(['sync', 'engine', '--wait', '--reason', 'just so'], settings('operate'));
    await expect.poll(() => world.control.decisions.length, { timeout: 30_000 }).toBe(1);
    await world.store.db.query(`update mirrors set last_checked_at = now() where mirror_id = 'github-7'`);
    const code = await waiting.ended;

    expect([code, waiting.stderr()]).toEqual([0, '']);
    expect(world.control.decisions).toMatchObject([
      [{ repoId: '7' }, 'syncNow', { by: 'operate key', reason: 'just so' }],
    ]);
    expect(waiting.stdout()).toMatch(
      /ada\/engine: completed, nothing to do, it is as on GitHub \(checked 20.* UTC\)\.\n$/,
    );
  });

  it('sync --wait fails with what went wrong, and what to do', async () => {
    await world.addMirror('7', 'ada/engine');

    const waiting = start(['sync', 'engine', '--wait'], settings());
    await expect.poll(() => world.control.decisions.length, { timeout: 30_000 }).toBe(1);
    await world.store.db.query(
      `update mirrors set status = 'failed', last_error_kind = 'TargetUnreachable', last_error_message = 'OneDev is away'`,
    );
    const code = await waiting.ended;

    expect(code).toBe(1);
    expect(waiting.stderr()).toMatch(/^ada\/engine failed\. TargetUnreachable: OneDev is away\n\S/);
  });

  it('deletions approve lets go of what waits, and the audit log has the name of the key', async () => {
    await world.addMirror('7', 'ada/engine', { starred: false });
    await addDeletion('github-7');

    const list = await starkeep('deletions');
    const { code, stdout } = await starkeep('deletions', 'approve', 'engine');
    const audit = await starkeep('audit', '--action', 'mirror.*');

    expect(list.stdout).toContain('1 deletion. To decide about one:');
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      'ada/engine: deleted now, if GitHub does not show it as starred.',
    ]);
    expect(world.control.decisions).toMatchObject([[{ repoId: '7' }, 'approveDeletion', { by: 'admin key' }]]);
    expect(audit.stdout).toMatch(/ admin key {2}mirror\.approve-deletion {2}github-7 /);
  });

  it('replay dispatches a delivery again', async () => {
    const event = { repoId: '7', fullName: 'ada/engine', correlationId: 'guid-1' };
    await world.store.deliveries.take({
      ...event,
      guid: 'guid-1',
      hookId: null,
      bodySha256: 'x',
      event: 'push',
      action: null,
      repoEvent: { ...event, kind: 'changed', trigger: 'webhook', deliveryId: 'guid-1' },
      ignoredReason: null,
    });

    const { code, stdout } = await starkeep('replay', '--failed', '--since', '1h');

    expect([code, stdout.split('\n')[1]]).toEqual([0, '1 delivery dispatched again.']);
    expect(world.control.events).toMatchObject([{ kind: 'changed', repoId: '7' }]);
  });

  it('keys create makes a key that lets in, and the audit log comes as lines for programs', async () => {
    const { code, stdout } = await starkeep('keys', 'create', '--name', 'laptop', '--scope', 'read');
    const audit = await starkeep('audit', '--since', '1h', '--json');

    const [text = ''] = stdout.split('\n');
    expect(code).toBe(0);
    expect(await world.store.keys.identify(text)).toMatchObject({ name: 'laptop', scope: 'read' });
    const events = audit.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string });
    expect(events.at(-1)).toMatchObject({ actor: 'admin key', action: 'key.created', subject: 'laptop' });
    expect((await auditOf(world, 1))[0]).toEqual(['admin key', 'key.created', 'laptop']);
  });

  it('status --check fails while something does', async () => {
    await world.addMirror('7', 'ada/engine', { row: { status: 'failed' } });

    const { code, stdout } = await starkeep('status', '--check');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^0 of 1 safe · 1 failing /);
  });
});

describe('an address', () => {
  const list = (changes: Record<string, string>) => run(['list'], { ...settings(), ...changes });

  /** Whatever answers, it is told with words, a code, and never the key. */
  async function expectRefusal(changes: Record<string, string>, code: number, words: RegExp): Promise<void> {
    const answer = await list(changes);

    expect([answer.code, answer.stdout]).toEqual([code, '']);
    expect(answer.stderr).toMatch(words);
    expect(answer.stderr).not.toContain(world.keys.admin);
  }

  it('that is none is a wrong setting', () =>
    expectRefusal({ STARKEEP_URL: 'starkeep.example' }, 2, /STARKEEP_URL must be an address that begins with http/));

  it('where nobody listens does not answer', async () =>
    expectRefusal(
      { STARKEEP_URL: `http://127.0.0.1:${await quietPort()}` },
      5,
      /does not answer: .*ECONNREFUSED.*Is Starkeep running there/,
    ));

  it('of a proxy’s page is not Starkeep', async () => {
    const proxy = await served(new Hono().all('*', (c) => c.html('<h1>Sign in</h1>')));

    await expectRefusal({ STARKEEP_URL: proxy }, 5, /is not Starkeep's API: status 200, text\/html\./);
  });

  it('where an answer breaks off says so, and not half of it', async () => {
    const half = await served(
      new Hono().all('*', () => {
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('{"mirrors":[')),
          pull: (controller) => controller.error(new Error('gone')),
        });
        return new Response(body, { headers: { 'content-type': 'application/json' } });
      }),
    );

    await expectRefusal({ STARKEEP_URL: half }, 5, /does not answer: |is not Starkeep's API/);
  });

  it('that redirects is not followed, since the key is for that address', async () => {
    const proxy = await served(new Hono().all('*', (c) => c.redirect('https://login.example/in')));

    await expectRefusal({ STARKEEP_URL: proxy }, 5, /redirects to https:\/\/login\.example, which is not followed/);
  });

  it('of an older version says which, and what it lacks', async () => {
    const old = new Hono()
      .get('/api/v1/openapi.json', (c) => c.json({ info: { version: '0.0.9' } }))
      .all('*', (c) => c.json({ title: 'Not found', status: 404, detail: 'There is nothing here.' }, 404));

    await expectRefusal(
      { STARKEEP_URL: await served(old) },
      1,
      /is of version 0\.0\.9 and has no GET \/api\/v1\/mirrors; /,
    );
  });

  it('without TLS on another machine brings a warning', async () => {
    const { code, stderr } = await list({ STARKEEP_URL: url.replace('127.0.0.1', '0.0.0.0') });

    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Warning: STARKEEP_URL is .*the key travels readable/)]);
  });
});

describe('a key', () => {
  it.each([
    ['that is missing', { STARKEEP_KEY: '' }, ['list'], 2, 'STARKEEP_URL is set, and STARKEEP_KEY is not.'],
    ['that is wrong', { STARKEEP_KEY: 'skp_nobody' }, ['list'], 6, 'That key is not valid, or was revoked.'],
  ])('%s', async (_, changes, args, code, words) => {
    const answer = await run(args, { ...settings(), ...changes });

    expect([answer.code, answer.stdout]).toEqual([code, '']);
    expect(answer.stderr).toContain(words);
  });

  it('of too small a scope says which one it takes', async () => {
    await world.addMirror('7', 'ada/engine');

    const { code, stderr } = await run(['pause', 'engine'], settings('read'));

    expect([code, stderr]).toEqual([6, 'This needs a key of scope operate, and the key "read key" has scope read.\n']);
    expect(world.control.decisions).toEqual([]);
  });

  it('has a name already, so --by is refused, and nothing is done', async () => {
    await world.addMirror('7', 'ada/engine');

    const { code, stderr } = await starkeep('pause', 'engine', '--by', 'ann');

    expect([code, stderr]).toEqual([2, expect.stringContaining('leave --by out')]);
    expect(world.control.decisions).toEqual([]);
  });
});

describe('what only the machine itself can do', () => {
  it.each([[['backup', 'there.backup']], [['doctor']], [['audit', 'history', 'engine']]])(
    '%j says so',
    async (args) => {
      const { code, stderr } = await starkeep(...args);

      expect([code, stderr]).toEqual([2, expect.stringContaining(`STARKEEP_URL names ${url}. Run it there`)]);
    },
  );
});
