import { activityInfo, log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { SyncReport } from '../domain/model.ts';
import type { Correlation } from '../domain/record.ts';
import { repairedDrift } from '../domain/drift.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts } from './ports.ts';

export interface TransferInput extends Correlation {
  /** Compare both sides even where the source's digest is the recorded one. */
  force: boolean;
  /** A person lets held rewrites be followed, this once; their old tips are archived. */
  acceptRewrites?: boolean;
}

export function createTransferActivities({ source, target, transfer, mirrors, rules }: ActivityPorts) {
  return {
    /**
     * Makes the target's heads and tags equal to the source's. If we die here, the next run lists both sides again and closes what is left;
     * what was pushed stays, and nothing that was decided from an old listing is carried over. Its report counts only what it did itself.
     */
    async transfer({ mirrorId, force, acceptRewrites, correlationId }: TransferInput): Promise<SyncReport> {
      const mirror = await mirrors.get(mirrorId);
      if (!mirror?.project) throw new Failure('TargetProjectMissing', `the record names no project for ${mirrorId}`);
      const { project, sourceDigest } = mirror;
      const { cloneUrl, sshUrl, sizeBytes } = mirror.upstream;
      if (cloneUrl === null) throw new Failure('MirrorUnknown', `the record has no clone address for ${mirrorId}`);

      const report = await withHeartbeat(async (context) =>
        transfer.run(
          {
            mirrorId,
            source: await source.gitRemote({ cloneUrl, sshUrl }),
            target: target.gitRemote(project),
            knownDigest: force ? null : sourceDigest,
            ...(sizeBytes === undefined ? {} : { sizeBytes }),
            ...(rules.archiveRetentionMs === null
              ? {}
              : { archivesExpireBefore: new Date(Date.now() - rules.archiveRetentionMs).toISOString() }),
            rewritePolicy: acceptRewrites && rules.rewritePolicy === 'hold' ? 'keep-old' : rules.rewritePolicy,
            setDefaultBranch: async (branch) => {
              if ((await target.defaultBranch(project.projectId)) === branch) return;
              await target.setDefaultBranch(project.projectId, branch);
            },
          },
          context,
        ),
      );
      const { outcome, refs, bytes } = report;
      const { attempt } = activityInfo();
      log.info('transfer ended', {
        mirrorId,
        correlationId,
        attempt,
        outcome,
        refs,
        bytes,
        transport: report.transport,
      });
      const drift = acceptRewrites ? null : repairedDrift(mirror, report);
      if (drift) log.warn('OneDev differed and was repaired', { mirrorId, correlationId, refs: drift.refs });
      const compared = force || report.sourceDigest !== sourceDigest;
      return { ...report, ...(compared ? { compared } : {}), ...(drift ? { drift } : {}) };
    },
  };
}
