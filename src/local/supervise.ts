import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT_START_AGAIN, type ReadyMessage } from '../parent.ts';

/** Keeps one of our own processes running: starts it, starts it again when it ends by itself, stops it when told to. */

export interface SuperviseOptions {
  /** The command of the CLI, such as `worker`. */
  role: 'api' | 'worker';
  environment: Record<string, string | undefined>;
  /** Every line the process logs. */
  onLine: (line: string) => void;
  /** A sentence for the person who looks on. */
  say: (sentence: string) => void;
  /** Milliseconds it may take to stop, beyond what each takes. Default 0. */
  drainDelayMs?: number;
}

export interface Supervised {
  /** The first time it said that it is ready, with its address if it has one. @throws Error when it ended before that */
  ready: Promise<string | undefined>;
  /** Its process id now; `null` between two lives. */
  pid(): number | null;
  /** Asks it to drain and waits; after a while it is killed. May be repeated. */
  stop(): Promise<void>;
}

const CLI = fileURLToPath(new URL('../../bin/starkeep.js', import.meta.url));

/** Has glibc give back what loading took; other libraries of C do not know these names. What somebody set himself stays. @see docs/scaling.md, Memory */
const FRUGAL = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

const STOP_TIMEOUT_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** A process that lived this long was healthy: its next pause is short again. */
const HEALTHY_MS = 60_000;

/** Starts the process. A process that cannot even start once is given up; later deaths are followed by a new life. */
export function supervise(options: SuperviseOptions): Supervised {
  let child: ChildProcess | null = null;
  let stopping = false;
  let wasReady = false;
  let pauseMs = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | undefined;
  let becomeReady: (url: string | undefined) => void = () => undefined;
  let giveUp: (error: Error) => void = () => undefined;
  const ready = new Promise<string | undefined>((resolve, reject) => {
    becomeReady = resolve;
    giveUp = reject;
  });
  // Whoever waits is told; a process that dies while nobody waits any more must not end the supervisor.
  ready.catch(() => undefined);

  const start = () => {
    const startedAt = Date.now();
    let complaint = '';
    child = fork(CLI, [options.role], {
      env: { ...FRUGAL, ...definedOnly(options.environment) },
      // Its own process group: a Ctrl-C in the terminal reaches the supervisor alone, which stops everything in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.setEncoding('utf8').on('data', byLine(options.onLine));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4_000)));
    child.on('message', (message: ReadyMessage) => {
      if (!message.ready) return;
      wasReady = true;
      becomeReady(message.url);
    });
    child.once('exit', (code, signal) => {
      child = null;
      if (stopping) return giveUp(new Error(`${options.role} was told to stop`));
      if (code === EXIT_START_AGAIN) {
        options.say(`${options.role} starts again, by the settings that were entered`);
        return start();
      }
      const how = `${options.role} ended (${signal ?? `exit code ${code}`})`;
      if (!wasReady) return giveUp(new Error([how, complaint.trim()].filter(Boolean).join(':\n')));
      if (Date.now() - startedAt > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
      options.say(`${how}; it is started again in ${pauseMs / 1000} s`);
      if (complaint.trim()) options.say(complaint.trim());
      timer = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    });
  };
  start();

  return {
    ready,
    pid: () => child?.pid ?? null,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      const leaving = child;
      if (!leaving || leaving.exitCode !== null) return;
      const gone = new Promise<void>((resolve) => leaving.once('exit', () => resolve()));
      leaving.kill('SIGTERM');
      const kill = setTimeout(() => leaving.kill('SIGKILL'), STOP_TIMEOUT_MS + (options.drainDelayMs ?? 0));
      await gone;
      clearTimeout(kill);
    },
  };
}

function definedOnly(environment: Record<string, string | undefined>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}

function byLine(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}
