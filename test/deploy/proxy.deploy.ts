import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accepts } from '../../src/free-port.ts';
import { createSender, SECRET, signed } from '../api/receiver.ts';
import { eventually } from '../support/eventually.ts';
import { withDatabase } from '../support/postgres.ts';
import { devServerEnvironment } from '../support/temporal.ts';
import { createCa, type Issued, type PrivateCa } from '../support/tls.ts';
import { quietPort } from '../support/quiet-port.ts';

/**
 * deploy/proxy in front of a real api, each file as it is but for the name, the ports and the certificate, which are the test's: the programs `nginx`
 * and `caddy` are Debian's. Client addresses are told apart by where on the loopback network a connection comes from.
 */

const MB = 1024 * 1024;
const KEY = 'a-key-of-the-proxy-test';
const PROXIES = resolve(import.meta.dirname, '../../deploy/proxy');

/** Who may deliver; the proxy itself is at 127.0.0.1. */
const GITHUB = '127.0.0.9';

const run = promisify(execFile);
const database = withDatabase();
const temporal = devServerEnvironment();

interface Ports {
  http: number;
  https: number;
  api: number;
}

interface Proxy {
  name: string;
  /** Writes its files into `dir`. @returns the command that runs it in the foreground */
  prepare(dir: string, ports: Ports, certificate: Issued): Promise<string[]>;
}

