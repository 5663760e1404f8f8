import { Failure } from '../domain/failures.ts';
import type { MirrorId, TargetProject } from '../domain/model.ts';
import {
  archivePath,
  candidatePaths,
  isArchivePath,
  markerIn,
  markerText,
  projectDescription,
  samePath,
  splitPath,
} from '../domain/names.ts';
import type { OnExchange } from '../domain/meter.ts';
import type { EnsuredProject, EnsureProjectRequest, GitRemote, TargetHost } from '../domain/ports.ts';
import { createOnedevClient, type ProjectFields, type TokenCheck } from './onedev-client.ts';
import { createContainers } from './onedev-containers.ts';
import type { OnedevProject } from './onedev-shapes.ts';

/** OneDev as the target of mirrors: finding, making, moving and removing the projects they live in. */

export interface OnedevOptions {
  /** OneDev's root address as this machine reaches it; the address OneDev is configured with may be another. */
  url: string;
  token: string;
  /** Path of the project all mirrors live under, such as `github`; made when missing. */
  parent: string;
  userAgent: string;
  /** Given: git goes over SSH, such as to `ssh://git@onedev.example.com:6611`. */
  ssh?: { url: string; privateKey: string; knownHosts: string };
  log?: (message: string, fields: Record<string, unknown>) => void;
  /** Told of every request of REST that has ended; default: nobody listens. */
  onExchange?: OnExchange;
}

export interface Onedev extends TargetHost {
  /** The server's version, such as `16.5.6`. */
  version(): Promise<string>;
  /** @throws Failure `TargetUnauthorized` when the token is refused */
  checkToken(): Promise<TokenCheck>;
  /** The project all mirrors live under, and whether it is there; not there also where this token may not see it. */
  parent(): Promise<{ path: string; exists: boolean }>;
}

/** How many archives of one mirror may stand side by side. */
const ARCHIVES = 20;

