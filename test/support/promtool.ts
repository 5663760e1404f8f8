import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs Prometheus' own tool. Without it the test fails: what it would have said is not known.
 * @returns the exit code and all that it said
 */
export async function promtool(args: string[], input = ''): Promise<{ code: number | null; said: string }> {
  const child = spawn('promtool', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  // It may have seen enough before all is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  } catch (error) {
    throw new Error(
      'promtool cannot be run: it is in Debian’s package prometheus (apt-get install --no-install-recommends prometheus)',
      { cause: error },
    );
  }
}