const nginx: Proxy = {
  name: 'nginx',
  async prepare(dir, { http, https, api }, { certFile, keyFile }) {
    const file = join(dir, 'nginx.conf');
    const changed = changedText(await readFile(join(PROXIES, 'nginx.conf'), 'utf8'), [
      ['starkeep.example.org', 'localhost'],
      ['127.0.0.1:8000', `127.0.0.1:${api}`],
      ['listen 80;', `listen 127.0.0.1:${http};`],
      ['listen 443 ssl', `listen 127.0.0.1:${https} ssl`],
      ['https://$host$', `https://$host:${https}$`],
      ['/etc/nginx/tls/fullchain.pem', certFile],
      ['/etc/nginx/tls/privkey.pem', keyFile],
      ['/run/nginx.pid', join(dir, 'nginx.pid')],
      ['/var/log/nginx/error.log', join(dir, 'error.log')],
      ['/var/log/nginx/access.log', join(dir, 'access.log')],
    ]);
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = folders.map((name) => `    ${name}_temp_path ${join(dir, name)};\n`).join('');
    // As root its workers are another account, which has to reach the folder.
    const user = process.getuid?.() === 0 ? 'user root;\n' : '';
    await writeFile(file, `${user}daemon off;\n${changed.replace('http {\n', `http {\n${paths}`)}`);
    const command = ['nginx', '-c', file, '-e', join(dir, 'error.log')];
    await run(command[0] as string, [...command.slice(1), '-t']);
    return command;
  },
};

const caddy: Proxy = {
  name: 'Caddy',
  async prepare(dir, { http, https, api }, { certFile, keyFile }) {
    const file = join(dir, 'Caddyfile');
    const changed = changedText(await readFile(join(PROXIES, 'Caddyfile'), 'utf8'), [
      ['starkeep.example.org {', `localhost {\n\tbind 127.0.0.1\n\ttls ${certFile} ${keyFile}`],
      ['127.0.0.1:8000', `127.0.0.1:${api}`],
    ]);
    const options = ['admin off', `http_port ${http}`, `https_port ${https}`];
    await writeFile(file, `{\n${options.map((line) => `\t${line}\n`).join('')}}\n${changed}`);
    await run('caddy', ['validate', '--config', file], { env: homeIn(dir) });
    return ['caddy', 'run', '--config', file];
  },
};

let ca: PrivateCa;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'proxy-'));
  ca = await createCa(dir, 'proxy-ca');
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each([nginx, caddy])('$name in front of the api', ({ name, prepare }) => {
  let ports: Ports;
  let processes: ChildProcess[] = [];

  beforeAll(async () => {
    const own = join(dir, name);
    await mkdir(own);
    ports = { http: await quietPort(), https: await quietPort(), api: await quietPort() };
    const [program = '', ...rest] = await prepare(own, ports, await ca.issue('DNS:localhost'));
    const starkeep = resolve(import.meta.dirname, '../../bin/starkeep.js');
    processes = [
      spawn(process.execPath, [starkeep, 'api'], { env: settings(own, ports.api), stdio: 'ignore' }),
      spawn(program, rest, { env: homeIn(own), stdio: 'ignore' }),
    ];
    await eventually(async () => (await accepts(ports.api)) && (await accepts(ports.https)), 90_000);
  });

  afterAll(async () => {
    await Promise.all(processes.map(stopped));
  });

  const ask = (path: string, options: RequestOptions = {}, body?: Uint8Array) =>
    answerOf({ path, port: ports.https, ...options }, ca.pem, body);

  it('sends plain HTTP to HTTPS, and keeps browsers there', async () => {
    const [redirect] = (await once(
      plainRequest({ host: '127.0.0.1', port: ports.http, path: '/mirrors?q=1', headers: { host: 'localhost' } }).end(),
      'response',
    )) as [IncomingMessage];
    redirect.resume();
    const page = await ask('/');

    expect(redirect.statusCode).toBe(308);
    // Caddy does not think of a port of its own there, and 443 needs none.
    expect(redirect.headers.location?.replace(`:${ports.https}`, '')).toBe('https://localhost/mirrors?q=1');
    expect(page.status).toBe(200);
    expect(page.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('hands on a delivery of 25 MiB byte for byte, so that its signature holds, and leaves the word on a larger one to the api', async () => {
    const whole = delivery(25 * MB);
    const larger = delivery(25 * MB + 1);

    const taken = await post(whole);
    let refused: Answer | undefined;
    // Whoever is still sending when the answer comes may find the connection reset before they have read it.
    await eventually(async () => (refused = await post(larger).catch(() => undefined)) !== undefined);

    expect(taken).toMatchObject({ status: 202 });
    expect(refused?.status).toBe(413);
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({ title: 'Too large' });
  });

  it('lets no client choose its address', async () => {
    const small = delivery(4096);

    const byGithub = await post(small);
    const byAnother = await post(delivery(4096), { localAddress: '127.0.0.8' });
    const byLiar = await post(delivery(4096), { localAddress: '127.0.0.8' }, { 'x-forwarded-for': GITHUB });

    expect([byGithub.status, byAnother.status, byLiar.status]).toEqual([202, 403, 403]);
  });

  it('passes on what changes while the stream is still open', async () => {
    const stream = request({
      ...tls(),
      path: '/api/v1/events',
      headers: { host: 'localhost', authorization: `Bearer ${KEY}` },
    }).end();
    const [answer] = (await once(stream, 'response')) as [IncomingMessage];
    let seen = '';
    answer.on('data', (piece) => (seen += String(piece)));
    const closed = new Promise((resolve) => answer.once('close', resolve));

    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/event-stream');
    await eventually(() => seen !== '');
    await post(delivery(4096));
    await eventually(() => seen.includes('event: delivery'));
    expect(answer.complete).toBe(false);

    stream.destroy();
    await closed;
  });

  it('shows the world neither metrics nor health', async () => {
    const paths = ['/metrics', '/health', '/readyz', '/livez'];

    const answers = await Promise.all(paths.map((path) => ask(path)));

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  const tls = () => ({
    host: '127.0.0.1',
    port: ports.https,
    servername: 'localhost',
    ca: ca.pem,
    agent: false as const,
  });

  function post(
    { body, headers }: ReturnType<typeof signed>,
    options: RequestOptions = {},
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const length = String(body.byteLength);
    return ask(
      '/webhooks/github',
      {
        method: 'POST',
        localAddress: GITHUB,
        ...options,
        headers: { ...headers, ...more, 'content-length': length },
      },
      body,
    );
  }
});

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

async function answerOf(options: RequestOptions, ca: string, body?: Uint8Array): Promise<Answer> {
  const host = { host: '127.0.0.1', servername: 'localhost', ca, agent: false as const };
  const headers = { host: 'localhost', ...options.headers };
  const sent = request({ ...host, ...options, headers });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  // What was not sent any more is of no account: there is an answer.
  sent.on('error', () => undefined);
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

/** A push, signed, whose body is exactly so long. */
function delivery(bytes: number): ReturnType<typeof signed> {
  const { model, payloads } = createSender();
  const push = payloads.push(model.add({ fullName: 'ann/kept', id: '710000042' }), { after: 'a'.repeat(40) });
  const empty = JSON.stringify({ ...push, padding: '' });
  const padding = 'x'.repeat(Math.max(0, bytes - Buffer.byteLength(empty)));
  return signed(Buffer.from(JSON.stringify({ ...push, padding })), {}, SECRET);
}

function settings(dir: string, port: number): Record<string, string> {
  return {
    ...homeIn(dir),
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
    GITHUB_WEBHOOK_SECRET: SECRET,
    STARKEEP_ADMIN_KEY: KEY,
    STARKEEP_DATA_DIR: join(dir, 'data'),
    STARKEEP_PORT: String(port),
    STARKEEP_TRUSTED_PROXIES: '127.0.0.1',
    STARKEEP_WEBHOOK_ALLOW: GITHUB,
  };
}

function homeIn(dir: string): Record<string, string> {
  return { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: dir, TMPDIR: tmpdir() };
}

/** @throws Error when one of them is not in the text: the test would try something else than what is shipped */
function changedText(original: string, changes: [string, string][]): string {
  return changes.reduce((all, [from, to]) => {
    if (!all.includes(from)) throw new Error(`"${from}" is not in it`);
    return all.replaceAll(from, to);
  }, original);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await gone;
  clearTimeout(patience);
}
