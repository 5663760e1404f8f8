import type { Logger } from 'pino';
import type { Turns } from '../domain/ports.ts';
import { patiently } from '../patiently.ts';
import { type Watch, watchEvery } from '../watch.ts';

const JOIN_EVERY_MS = 5_000;
const ASK_EVERY_MS = 500;

/** Something is wrong with those before us; the settings are taken over all the same. */
const LONGEST_MS = 300_000;

/** Holds a place among the apis, from when this one serves. */
export function holdPlace(turns: Pick<Turns, 'join' | 'leave'>, log: Logger): Pick<Watch, 'stop'> {
  const watch = watchEvery(JOIN_EVERY_MS, () => turns.join(), 'it is not known how many apis there are', log);
  return {
    async stop() {
      await watch.stop();
      await turns.leave();
    },
  };
}

/** Waits until it is this api's turn to start again; not at all where nobody can say. */
export async function ownTurn(turns: Pick<Turns, 'isOurs'>, stopping: AbortSignal): Promise<void> {
  const began = performance.now();
  while (!stopping.aborted && performance.now() - began < LONGEST_MS) {
    if (await turns.isOurs().catch(() => true)) return;
    await patiently(ASK_EVERY_MS, stopping);
  }
}
