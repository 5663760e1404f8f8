import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { processIdentity } from '../src/local/process-identity.ts';
import { VERSION } from '../src/version.ts';
import { deliver } from './standins/github-webhooks.ts';
import { run, start, type Run } from './support/cli.ts';
import { eventually } from './support/eventually.ts';
import { withDatabase } from './support/postgres.ts';
import { quietPort } from './support/quiet-port.ts';

async function envFile(content: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'env-')), 'settings');
  await writeFile(path, content);
  return path;
}

/** What `starkeep config` prints of a setting: value and origin. */
function blockOf(printed: string, name: string): string[] {
  const block = printed.split('\n\n').find((lines) => lines.startsWith(`${name} = `)) ?? '';
  const [value = '', origin = ''] = block.split('\n');
  return [value.slice(`${name} = `.length), origin.trim().replace(/^from: /, '')];
}

describe('starkeep', () => {
  it('prints its version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  it('lists its commands when asked for help', async () => {
    const { code, stdout } = await run(['--help']);

    expect(code).toBe(0);
    for (const command of [
      'up',
      'api',
      'worker',
      'migrate',
      'config',
      'list',
      'show',
      'sync',
      'pause',
      'resume',
      'deletions',
      'keys',
      'audit',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it.each([
    [['wroker'], "error: unknown command 'wroker'"],
    [['config', '--loud'], "error: unknown option '--loud'"],
    [['config', 'everything'], 'error: too many arguments'],
    [['--settings'], 'argument missing'],
    [[], 'Usage: starkeep'],
  ])('%j is a wrong command: exit 2, and how to find the right one', async (args, complaint) => {
    const { code, stdout, stderr } = await run(args);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(complaint);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it('suggests the command that was meant', async () => {
    expect((await run(['wroker'])).stderr).toContain('(Did you mean worker?)');
  });
});

describe('output that nobody reads any more', () => {
  it('ends the command without a word', async () => {
    const { child, stderr, ended } = start(['config']);
    child.stdout?.destroy();

    await ended;

    expect(stderr()).toBe('');
  });
});

describe('starkeep with wrong settings', () => {
  it.each([
    ['up', ['GITHUB_TOKEN', 'ONEDEV_URL', 'ONEDEV_TOKEN']],
    ['api', ['DATABASE_URL', 'TEMPORAL_ADDRESS']],
    ['worker', ['GITHUB_TOKEN', 'ONEDEV_URL', 'ONEDEV_TOKEN', 'DATABASE_URL', 'TEMPORAL_ADDRESS']],
    ['migrate', ['DATABASE_URL']],
  ])('%s ends with one list and exit code 2, and starts nothing', async (command, names) => {
    const dataDir = join(await mkdtemp(join(tmpdir(), 'data-')), 'not-made');

    const { code, stdout, stderr } = await run([command], { STARKEEP_DATA_DIR: dataDir, STARKEEP_PROT: '1' });

    const [title, ...lines] = stderr.split('\n');
    const problems = lines.filter((line) => line.startsWith('  - '));
    expect([code, stdout, title]).toEqual([2, '', `${names.length + 1} settings need attention:`]);
    expect(problems[0]).toBe('  - STARKEEP_PROT is not a setting of Starkeep. Did you mean STARKEEP_PORT?');
    for (const [index, name] of names.entries()) expect(problems[index + 1]).toContain(name);
    expect(stderr).toMatch(/\nNothing was started\. `starkeep config` prints every setting\.\n$/);
    await expect(access(dataDir)).rejects.toThrow('ENOENT');
  });

  it('config too, and never shows a secret while it complains', async () => {
    const { code, stdout, stderr } = await run(['config'], {
      GITHUB_TOKEN: 'very secret',
      ONEDEV_URL: 'http://u:very-secret@h/',
    });

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('GITHUB_TOKEN must be one word');
    expect(stderr).not.toMatch(/very.secret/);
  });
});

describe('starkeep config', () => {
  it('prints each setting with its value and where it comes from, and no secret', async () => {
    const { code, stdout } = await run(['config'], {
      STARKEEP_PORT: '8123',
      GITHUB_TOKEN: 'hush-hush-token',
      DATABASE_URL: 'postgres://ann:hush-hush@h/d',
      GITHUB_URL: 'https://ghe.example.org',
    });

    expect(code).toBe(0);
    expect(blockOf(stdout, 'STARKEEP_PORT')).toEqual(['8123', 'environment']);
    expect(blockOf(stdout, 'STARKEEP_HOST')).toEqual(['127.0.0.1', 'default']);
    expect(blockOf(stdout, 'GITHUB_API_URL')).toEqual(['https://ghe.example.org/api/v3', 'derived']);
    expect(blockOf(stdout, 'GITHUB_LOGIN')).toEqual(['–', 'unset']);
    expect(blockOf(stdout, 'GITHUB_TOKEN')).toEqual(['(hidden)', 'environment']);
    expect(blockOf(stdout, 'DATABASE_URL')).toEqual(['(hidden)', 'environment']);
    expect(stdout).not.toContain('hush-hush');
  });

  it('fits into 80 columns', async () => {
    const { stdout } = await run(['config']);

    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('says of what came from a file which one that was', async () => {
    const secretFile = await envFile('hush-hush-token');
    const path = await envFile(`STARKEEP_PORT=8123\nSTARKEEP_HOST=::1\nONEDEV_TOKEN_FILE=${secretFile}\n`);

    const { stdout } = await run(['config', '--settings', path], {
      STARKEEP_HOST: '127.0.0.2',
      GITHUB_TOKEN_FILE: secretFile,
    });

    expect(blockOf(stdout, 'STARKEEP_PORT')).toEqual(['8123', `--settings ${path}`]);
    expect(blockOf(stdout, 'STARKEEP_HOST')).toEqual(['127.0.0.2', 'environment']);
    expect(blockOf(stdout, 'GITHUB_TOKEN')).toEqual(['(hidden)', 'GITHUB_TOKEN_FILE, environment']);
    expect(blockOf(stdout, 'ONEDEV_TOKEN')).toEqual(['(hidden)', `ONEDEV_TOKEN_FILE, --settings ${path}`]);
  });
});

describe('--settings', () => {
  it.each([[['--settings', 'PATH', 'config']], [['config', '--settings', 'PATH']]])('is read in %j', async (args) => {
    const path = await envFile('# mine\nSTARKEEP_PORT=8123\nSTARKEEP_HOST="::1"\n');

    const { code, stdout } = await run(args.map((arg) => (arg === 'PATH' ? path : arg)));

    expect([code, blockOf(stdout, 'STARKEEP_PORT')[0], blockOf(stdout, 'STARKEEP_HOST')[0]]).toEqual([
      0,
      '8123',
      '::1',
    ]);
  });

  it('gives way to the environment, but not to an empty variable', async () => {
    const path = await envFile('STARKEEP_PORT=8123\nSTARKEEP_HOST=::1\n');

    const { stdout } = await run(['config', '--settings', path], { STARKEEP_PORT: '9000', STARKEEP_HOST: '' });

    expect([blockOf(stdout, 'STARKEEP_PORT')[0], blockOf(stdout, 'STARKEEP_HOST')[0]]).toEqual(['9000', '::1']);
  });

  it('is checked like the environment', async () => {
    const path = await envFile('STARKEEP_PROT=8123\n');

    const { code, stderr } = await run(['config', '--settings', path]);

    expect([code, stderr.includes('Did you mean STARKEEP_PORT?')]).toEqual([2, true]);
  });

  it('refuses what would pass unseen: a line that sets nothing, and names that are nobody’s', async () => {
    const path = await envFile(
      [
        '# a comment',
        "GITHUB_SSH_KEY='-----BEGIN",
        'two lines',
        "-----END'",
        'STARKEEP_UNSTAR_POLICY: keep',
        'GITHUB_TOKN=x',
        'export ONEDEV_TOKEN=y # why not',
        'starkeep_unstar_policy=keep',
        'SOMETHING_ELSE=z',
      ].join('\n'),
    );

    const { code, stderr } = await run(['config', '--settings', path]);

    expect(code).toBe(2);
    expect(stderr.split('\n').slice(1, 4)).toEqual([
      `  - ${path}, line 5 is not NAME=value.`,
      `  - ${path}, line 6: GITHUB_TOKN is not a setting of Starkeep. Did you mean GITHUB_TOKEN?`,
      `  - ${path}, line 8: starkeep_unstar_policy is not a setting of Starkeep. Did you mean STARKEEP_UNSTAR_POLICY?`,
    ]);
  });

  it('is part of what a person is told to type next', async () => {
    const path = await envFile('STARKEEP_PORT=8123\n');

    const { code, stderr } = await run(['list', '--settings', path]);

    expect([code, stderr]).toEqual([2, expect.stringContaining('add: --settings FILE')]);
  });

  it.each([
    ['/nonexistent/settings', 'ENOENT'],
    [tmpdir(), 'EISDIR'],
  ])('that cannot be read is a wrong setting', async (path, reason) => {
    const { code, stderr } = await run(['up', '--settings', path]);

    expect(code).toBe(2);
    expect(stderr).toContain(`  - --settings names "${path}", which cannot be read (${reason}).`);
  });
});

describe('starkeep up on a port that another program uses', () => {
  it('says so before it makes anything', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const dataDir = join(tmpdir(), `never-made-${port}`);

    const { code, stderr } = await run(['up'], {
      GITHUB_LOGIN: 'nobody',
      ONEDEV_URL: 'http://127.0.0.1:1',
      ONEDEV_TOKEN: 'x',
      STARKEEP_PORT: String(port),
      STARKEEP_DATA_DIR: dataDir,
    });

    expect(code).toBe(2);
    expect(stderr).toContain('another program listens there. Choose another STARKEEP_PORT or STARKEEP_HOST.');
    expect(existsSync(dataDir)).toBe(false);
    other.close();
    await once(other, 'close');
  });
});

describe('starkeep up on a data folder that another one uses', () => {
  it('says who has it and what to do, and ends with 2, since nothing was started', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'data-'));
    for (const server of ['postgres', 'temporal']) {
      const claim = join(dataDir, server, 'claim');
      await mkdir(claim, { recursive: true });
      const owner = { pid: process.pid, identity: await processIdentity(process.pid) };
      await writeFile(join(claim, '1.json'), JSON.stringify({ owner, server: null }));
    }
    const given = { GITHUB_LOGIN: 'ann', ONEDEV_URL: 'http://127.0.0.1:9', ONEDEV_TOKEN: 'word' };

    const { code, stderr } = await run(['up'], {
      ...given,
      STARKEEP_DATA_DIR: dataDir,
      STARKEEP_PORT: String(await quietPort()),
      TEMPORAL_CLI: inject('temporalCli'),
    });

    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        `DataFolderInUse: Postgres in this data folder belongs to another .* \\(process ${process.pid}\\)\\.\n`,
      ),
    );
    expect(stderr).toMatch(/choose another STARKEEP_DATA_DIR\.\nNothing was started\.\n$/);
    expect(stderr).not.toContain('did not answer');
  });
});

describe('starkeep migrate', () => {
  const database = withDatabase('empty');

  it('brings an empty database up to date, and then finds nothing to do', async () => {
    const first = await run(['migrate'], { DATABASE_URL: database.url });

    const second = await run(['migrate'], { DATABASE_URL: database.url });

    expect(first).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Migrations run: 0001_record/) as string,
      stderr: '',
    });
    expect(second).toEqual({ code: 0, stdout: 'The database is up to date.\n', stderr: '' });
  });

  it('without a database to reach says what to do, in two sentences and exit code 5', async () => {
    const { code, stderr } = await run(['migrate'], { DATABASE_URL: 'postgres://ann:hush-hush@127.0.0.1:1/d' });

    expect([code, stderr.trim().split('\n')]).toEqual([
      5,
      [
        expect.stringMatching(/^DatabaseUnavailable: Postgres: .*ECONNREFUSED/),
        expect.stringContaining('Check DATABASE_URL'),
      ],
    ]);
    expect(stderr).not.toContain('hush-hush');
  });
});

