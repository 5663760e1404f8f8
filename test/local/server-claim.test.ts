import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processIdentity } from '../../src/local/process-identity.ts';
import { claimServer, type ClaimRequest } from '../../src/local/server-claim.ts';

let folder: string;
let said: string[];
const started: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claim-'));
  said = [];
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** @param stopTimeoutMs short where nothing is going to end by itself */
function request(stopTimeoutMs = 10_000): ClaimRequest {
  const say = (line: string) => void said.push(line);
  return { folder, name: 'Postgres', failure: 'DatabaseUnavailable', stopSignal: 'SIGTERM', stopTimeoutMs, say };
}

async function sleeper(script = 'exec sleep 60'): Promise<{ child: ChildProcess; pid: number; identity: string }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  return { child, pid, identity: (await processIdentity(pid)) ?? '' };
}

async function deadProcess(): Promise<{ pid: number; identity: string }> {
  const { child, pid, identity } = await sleeper();
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  return { pid, identity };
}

describe('claimServer', () => {
  it('refuses a server that a living Starkeep has, and names it', async () => {
    const { pid, identity } = await sleeper();
    await writeFile(join(folder, '7.json'), JSON.stringify({ owner: { pid, identity }, server: null }));

    const claim = claimServer(request());

    await expect(claim).rejects.toThrow(new RegExp(`another Starkeep that is running \\(process ${pid}\\)`));
    await expect(claim).rejects.toMatchObject({ kind: 'DataFolderInUse' });
  });

  it('refuses a second claim of the same process while its server runs, and allows it once that ended', async () => {
    const server = await sleeper();
    const first = await claimServer(request());
    await first.holds(server.pid);

    await expect(claimServer(request())).rejects.toThrow(/another Starkeep that is running/);

    const gone = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await gone;
    await (await claimServer(request())).release();
  });

  it('ends a server that a dead Starkeep left behind', async () => {
    const owner = await deadProcess();
    const { child, ...server } = await sleeper();
    const gone = once(child, 'exit');
    await writeFile(join(folder, '7.json'), JSON.stringify({ owner, server }));

    await claimServer(request());

    expect((await gone)[1]).toBe('SIGTERM');
    expect(said).toEqual([expect.stringContaining(`still runs (process ${server.pid})`)]);
  });

  it('kills one that does not end when asked', async () => {
    const owner = await deadProcess();
    const { child, ...server } = await sleeper('trap "" TERM; echo deaf; while :; do sleep 0.05; done');
    await once(child.stdout ?? child, 'data');
    const gone = once(child, 'exit');
    await writeFile(join(folder, '7.json'), JSON.stringify({ owner, server }));

    await claimServer(request(500));

    expect((await gone)[1]).toBe('SIGKILL');
  });

  it('leaves a process alone that only has the pid of the old server', async () => {
    const owner = await deadProcess();
    const innocent = await sleeper();
    await writeFile(
      join(folder, '7.json'),
      JSON.stringify({ owner, server: { pid: innocent.pid, identity: 'some earlier process' } }),
    );

    await claimServer(request());

    expect(await processIdentity(innocent.pid)).toBe(innocent.identity);
    expect(said).toEqual([]);
  });

  it('is taken over by exactly one of several starts at the same moment', async () => {
    await writeFile(join(folder, '7.json'), JSON.stringify({ owner: await deadProcess(), server: null }));

    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => claimServer(request())));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it.each(['', '{"owner":{"pi', 'null', '[]'])('begins anew after a record cut short by a crash: %j', async (text) => {
    await writeFile(join(folder, '7.json'), text);

    await claimServer(request());

    expect(await readdir(folder)).toEqual(['8.json']);
    const claim: unknown = JSON.parse(await readFile(join(folder, '8.json'), 'utf8'));
    expect(claim).toMatchObject({ owner: { pid: process.pid }, server: null });
  });

  it('may be claimed again once released, by one of several', async () => {
    await (await claimServer(request())).release();

    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => claimServer(request())));

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['2.json']);
  });
});
