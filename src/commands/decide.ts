import { openDeletions, type DeletionLine, type MirrorLine } from '../adapters/postgres/overview.ts';
import type { Config } from '../config.ts';
import type { MirrorDecision } from '../domain/ports.ts';
import { oneMirror } from './choose.ts';
import { withInstallation } from './installation.ts';
import { Refusal } from './refusal.ts';
import { typed, type Output } from './wording.ts';

/** `starkeep sync`, `pause`, `resume`, `deletions approve` and `deletions cancel`: a person's word to one mirror. */

/** @throws Refusal when the mirror is not known, or this would do nothing to it as it is */
export async function decide(
  config: Config,
  decision: MirrorDecision,
  name: string,
  by: { by: string; reason?: string },
  out: Output,
): Promise<void> {
  await withInstallation(config, async (db, control) => {
    const mirror = await oneMirror(db, name);
    const [deletion = null] = await openDeletions(db, mirror.mirrorId);
    const obstacle = obstacleTo(decision, mirror, deletion);
    if (obstacle !== null) throw new Refusal(`${mirror.fullName} ${obstacle}`);
    await control.decide(mirror, decision, by);
    out.print(`${mirror.fullName}: ${outcome(decision, mirror, deletion)}`);
    out.print(`How it goes: ${typed(`show ${mirror.fullName}`)}`);
  });
}

/** Temporal takes every signal, also one that the workflow then has no use for; a person should hear about that at once. */
function obstacleTo(decision: MirrorDecision, mirror: MirrorLine, deletion: DeletionLine | null): string | null {
  switch (decision) {
    case 'syncNow':
      return mirror.paused ? `is paused. Go on with: ${typed(`resume ${mirror.fullName}`)}` : null;
    case 'pause':
      if (mirror.paused) return 'is paused already.';
      return mirror.status === 'deleted' ? 'was deleted; there is nothing to pause.' : null;
    case 'resume':
      return mirror.paused ? null : `is not paused; it is ${mirror.status}.`;
    case 'approveDeletion':
    case 'cancelDeletion':
      return deletion ? null : `is not about to be deleted; it is ${mirror.status}.`;
  }
}

function outcome(decision: MirrorDecision, mirror: MirrorLine, deletion: DeletionLine | null): string {
  switch (decision) {
    case 'syncNow':
      if (deletion) return 'GitHub is asked once more whether it is starred; only then it is synced and kept.';
      return mirror.status === 'deleted' ? 'it comes back if it is starred.' : 'it is synced now.';
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
