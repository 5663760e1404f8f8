import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/**
 * A balancer of connections, as simple as real ones are: it asks every process for `/readyz`, gives new connections in turn to those that said yes, and
 * lets those be that exist. It does not know of a process that stops before it has asked, and mends nothing: a connection that a process refuses fails.
 */
export interface Balancer {
  readonly url: string;
  /** From now on it is asked, and used once it is ready. */
  add(target: string): void;
  remove(target: string): void;
  isReady(target: string): boolean;
  /** Connections that a target did not take, or that came while no target was ready. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

const ASK_EVERY_MS = 300;

/** Who says no gets no more connections; who says nothing, for so long and so many times in a row, neither. */
const ANSWER_WITHIN_MS = 5_000;
const SILENCES = 2;

export async function startBalancer(): Promise<Balancer> {
  const targets = new Map<string, { ready: boolean; silences: number; isAsked: boolean }>();
  const sockets = new Set<Socket>();
  const refused: string[] = [];
  let turn = 0;

  const isReady = (target: string) => targets.get(target)?.ready === true;

  async function ask(target: string): Promise<void> {
    const known = targets.get(target);
    if (!known || known.isAsked) return;
    known.isAsked = true;
    const said = await fetch(`${target}/readyz`, {
      // Each question on a connection of its own, so that none of them keeps the process.
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).then(
      async (answer) => (await answer.text(), answer.ok),
      () => null,
    );
    known.isAsked = false;
    known.silences = said === null ? known.silences + 1 : 0;
    if (said !== null) known.ready = said;
    else if (known.silences >= SILENCES) known.ready = false;
  }

  const server = createServer((client) => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    const ready = [...targets.keys()].filter(isReady);
    const target = ready[(turn += 1) % ready.length];
    if (target === undefined) {
      refused.push('no process is ready');
      return client.destroy();
    }
    const { hostname, port } = new URL(target);
    const process = connect(Number(port), hostname);
    let isThere = false;
    process.once('connect', () => (isThere = true));
    process.once('error', (error) => {
      if (!isThere) refused.push(`${target}: ${error.message}`);
      client.destroy();
    });
    process.once('close', () => client.destroySoon());
    client.once('close', () => process.destroy());
    client.pipe(process);
    process.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const timer = setInterval(() => [...targets.keys()].forEach((target) => void ask(target)), ASK_EVERY_MS);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    add(target) {
      targets.set(target, { ready: false, silences: 0, isAsked: false });
      void ask(target);
    },
    remove: (target) => void targets.delete(target),
    isReady,
    refused,
    async close() {
      clearInterval(timer);
      targets.clear();
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
