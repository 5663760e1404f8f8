/** What a child process of `starkeep up` tells its supervisor, over Node's own channel. */
export interface ReadyMessage {
  ready: true;
  /** Where it listens, if it does. */
  url?: string;
}

/** Exit code of a process that ended to start again by other settings: whoever supervises it starts it at once. EX_TEMPFAIL of sysexits.h. */
export const EXIT_START_AGAIN = 75 as const;

/** Says that this process is ready; without a supervisor nobody listens. */
export function tellReady(url?: string): void {
  const message: ReadyMessage = url === undefined ? { ready: true } : { ready: true, url };
  process.send?.(message);
}

/** A signal that comes again sooner is the same one: npm passes on what the terminal has sent to everybody already. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Calls `stop` once: on SIGTERM or SIGINT, or when the supervisor is gone, however it went. Whoever asks again does not want to wait any longer:
 * `hurry` is called, once.
 */
export function onStop(stop: (why: string) => void, hurry: (why: string) => void): void {
  let askedAt: number | null = null;
  let hurried = false;
  const ask = (why: string) => {
    if (askedAt === null) {
      askedAt = performance.now();
      letGo();
      return stop(why);
    }
    if (hurried || performance.now() - askedAt < AGAIN_AFTER_MS) return;
    hurried = true;
    hurry(why);
  };
  process.on('SIGTERM', () => ask('SIGTERM'));
  process.on('SIGINT', () => ask('SIGINT'));
  process.on('disconnect', () => ask(GONE));
  // It may have gone before anybody listened for it.
  if (process.connected === false) ask(GONE);
}

const GONE = 'the supervisor is gone';

/** Listening for the supervisor's end would keep the process alive after everything else has ended. */
export function letGo(): void {
  process.channel?.unref();
}
