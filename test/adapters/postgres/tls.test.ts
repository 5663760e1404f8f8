import { chmod, chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../src/adapters/postgres/database.ts';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';
import { Failure } from '../../../src/domain/failures.ts';
import { startPostgres, type PostgresServer } from '../../../src/local/embedded-postgres.ts';
import { run } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { createCa, type PrivateCa } from '../../support/tls.ts';

const USER = 'over_tls';
const PASSWORD = 'a-password-over-tls';

let dir: string;
let server: PostgresServer;
let ca: PrivateCa;
let other: PrivateCa;

/** A server that lets `over_tls` in by TLS and not without. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pg-tls-'));
  await chmod(dir, 0o755);
  const silent = () => undefined;
  [server, ca, other] = await Promise.all([
    startPostgres({ dataDir: dir, port: 0, settings: { fsync: 'off' }, say: silent, onExit: silent }),
    createCa(dir, 'ours'),
    createCa(dir, 'other'),
  ]);
  const data = join(dir, 'postgres/data');
  const { certFile, keyFile } = await ca.issue('DNS:localhost');
  const { uid, gid } = await stat(data);
  for (const [from, to] of [
    [certFile, 'server.crt'],
    [keyFile, 'server.key'],
  ] as const) {
    await copyFile(from, join(data, to));
    await chmod(join(data, to), 0o600);
    await chown(join(data, to), uid, gid);
  }
  const rules = [`hostssl all ${USER} all scram-sha-256`, `host all starkeep 127.0.0.1/32 scram-sha-256`];
  await writeFile(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`);
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'`);
  await admin.query(`CREATE DATABASE ${USER} OWNER ${USER}`);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  // The server takes new settings over between two connections.
  await eventually(async () => (await admin.query('SHOW ssl')).rows[0]?.ssl === 'on');
  await admin.end();
});

afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

function urlOf(host: string, parameters: Record<string, string>): string {
  const url = new URL(server.url);
  Object.assign(url, { hostname: host, username: USER, password: PASSWORD, pathname: `/${USER}` });
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** As a person writes it who does it right. */
const verified = () => ({ sslmode: 'verify-full', sslrootcert: ca.file });

async function failureOf(url: string): Promise<Failure> {
  const db = createDatabase({ url, maxConnections: 1 });
  try {
    const error = await db.query('select 1').catch((reason: unknown) => reason);
    if (!(error instanceof Failure)) throw new Error(`expected a Failure, got ${JSON.stringify(error)}`);
    return error;
  } finally {
    await db.close();
  }
}

describe('Postgres over TLS', () => {
  it('is reached with sslmode=verify-full and its CA, by the migrations and by the pool', async () => {
    const url = urlOf('localhost', verified());

    await migrate(url);
    const db = createDatabase({ url, maxConnections: 1 });
    const rows = await db.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    await db.close();

    expect(rows).toEqual([{ ssl: true }]);
  });

  it.each([
    ['without its CA', 'localhost', () => ({ sslmode: 'verify-full' }), /not trusted.*sslrootcert=FILE/],
    [
      'with another CA',
      'localhost',
      () => ({ ...verified(), sslrootcert: other.file }),
      /not trusted.*sslrootcert=FILE/,
    ],
    ['by a name it has no certificate for', '127.0.0.1', verified, /altnames.*use the host name/],
    ['without TLS', 'localhost', () => ({}), /no encryption.*add \?sslmode=verify-full/],
  ])('is not entered %s, and the failure says what to do', async (_, host, parameters, words) => {
    const failure = await failureOf(urlOf(host, parameters()));

    expect(failure.kind).toBe('DatabaseUnavailable');
    expect(failure.message).toMatch(words);
    expect(failure.message).not.toContain(PASSWORD);
  });

  it('says the same at the command line, without the password', async () => {
    const { code, stderr } = await run(['migrate'], { DATABASE_URL: urlOf('localhost', { sslmode: 'verify-full' }) });

    expect(code).toBe(5);
    expect(stderr).toMatch(/^DatabaseUnavailable: .*not trusted/);
    expect(stderr).not.toContain(PASSWORD);
  });
});
