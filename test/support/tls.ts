import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';

/** A CA that nobody knows, and servers with certificates of it. */
export interface PrivateCa {
  /** The file of its certificate, and what is in it. */
  file: string;
  pem: string;
  /** @param names as in a subjectAltName: `DNS:localhost`, `IP:127.0.0.1` */
  issue(...names: string[]): Promise<Issued>;
}

export interface Issued {
  certFile: string;
  keyFile: string;
}

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Made by the program `openssl`, in `dir`. */
export async function createCa(dir: string, name: string): Promise<PrivateCa> {
  const file = join(dir, `${name}.pem`);
  const key = join(dir, `${name}.key`);
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
  const asCa = extensions.flatMap((extension) => ['-addext', extension]);
  await run('openssl', [
    ...['req', '-x509', ...KEY, '-subj', `/CN=${name}`, '-days', '30', ...asCa],
    ...['-keyout', key, '-out', file],
  ]);
  let issued = 0;
  return {
    file,
    pem: await readFile(file, 'utf8'),
    async issue(...names) {
      const base = join(dir, `${name}-${(issued += 1)}`);
      const [request, certFile, keyFile] = [`${base}.csr`, `${base}.crt`, `${base}.key`];
      await writeFile(`${base}.ext`, `subjectAltName=${names.join(',')}\n`);
      await run('openssl', ['req', ...KEY, '-subj', '/CN=server', '-keyout', keyFile, '-out', request]);
      const by = ['-CA', file, '-CAkey', key, '-set_serial', String(Date.now() * 100 + issued)];
      await run('openssl', [
        ...['x509', '-req', '-in', request, ...by, '-days', '30', '-extfile', `${base}.ext`],
        ...['-out', certFile],
      ]);
      return { certFile, keyFile };
    },
  };
}

export interface TlsFront {
  /** `https://localhost:PORT`; it is reachable by its address as well. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** TLS in front of a server that speaks plain HTTP: the bytes are handed on as they are. */
export async function startTlsFront(plainUrl: string, { certFile, keyFile }: Issued): Promise<TlsFront> {
  const target = new URL(plainUrl);
  const open = new Set<Socket>();
  const certificate = { cert: await readFile(certFile), key: await readFile(keyFile) };
  const server = createServer(certificate, (near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as [Socket, Socket][]) {
      open.add(socket);
      // Whoever breaks off takes the other side with it.
      socket.on('error', () => other.destroy());
      socket.once('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  // A client that does not trust us leaves in the middle of the handshake.
  server.on('tlsClientError', () => undefined);
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
