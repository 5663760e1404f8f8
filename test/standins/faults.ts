import type { IncomingMessage, ServerResponse } from 'node:http';

/** Trouble on demand: wrong answers, waiting, and connections that break in the middle. */

export interface Fault {
  /** Compared with `METHOD /path?query`. */
  match: RegExp;
  /** How many matching requests it befalls. Default 1. */
  times?: number;
  /** Run, and waited for, before anything else happens to the request: to delay it, or to change something at the last moment. */
  before?: () => unknown;
  /** Only looks on (`before`), whatever else befalls the request. */
  watches?: true;
  /** Answered in place of OneDev. Without it the request is served, unless it breaks off. */
  status?: number;
  body?: string;
  /** Breaks the connection: at once, or when so many bytes of the request came in, or before more of the answer goes out (0: it did its work, and the answer is lost). */
  disconnect?: 'at once' | { afterRequestBytes: number } | { afterResponseBytes: number };
}

export class Faults {
  readonly #faults: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** @returns true when the request is dealt with. Must be called in the same tick as the request came, so that it sees every byte. */
  async befall(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const line = `${request.method} ${request.url}`;
    const matching = this.#faults.filter(({ fault, left }) => left > 0 && fault.match.test(line));
    if (matching.length === 0) return false;
    const watching = matching.filter(({ fault }) => fault.watches);
    const entry = matching.find(({ fault }) => !fault.watches);
    if (entry) entry.left -= 1;
    const { disconnect, status, body, before } = entry?.fault ?? {};
    if (typeof disconnect === 'object') breakOff(request, response, disconnect);
    await Promise.all(watching.map(({ fault }) => fault.before?.()));
    await before?.();
    if (disconnect === 'at once') {
      request.socket.destroy();
      return true;
    }
    if (status === undefined) return false;
    response.writeHead(status, { 'content-type': 'text/plain' }).end(body ?? '');
    return true;
  }
}

function breakOff(
  request: IncomingMessage,
  response: ServerResponse,
  limit: { afterRequestBytes: number } | { afterResponseBytes: number },
): void {
  let seen = 0;
  const over = (chunk: unknown, most: number): boolean => {
    seen += chunk instanceof Uint8Array || typeof chunk === 'string' ? Buffer.byteLength(chunk) : 0;
    if (seen <= most) return false;
    request.socket.destroy();
    return true;
  };
  if ('afterRequestBytes' in limit) {
    // The parser hands every chunk to `push`; listening for data would take it from whoever reads the request.
    const push = request.push.bind(request);
    request.push = (chunk: unknown, encoding?: BufferEncoding) =>
      over(chunk, limit.afterRequestBytes) ? false : push(chunk, encoding);
  } else {
    const write = response.write.bind(response) as (chunk: unknown, ...rest: unknown[]) => boolean;
    const end = response.end.bind(response) as (...rest: unknown[]) => ServerResponse;
    response.write = (chunk: unknown, ...rest: unknown[]) =>
      over(chunk, limit.afterResponseBytes) ? false : write(chunk, ...rest);
    response.end = (...rest: unknown[]) =>
      limit.afterResponseBytes === 0 || over(rest[0], limit.afterResponseBytes)
        ? (request.socket.destroy(), response)
        : end(...rest);
  }
}
