import type { Supervised } from './supervise.ts';

export interface LateWorkerOptions {
  start: () => Supervised;
  /** Whether everything that it needs is set. */
  isTime: () => Promise<boolean>;
  say: (sentence: string) => void;
}

export interface LateWorker extends Pick<Supervised, 'pid' | 'stop'> {
  /** @returns when it is ready @throws Error when it cannot start */
  begin(): Promise<void>;
  /** Looks every so often whether it is time, and begins then. */
  beginLater(): void;
}

const LOOK_EVERY_MS = 1_000;

/** A worker that may have to wait until a person has entered what it needs. */
export function lateWorker({ start, isTime, say }: LateWorkerOptions): LateWorker {
  let worker: Supervised | null = null;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const begin = async () => {
    worker = start();
    await worker.ready;
  };
  const look = async () => {
    try {
      if (!(await isTime())) return beginLater();
      say('Everything that is needed is set: the worker starts.');
      await begin();
    } catch (error) {
      if (stopping) return;
      // What was entered last may be wrong in a way that only the worker finds: the next change mends it.
      say(`The worker cannot start yet: ${(error as Error).message}`);
      beginLater(LOOK_EVERY_MS * 10);
    }
  };
  const beginLater = (pauseMs = LOOK_EVERY_MS) => {
    if (stopping) return;
    timer = setTimeout(() => (looking = look()), pauseMs);
  };

  return {
    begin,
    beginLater: () => beginLater(),
    pid: () => worker?.pid() ?? null,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      // One that is just starting is told to stop, which ends its start too.
      await worker?.stop();
      await looking;
      await worker?.stop();
    },
  };
}
