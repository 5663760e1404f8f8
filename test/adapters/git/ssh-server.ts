import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';

/** Repositories of one folder over SSH, read and write, for one client key. Host and client key are made anew each time. */
export interface SshServer {
  /** `ssh://git@127.0.0.1:PORT/<name>` */
  urlOf(name: string): string;
  privateKey: string;
  /** A line for `known_hosts`. */
  knownHosts: string;
  /** The commands that were asked for. */
  commands: string[];
  /** Called before a command is run. */
  onCommand: () => Promise<void>;
  close(): Promise<void>;
}

const COMMAND = /^(git-upload-pack|git-receive-pack) '\/([\w.-]+)'$/;

export async function startSshServer(folder: string): Promise<SshServer> {
  // Of the library's ed25519 keys one in three hundred is malformed.
  const host = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const client = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const allowed = ssh2.utils.parseKey(client.public);
  if (allowed instanceof Error) throw allowed;
  const connections = new Set<ssh2.Connection>();

  const listener = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    // A client that leaves in the middle of something is what these tests are about.
    connection.on('error', () => connections.delete(connection));
    connection.on('authentication', (attempt) => {
      const known = attempt.method === 'publickey' && attempt.key.data.equals(allowed.getPublicSSH());
      const proven =
        known && (!attempt.signature || allowed.verify(attempt.blob ?? '', attempt.signature, attempt.hashAlgo));
      if (proven === true) attempt.accept();
      else attempt.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      const session = accept();
      session.on('env', (acceptEnv) => acceptEnv?.());
      session.on('exec', (acceptExec, reject, { command }) => {
        const [, service, name] = COMMAND.exec(command) ?? [];
        if (service === undefined || name === undefined) {
          reject();
          return;
        }
        server.commands.push(command);
        const channel = acceptExec();
        void server.onCommand().then(() => serve(channel, service, join(folder, name)));
      });
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const [type, key] = host.public.split(' ');

  const server: SshServer = {
    urlOf: (name) => `ssh://git@127.0.0.1:${port}/${name}`,
    privateKey: client.private,
    knownHosts: `[127.0.0.1]:${port} ${type} ${key}`,
    commands: [],
    onCommand: () => Promise.resolve(),
    async close() {
      for (const connection of connections) connection.end();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
  return server;
}

function serve(channel: ssh2.ServerChannel, service: string, repoDir: string): void {
  const git = spawn('git', [service.slice('git-'.length), repoDir], {
    env: { PATH: process.env['PATH'] ?? '', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
  });
  git.stdin.on('error', () => git.stdin.destroy());
  channel.pipe(git.stdin);
  git.stdout.pipe(channel, { end: false });
  git.stderr.pipe(channel.stderr, { end: false });
  channel.on('close', () => git.kill());
  git.on('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}
