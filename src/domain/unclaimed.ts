import type { TargetProject } from './model.ts';
import type { TargetHost } from './ports.ts';
import type { MirrorStore } from './record-stores.ts';

/** A project that carries a mirror's marker, of which the record has no mirror. */
export interface UnclaimedProject extends TargetProject {
  mirrorId: string;
}

/**
 * What is on the target with our marker and without a mirror in the record: left by a record that was lost, of repositories that were unstarred
 * since. Nobody touches it; a new star (or `starkeep add`) takes it up again.
 */
export async function unclaimedProjects({
  target,
  mirrors,
}: {
  target: Pick<TargetHost, 'markedProjects'>;
  mirrors: Pick<MirrorStore, 'knownAmong'>;
}): Promise<UnclaimedProject[]> {
  const marked = await target.markedProjects();
  const known = await mirrors.knownAmong(marked.map(({ mirrorId }) => mirrorId));
  return marked.filter(({ mirrorId }) => !known.has(mirrorId));
}
