import type { Logger } from 'pino';
import { Failure } from './domain/failures.ts';

export interface Watch {
  /** Look soon: something was just left to do. */
  nudge(): void;
  /** Looks no more, and waits for a look under way. */
  stop(): Promise<void>;
}

/**
 * Looks at once and then every so often, never twice at a time. A look that fails is followed by the next; it is said once per outage, since the
 * metrics and /health say it all the time.
 * @param trouble what the log says of a look that failed
 */
export function watchEvery(everyMs: number, look: () => Promise<void>, trouble: string, log: Logger): Watch {
  let underWay: Promise<void> | null = null;
  let healthy = true;
  const lookOnce = async () => {
    try {
      await look();
      healthy = true;
    } catch (error) {
      const reason = error instanceof Failure ? `${error.kind}: ${error.message}` : String(error);
      if (healthy) log.warn({ reason }, trouble);
      healthy = false;
    }
  };
  const nudge = () => void (underWay ??= lookOnce().finally(() => (underWay = null)));
  const timer = setInterval(nudge, everyMs);
  nudge();
  return {
    nudge,
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}
