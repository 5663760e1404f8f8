import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';

/** What a process of ours hears from whoever started it. */

const CHILD = new URL('./support/stopping.ts', import.meta.url).pathname;

let child: ChildProcess | null = null;

afterEach(async () => {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
});

async function begin(): Promise<{ child: ChildProcess; said: () => string[] }> {
  const begun = fork(CHILD, [], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child = begun;
  let text = '';
  begun.stdout?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const said = () => text.split('\n').filter(Boolean);
  await eventually(() => said().includes('here'));
  return { child: begun, said };
}

describe('a process that is told to stop', () => {
  it('takes a signal that comes twice at once for one: npm passes on what the terminal sent to all', async () => {
    const { child, said } = await begin();

    child.send('twice');
    await eventually(() => said().includes('asked'));

    expect(said()).toEqual(['here', 'stop: SIGINT', 'asked']);
  });

  it('hurries once it is told again', async () => {
    const { child, said } = await begin();

    child.kill('SIGTERM');
    await eventually(() => said().includes('stop: SIGTERM'));
    // Again and again, until the first second is over; what comes after that is heard once.
    await eventually(() => (child.kill('SIGINT'), said().includes('hurry: SIGINT')));

    expect(said()).toEqual(['here', 'stop: SIGTERM', 'hurry: SIGINT']);
  });

  it('stops when its supervisor is gone', async () => {
    const { child, said } = await begin();

    child.disconnect();

    await eventually(() => said().includes('stop: the supervisor is gone'));
  });
});
