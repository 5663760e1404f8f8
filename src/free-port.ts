import { connect, createServer } from 'node:net';

/** Servers of ours listen here only: nobody else on the network is to reach them. */
export const LOOPBACK = '127.0.0.1';

/**
 * A port of 127.0.0.1 that nothing listens on at this moment. Somebody may still take it before it is used: whoever starts a server on
 * it tries again when that happens.
 * @param preferred taken when it is free; 0 for any
 */
export async function freePort(preferred = 0): Promise<number> {
  return (await listenOnce(preferred)) ?? (await listenOnce(0)) ?? 0;
}

/**
 * That port and no other: of a server that comes back, whose clients know it by its address.
 * @throws Error when another program has it
 */
export async function samePort(port: number): Promise<number> {
  if ((await listenOnce(port)) !== null) return port;
  throw new Error(`port ${port}, where it was before, is taken by another program`);
}

/** @returns whether something accepts connections on this port of 127.0.0.1 */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listenOnce(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ host: LOOPBACK, port }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}
