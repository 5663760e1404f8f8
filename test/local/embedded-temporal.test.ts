import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { startTemporal, type StartTemporalOptions, type TemporalServer } from '../../src/local/embedded-temporal.ts';
import { accepts } from '../../src/free-port.ts';
import { processCommand, processIdentity } from '../../src/local/process-identity.ts';
import { cliVersion } from '../../src/local/temporal-binary.ts';
import { anotherStarkeep } from '../support/another-starkeep.ts';
import { eventually } from '../support/eventually.ts';
import { quietPort } from '../support/quiet-port.ts';

let dataDir: string;
let exits: string[];
const servers: TemporalServer[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'temporal-'));
  exits = [];
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(more: Partial<StartTemporalOptions> = {}): Promise<TemporalServer> {
  const binary = inject('temporalCli');
  const onExit = (sentence: string) => void exits.push(sentence);
  const options = { binary, dataDir, port: 0, uiPort: 0, headless: true, say: () => undefined, onExit };
  const server = await startTemporal({ ...options, ...more });
  servers.push(server);
  return server;
}

async function withClient<T>(server: { address?: string }, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address ?? '' });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const begin = (server: { address?: string }, workflowId: string) =>
  withClient(server, (client) => client.workflow.start('waits', { taskQueue: 'nobody', workflowId }));

const statusOf = (server: { address?: string }, workflowId: string) =>
  withClient(server, async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name);

const portOf = (address: string) => Number(address.split(':')[1]);

describe('the embedded Temporal', () => {
  it('answers once started, with its UI, its namespace and the three settings that keep steps fast', async () => {
    const server = await start({ headless: false, namespace: 'stars' });

    const page = await fetch(server.uiUrl ?? '');
    const { namespaceInfo, config } = await withClient(server, ({ connection }) =>
      connection.workflowService.describeNamespace({ namespace: 'stars' }),
    );
    expect(page.status).toBe(200);
    expect(namespaceInfo?.name).toBe('stars');
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(7 * 86_400);
    for (const queue of ['transfer', 'timer', 'visibility']) {
      expect(await processCommand(server.pid)).toContain(`history.${queue}ProcessorMaxPollRPS=2000`);
    }
  });

  it('is gone after stop(), which may be repeated and is no exit to be told of', async () => {
    const server = await start();

    await Promise.all([server.stop(), server.stop()]);

    expect(await processIdentity(server.pid)).toBeNull();
    expect(await accepts(portOf(server.address))).toBe(false);
    expect(exits).toEqual([]);
  });

  it('tells when it is killed, and goes on with the same workflows at the next start', async () => {
    const first = await start();
    await begin(first, 'kept');

    process.kill(first.pid, 'SIGKILL');
    await eventually(() => exits.length > 0);
    const second = await start();

    expect(exits).toEqual([
      expect.stringMatching(/^Temporal ended by itself \(SIGKILL\); its log is .*server\.log\.$/),
    ]);
    expect(await statusOf(second, 'kept')).toBe('RUNNING');
  });

  it('keeps its state in a file named after the version of the CLI, and leaves those of other versions alone', async () => {
    const said: string[] = [];
    await mkdir(join(dataDir, 'temporal'));
    await writeFile(join(dataDir, 'temporal', 'temporal-1.3.0.db'), 'of an earlier version');

    await start({ say: (line) => void said.push(line) });

    const version = await cliVersion(inject('temporalCli'));
    expect(await readdir(join(dataDir, 'temporal'))).toContain(`temporal-${version}.db`);
    expect(await readFile(join(dataDir, 'temporal', 'temporal-1.3.0.db'), 'utf8')).toBe('of an earlier version');
    expect(said).toEqual([expect.stringContaining('temporal-1.3.0.db is of another version of the CLI')]);
  });

  it('keeps nothing when asked to', async () => {
    await start({ inMemory: true });

    expect((await readdir(join(dataDir, 'temporal'))).filter((name) => name.includes('.db'))).toEqual([]);
  });

  it('takes other ports when somebody listens on the preferred ones', async () => {
    const [port, uiPort] = [await quietPort(), await quietPort()];
    const somebody = [port, uiPort].map((taken) => createServer().listen(taken, '127.0.0.1'));

    const server = await start({ port, uiPort, headless: false });

    expect(portOf(server.address)).not.toBe(port);
    expect(server.uiUrl).not.toContain(`:${uiPort}`);
    expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
    for (const listener of somebody) listener.close();
  });

  it('takes the preferred port when it is free', async () => {
    const port = await quietPort();

    expect((await start({ port })).address).toBe(`127.0.0.1:${port}`);
  });

  it('that has to be where it was says who is in its way', async () => {
    const port = await quietPort();
    const somebody = createServer().listen(port, '127.0.0.1');

    await expect(start({ port, mustBeThere: true })).rejects.toThrow(`port ${port}, where it was before, is taken`);

    somebody.close();
  });

  it('is not started twice on one data folder', async () => {
    const first = await start();

    await expect(start()).rejects.toThrow(/Temporal in this data folder belongs to another Starkeep/);

    await begin(first, 'still works');
  });

  it('of a program that ends at once is an error with its last words', async () => {
    const failure = start({ binary: '/bin/false', inMemory: true });

    await expect(failure).rejects.toThrow(/Temporal ended by itself \(exit code 1\)/);
    await expect(failure).rejects.toMatchObject({ kind: 'TemporalUnavailable' });
  });

  it('of a file that is no program is an error', async () => {
    await expect(start({ binary: join(dataDir, 'nothing'), inMemory: true })).rejects.toThrow(/nothing.*not found/);
  });
});

describe('the Temporal of another Starkeep', () => {
  it('outlives Ctrl-C in the terminal, and ends when its Starkeep is killed', async () => {
    const other = await anotherStarkeep('temporal', dataDir, inject('temporalCli'));
    const { pid, address = '' } = other.server;
    await begin(other.server, 'from before');

    process.kill(-(other.process.pid ?? 0), 'SIGINT');
    expect(await statusOf(other.server, 'from before')).toBe('RUNNING');
    await other.kill();

    await eventually(async () => (await processIdentity(pid)) === null);
    expect(await accepts(portOf(address))).toBe(false);
    expect(await statusOf(await start(), 'from before')).toBe('RUNNING');
  });

  it('is stopped by the next start, when that comes before it has ended', async () => {
    const other = await anotherStarkeep('temporal', dataDir, inject('temporalCli'));
    await begin(other.server, 'from before');
    // Stopped, it cannot follow the watchdog's request to end; only the next start can end it.
    process.kill(other.server.pid, 'SIGSTOP');
    await other.kill();
    process.kill(other.server.pid, 'SIGCONT');

    const next = await start();

    expect(await processIdentity(other.server.pid)).toBeNull();
    expect(await statusOf(next, 'from before')).toBe('RUNNING');
  });
});
