import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { createIdleWatch } from '../../../src/adapters/git/deadline.ts';
import { packetOf } from '../../../src/adapters/git/protocol-packets.ts';
import { createConnectionPool, createSmartHttp } from '../../../src/adapters/git/smart-http.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { deferred } from './clone-world.ts';
import { startGitServer } from './git-server.ts';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function connected() {
  const dir = await mkdtemp(join(tmpdir(), 'smart-http-'));
  const server = await startGitServer(dir);
  const pool = createConnectionPool();
  closing.push(async () => {
    pool.http.destroy();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });
  const http = createSmartHttp({
    side: 'target',
    remote: { url: `${server.origin}/target.git`, auth: { kind: 'none' } },
    pool,
    signal: new AbortController().signal,
    idle: createIdleWatch(60_000, () => undefined),
    redact: createRedactor([]),
  });
  return { server, http };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a body that is sent while it comes', () => {
  it('is not kept in memory, however much has gone', async () => {
    const { server, http } = await connected();
    const seen: WeakRef<Buffer>[] = [];
    const [alive, answer] = [deferred<number>(), deferred()];
    server.intercept = (request, response) => {
      request.resume().once('end', () => {
        response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' }).end(packetOf('done'));
      });
      return true;
    };
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let index = 0; index < 200; index += 1) {
        const chunk = Buffer.alloc(64 * 1024, index);
        seen.push(new WeakRef(chunk));
        yield chunk;
      }
      // What a WeakRef was asked for lives until the end of the turn.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      alive.resolve(seen.filter((chunk) => chunk.deref() !== undefined).length);
      await answer.promise;
    }

    const sent = http.send('git-receive-pack', 'pushing', { head: packetOf('head'), chunks: chunks() }, textOf);
    const kept = await alive.promise;
    answer.resolve();

    expect(kept).toBeLessThan(10);
    expect(await sent).toBe('0008done');
  });

  it('comes no faster than it is taken', async () => {
    const { server, http } = await connected();
    const [asked, taking] = [deferred(), deferred()];
    let made = 0;
    server.intercept = (request, response) => {
      asked.resolve();
      // 64 MB do not fit between the two of us.
      void taking.promise.then(() => request.resume());
      request.once('end', () => {
        response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' }).end(String(made));
      });
      return true;
    };
    async function* chunks(): AsyncGenerator<Buffer> {
      const chunk = Buffer.alloc(64 * 1024);
      for (; made < 1_000; made += 1) yield chunk;
    }

    const sent = http.send('git-receive-pack', 'pushing', { head: packetOf('head'), chunks: chunks() }, textOf);
    await asked.promise;
    await stoppedGrowing(() => made);
    const before = made;
    taking.resolve();

    expect(before).toBeLessThan(500);
    expect(await sent).toBe('1000');
  });
});

/** Waits until a number has begun to grow and has not changed for a while. */
async function stoppedGrowing(read: () => number): Promise<void> {
  for (let last = 0; last === 0 || last !== read();) {
    last = read();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
