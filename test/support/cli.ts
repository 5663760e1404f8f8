import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';

const STARKEEP = resolve(import.meta.dirname, '../../bin/starkeep.js');

export interface Run {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** @returns the exit code */
  ended: Promise<number | null>;
}

/** Runs the command with these settings and no others; ends it with the test. */
export function start(args: string[], environment: Record<string, string> = {}): Run {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
  const child = spawn(process.execPath, [STARKEEP, ...args], {
    env: { PATH, HOME, TMPDIR, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (texts.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (texts.stderr += String(chunk)));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
}

/** Runs the command to its end. */
export async function run(args: string[], environment: Record<string, string> = {}) {
  const { ended, stdout, stderr } = start(args, environment);
  const code = await ended;
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A terminal that keeps what is drawn on it. */
export function terminalOf(columns: number): { stream: NodeJS.WritableStream; lastLine: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns });
  let drawn = '';
  stream.on('data', (chunk) => (drawn += String(chunk)));
  // Each drawing begins with a jump to the first column, and the cursor comes and goes by itself.
  const lastLine = () =>
    drawn
      .split('\u001b[1G')
      .map((line) => line.replaceAll(/\u001b(?:\[[?\d]*[A-Za-z]|[78])/g, '').trim())
      .filter(Boolean)
      .at(-1) ?? '';
  return { stream, lastLine };
}
