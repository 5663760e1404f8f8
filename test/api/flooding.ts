import { connect } from 'node:net';
import { MAX_DELIVERY_BYTES } from '../../src/api/body.ts';
import { signed } from './receiver.ts';

/**
 * Who floods, as a process of its own: whoever waits for his answer beside it must not be held up by the sending. Told a port and how many bodies, says
 * `any` once one of them is answered, and the status of each at the end.
 */

export interface Flood {
  port: number;
  bodies: number;
}

export type Flooded = { any: true } | { statuses: (number | null)[] };

process.once('message', ({ port, bodies }: Flood) => {
  const say = (flooded: Flooded) => process.send?.(flooded);
  const sent = Array.from({ length: bodies }, (_, index) => sendMuch(port, `10.9.${index >> 8}.${index & 255}`));
  void Promise.race(sent).then(() => say({ any: true }));
  void Promise.all(sent).then((statuses) => say({ statuses }));
});
process.on('disconnect', () => process.exit(0));

const PIECE = Buffer.alloc(256 * 1024, 'x');

/** As fast as it is read. @returns the status of the answer; `null` when there was none */
async function sendMuch(port: number, from: string): Promise<number | null> {
  const { headers } = signed('', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}`, 'x-forwarded-for': from });
  const lines = Object.entries({ ...headers, host: 'x', 'content-length': String(MAX_DELIVERY_BYTES) });
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('data', (chunk) => {
    heard.push(chunk);
    // It has been answered: there is nothing more to say.
    socket.destroy();
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  // Being closed in the middle is an answer too.
  socket.on('error', () => socket.destroy());
  socket.write(`POST /webhooks/github HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`);
  let sent = 0;
  const more = () => {
    while (sent < MAX_DELIVERY_BYTES && !socket.destroyed) {
      const piece = PIECE.subarray(0, Math.min(PIECE.length, MAX_DELIVERY_BYTES - sent));
      sent += piece.length;
      if (!socket.write(piece)) return;
    }
  };
  socket.on('drain', more);
  more();
  await closed;
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(Buffer.concat(heard).toString('latin1')) ?? [];
  return status === undefined ? null : Number(status);
}
