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

/** Calls `stop` once: on SIGTERM or SIGINT, or when the supervisor is gone, however it went. */
export function onStop(stop: (why: string) => void): void {
  let stopping = false;
  const once = (why: string) => {
    if (stopping) return;
    stopping = true;
    letGo();
    stop(why);
  };
  process.on('SIGTERM', () => once('SIGTERM'));
  process.on('SIGINT', () => once('SIGINT'));
  process.on('disconnect', () => once('the supervisor is gone'));
}

/** Listening for the supervisor's end would keep the process alive after everything else has ended. */
export function letGo(): void {
  process.channel?.unref();
}
