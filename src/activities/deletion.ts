import { Context, log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { Mirror, TargetProject } from '../domain/model.ts';
import type { Correlation, DeleteOutcome, DeleteRequest, UnstarProof } from '../domain/record.ts';
import { createAccountLookup } from './account.ts';
import { tellOfAlerts } from './alerts.ts';
import { completeListHas } from './complete-list.ts';
import type { ActivityPorts } from './ports.ts';

/** How many other stars are tried as canaries: the newest of them may have been unstarred too. */
const CANARIES = 5;

const HELD = 'it is one of many stars missing at once, which wait for a person (`starkeep deletions`)';

export function createDeletionActivities(ports: ActivityPorts) {
  const { source, target, mirrors, readings, deletions, rules } = ports;
  const account = createAccountLookup(ports);

  return {
    /**
     * Only reads, so that it may be repeated. Absent is not deleted: anything but a complete proof keeps the mirror. What a person has to look at first is not even asked about,
     * whatever led here: a push, a batch and the drift check come by without the star list.
     */
    async verifyUnstar({ mirrorId }: Correlation): Promise<UnstarProof> {
      const mirror = await known(mirrorId);
      if (await readings.isHeld(mirrorId)) return { verdict: 'unproven', reason: HELD };
      return prove(mirror);
    },

    /**
     * Removes (or archives) the project of an unstarred repository: proves it once more, takes it from the budget, checks the marker, deletes,
     * records. Each step may be repeated: if we die after the budget was taken, the same deletion takes nothing again; if we die
     * after the project went, the next run finds it gone and records that.
     */
    async deleteProject({ mirrorId, deletionId, approvedBy, correlationId }: DeleteRequest): Promise<DeleteOutcome> {
      const mirror = await known(mirrorId);
      const deletion = await deletions.get(deletionId);
      if (!deletion || deletion.mirrorId !== mirrorId) {
        return { outcome: 'refused', reason: `there is no deletion ${deletionId} of ${mirrorId} in the record` };
      }
      if (deletion.state === 'deleted' || deletion.state === 'archived') return { outcome: deletion.state };
      if (deletion.state === 'cancelled' || deletion.state === 'refused') {
        return { outcome: 'refused', reason: `the deletion was ${deletion.state} already` };
      }
      if (deletion.state === 'waiting_for_approval' && approvedBy === null) {
        return { outcome: 'refused', reason: 'it waits for a person, and nobody approved it' };
      }

      // Pinned after the deletion was opened, by somebody who died, or could not reach us, before it was called off.
      if (mirror.pinned) return { outcome: 'refused', reason: 'somebody wants it kept whatever the star list says' };

      if (approvedBy !== null) await deletions.noteApproval(deletion, approvedBy);
      const proof = await prove(mirror);
      if (proof.verdict === 'starred' || proof.verdict === 'gone') return { outcome: proof.verdict };
      if (proof.verdict === 'unproven' || (proof.verdict === 'needs_person' && approvedBy === null)) {
        return { outcome: proof.verdict, reason: proof.reason };
      }

      const fields = { mirrorId, correlationId, deletionId, approvedBy, path: mirror.project?.path ?? null };
      if (deletion.policy === 'archive') {
        const archivedAs = mirror.project && (await archive(mirrorId, mirror.project));
        await deletions.finish(deletion, approvedBy, archivedAs);
        await tellOfAlerts(ports);
        log.info('project archived', { ...fields, archivedAs: archivedAs?.path ?? null });
        return { outcome: archivedAs ? 'archived' : 'deleted' };
      }
      const { max, windowMs } = rules.deleteBudget;
      if (!(await deletions.takeBudget(deletion, rules.deleteBudget, approvedBy !== null))) {
        const reason = `the budget of ${max} deletions in ${windowMs / 3_600_000} h is used up`;
        log.error('deletion budget used up', { ...fields, reason });
        return { outcome: 'over_budget', reason };
      }
      const existed = mirror.project ? await target.deleteProject(mirrorId, mirror.project) : false;
      await deletions.finish(deletion, approvedBy, null);
      await tellOfAlerts(ports);
      log.info('project deleted', { ...fields, existed, proof: 'proof' in proof ? proof.proof : proof.reason });
      return { outcome: 'deleted' };
    },
  };

  /** @returns `null` when somebody deleted the project on OneDev: then there is nothing to archive, and waiting would not bring it back */
  async function archive(mirrorId: Mirror['mirrorId'], project: TargetProject): Promise<TargetProject | null> {
    try {
      return await target.archiveProject(mirrorId, project);
    } catch (error) {
      if (error instanceof Failure && error.kind === 'TargetProjectMissing') return null;
      throw error;
    }
  }

  async function known(mirrorId: Mirror['mirrorId']): Promise<Mirror> {
    const mirror = await mirrors.get(mirrorId);
    if (!mirror) throw new Failure('MirrorUnknown', `there is no mirror ${mirrorId} in the record`);
    return mirror;
  }

  /**
   * The order matters: the repository first, for its name of today; then the canary and the complete list, by the same token; the star check
   * once more in the end.
   * @see the GitHub facts, parts 3.1 and 9: a 404 on the star check is also what a weak token or a hidden repository gives
   */
  async function prove(mirror: Mirror): Promise<UnstarProof> {
    if ((await account()).accountId !== mirror.accountId) {
      return { verdict: 'unproven', reason: 'the token belongs to another account than the one that starred it' };
    }
    const lookup = await source.repository(mirror.repoId);
    if (lookup.found !== 'yes') return { verdict: 'gone' };
    const { fullName } = lookup.repository;
    if (!source.canCheckStars) {
      return { verdict: 'needs_person', reason: 'without GITHUB_TOKEN stars cannot be checked one by one' };
    }
    if (await source.isStarred(fullName)) return { verdict: 'starred' };
    const others = await mirrors.starredOthers(mirror.mirrorId, CANARIES);
    if (others.length === 0) {
      return { verdict: 'needs_person', reason: 'no other starred repository is known to compare with' };
    }
    for (const canary of others) {
      if (!(await isSeen(canary))) continue;
      const list = await completeListHas(source, mirror.repoId, () => Context.current().heartbeat());
      if ('unknown' in list) return { verdict: 'needs_person', reason: list.unknown };
      if (await source.isStarred(fullName)) return { verdict: 'starred' };
      if (list.listed) return { verdict: 'unproven', reason: 'the star list has it, although its star check says no' };
      const at = new Date().toISOString();
      return {
        verdict: 'unstarred',
        proof: `at ${at} the token saw the star of ${canary}, no star of ${fullName}, and ${fullName} itself; the complete star list lacked it`,
      };
    }
    return { verdict: 'unproven', reason: `the token sees none of ${others.length} other known stars either` };
  }

  /** A canary GitHub gives no answer about (its organisation wants single sign-on, it has another name now) is none; the next one may be. */
  async function isSeen(canary: string): Promise<boolean> {
    try {
      return await source.isStarred(canary);
    } catch (error) {
      const unanswered = error instanceof Failure && ['SourceForbidden', 'SourceBadResponse'].includes(error.kind);
      if (!unanswered) throw error;
      log.info('no answer about a star to compare with', { canary, kind: error.kind });
      return false;
    }
  }
}
