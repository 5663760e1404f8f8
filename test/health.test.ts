import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { quietPort } from './support/quiet-port.ts';

const PROBE = resolve(import.meta.dirname, '../bin/health.js');

interface Listener {
  port: string;
  asked: string[];
}

async function listener(status: number, body = '{}'): Promise<Listener> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: String((server.address() as AddressInfo).port), asked };
}

function probe(args: string[], env: Record<string, string>): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [PROBE, ...args], { env }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), said: stdout + stderr }),
    );
  });
}

describe('the probe of a container', () => {
  it('is content with 200 of the api, also where it listens on every address', async () => {
    const api = await listener(200);

    const seen = await probe(['api'], { STARKEEP_HOST: '0.0.0.0', STARKEEP_PORT: api.port });

    expect(seen).toEqual({ code: 0, said: '200 {}\n' });
    expect(api.asked).toEqual(['/health']);
  });

  it('fails with 503, and hands on the reason', async () => {
    const api = await listener(503, '{"status":"unhealthy"}');

    const seen = await probe(['api'], { STARKEEP_PORT: api.port });

    expect(seen).toEqual({ code: 1, said: '503 {"status":"unhealthy"}\n' });
  });

  it('fails where nobody listens', async () => {
    const port = String(await quietPort());

    const seen = await probe(['api'], { STARKEEP_PORT: port });

    expect(seen).toEqual({ code: 1, said: `no answer: connect ECONNREFUSED 127.0.0.1:${port}\n` });
  });

  it('asks the worker at its own port, and is content with one that has none', async () => {
    const worker = await listener(503);

    const asked = await probe(['worker'], { STARKEEP_WORKER_PORT: worker.port, STARKEEP_PORT: '1' });
    const silent = await probe(['worker'], {});

    expect(asked.code).toBe(1);
    expect(worker.asked).toEqual(['/health']);
    expect(silent).toEqual({ code: 0, said: '' });
  });
});
