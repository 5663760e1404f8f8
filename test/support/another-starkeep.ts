import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface AnotherStarkeep {
  process: ChildProcess;
  /** Its server's pid, and its address or URL. */
  server: { pid: number; address?: string; url?: string };
  kill(): Promise<void>;
}

/** A process that runs one of our servers, leader of its own process group as in a terminal. For tests that kill it. */
export async function anotherStarkeep(
  kind: 'postgres' | 'temporal',
  dataDir: string,
  binary = '',
): Promise<AnotherStarkeep> {
  const script = join(import.meta.dirname, '../local/start-server.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, kind, dataDir, binary], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${errors}`)));
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => undefined);
  return {
    process: child,
    server: JSON.parse(line) as AnotherStarkeep['server'],
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
