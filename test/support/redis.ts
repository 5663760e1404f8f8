import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts } from '../../src/free-port.ts';
import { eventually } from './eventually.ts';
import { quietPort } from './quiet-port.ts';

/** A real Redis, on a port of its own, that keeps nothing on disk. */
export interface TestRedis {
  readonly url: string;
  /** As by a power cut. */
  kill(): Promise<void>;
  /** On the same port, empty. */
  start(): Promise<void>;
  /** It takes connections and bytes, and answers nothing. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const INSTALL = 'The tests of the cache need a real Redis: apt-get install redis-server (macOS: brew install redis).';

/** @throws Error that says how to install it where there is none */
export async function startRedis({ password }: { password?: string } = {}): Promise<TestRedis> {
  const port = await quietPort();
  const dir = await mkdtemp(join(tmpdir(), 'redis-'));
  let running: ChildProcess | null = null;

  async function start(): Promise<void> {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
    const server = spawn('redis-server', [...settings, ...(password ? ['--requirepass', password] : [])], {
      stdio: 'ignore',
    });
    const failed = new Promise<never>((_, reject) =>
      server.once('error', (cause: NodeJS.ErrnoException) =>
        reject(cause.code === 'ENOENT' ? new Error(INSTALL, { cause }) : cause),
      ),
    );
    running = server;
    await Promise.race([failed, eventually(() => accepts(port))]);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const server = running;
    running = null;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    // One that stands still hears of its end only when it goes on.
    server.kill('SIGCONT');
    await ended;
  }

  await start();
  return {
    url: `redis://${password ? `:${encodeURIComponent(password)}@` : ''}127.0.0.1:${port}/0`,
    start,
    kill: () => end('SIGKILL'),
    freeze: () => void running?.kill('SIGSTOP'),
    thaw: () => void running?.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
  };
}
