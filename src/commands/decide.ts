import { createAuditStore } from '../adapters/postgres/audit.ts';
import { openDeletions, type DeletionLine, type MirrorLine } from '../adapters/postgres/overview.ts';
import type { Config } from '../config.ts';
import { audited } from '../domain/audit.ts';
import { obstacleTo } from '../domain/decisions.ts';
import type { MirrorDecision } from '../domain/ports.ts';
import { oneMirror } from './choose.ts';
import { withInstallation } from './installation.ts';
import { Refusal } from './refusal.ts';
import { typed, type Output } from './wording.ts';

/** `starkeep sync`, `pause`, `resume`, `deletions approve` and `deletions cancel`: a person's word to one mirror. */

/** As the api has them in the audit log. */
const ACTIONS: Record<MirrorDecision, string> = {
  syncNow: 'mirror.sync',
  pause: 'mirror.pause',
  resume: 'mirror.resume',
  approveDeletion: 'mirror.approve-deletion',
  cancelDeletion: 'mirror.cancel-deletion',
};

/**
 * @param by.acceptRewrites of `syncNow`: held rewrites are followed this once, and their old tips archived
 * @throws Refusal when the mirror is not known, or this would do nothing to it as it is
 */
export async function decide(
  config: Config,
  decision: MirrorDecision,
  name: string,
  by: { by: string; reason?: string; acceptRewrites?: boolean },
  out: Output,
): Promise<void> {
  await withInstallation(config, async (db, control) => {
    const mirror = await oneMirror(db, name);
    const [deletion = null] = await openDeletions(db, mirror.mirrorId);
    const why = obstacle(decision, mirror, deletion, by.acceptRewrites);
    if (why !== null) throw new Refusal(`${mirror.fullName} ${why}`);
    const { by: actor, ...said } = by;
    const { mirrorId, fullName } = mirror;
    const entry = { actor, action: ACTIONS[decision], subject: mirrorId, details: { fullName, ...said } };
    await audited(createAuditStore(db), entry, () => control.decide(mirror, decision, by));
    out.print(`${mirror.fullName}: ${outcome(decision, mirror, deletion)}`);
    out.print(`How it goes: ${typed(`show ${mirror.fullName}`)}`);
  });
}

/** A person should hear at once that this would do nothing, and what would. */
function obstacle(
  decision: MirrorDecision,
  { status, paused, fullName }: MirrorLine,
  deletion: DeletionLine | null,
  acceptRewrites?: boolean,
): string | null {
  const found = obstacleTo(decision, { status, paused, hasDeletion: deletion !== null }, acceptRewrites);
  return found !== null && decision === 'syncNow' && paused
    ? `${found} Go on with: ${typed(`resume ${fullName}`)}`
    : found;
}

function outcome(decision: MirrorDecision, mirror: MirrorLine, deletion: DeletionLine | null): string {
  switch (decision) {
    case 'syncNow':
      if (deletion) return 'GitHub is asked once more whether it is starred; only then it is synced and kept.';
      return mirror.status === 'deleted'
        ? 'it comes back if it is starred.'
        : 'told to sync now; this does not wait for it.';
    case 'pause':
      return deletion
        ? 'paused, and its deletion is called off for now.'
        : 'paused; what is under way is finished first.';
    case 'resume':
      return 'it goes on, and is synced now.';
    case 'approveDeletion':
      return `${deletion?.policy === 'archive' ? 'archived' : 'deleted'} now, if GitHub does not show it as starred.`;
    case 'cancelDeletion':
      return 'kept, although it is not starred, and synced.';
  }
}
