import { useSyncExternalStore } from 'react';

/** Whether the api answers, as far as anybody here has noticed. */

let isReachable = true;
const listeners = new Set<() => void>();

export function reportReachable(reachable: boolean): void {
  if (reachable === isReachable) return;
  isReachable = reachable;
  for (const listener of listeners) listener();
}

export function useReachable(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isReachable,
  );
}
