import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { exchange, nextLink, retryAfterMs } from '../../src/adapters/http.ts';
import { Failure } from '../../src/domain/failures.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** @returns the address of a server that answers like this */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

describe('an exchange', () => {
  it('brings back status, headers and text, whatever the status', async () => {
    const url = await serve((_, response) => response.writeHead(418, { 'x-kind': 'pot' }).end('töpfchen'));

    const answer = await exchange({ url, unreachable: 'SourceUnreachable' });

    expect([answer.status, answer.headers.get('x-kind'), answer.text]).toEqual([418, 'pot', 'töpfchen']);
  });

  it('sends method, headers and body', async () => {
    const url = await serve((request, response) => {
      request.pipe(response.writeHead(200, { 'x-asked': `${request.method} ${request.headers['x-mine']}` }));
    });

    const answer = await exchange({
      url,
      method: 'POST',
      headers: { 'x-mine': 'a' },
      body: 'b',
      unreachable: 'SourceUnreachable',
    });

    expect([answer.headers.get('x-asked'), answer.text]).toEqual(['POST a', 'b']);
  });

  it('does not follow a redirect', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });

    const answer = await exchange({ url, unreachable: 'SourceUnreachable' });

    expect([answer.status, answer.headers.get('location'), asked]).toEqual([302, '/elsewhere', 1]);
  });

  it('ends at its deadline, also in the middle of a body', async () => {
    const url = await serve((_, response) => response.writeHead(200).write('the first half'));

    const failure = await failureOf(exchange({ url, timeoutMs: 100, unreachable: 'TargetUnreachable' }));

    expect(failure.kind).toBe('TargetUnreachable');
    expect(failure.message).toBe(`${url}: no complete answer within 0.1 s`);
  });

  it('does not read more than 32 MiB', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });

    const failure = await failureOf(exchange({ url, unreachable: 'SourceUnreachable' }));

    expect(failure.message).toContain('larger than 33554432 bytes');
  });

  it('says why nobody answered', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));

    const failure = await failureOf(exchange({ url: `${url}/path?secret=1`, unreachable: 'SourceUnreachable' }));

    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.message).not.toContain('secret');
  });

  it('is a failure when the connection breaks off', async () => {
    const url = await serve((request) => request.socket.destroy());

    expect((await failureOf(exchange({ url, unreachable: 'SourceUnreachable' }))).kind).toBe('SourceUnreachable');
  });

  it('ends with the reason of whoever aborts it', async () => {
    const controller = new AbortController();
    const reason = new Error('shutting down');
    const url = await serve(() => controller.abort(reason));

    const ended = exchange({ url, signal: controller.signal, unreachable: 'SourceUnreachable' });

    await expect(ended).rejects.toBe(reason);
  });
});

describe('the time to wait', () => {
  const now = Date.parse('2026-11-23T14:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Mon, 23 Nov 2026 14:01:00 GMT', 60_000],
    ['Mon, 23 Nov 2026 13:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
  ])('for Retry-After "%s" is %s ms', (value, expected) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value }), now)).toBe(expected);
  });

  it('is unknown without the header', () => {
    expect(retryAfterMs(new Headers(), now)).toBeUndefined();
  });
});

describe('the next link', () => {
  it.each([
    ['<http://a/2>; rel="next"', 'http://a/2'],
    ['<http://a/1>; rel="prev", <http://a/3>; rel="next", <http://a/9>; rel="last"', 'http://a/3'],
    ['<http://a/2?a=1,2;b>; title="x"; rel=next', 'http://a/2?a=1,2;b'],
    ['<http://a/2>; rel="last next"', 'http://a/2'],
    ['<http://a/2>; REL="NEXT"', 'http://a/2'],
    ['<http://a/2>; rel="prev"', null],
    ['<http://a/2>; rel="nextish"', null],
    ['nonsense', null],
  ])('of %s is %s', (link, expected) => {
    expect(nextLink(new Headers({ link }))).toBe(expected);
  });

  it('is none without the header', () => {
    expect(nextLink(new Headers())).toBeNull();
  });
});
