import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { quietPort } from './quiet-port.ts';

/** Whoever takes posted messages, over a real socket, and can be down, or refuse. */
export interface MessageReceiver {
  readonly url: string;
  /** What arrived, refused or not. */
  readonly got: { path: string; headers: IncomingHttpHeaders; body: string }[];
  /** Answers with this; default 200. */
  status: number;
  headers: Record<string, string>;
  /** Refuses connections until {@link up}. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<MessageReceiver> {
  let server: Server | null = null;
  const port = await quietPort();
  const receiver: MessageReceiver = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    got: [],
    status: 200,
    headers: {},
    async up() {
      server = createServer((request, response) => {
        void text(request).then((body) => {
          receiver.got.push({ path: request.url ?? '', headers: request.headers, body });
          response.writeHead(receiver.status, { connection: 'close', ...receiver.headers }).end('{}');
        });
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async down() {
      const closing = server;
      server = null;
      if (!closing) return;
      const closed = once(closing, 'close');
      closing.close();
      closing.closeAllConnections();
      await closed;
    },
    close: () => receiver.down(),
  };
  await receiver.up();
  return receiver;
}
