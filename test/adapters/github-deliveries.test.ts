import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createGithubDeliveries } from '../../src/adapters/github-deliveries.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { SourceDeliveries, SourceDelivery } from '../../src/domain/ports.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { eventually } from '../support/eventually.ts';

let standin: GithubStandin;
let deliveries: SourceDeliveries;

beforeEach(async () => {
  standin = await createGithubStandin();
  deliveries = connect();
});

afterEach(async () => {
  await standin.close();
});

const NOWHERE = 'http://127.0.0.1:9/webhooks/github';

function connect(privateKey = standin.app.privateKey): SourceDeliveries {
  const app = { appId: standin.app.appId, privateKey };
  return createGithubDeliveries({ apiUrl: standin.apiUrl, app, userAgent: 'starkeep-test' });
}

/** What a call fails with; a call that succeeds fails the test. */
async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => new Error('succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw error;
  return error;
}

/** Answers every delivery with `status`. @returns its address and the guids that came */
async function receiver(status: number): Promise<{ url: string; guids: string[] }> {
  const guids: string[] = [];
  const server = createServer((request, response) => {
    guids.push(String(request.headers['x-github-delivery']));
    request.resume();
    response.writeHead(status).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, guids };
}

function miss(guid: string): void {
  standin.missDelivery(NOWHERE, 'star', {}, { secret: 's', guid });
}

describe('the list of deliveries', () => {
  it('has what was sent, newest first, with every digit of the ids', async () => {
    const { url } = await receiver(500);
    const repository = standin.addRepository({ fullName: 'ann/x', id: '3804004623172239366' });
    await standin.deliver(url, 'star', standin.payloads.star(repository, 'created'), { secret: 's', guid: 'g-1' });
    miss('g-2');

    const page = await deliveries.page(null);

    expect(page).toEqual({
      next: null,
      deliveries: [
        {
          id: '3804004623172239367',
          guid: 'g-2',
          deliveredAt: expect.any(String) as string,
          status: 'failed to connect to host',
          statusCode: 0,
          event: 'star',
          redelivery: false,
        },
        expect.objectContaining({ id: '3804004623172239366', guid: 'g-1', status: 'Invalid HTTP Response: 500' }),
      ],
    });
  });

  it('calls OK what was answered with 2xx', async () => {
    const { url } = await receiver(202);
    await standin.deliver(url, 'ping', {}, { secret: 's' });

    expect((await deliveries.page(null)).deliveries).toMatchObject([{ status: 'OK', event: 'ping' }]);
  });

  it('goes on by cursor, each delivery once, whatever comes in between', async () => {
    for (let number = 0; number < 230; number += 1) miss(`g-${number}`);

    const read: SourceDelivery[] = [];
    let next: string | null = null;
    do {
      const page = await deliveries.page(next);
      read.push(...page.deliveries);
      next = page.next;
      miss('later');
    } while (next !== null);

    expect(read.map(({ guid }) => guid)).toEqual(Array.from({ length: 230 }, (_, number) => `g-${229 - number}`));
  });

  it('may be empty', async () => {
    expect(await deliveries.page(null)).toEqual({ deliveries: [], next: null });
  });

  it('is asked for as the App, and never remembered', async () => {
    await deliveries.page(null);
    await deliveries.page(null);

    expect(standin.log.map(({ status, headers }) => [status, headers.authorization?.split('.').length])).toEqual([
      [200, 3],
      [200, 3],
    ]);
    expect(standin.log.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined]);
  });

  it('does not go on at another origin', async () => {
    const link = '<http://127.0.0.2:1/app/hook/deliveries?cursor=v1_1>; rel="next"';
    const headers = { 'content-type': 'application/json', link };
    standin.answerNext(/deliveries/, { status: 200, headers, body: '[]' });

    expect((await failureOf(deliveries.page(null))).kind).toBe('SourceBadResponse');
  });

  it.each([
    ['SourceUnauthorized', () => (deliveries = connect('no key'))],
    ['SourceRateLimited', () => (standin.switches.secondaryLimit = { status: 429, retryAfterSeconds: 1 })],
    ['SourceError', () => (standin.switches.serverError = true)],
    ['SourceUnreachable', () => (standin.switches.resetConnections = true)],
    ['SourceBadResponse', () => (standin.switches.truncateJson = true)],
  ])('fails with %s as every reading does', async (kind, prepare) => {
    miss('g-1');
    prepare();

    expect((await failureOf(deliveries.page(null))).kind).toBe(kind);
  });
});

describe('a redelivery', () => {
  it('comes with the guid of the first attempt, and is in the list', async () => {
    const { url, guids } = await receiver(202);
    const { id } = standin.missDelivery(url, 'star', {}, { secret: 's', guid: 'g-1' });

    await deliveries.redeliver(id);

    await eventually(async () => (await deliveries.page(null)).deliveries.length === 2);
    expect(guids).toEqual(['g-1']);
    expect((await deliveries.page(null)).deliveries).toMatchObject([
      { guid: 'g-1', redelivery: true, status: 'OK' },
      { id, guid: 'g-1', redelivery: false },
    ]);
  });

  it('is accepted also when it will not arrive', async () => {
    const { id } = standin.missDelivery(NOWHERE, 'star', {}, { secret: 's', guid: 'g-1' });

    await deliveries.redeliver(id);

    await eventually(() => standin.deliveries.length === 2);
    expect(standin.deliveries[1]).toMatchObject({ redelivery: true, status: 'failed to connect to host' });
  });

  it('fails for a delivery that GitHub no longer has', async () => {
    expect((await failureOf(deliveries.redeliver('3804004623172239399'))).kind).toBe('SourceGone');
  });

  it.each(['', 'x', '1/../..', '1'.repeat(21)])('is not asked for by the id "%s"', async (id) => {
    expect((await failureOf(deliveries.redeliver(id))).kind).toBe('SourceBadResponse');
    expect(standin.log).toEqual([]);
  });

  it.each([
    [422, 'SourceBadResponse'],
    [403, 'SourceForbidden'],
    [502, 'SourceError'],
  ])('that is answered with %i fails with %s', async (status, kind) => {
    const headers = { 'content-type': 'application/json' };
    standin.answerNext(/attempts/, { status, headers, body: '{"message":"no"}' });

    expect((await failureOf(deliveries.redeliver('1'))).kind).toBe(kind);
  });
});
