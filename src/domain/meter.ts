import type { FailureKind } from './failures.ts';
import type { SyncReport, Trigger } from './model.ts';

/** What is told of what happened, by whoever did it, for whoever counts: the one that counts decides what becomes of it. Nothing here may throw. */

/** A request to a host, once it has ended. */
export interface EndedExchange {
  host: 'github' | 'onedev';
  method: string;
  /** The template of its path, one of a closed list: never an id or a name. */
  route: string;
  /** `null`: there was no complete answer. */
  status: number | null;
  seconds: number;
}

export type OnExchange = (ended: EndedExchange) => void;

/** What activities tell. */
export interface Meter {
  /** A sync that ended well and is in the record. @param seconds of its whole attempt */
  synced(sync: { trigger: Trigger; report: SyncReport; seconds: number }): void;
  /** A sync that failed, and is in the record as such. @param givenUp nobody tries again before the next event */
  syncFailed(sync: { trigger: Trigger; kind: FailureKind; givenUp: boolean; seconds: number }): void;
  /** One attempt of an activity that failed, whether or not Temporal makes another. */
  activityFailed(activity: string, kind: FailureKind): void;
}
