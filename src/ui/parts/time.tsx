import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { agoWords, exactWords, spanWords } from '../words.ts';

/** One clock for the whole page, so that no two places disagree. */
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

const TICK_MS = 1_000;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

/** Words for how long ago something was, which change only when the words do; the exact time is there on hover. */
export function Ago({ at, none = 'never' }: { at: string | null | undefined; none?: string }) {
  const words = useSyncExternalStore(subscribe, () => (at ? agoWords(at, now) : none));
  if (!at) return <>{none}</>;
  return (
    <Tooltip label={exactWords(at)} events={{ hover: true, focus: true, touch: true }} openDelay={200}>
      <time dateTime={at}>{words}</time>
    </Tooltip>
  );
}

/** How long something has been going on. */
export function Elapsed({ since }: { since: string }) {
  const words = useSyncExternalStore(subscribe, () => spanWords(Math.max(0, now - new Date(since).getTime()) || 0));
  return <>{words.replace(/\.\d s$/, ' s').replace(/^\d+ ms$/, '0 s')}</>;
}
