import { describe, expect, it } from 'vitest';
import { MAX_DELIVERY_BYTES, readBody } from '../../src/api/body.ts';

const URL = 'http://localhost/';

interface Source {
  request: Request;
  /** Chunks handed out so far. */
  pulled: () => number;
  isCancelled: () => boolean;
}

/** A request whose body comes in these pieces; `hang` never comes, an Error breaks the body off. */
function requestOf(pieces: (string | 'hang' | Error)[], headers: Record<string, string> = {}): Source {
  let pulled = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const piece = pieces[pulled];
        if (piece === 'hang') return new Promise<void>(() => undefined);
        pulled += 1;
        if (piece === undefined) return controller.close();
        if (piece instanceof Error) return controller.error(piece);
        controller.enqueue(Buffer.from(piece));
      },
      cancel: () => void (cancelled = true),
    },
    { highWaterMark: 0 },
  );
  const request = new Request(URL, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  return { request, pulled: () => pulled, isCancelled: () => cancelled };
}

describe('readBody', () => {
  it('puts the pieces together, byte for byte', async () => {
    const { request } = requestOf(['one\r\n', '\uFEFFtwo', '\0']);

    const read = await readBody(request);

    expect(read).toEqual({ ok: true, bytes: Buffer.from('one\r\n\uFEFFtwo\0') });
  });

  it('finds nothing where there is no body', async () => {
    const read = await readBody(new Request(URL, { method: 'POST' }));

    expect(read).toEqual({ ok: true, bytes: Buffer.alloc(0) });
  });

  it.each([
    [['12345'], true],
    [['12345', '67890'], true],
    [['12345', '67890', '1'], false],
    [['12345678901'], false],
  ])('with a limit of 10, of %j says fits: %j', async (pieces, fits) => {
    const { request } = requestOf(pieces);

    const read = await readBody(request, { limit: 10 });

    expect(read).toMatchObject(fits ? { ok: true } : { ok: false, why: 'too_large' });
  });

  it('stops reading once it is too much, and tells the sender so', async () => {
    const source = requestOf(['12345', '67890', '1', 'never asked for']);

    await readBody(source.request, { limit: 10 });

    expect([source.pulled(), source.isCancelled()]).toEqual([3, true]);
  });

  it('does not begin when Content-Length is above the limit', async () => {
    const source = requestOf(['1'], { 'content-length': '11' });

    const read = await readBody(source.request, { limit: 10 });

    expect([read, source.pulled()]).toEqual([{ ok: false, why: 'too_large' }, 0]);
  });

  it.each(['5', 'many', '-1', '1e9999', ''])('does not believe a Content-Length of %j', async (length) => {
    const { request } = requestOf(['12345', '67890', '1'], { 'content-length': length });

    const read = await readBody(request, { limit: 10 });

    expect(read).toEqual({ ok: false, why: 'too_large' });
  });

  it('gives up on a body that does not end in time, and tells the sender so', async () => {
    const source = requestOf(['12345', 'hang']);

    const read = await readBody(source.request, { limit: 10, timeoutMs: 20 });

    expect([read, source.isCancelled()]).toEqual([{ ok: false, why: 'too_slow' }, true]);
  });

  it('says so when the sender breaks off', async () => {
    const { request } = requestOf(['12345', new Error('connection reset')]);

    const read = await readBody(request);

    expect(read).toEqual({ ok: false, why: 'cut_off' });
  });

  it("has GitHub's own limit by default", () => {
    expect(MAX_DELIVERY_BYTES).toBe(26_214_400);
  });
});
