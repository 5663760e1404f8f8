import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/eventually.ts';

/**
 * A stand-in in a process of its own, so that it can be killed like any server. It comes back on the same port. What the real one keeps in its
 * database is kept: OneDev's by the stand-in itself, on disk; GitHub's by the campaign, which is the only one that changes it.
 */
export interface StandinProcess {
  /** Its process id now; `null` between two lives. */
  pid(): number | null;
  /**
   * Has the stand-in do something, as soon as it runs. What was asked of a life that ended is asked of the next.
   * @throws Error with the stand-in's complaint
   */
  call<T>(name: string, argument?: unknown): Promise<T>;
  /** SIGKILL; it is started again after so long. Resolves when it runs again. */
  kill(awayMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface StandinProcessOptions {
  name: 'github' | 'onedev';
  environment: Record<string, string | undefined>;
  /** The first call of each life. */
  begin: () => unknown;
  /** What the stand-in tells without being asked. An answer, where there is one, is waited for by the stand-in. */
  onTold: (what: string, value: unknown) => unknown;
  /** It ended although nobody killed it. */
  onCrash: (sentence: string) => void;
}

/** From the campaign to the stand-in, and its answer. */
export interface Call {
  id: number;
  call: string;
  argument: unknown;
}

export type FromStandin =
  | { answer: number; value: unknown }
  | { answer: number; error: string }
  /** `question`: the answer is wanted, under that number. */
  | { told: string; value: unknown; question?: number };

export interface ToStandin {
  call?: Call;
  answered?: { question: number };
}

const READY_WITHIN_MS = 60_000;
const START_ATTEMPTS_EVERY_MS = 250;

export async function startStandinProcess(options: StandinProcessOptions): Promise<StandinProcess> {
  const { name } = options;
  const script = new URL(`${name}-process.ts`, import.meta.url).pathname;
  let stopping = false;
  let child: ChildProcess | null = null;
  let living: Life | null = null;
  let lastId = 0;

  async function live(): Promise<void> {
    let left = '';
    const deadline = Date.now() + READY_WITHIN_MS;
    // Another program may have got our port in the meantime, for a moment.
    while (!stopping) {
      const life = begin();
      try {
        await life.call('begin', options.begin());
        living = life;
        return;
      } catch (error) {
        left = (error as Error).message;
        life.child.kill('SIGKILL');
        await life.ended;
      }
      if (Date.now() > deadline) throw new Error(`the ${name} stand-in cannot be started: ${left}`);
      await new Promise((wake) => setTimeout(wake, START_ATTEMPTS_EVERY_MS));
    }
  }

  interface Life {
    child: ChildProcess;
    ended: Promise<unknown>;
    call(name: string, argument: unknown): Promise<unknown>;
  }

  function begin(): Life {
    const started = fork(script, [], {
      env: options.environment as NodeJS.ProcessEnv,
      execArgv: ['--import', 'tsx'],
      // Regular expressions go through as they are.
      serialization: 'advanced',
      // A Ctrl-C in the terminal is for the campaign, which stops everything in order.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaint = '';
    const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
    started.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4_000)));
    started.on('message', (message: FromStandin) => void heard(message));
    const ended = once(started, 'exit').then(([code, signal]) => {
      if (child === started) child = null;
      if (living?.child === started) {
        living = null;
        if (!stopping && signal !== 'SIGKILL') options.onCrash(`the ${name} stand-in ended (${code}): ${complaint}`);
      }
      for (const { reject } of waiting.values()) reject(new Gone(`the ${name} stand-in is gone ${complaint}`));
    });
    child = started;

    async function heard(message: FromStandin): Promise<void> {
      if ('told' in message) {
        await options.onTold(message.told, message.value);
        const answer: ToStandin = { answered: { question: message.question ?? 0 } };
        if (message.question !== undefined && started.connected) started.send(answer, () => undefined);
        return;
      }
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      if ('error' in message) asked?.reject(new Error(message.error));
      else asked?.resolve(message.value);
    }

    return {
      child: started,
      ended,
      call(what, argument) {
        const id = (lastId += 1);
        const answered = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
        const message: ToStandin = { call: { id, call: what, argument } };
        // Whether it was heard is told by the answer, or by the end of the process.
        if (started.connected) started.send(message, () => undefined);
        else waiting.get(id)?.reject(new Gone(`the ${name} stand-in is gone`));
        return answered;
      },
    };
  }

  await live();
  return {
    pid: () => living?.child.pid ?? null,
    async call<T>(what: string, argument?: unknown): Promise<T> {
      for (;;) {
        await eventually(() => living !== null || stopping, READY_WITHIN_MS);
        if (!living) throw new Gone(`the ${name} stand-in is stopped`);
        try {
          return (await living.call(what, argument)) as T;
        } catch (error) {
          if (!(error instanceof Gone)) throw error;
        }
      }
    },
    async kill(awayMs) {
      await eventually(() => living !== null || stopping, READY_WITHIN_MS);
      const leaving = living;
      if (!leaving) return;
      living = null;
      leaving.child.kill('SIGKILL');
      await leaving.ended;
      await new Promise((wake) => setTimeout(wake, awayMs));
      await live();
    },
    async stop() {
      stopping = true;
      const leaving = child;
      if (!leaving || leaving.exitCode !== null || leaving.signalCode !== null) return;
      const gone = once(leaving, 'exit');
      leaving.kill('SIGKILL');
      await gone;
    },
  };
}

/** The life that was asked is over. */
class Gone extends Error {}
