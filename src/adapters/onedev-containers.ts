import { Failure } from '../domain/failures.ts';
import { samePath, splitPath } from '../domain/names.ts';
import type { OnedevClient } from './onedev-client.ts';

/** Tells a person who meets such a project on OneDev why it is there. */
const CONTAINER_DESCRIPTION = 'Made by Starkeep to hold mirrors of GitHub repositories.';

export interface Containers {
  /**
   * The id of the project at `path`, made if it is missing, with its parents one by one, because OneDev's API never makes a parent by
   * itself. A project that is there already is used as it is. If we die between two levels, the next call goes on where it stopped.
   */
  ensure(path: string): Promise<number>;
}

/** @param log for what a person should look at, though it harms nothing */
export function createContainers(
  client: OnedevClient,
  log: (message: string, fields: Record<string, unknown>) => void,
): Containers {
  // OneDev lets two concurrent creates of one root project both succeed; within this process there is only ever one at a time.
  const underway = new Map<string, Promise<number>>();

  function ensure(path: string): Promise<number> {
    const key = path.toLowerCase();
    const begun = underway.get(key) ?? make(path).finally(() => underway.delete(key));
    underway.set(key, begun);
    return begun;
  }

  async function make(path: string): Promise<number> {
    const present = await client.projectIdAt(path);
    if (present !== null) return present;
    const { parent, name } = splitPath(path);
    const parentId = parent === null ? null : await ensure(parent);
    await client.ready();
    const created = await client.createProject(path, {
      name,
      parentId,
      description: CONTAINER_DESCRIPTION,
      codeManagement: false,
      issueManagement: false,
      packManagement: false,
    });
    if ('id' in created) return parent === null ? oldest(path, created.id) : created.id;
    return afterRefusal(path, created.refused, created.nameTaken);
  }

  /** Somebody may have been faster, or the answer was lost: whatever was said, the project may be there. */
  async function afterRefusal(path: string, refused: Failure, nameTaken: boolean): Promise<number> {
    if (refused.kind === 'TargetUnauthorized') throw refused;
    const id = await client.projectIdAt(path);
    const project = id === null ? null : await client.project(id);
    if (project && samePath(project.path, path)) return project.id;
    if (!nameTaken) throw refused;
    throw new Failure('TargetForbidden', `There is a project "${path}" on OneDev that this token may not see`, {
      cause: refused,
    });
  }

  /**
   * Another process may have made the same root project at the same moment. The one with the lowest id is used from then on; the
   * other stays, empty, for a person to remove: deleting is recursive, and somebody may be using it by now.
   */
  async function oldest(path: string, made: number): Promise<number> {
    const ids = (await client.projectsAt(path)).map((project) => project.id);
    const first = Math.min(made, ...ids);
    if (ids.length > 1)
      log('OneDev has two root projects of one name; the newer one can be deleted by hand', { path, ids });
    return first;
  }

  return { ensure };
}
