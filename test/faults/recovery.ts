import type { FaultKind } from './plan.ts';

/** How long after a fault the whole way works again: until a push that was made after it is on OneDev. Other faults meanwhile count in. */
export interface RecoveryWatch {
  faultBegan(kind: FaultKind): void;
  /** @param oid what it brings */
  pushed(oid: string): void;
  /** OneDev has these. */
  arrived(oids: readonly string[]): void;
  /** By kind, milliseconds each; a fault after which nothing was pushed any more has no time. */
  times(): Map<FaultKind, { count: number; recoveredMs: number[] }>;
}

export function createRecoveryWatch(now: () => number = Date.now): RecoveryWatch {
  const faults: { kind: FaultKind; at: number; recoveredMs: number | null }[] = [];
  const pushes = new Map<string, number>();

  return {
    faultBegan: (kind) => void faults.push({ kind, at: now(), recoveredMs: null }),
    pushed: (oid) => void pushes.set(oid, now()),
    arrived(oids) {
      const at = now();
      for (const pushedAt of oids.map((oid) => pushes.get(oid))) {
        if (pushedAt === undefined) continue;
        for (const fault of faults) if (pushedAt >= fault.at) fault.recoveredMs ??= at - fault.at;
      }
    },
    times() {
      const kinds = new Map<FaultKind, { count: number; recoveredMs: number[] }>();
      for (const { kind, recoveredMs } of faults) {
        const seen = kinds.get(kind) ?? { count: 0, recoveredMs: [] };
        kinds.set(kind, seen);
        seen.count += 1;
        if (recoveredMs !== null) seen.recoveredMs.push(recoveredMs);
      }
      return kinds;
    },
  };
}
