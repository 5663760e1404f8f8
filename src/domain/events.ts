import type { DriftPolicy, RepoId, Trigger } from './model.ts';

/** What happened, or may have: a hint to look, never a fact to act on. */
export type RepoEventKind =
  /** Somebody (webhook, star list) says the repository is starred. */
  | 'starred'
  | 'unstarred'
  /** A push, a rename, a visibility change: something upstream may be different now. */
  | 'changed'
  /** A person wants a sync, whatever was seen before. */
  | 'requested';

/** The one payload of the signal `repoEvent`. */
export interface RepoEvent {
  kind: RepoEventKind;
  repoId: RepoId;
  /** As the sender of the event called it; may be outdated. */
  fullName: string;
  trigger: Trigger;
  /** Follows the work through workflow, activities, log lines and rows. A delivery's guid where there is one. */
  correlationId: string;
  /** The guid of the webhook delivery this came with. */
  deliveryId?: string;
  /** ISO time at which the star list showed the repository with all its facts; then it need not be asked for again at once. */
  observedAt?: string;
  /**
   * Look at both sides, also where the source is as the last sync saw it. `repair`: close what differs. `report`: change nothing on the target,
   * say what differs; work that is due for another reason goes before it.
   */
  compare?: DriftPolicy;
  /** The batch that waits to hear how the work this sets off ends. */
  batchId?: string;
  /** Who asked, for `requested`. */
  by?: string;
}
