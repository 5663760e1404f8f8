import { execFile } from 'node:child_process';

/**
 * Runs a program to its end and returns what it printed, standard error included.
 * @param timeoutMs default 20 s: a large binary on a cold disk takes its time
 * @throws Error whose message is the last thing the program said, or why it could not be run
 */
export function runBriefly(
  command: string,
  args: string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv; uid?: number; gid?: number } = {},
): Promise<string> {
  const { timeoutMs = 20_000, ...rest } = options;
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: timeoutMs, killSignal: 'SIGKILL', ...rest }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (!error) resolve(output);
      else if (error.killed) reject(new Error(`no end within ${timeoutMs / 1000} s`, { cause: error }));
      else if (typeof error.code === 'string') reject(new Error(error.code, { cause: error }));
      else reject(new Error(lastLine(output) || `exit code ${error.code ?? error.signal}`, { cause: error }));
    });
  });
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
