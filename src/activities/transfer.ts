import { activityInfo, Context, log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { SyncReport, TransferProgress } from '../domain/model.ts';
import type { Correlation } from '../domain/record.ts';
import type { ActivityPorts } from './ports.ts';

export interface TransferInput extends Correlation {
  /** Compare both sides even where the source's digest is the recorded one. */
  force: boolean;
}

/** Far below the heartbeat timeout of 30 s, which Temporal throttles to 80 % anyway. */
const HEARTBEAT_EVERY_MS = 5_000;

export function createTransferActivities({ source, target, transfer, mirrors, rules }: ActivityPorts) {
  return {
    /**
     * Makes the target's heads and tags equal to the source's. If we die here, the next run lists both sides again and closes what is left;
     * what was pushed stays, and nothing that was decided from an old listing is carried over.
     */
    async transfer({ mirrorId, force, correlationId }: TransferInput): Promise<SyncReport> {
      const mirror = await mirrors.get(mirrorId);
      if (!mirror?.project) throw new Failure('TargetProjectMissing', `the record names no project for ${mirrorId}`);
      const { project, upstream } = mirror;
      if (upstream.cloneUrl === null)
        throw new Failure('MirrorUnknown', `the record has no clone address for ${mirrorId}`);

      let latest: TransferProgress | undefined;
      const beat = () => Context.current().heartbeat(latest);
      const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
      try {
        beat();
        const report = await transfer.run(
          {
            mirrorId,
            source: await source.gitRemote({ cloneUrl: upstream.cloneUrl, sshUrl: upstream.sshUrl }),
            target: target.gitRemote(project),
            knownDigest: force ? null : mirror.sourceDigest,
            rewritePolicy: rules.rewritePolicy,
            setDefaultBranch: async (branch) => {
              if ((await target.defaultBranch(project.projectId)) === branch) return;
              await target.setDefaultBranch(project.projectId, branch);
            },
          },
          {
            signal: Context.current().cancellationSignal,
            onProgress: (progress) => {
              latest = progress;
              // Temporal throttles; a phase that ends is worth telling at once.
              beat();
            },
          },
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
        return report;
      } finally {
        clearInterval(timer);
      }
    },
  };
}
