import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import pg from 'pg';
import { createPayloadCodec } from '../../src/adapters/payload-codec.ts';
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { openTemporal } from '../../src/adapters/temporal.ts';
import { loadConfig } from '../../src/config.ts';
import { parsePayloadKeys } from '../../src/domain/payload-keys.ts';
import { startUp, type Installation } from '../../src/local/up.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { run } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { commit, createRepo, type Repo } from '../support/repo.ts';
import { quietPort } from '../support/quiet-port.ts';
import { commandLines, filesBelow, finds, needlesOf, runsOf, type Saying, tablesOf } from './secret-hunt.ts';

/**
 * The whole service with a marked secret in every setting that takes one, and servers that throw those secrets back at it: first streaming and with
 * readable payloads, then cloning and with encrypted ones. Afterwards they are looked for everywhere.
 */

const PATIENCE_MS = 120_000;

/** Characters that every encoding writes in another way, and nothing that has the shape of a token. */
const marked = (name: string) => `${name}&"<+/%\\'=${randomBytes(9).toString('hex')}`;

const WEB_TOKEN = marked('gh');
const DATABASE_PASSWORD = marked('db');
const PAYLOAD_KEY = randomBytes(32).toString('base64');

const secrets: Record<string, string> = {
  GITHUB_TOKEN: WEB_TOKEN,
  GITHUB_WEBHOOK_SECRET: marked('hook'),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: marked('hook-before'),
  ONEDEV_TOKEN: marked('od'),
  'the password of DATABASE_URL': DATABASE_PASSWORD,
  'the wrong password of DATABASE_URL': marked('wrong-db'),
  TEMPORAL_API_KEY: marked('temporal'),
  STARKEEP_ADMIN_KEY: marked('admin'),
  STARKEEP_PAYLOAD_KEYS: PAYLOAD_KEY,
};
const secret = (name: string) => secrets[name] ?? '';

/** What a careless server answers: everything it was sent, in every way it can be written. */
function echo(token: string): string {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const message = `no: ${token}, Authorization: Basic ${basic}, https://x:${encodeURIComponent(token)}@host/x?t=${encodeURIComponent(token)}`;
  return JSON.stringify({
    message,
    again: JSON.stringify({ token }),
    as: Buffer.from(`ann:${token}`).toString('base64'),
  });
}

const database = withDatabase('empty');
const said: Saying[] = [];
const repos = new Map<string, { repo: Repo; upstream: StandinRepository }>();
let dir: string;
let github: GithubStandin;
let onedev: OnedevStandin;
let environment: Record<string, string>;
let db: Database;
let starkeep: Installation | null = null;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'secrets-'));
  await chmod(dir, 0o755);
  github = await createGithubStandin({ token: WEB_TOKEN });
  onedev = await createOnedevStandin({ dataDir: join(dir, 'onedev'), token: secret('ONEDEV_TOKEN') });
  secrets['GITHUB_APP_PRIVATE_KEY'] = github.app.privateKey;
  for (const name of ['well', 'rest-echo', 'git-echo', 'onedev-echo', 'push-echo', 'foreign']) await star(name);
  environment = {
    ...given('PATH', 'HOME', 'TMPDIR'),
    GITHUB_TOKEN: WEB_TOKEN,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_URL: github.url,
    GITHUB_APP_ID: github.app.appId,
    GITHUB_APP_PRIVATE_KEY: github.app.privateKey,
    GITHUB_WEBHOOK_SECRET: secret('GITHUB_WEBHOOK_SECRET'),
    GITHUB_WEBHOOK_SECRET_PREVIOUS: secret('GITHUB_WEBHOOK_SECRET_PREVIOUS'),
    ONEDEV_URL: onedev.url,
    ONEDEV_TOKEN: secret('ONEDEV_TOKEN'),
    DATABASE_URL: await databaseUrl(),
    TEMPORAL_CLI: inject('temporalCli'),
    TEMPORAL_API_KEY: secret('TEMPORAL_API_KEY'),
    // The embedded server is on this machine and has none.
    TEMPORAL_TLS: 'false',
    STARKEEP_ADMIN_KEY: secret('STARKEEP_ADMIN_KEY'),
    STARKEEP_DATA_DIR: join(dir, 'starkeep'),
    STARKEEP_PORT: String(await quietPort()),
    STARKEEP_LOG_LEVEL: 'trace',
    STARKEEP_LOG_FILE: join(dir, 'starkeep', 'starkeep.log'),
  };
  db = createDatabase({ url: environment['DATABASE_URL'] ?? '', maxConnections: 2 });
});

afterAll(async () => {
  await starkeep?.stop();
  await db?.close();
  await Promise.all([github?.close(), onedev?.close()]);
  await rm(dir, { recursive: true, force: true });
});

function given(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** The file's database, for a user of its own. */
async function databaseUrl(): Promise<string> {
  const url = new URL(database.url);
  const role = `secrets_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(DATABASE_PASSWORD)}`);
  await admin.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${role}`);
  await admin.end();
  return withLogin(url, role, DATABASE_PASSWORD);
}

function withLogin(url: URL, user: string, password: string): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${url.host}${url.pathname}`;
}

