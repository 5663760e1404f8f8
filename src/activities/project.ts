import { log } from '@temporalio/activity';
import { Failure } from '../domain/failures.ts';
import type { Correlation } from '../domain/record.ts';
import type { ActivityPorts } from './ports.ts';

export function createProjectActivities({ target, mirrors }: ActivityPorts) {
  return {
    /**
     * Makes sure the mirror's project is on the target, where upstream's name says. If we die after the project was made and before it
     * was recorded, the next run finds it by its path and marker and records it then.
     */
    async ensureProject({
      mirrorId,
      correlationId,
    }: Correlation): Promise<{ path: string; created: boolean; remade?: true }> {
      const mirror = await mirrors.get(mirrorId);
      if (!mirror) throw new Failure('MirrorUnknown', `there is no mirror ${mirrorId} in the record`);
      const project = await target.ensureProject({
        mirrorId,
        fullName: mirror.fullName,
        description: mirror.upstream.description,
        htmlUrl: mirror.upstream.htmlUrl ?? '',
        known: mirror.project,
      });
      const isSame = mirror.project?.projectId === project.projectId;
      const unchanged = isSame && mirror.project?.path === project.path;
      if (!unchanged || project.created) await mirrors.saveProject(mirrorId, project);
      if (project.created || project.moved || !unchanged) {
        const { path, created, moved, detour } = project;
        log.info('project ready', { mirrorId, correlationId, path, created, moved, detour });
      }
      const { path, created } = project;
      // What was never filled, or was deleted on purpose, is not missed. Another project than the recorded one is new, also when an attempt that
      // died made it.
      if (isSame || !mirror.project || mirror.sourceDigest === null) return { path, created };
      log.warn('project was missing on OneDev and is made anew', { mirrorId, correlationId, path });
      return { path, created, remade: true };
    },
  };
}
