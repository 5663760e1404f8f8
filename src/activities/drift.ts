import { log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { Mirror, SyncReport } from '../domain/model.ts';
import type { Correlation } from '../domain/record.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ActivityPorts } from './ports.ts';

export function createDriftActivities({ source, target, transfer, mirrors, rules }: ActivityPorts) {
  return {
    /**
     * Says how the target differs from the source, and changes nothing. If we die here, the next attempt looks again.
     * @returns `null` when that is no question: it was never mirrored whole, or upstream has changed since, so that a sync is due
     */
    async compareSides({ mirrorId, correlationId }: Correlation): Promise<SyncReport | null> {
      const mirror = await mirrors.get(mirrorId);
      if (!mirror?.project || mirror.sourceDigest === null) return null;
      const report = await withoutProject(mirror, () => compare(mirror));
      if (report.sourceDigest !== mirror.sourceDigest) return null;
      const { drift } = report;
      if (drift) log.warn('OneDev differs and is left as it is', { mirrorId, correlationId, ...drift });
      // Nothing was offered to the target, so what it declines is what it declined at the last sync.
      const { declined, declinedCount } = mirror;
      const refs = { ...report.refs, declined: declinedCount };
      return { ...report, refs, declined: declined ?? [], compared: true };
    },
  };

  async function compare({ mirrorId, project, upstream, declined, sourceDigest }: Mirror): Promise<SyncReport> {
    if (!project || upstream.cloneUrl === null) {
      throw new Failure('MirrorUnknown', `the record has no addresses for ${mirrorId}`);
    }
    const request = {
      mirrorId,
      source: await source.gitRemote({ cloneUrl: upstream.cloneUrl, sshUrl: upstream.sshUrl }),
      target: target.gitRemote(project),
      knownDigest: sourceDigest,
      rewritePolicy: rules.rewritePolicy,
      compareOnly: { except: (declined ?? []).map(({ name }) => name) },
      setDefaultBranch: () => Promise.reject(new Error('a comparison must not change the default branch')),
    };
    return withHeartbeat((context) => transfer.run(request, context));
  }

  /** A project that somebody removed is the greatest difference of all, and no failure. */
  async function withoutProject(mirror: Mirror, run: () => Promise<SyncReport>): Promise<SyncReport> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'TargetProjectMissing') throw error;
      return reportOfMissing(mirror);
    }
  }
}

function reportOfMissing({ sourceDigest, sourceRefs, declined, declinedCount, upstream }: Mirror): SyncReport {
  const refs = sourceRefs ?? 0;
  return {
    outcome: 'unchanged',
    transport: 'clone',
    sourceDigest: sourceDigest ?? '',
    refs: { source: refs, created: 0, updated: 0, forced: 0, deleted: 0, archived: 0, declined: declinedCount },
    declined: declined ?? [],
    held: [],
    defaultBranch: upstream.defaultBranch,
    bytes: 0,
    objects: 0,
    phases: [],
    drift: { refs, names: [], projectMissing: true },
  };
}