describe('starkeep api', () => {
  const database = withDatabase();
  const secret = 'hush-hush-webhooks';
  const settings = () => ({
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    GITHUB_WEBHOOK_SECRET: secret,
    STARKEEP_ADMIN_KEY: 'hush-hush-admin',
    STARKEEP_PORT: '0',
  });

  /** Starts the api and waits until it listens. */
  async function startApi(changes: Record<string, string> = {}): Promise<Run & { url: string }> {
    const api = start(['api'], { ...settings(), ...changes });
    const listening = () => /"url":"([^"]+)","msg":"api listens"/.exec(api.stdout())?.[1];
    await Promise.race([
      eventually(() => listening() !== undefined),
      api.ended.then(() => Promise.reject(new Error(`it ended: ${api.stderr()}`))),
    ]);
    return { ...api, url: listening() ?? '' };
  }

  it('serves, says so in lines of JSON without a secret, and ends with 0 on SIGTERM', async () => {
    const api = await startApi();
    // A server that is busy with other tests may answer too late the first time.
    await eventually(async () => (await fetch(`${api.url}/health`)).status === 200);
    const refused = await deliver(`${api.url}/webhooks/github`, 'push', {}, { secret });

    api.child.kill('SIGTERM');

    expect([refused.status, await api.ended, api.stderr()]).toEqual([400, 0, '']);
    const lines = api.stdout().trim().split('\n');
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    // That one is written beside the others, whenever Postgres has answered.
    expect(messages.filter((message) => message !== 'settings differ from those of the last start')).toEqual([
      'api listens',
      'webhook refused',
      'api drains',
      'api stopped',
    ]);
    expect(api.stdout()).not.toContain('hush-hush');
  });

  it('lets in the key that is set, and nobody without one', async () => {
    const api = await startApi();
    const ask = (headers: Record<string, string>) => fetch(`${api.url}/api/v1/mirrors`, { headers });

    const answers = await Promise.all([
      ask({ authorization: 'Bearer hush-hush-admin' }),
      ask({ authorization: 'Bearer hush-hush-other' }),
      ask({}),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401]);
    expect(api.stdout()).not.toContain('hush-hush');
  });

  it('without any key says how to make one, and makes none that nobody would see', async () => {
    const api = await startApi({ STARKEEP_ADMIN_KEY: '' });

    const listed = await run(['keys', 'list', '--json'], settings());

    const keys = JSON.parse(listed.stdout) as { revokedAt: string | null }[];
    expect(keys.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
    expect(api.stdout()).toContain('make one with starkeep keys create');
    expect(api.stderr()).toBe('');
  });

  it('ends what is under way before it goes', async () => {
    const api = await startApi();
    const bytes = new TextEncoder().encode('{}');
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes.subarray(0, 1));
        await held;
        controller.enqueue(bytes.subarray(1));
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    const answer = fetch(`${api.url}/webhooks/github`, request);
    // A second request on the same server tells that the first has arrived.
    await fetch(`${api.url}/livez`);

    api.child.kill('SIGTERM');
    await eventually(() => api.stdout().includes('api drains'));
    finish();

    expect([(await answer).status, await api.ended]).toEqual([401, 0]);
  });

  it('starts while Postgres and Temporal are down, and tells their absence', async () => {
    const api = await startApi({
      DATABASE_URL: 'postgres://ann:hush-hush@127.0.0.1:1/d',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });

    const health = await fetch(`${api.url}/health`);

    const text = await health.text();
    expect([health.status, text.includes('hush-hush')]).toEqual([503, false]);
    expect(JSON.parse(text)).toMatchObject({ dependencies: { postgres: { ok: false }, temporal: { ok: false } } });
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
  });

  it('on a port that is taken ends with one sentence and exit code 2', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;

    const { code, stderr } = await run(['api'], { ...settings(), STARKEEP_PORT: String(port) });

    expect([code, stderr.split('\n')[1]]).toEqual([
      2,
      `  - STARKEEP_HOST and STARKEEP_PORT say 127.0.0.1:${port}, which cannot be listened on: another program listens there.`,
    ]);
    other.close();
    await once(other, 'close');
  });

  it('with a log file that cannot be written ends with one sentence and exit code 2', async () => {
    const { code, stderr } = await run(['api'], { ...settings(), STARKEEP_LOG_FILE: '/dev/null/starkeep.log' });

    expect([code, stderr.split('\n')[1]]).toEqual([
      2,
      expect.stringContaining('STARKEEP_LOG_FILE names "/dev/null/starkeep.log", which cannot be written'),
    ]);
  });
});
