import { mirrorIdOf, type MirrorId } from '../../src/domain/model.ts';
import { candidatePaths, projectDescription } from '../../src/domain/names.ts';
import type { StandinProject } from '../standins/onedev.ts';
import { commit, refsOf } from '../support/repo.ts';
import type { StandinProcess } from './standin-process.ts';
import type { Kept, Upstream } from './upstream.ts';

/** Projects that people made on OneDev, on paths that mirrors want, some of them looking nearly like ours. Nothing may happen to them. */
export interface ForeignProjects {
  ids(): ReadonlySet<number>;
  /** What happened to them all the same. */
  touched(): Promise<string[]>;
  /** A person makes a project below a mirror's. */
  addBelow(path: string): Promise<void>;
}

const PARENT = 'github';

/** Descriptions on the path of a mirror. */
const LOOKS: ((kept: Kept) => string)[] = [
  () => 'mine',
  // Copied from ours, and then written on.
  (kept) => `${ours(kept)}\nNot any more: now it is mine.`,
  (kept) => ours(kept).replace(/^Kept/m, 'kept'),
  (kept) => `${ours(kept)}1`,
  (kept) => `${ours(kept)} (a copy)`,
];

export async function plantForeignProjects(onedev: StandinProcess, upstream: Upstream): Promise<ForeignProjects> {
  const planted: { project: StandinProject; refs: Record<string, string> }[] = [];

  async function plant(path: string, description: string): Promise<void> {
    const project = await onedev.call<StandinProject>('addForeignProject', { path, description });
    await commit({ dir: project.gitDir }, { message: `work of somebody on ${path}` });
    planted.push({ project, refs: await refsOf({ dir: project.gitDir }) });
  }

  const squatted = upstream.all.filter(({ planned }) => planned.career === 'squatted');
  for (const [index, kept] of squatted.entries()) {
    const [wanted = ''] = candidatePaths(PARENT, kept.repository.fullName, kept.repository.id);
    // OneDev takes two spellings for one path.
    await plant(index % 2 === 0 ? wanted : wanted.toUpperCase(), LOOKS[index % LOOKS.length]?.(kept) ?? 'mine');
  }
  await plant(`${PARENT}/somebody/own-work`, 'mine');

  return {
    ids: () => new Set(planted.map(({ project }) => project.id)),
    addBelow: (path) => plant(`${path}/notes`, 'mine'),
    async touched() {
      const projects = await onedev.call<StandinProject[]>('projects');
      const found = await Promise.all(
        planted.map(async ({ project, refs }) => {
          const now = projects.find(({ id }) => id === project.id);
          if (!now) return [`${project.path}, which is somebody's, is gone`];
          const moved = now.name === project.name && now.parentId === project.parentId ? [] : ['moved'];
          const described = now.description === project.description ? [] : ['described anew'];
          const same = JSON.stringify(await refsOf({ dir: now.gitDir })) === JSON.stringify(refs);
          return [...moved, ...described, ...(same ? [] : ['pushed to'])].map(
            (what) => `${project.path}, which is somebody's, was ${what}`,
          );
        }),
      );
      return found.flat();
    },
  };
}

function ours({ repository }: Kept): string {
  const mirrorId: MirrorId = mirrorIdOf(repository.id);
  return projectDescription(mirrorId, `https://github.com/${repository.fullName}`, null);
}
