import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer, type StartPostgresOptions } from '../../src/local/embedded-postgres.ts';
import { accepts } from '../../src/free-port.ts';
import { processCommand, processIdentity } from '../../src/local/process-identity.ts';
import { anotherStarkeep } from '../support/another-starkeep.ts';
import { eventually } from '../support/eventually.ts';
import { quietPort } from '../support/quiet-port.ts';

let dataDir: string;
let exits: string[];
const servers: PostgresServer[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postgres-'));
  await chmod(dataDir, 0o755);
  exits = [];
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(more: Partial<StartPostgresOptions> = {}): Promise<PostgresServer> {
  const onExit = (sentence: string) => void exits.push(sentence);
  const server = await startPostgres({ dataDir, port: 0, say: () => undefined, onExit, ...more });
  servers.push(server);
  return server;
}

async function sql(server: { url?: string }, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function killed(server: PostgresServer): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await eventually(() => exits.length > 0);
}

const inHome = (name: string) => join(dataDir, 'postgres', name);
const portOf = (server: { url?: string }) => Number(new URL(server.url ?? '').port);

describe('the embedded Postgres', () => {
  it('has the database starkeep, in UTF-8, with the same order of text everywhere', async () => {
    const server = await start();

    const [row] = await sql(
      server,
      `SELECT current_database() AS name, pg_encoding_to_char(encoding) AS encoding, datlocale AS locale
       FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({ name: 'starkeep', encoding: 'UTF8', locale: 'C.UTF-8' });
  });

  it('asks for a password that only its owner can read, and that no command line shows', async () => {
    const server = await start();
    const { password } = new URL(server.url);

    const withoutIt = sql({ url: server.url.replace(password, 'guess') }, 'SELECT 1');
    await expect(withoutIt).rejects.toThrow(/password authentication failed/);
    expect((await readFile(inHome('password'), 'utf8')).trim()).toBe(password);
    expect((await stat(inHome('password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
    expect(password.length).toBeGreaterThanOrEqual(32);
    expect(await processCommand(server.pid)).not.toContain(password);
    expect(await readFile(inHome('server.log'), 'utf8')).not.toContain(password);
  });

  it('listens on 127.0.0.1 and nowhere else', async () => {
    const server = await start();

    const [row] = await sql(
      server,
      `SELECT string_agg(setting, '|' ORDER BY name) AS places FROM pg_settings
       WHERE name IN ('listen_addresses', 'unix_socket_directories')`,
    );
    expect(row).toEqual({ places: '127.0.0.1|' });
    const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address, internal, family } of others) {
      if (internal || family !== 'IPv4') continue;
      await expect(sql({ url: server.url.replace('127.0.0.1', address) }, 'SELECT 1')).rejects.toThrow();
    }
  });

  it('is gone after stop(), which may be repeated and does not wait for open connections', async () => {
    const server = await start();
    const client = new pg.Client({ connectionString: server.url });
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();

    await Promise.all([server.stop(), server.stop()]);

    await cut;
    expect(await processIdentity(server.pid)).toBeNull();
    expect(await accepts(portOf(server))).toBe(false);
    expect(exits).toEqual([]);
  });

  it('keeps data and password from one start to the next', async () => {
    const first = await start();
    await sql(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();

    const second = await start();

    expect(await sql(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  it('tells when it is killed, and has everything that was committed at the next start', async () => {
    const first = await start();
    await sql(first, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');

    await killed(first);
    const second = await start();

    expect(exits).toEqual([
      expect.stringMatching(/^Postgres ended by itself \(SIGKILL\); its log is .*server\.log\.$/),
    ]);
    expect(await sql(second, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  it('starts after a crash although another process of the same account has the old pid by now', async () => {
    await killed(await start());
    const { uid, gid } = await stat(inHome('data'));
    const innocent = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
    await once(innocent, 'spawn');
    const lock = await readFile(inHome('data/postmaster.pid'), 'utf8');
    await writeFile(inHome('data/postmaster.pid'), lock.replace(/^\d+/, String(innocent.pid)));

    const second = await start();

    expect(await sql(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(innocent.exitCode).toBeNull();
    const gone = once(innocent, 'exit');
    innocent.kill();
    await gone;
  });

  it('begins again when making the cluster was interrupted', async () => {
    await (await start()).stop();
    await rm(inHome('data'), { recursive: true });
    await mkdir(inHome('data.new/base'), { recursive: true });

    const server = await start();

    expect(await sql(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await readdir(join(dataDir, 'postgres'))).not.toContain('data.new');
  });

  it('takes another port when somebody listens on the preferred one', async () => {
    const port = await quietPort();
    const somebody = createServer().listen(port, '127.0.0.1');

    const server = await start({ port });

    expect(portOf(server)).not.toBe(port);
    expect(await sql(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    somebody.close();
  });

  it('that has to be where it was says who is in its way', async () => {
    const port = await quietPort();
    const somebody = createServer().listen(port, '127.0.0.1');

    await expect(start({ port, mustBeThere: true })).rejects.toThrow(`port ${port}, where it was before, is taken`);

    somebody.close();
  });

  it('is not started twice on one data folder', async () => {
    const first = await start();

    await expect(start()).rejects.toThrow(/Postgres in this data folder belongs to another Starkeep/);

    expect(await sql(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('leaves a Postgres alone that somebody else runs on its files', async () => {
    const first = await start();
    await rm(inHome('claim'), { recursive: true });

    const second = start();

    await expect(second).rejects.toThrow(new RegExp(`did not start runs on .* \\(process ${first.pid}\\)`));
    await expect(second).rejects.toMatchObject({ kind: 'DataFolderInUse' });
    expect(await sql(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses files of another major version, and leaves them as they are', async () => {
    await (await start()).stop();
    await writeFile(inHome('data/PG_VERSION'), '15\n');

    await expect(start()).rejects.toThrow(/was made by Postgres 15, and this Starkeep brings Postgres 18/);

    expect(await readdir(inHome('data'))).toContain('global');
  });
});

describe('the Postgres of another Starkeep', () => {
  it('outlives Ctrl-C in the terminal, and ends when its Starkeep is killed', async () => {
    const other = await anotherStarkeep('postgres', dataDir);
    await sql(other.server, 'CREATE TABLE kept AS SELECT 7 AS n');

    process.kill(-(other.process.pid ?? 0), 'SIGINT');
    expect(await sql(other.server, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await other.kill();

    await eventually(async () => (await processIdentity(other.server.pid)) === null);
    expect(await sql(await start(), 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });
});
