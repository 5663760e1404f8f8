/** A server of ours that comes back when it ends by itself. */
export interface Kept<T> {
  /** The newest life of it. */
  current(): T;
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Starts a server and starts it again, on the same ports, whenever it ends without having been told to: its clients find it
 * where it was. Only the first start may fail.
 * @param start given the life before, and whom to tell when this one ends
 */
export async function keepAlive<T extends { stop(): Promise<void> }>(
  name: string,
  say: (sentence: string) => void,
  start: (before: T | null, onExit: (sentence: string) => void) => Promise<T>,
): Promise<Kept<T>> {
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let reviving: Promise<void> = Promise.resolve();

  const revive = (pauseMs: number) => {
    if (stopping) return;
    timer = setTimeout(() => {
      reviving = start(current, onExit).then(
        (next) => {
          current = next;
          say(`${name} runs again`);
        },
        (error: Error) => {
          say(`${name} could not be started again: ${error.message}`);
          revive(Math.min(pauseMs * 2, LONGEST_PAUSE_MS));
        },
      );
    }, pauseMs);
  };
  const onExit = (sentence: string) => {
    if (stopping) return;
    say(`${sentence} It is started again.`);
    revive(FIRST_PAUSE_MS);
  };

  let current: T = await start(null, onExit);
  return {
    current: () => current,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await reviving;
      await current.stop();
    },
  };
}