/** @throws Failure from every method: the `Target…` kinds */
export function createOnedev(options: OnedevOptions): Onedev {
  const client = createOnedevClient(options);
  const log = options.log ?? (() => {});
  const containers = createContainers(client, log);
  const url = options.url.replace(/\/+$/, '');

  async function ensureProject(request: EnsureProjectRequest): Promise<EnsuredProject> {
    const { mirrorId } = request;
    const paths = candidatePaths(options.parent, request.fullName, repoIdOf(mirrorId));
    const description = projectDescription(mirrorId, request.htmlUrl, request.description);

    const known = request.known && (await client.project(request.known.projectId));
    if (known && isOurs(known, mirrorId)) return settle(known, mirrorId, paths, description);

    const reasons = known ? [`the project "${known.path}" lost this mirror's marker and was left alone`] : [];
    const occupants = new Map<string, OnedevProject | null>();
    for (const path of paths) {
      const occupant = await projectAt(path);
      if (occupant && isOurs(occupant, mirrorId)) return settle(occupant, mirrorId, paths, description);
      occupants.set(path, occupant);
    }
    const elsewhere = await findByMarker(mirrorId);
    if (elsewhere) {
      log('found a mirror on OneDev by its marker', { mirrorId, path: elsewhere.path });
      return settle(elsewhere, mirrorId, paths, description);
    }
    for (const path of paths) {
      const made = occupants.get(path) ? 'taken' : await create(path, mirrorId, description);
      if (made !== 'taken') return { ...made, detour: detourTo(made.path, paths, reasons) };
      reasons.push(takenBy(path, occupants.get(path) ?? null));
    }
    throw new Failure('TargetPathTaken', `No place for ${request.fullName} on OneDev: ${reasons.join('; ')}`);
  }

  /**
   * The mirror's project wherever it is below our parent: when the record was lost, and upstream, or somebody on OneDev, has renamed it since. The
   * oldest, when somebody copied one.
   */
  async function findByMarker(mirrorId: MirrorId): Promise<OnedevProject | null> {
    const found = await client.projectsSaying(markerText(mirrorId));
    return found.find((project) => isOurs(project, mirrorId) && isBelow(options.parent, project)) ?? null;
  }

  async function markedProjects(): Promise<(TargetProject & { mirrorId: string })[]> {
    const found = await client.projectsSaying(markerText());
    return found.flatMap((project) => {
      const mirrorId = markerIn(project.description);
      return mirrorId !== null && isBelow(options.parent, project)
        ? [{ ...asTarget(project.id, project.path), mirrorId }]
        : [];
    });
  }

  /** A project of ours: brings it to a path that fits today's name, and its description up to date, with as little writing as possible. */
  async function settle(
    project: OnedevProject,
    mirrorId: MirrorId,
    paths: string[],
    description: string,
  ): Promise<EnsuredProject> {
    const described = project.description === description ? {} : { description };
    const reasons: string[] = [];
    // A mirror that once had to take its second name keeps it: addresses people use should not move without need.
    const fits = paths.some((path) => samePath(path, project.path));
    for (const path of fits ? [] : paths) {
      if (await move(project, mirrorId, path, described)) {
        // The group may have been there before us, in another spelling.
        const moved = asTarget(project.id, (await client.project(project.id))?.path ?? path);
        log('moved a mirror on OneDev', { mirrorId, from: project.path, to: moved.path });
        return { ...moved, created: false, moved: true, detour: detourTo(path, paths, reasons) };
      }
      reasons.push(takenBy(path, null));
    }
    if (fits) reasons.push(`"${paths[0]}" belonged to another project when this mirror got its name`);
    if (described.description !== undefined) await update(project, mirrorId, described, 'TargetChanged');
    const detour = detourTo(project.path, paths, reasons);
    return { ...asTarget(project.id, project.path), created: false, moved: false, detour };
  }

  /** @returns false when the path is taken. If we die after the update, the next call finds the project by its id, at its new path. */
  async function move(
    project: OnedevProject,
    mirrorId: MirrorId,
    path: string,
    change: Partial<ProjectFields>,
  ): Promise<boolean> {
    if ((await client.projectIdAt(path)) !== null) return false;
    const { parent, name } = splitPath(path);
    const parentId = parent === null ? null : await containers.ensure(parent);
    return update(project, mirrorId, { ...change, name, parentId }, 'TargetChanged');
  }

  /**
   * Changes a project of ours. OneDev replaces it whole, so it is read again at the last moment: what somebody changed meanwhile is
   * kept, and a project that lost our marker meanwhile is not touched.
   * @returns false when the new name is taken
   */
  async function update(
    project: OnedevProject,
    mirrorId: MirrorId,
    change: Partial<ProjectFields>,
    whenForeign: 'TargetChanged' | 'TargetNotOurs',
  ): Promise<boolean> {
    await client.ready();
    const current = await client.project(project.id);
    if (!current) throw new Failure('TargetProjectMissing', `OneDev has no project "${project.path}" any more`);
    if (!isOurs(current, mirrorId)) throw notOurs(whenForeign, current, mirrorId);
    return client.replaceProject(current, change);
  }

  /** If we die after the create, the next call finds the project by its path and its marker. */
  async function create(
    path: string,
    mirrorId: MirrorId,
    description: string,
  ): Promise<(TargetProject & { created: boolean; moved: boolean }) | 'taken'> {
    const { parent, name } = splitPath(path);
    const parentId = parent === null ? null : await containers.ensure(parent);
    await client.ready();
    // Issues and packages of a mirror stay empty; whoever wants them turns them on, and updates keep that.
    const fields = { name, parentId, description, codeManagement: true, issueManagement: false, packManagement: false };
    const created = await client.createProject(path, fields);
    if ('refused' in created && created.refused.kind === 'TargetUnauthorized') throw created.refused;

    const found = 'id' in created ? await client.project(created.id) : await projectAt(path);
    if (found && isOurs(found, mirrorId))
      return { ...asTarget(found.id, found.path), created: 'id' in created, moved: false };
    if ('refused' in created && !found && !created.nameTaken) throw created.refused;
    // Somebody else's, or one this token may not see.
    return 'taken';
  }

  /** The project at a path, compared once more: what OneDev finds by a path is not promised to have it. */
  async function projectAt(path: string): Promise<OnedevProject | null> {
    const id = await client.projectIdAt(path);
    const project = id === null ? null : await client.project(id);
    return project && samePath(project.path, path) ? project : null;
  }

  async function deleteProject(mirrorId: MirrorId, project: TargetProject): Promise<boolean> {
    await client.ready();
    const candidate = await client.project(project.projectId);
    if (!candidate) return false;
    if (await client.hasChildren(candidate)) {
      throw new Failure(
        'TargetHasChildren',
        `There are projects below "${candidate.path}" on OneDev; nothing was deleted`,
      );
    }
    // The marker is read last, in the request right before the deletion.
    const current = await client.project(candidate.id);
    if (!current) return false;
    if (!isOurs(current, mirrorId)) throw notOurs('TargetNotOurs', current, mirrorId);
    // If we die here, the next run finds no project of this id and says so; ids are never given out twice.
    return client.deleteProject(current);
  }

  async function archiveProject(mirrorId: MirrorId, project: TargetProject): Promise<TargetProject> {
    const repoId = repoIdOf(mirrorId);
    const current = await client.project(project.projectId);
    if (!current) throw new Failure('TargetProjectMissing', `OneDev has no project "${project.path}" any more`);
    if (!isOurs(current, mirrorId)) throw notOurs('TargetNotOurs', current, mirrorId);
    if (isArchivePath(current.path, repoId)) return asTarget(current.id, current.path);
    for (let attempt = 1; attempt <= ARCHIVES; attempt += 1) {
      const path = archivePath(current.path, repoId, attempt);
      if ((await client.projectIdAt(path)) !== null) continue;
      // If we die after the rename, the next run finds the project by its id and sees that it has its archive name.
      const renamed = await update(current, mirrorId, { name: splitPath(path).name }, 'TargetNotOurs');
      if (renamed) return asTarget(current.id, path);
    }
    throw new Failure('TargetPathTaken', `No free name to archive "${current.path}" on OneDev: ${ARCHIVES} were tried`);
  }

  function gitRemote(project: TargetProject): GitRemote {
    const { ssh } = options;
    if (ssh) {
      const auth = { kind: 'ssh' as const, privateKey: ssh.privateKey, knownHosts: ssh.knownHosts };
      return { url: `${ssh.url.replace(/\/+$/, '')}/${project.path}.git`, auth };
    }
    return {
      url: `${url}/${project.path}.git`,
      auth: { kind: 'basic', username: 'x-access-token', password: options.token },
    };
  }

  return {
    ready: client.ready,
    ensureProject,
    markedProjects,
    deleteProject,
    archiveProject,
    defaultBranch: client.defaultBranch,
    setDefaultBranch: client.setDefaultBranch,
    gitRemote,
    version: client.version,
    checkToken: client.checkToken,
    parent: async () => ({ path: options.parent, exists: (await client.projectIdAt(options.parent)) !== null }),
  };
}