async function star(name: string): Promise<void> {
  const repo = await createRepo(join(dir, 'upstream', `${name}.git`), { commits: 3, tags: 1, seed: name });
  const upstream = github.addRepository({ fullName: `acme/${name}`, gitDir: repo.dir });
  github.star(upstream);
  repos.set(name, { repo, upstream });
}

const upstreamOf = (name: string) => {
  const found = repos.get(name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};

async function up(changes: Record<string, string>): Promise<void> {
  environment = { ...environment, ...changes };
  starkeep = await startUp({
    config: loadConfig(environment, 'up'),
    environment,
    say: (content) => said.push({ where: 'what `up` says', content }),
    onLogLine: (content) => said.push({ where: 'the log', content }),
  });
}

const apiUrl = () => starkeep?.apiUrl ?? '';

/** Somebody pushed, and GitHub tells. */
async function push(name: string): Promise<void> {
  const { repo, upstream } = upstreamOf(name);
  const after = await commit(repo, { branch: 'main', message: 'more' });
  const payload = github.payloads.push(upstream, { ref: 'refs/heads/main', after });
  const answer = await github.deliver(`${apiUrl()}/webhooks/github`, 'push', payload, {
    secret: secret('GITHUB_WEBHOOK_SECRET'),
  });
  said.push({ where: 'the answer to a webhook', content: answer.text });
  expect(answer.status).toBe(202);
}

async function rowOf(name: string) {
  const [row] = await db.query<{ status: string; kind: string | null; message: string | null }>(
    `select status, last_error_kind as kind, last_error_message as message from mirrors where full_name = $1`,
    [`acme/${name}`],
  );
  return row ?? { status: 'unknown', kind: null, message: null };
}

/** Waits for a failure of this kind, whose message is masked: otherwise nothing was thrown back, and nothing was tested. */
async function failed(name: string, kind: string): Promise<void> {
  await becomes(name, (row) => row.kind === kind);
  if (kind !== 'SourceForeignUrl') expect((await rowOf(name)).message).toContain('[redacted]');
}

const completed = (name: string) => becomes(name, ({ status }) => status === 'completed');

async function becomes(name: string, holds: (row: Awaited<ReturnType<typeof rowOf>>) => boolean): Promise<void> {
  try {
    await eventually(async () => holds(await rowOf(name)), PATIENCE_MS);
  } catch (cause) {
    throw new Error(`acme/${name} stays ${JSON.stringify(await rowOf(name))}`, { cause });
  }
}

async function ask(path: string, init: RequestInit = {}): Promise<void> {
  const answer = await fetch(`${apiUrl()}${path}`, init);
  const headers = JSON.stringify([...answer.headers]);
  said.push({ where: `the answer of ${path}`, content: `${headers}\n${await answer.text()}` });
}

/** Everything the api can be asked, also what it refuses. */
async function askEverything(): Promise<void> {
  const id = `github-${upstreamOf('git-echo').upstream.id}`;
  const authorization = `Bearer ${secret('STARKEEP_ADMIN_KEY')}`;
  const json = { 'content-type': 'application/json' };
  const lists = [
    'mirrors',
    `mirrors/${id}`,
    `mirrors/${id}/syncs`,
    'deliveries',
    'deletions',
    'audit',
    'stats',
    'nothing',
  ];
  for (const path of lists) await ask(`/api/v1/${path}`, { headers: { authorization } });
  for (const path of ['/', '/health', '/livez', '/readyz', '/metrics', '/api/v1/openapi.json', '/nothing'])
    await ask(path);
  await ask('/api/v1/mirrors', { headers: { authorization: `${authorization}x` } });

  github.answerNext(/GET \/api\/v3\/repos\/acme\/unknown/, { status: 500, body: echo(WEB_TOKEN) });
  const body = JSON.stringify({ fullName: 'acme/unknown' });
  await ask('/api/v1/mirrors', { method: 'POST', headers: { authorization, ...json }, body });
  await ask('/api/v1/mirrors', { method: 'POST', headers: { authorization, ...json }, body: `{"fullName":` });

  const wrong = {
    'x-github-event': 'push',
    'x-github-delivery': 'wrong',
    'x-hub-signature-256': secret('GITHUB_WEBHOOK_SECRET'),
  };
  for (const type of ['application/json', 'text/plain']) {
    await ask('/webhooks/github', { method: 'POST', headers: { ...wrong, 'content-type': type }, body: '{"a":' });
  }
}

async function command(...args: string[]): Promise<void> {
  await commandWith(environment, ...args);
}

async function commandWith(settings: Record<string, string>, ...args: string[]): Promise<void> {
  const { stdout, stderr } = await run(args, settings);
  said.push({ where: `starkeep ${args.join(' ')}`, content: `${stdout}\n${stderr}` });
}

/** GitHub throws the token back, as often as anybody asks in this test. */
function always(pattern: RegExp, status: number): void {
  const headers = { 'content-type': status === 401 ? 'application/json' : 'text/plain' };
  for (let asked = 0; asked < 50; asked += 1) github.answerNext(pattern, { status, headers, body: echo(WEB_TOKEN) });
}

const look = () => void said.push(...commandLines());

describe('marked secrets in every setting', { timeout: 480_000 }, () => {
  it('are nowhere after failures of every kind: streams, clones, REST, webhooks, commands', async () => {
    // Streams, and payloads that everybody can read.
    const atOnedev = echo(secret('ONEDEV_TOKEN'));
    always(/acme\/git-echo\.git\//, 403);
    onedev.failNext({ match: /onedev-echo/, times: 1_000, status: 500, body: atOnedev });
    onedev.failNext({ match: /push-echo.*git-receive-pack/, times: 1_000, status: 403, body: atOnedev });
    await up({ STARKEEP_TRANSFER: 'stream' });
    look();
    await completed('well');
    await completed('rest-echo');
    const { id } = upstreamOf('rest-echo').upstream;
    always(new RegExp(`/repositories/${id}|/repos/acme/rest-echo`), 401);
    await push('rest-echo');
    await failed('rest-echo', 'SourceUnauthorized');
    await failed('git-echo', 'SourceForbidden');
    await failed('onedev-echo', 'TargetError');
    await failed('push-echo', 'TargetForbidden');
    await push('well');
    await completed('foreign');
    github.switches.cloneHost = `http://x:${encodeURIComponent(WEB_TOKEN)}@127.0.0.1:1`;
    await push('foreign');
    await failed('foreign', 'SourceForeignUrl');
    github.switches.cloneHost = null;
    await askEverything();
    await Promise.all([command('list'), command('show', 'acme/git-echo'), command('config')]);
    await starkeep?.stop();

    // Clones, and payloads that nobody can read.
    always(/acme\/cloned-git-echo\.git\//, 403);
    for (const name of ['cloned-git-echo', 'second-push-echo']) await star(name);
    await star('cloned');
    // While GitHub and OneDev have not answered yet, git is waiting for them.
    // Listing the refs asks once, and fetching twice.
    for (let asked = 0; asked < 3; asked += 1) github.beforeNext(/acme\/cloned\.git\/git-upload-pack/, look);
    onedev.failNext({ match: /cloned.*git-receive-pack/, times: 10, before: look });
    await up({ STARKEEP_TRANSFER: 'clone', STARKEEP_PAYLOAD_KEYS: `main:${PAYLOAD_KEY}` });
    await completed('cloned');
    await failed('cloned-git-echo', 'SourceForbidden');
    await failed('second-push-echo', 'TargetForbidden');
    await askEverything();

    const [host, wrong] = [new URL(database.url), secret('the wrong password of DATABASE_URL')];
    const nowhere = new URL('postgres://127.0.0.1:1/starkeep');
    await Promise.all([
      commandWith({ ...environment, DATABASE_URL: withLogin(host, 'starkeep', wrong) }, 'migrate'),
      commandWith({ ...environment, DATABASE_URL: withLogin(nowhere, 'starkeep', wrong) }, 'migrate'),
      commandWith(
        { ...environment, DATABASE_URL: withLogin(host, 'starkeep', wrong).replace('postgres', 'mysql') },
        'migrate',
      ),
    ]);

    const { temporalAddress: address = '' } = starkeep ?? {};
    const payloadKeys = parsePayloadKeys(`main:${PAYLOAD_KEY}`);
    const temporal = openTemporal({ environment: {}, address, namespace: 'default' });
    const runs = await runsOf(temporal, createPayloadCodec(payloadKeys));
    await temporal.close();
    const tables = await tablesOf(db);
    const running = await filesBelow(join(dir, 'starkeep'));
    await starkeep?.stop();
    const stopped = await filesBelow(join(dir, 'starkeep'));

    const needles = needlesOf(secrets);
    expect(finds(needles, [...said, ...tables, ...runs, ...running, ...stopped])).toEqual([]);

    // That it was looked where there was something to find.
    const says = (sayings: Saying[], pattern: RegExp) =>
      sayings.some(({ content }) => pattern.test(content.toString()));
    const commands = said.filter(({ where }) => where === 'a command line');
    expect(says(commands, /git fetch .*\/acme\/cloned\.git/)).toBe(true);
    expect(says(commands, /git push .*\/acme\/cloned/)).toBe(true);
    for (const sayings of [said, tables, runs, stopped]) expect(says(sayings, /\[redacted\]/)).toBe(true);
    expect(says(runs, /"YmluYXJ5L2VuY3J5cHRlZA=="/)).toBe(true);
    expect(finds(needles, [{ where: 'an echo', content: echo(WEB_TOKEN) }])).toEqual(['GITHUB_TOKEN in an echo']);
    expect(new Set(needles.map(({ of }) => of))).toEqual(new Set(Object.keys(secrets)));
  });
});
