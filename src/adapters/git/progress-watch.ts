import type { Phase, TransferProgress } from '../../domain/model.ts';
import type { SyncPlan } from '../../domain/refs.ts';
import type { GitProgress } from './progress.ts';

/** Measures the phases and tells the listener where the transfer is. */
export interface ProgressWatch {
  phase<Result>(name: TransferProgress['phase'], work: () => Promise<Result>): Promise<Result>;
  objects(progress: GitProgress): void;
  expectRefs(plan: SyncPlan): void;
  refsDone(refs: number): void;
  phases(): Phase[];
}

export function createProgressWatch(
  onProgress: (progress: TransferProgress) => void,
  now: () => number,
): ProgressWatch {
  const durations = new Map<string, number>();
  let state: TransferProgress = {
    phase: 'listing',
    objects: 0,
    bytes: 0,
    bytesPerSecond: 0,
    refsDone: 0,
    refsTotal: 0,
  };
  const tell = (change: Partial<TransferProgress>) => {
    state = { ...state, ...change };
    onProgress(state);
  };
  return {
    async phase(name, work) {
      const startedAt = now();
      tell({ phase: name, objects: 0, bytes: 0, bytesPerSecond: 0 });
      try {
        return await work();
      } finally {
        durations.set(name, (durations.get(name) ?? 0) + now() - startedAt);
      }
    },
    objects: ({ done, bytes, bytesPerSecond }) => tell({ objects: done, bytes, bytesPerSecond }),
    expectRefs({ archives, first, refuge, clearances, updates, isolated, deletions }) {
      const lists = [archives, clearances, updates, isolated, deletions];
      const single = [first, refuge?.push ?? null].filter((update) => update !== null).length;
      tell({ refsDone: 0, refsTotal: single + lists.reduce((sum, list) => sum + list.length, 0) });
    },
    refsDone: (refs) => tell({ refsDone: state.refsDone + refs }),
    phases: () => [...durations].map(([name, durationMs]) => ({ name, durationMs })),
  };
}