/**
 * Another installation may have its mirrors of the same repositories below another parent of this OneDev; and a fork that somebody made of a mirror
 * may have taken its description along. Both are not ours to find.
 */
function isBelow(parent: string, { path, fields }: OnedevProject): boolean {
  const isFork = typeof fields['forkedFromId'] === 'number';
  return !isFork && path.toLowerCase().startsWith(`${parent.toLowerCase()}/`);
}

function isOurs(project: OnedevProject, mirrorId: MirrorId): boolean {
  return markerIn(project.description) === mirrorId;
}

function notOurs(kind: 'TargetChanged' | 'TargetNotOurs', project: OnedevProject, mirrorId: MirrorId): Failure {
  return new Failure(
    kind,
    `The project "${project.path}" on OneDev does not carry the marker of ${mirrorId} (any more)`,
  );
}

function takenBy(path: string, occupant: OnedevProject | null): string {
  const marker = occupant && markerIn(occupant.description);
  return marker
    ? `"${path}" belongs to another mirror (${marker})`
    : `"${path}" belongs to a project that is not this mirror's`;
}

/** Why the project is not at the first of its paths; `null` when it is. */
function detourTo(path: string, paths: string[], reasons: string[]): string | null {
  if (paths[0] !== undefined && samePath(path, paths[0])) return null;
  return `Kept at "${path}": ${reasons.join('; ')}.`;
}

function asTarget(id: number, path: string): TargetProject {
  return { projectId: String(id), path };
}

function repoIdOf(mirrorId: MirrorId): string {
  return mirrorId.slice('github-'.length);
}
