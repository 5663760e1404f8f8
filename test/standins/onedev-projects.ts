import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { includes, OnedevError, type Principal, type Right, ROLES } from './onedev-access.ts';
import { writeHooks } from './onedev-hooks.ts';

/** OneDev's projects: the tree, its names, and who may do what in it. */

export interface ProjectData {
  name: string;
  parentId: number | null;
  forkedFromId: number | null;
  key: string | null;
  description: string | null;
  codeManagement: boolean;
  packManagement: boolean;
  issueManagement: boolean;
  timeTracking: boolean;
  serviceDeskEmailAddress: string | null;
  gitPackConfig: Record<string, unknown>;
  codeAnalysisSetting: Record<string, unknown>;
}

/** A rule of an administrator; its own switches are on unless `prevent` says otherwise. */
export interface Protection {
  namespace: 'refs/heads/' | 'refs/tags/';
  /** Short name; `*` stands for anything. */
  pattern: string;
  prevent: ('create' | 'delete' | 'force' | 'update')[];
  reason: string;
}

export interface Project extends ProjectData {
  id: number;
  createDate: string;
  lastActivity: number;
  gitDir: string;
  owner: string;
  protections: Protection[];
  baseAuthorizations: { id: number; roleId: number }[];
  /** Named in global settings: cannot be deleted. */
  inUse: boolean;
}

/** Length of OneDev's columns for names and paths. */
const COLUMN = 255;

const MAX_DESCRIPTION = 15_000;

export class Projects {
  readonly #rows = new Map<number, Project>();
  readonly #dataDir: string;
  readonly #journal: string | null;
  #nextId = 1;
  #clock = 0;

  /** @param keeps whether what is committed outlives the process: another on the same folder has it again */
  constructor(dataDir: string, keeps = false) {
    this.#dataDir = dataDir;
    this.#journal = keeps ? join(dataDir, 'projects.jsonl') : null;
    if (this.#journal && existsSync(this.#journal)) this.#recall(readFileSync(this.#journal, 'utf8'));
  }

  /** A last line without its end was never committed, nor answered for. */
  #recall(journal: string): void {
    for (const line of journal.split('\n').slice(0, -1)) {
      const { id, project } = JSON.parse(line) as { id: number; project: Project | null };
      if (project) this.#rows.set(id, project);
      else this.#rows.delete(id);
      this.#nextId = Math.max(this.#nextId, id + 1);
      this.#clock = Math.max(this.#clock, project?.lastActivity ?? 0);
    }
  }

  /** The database's commit: whatever is answered after it is so, also when the process is killed the next moment. */
  commit(...ids: number[]): void {
    if (!this.#journal) return;
    const lines = ids.map((id) => `${JSON.stringify({ id, project: this.#rows.get(id) ?? null })}\n`);
    appendFileSync(this.#journal, lines.join(''));
  }

  all(): Project[] {
    return [...this.#rows.values()];
  }

  /** @throws OnedevError 404 in Hibernate's words */
  get(id: number): Project {
    const project = this.#rows.get(id);
    if (project) return project;
    const text = `No row with the given identifier exists: [io.onedev.server.model.Project#${id}]`;
    throw new OnedevError(404, text);
  }

  parent(project: Pick<Project, 'parentId'>): Project | null {
    return project.parentId === null ? null : this.get(project.parentId);
  }

  children(project: Project): Project[] {
    return this.all().filter((other) => other.parentId === project.id);
  }

  /** The project and its ancestors, nearest first. */
  line(project: Project): Project[] {
    const parent = this.parent(project);
    return parent ? [project, ...this.line(parent)] : [project];
  }

  path(project: Project): string {
    return this.line(project)
      .map(({ name }) => name)
      .reverse()
      .join('/');
  }

  /** Without regard to case, as OneDev's cache compares. */
  find(path: string): Project | undefined {
    return this.all().find((project) => this.path(project).toLowerCase() === path.toLowerCase());
  }

  may(principal: Principal, project: Project, right: Right): boolean {
    if (principal.admin) return true;
    return this.line(project).some((ancestor) => {
      if (principal.kind === 'user' && ancestor.owner === principal.name) return true;
      const path = this.path(ancestor).toLowerCase();
      const granted = principal.grants.filter((grant) => grant.path.toLowerCase() === path);
      const open = ancestor.baseAuthorizations.flatMap(({ roleId }) => ROLES.filter(({ id }) => id === roleId));
      return [...granted, ...open].some((held) => includes(held.right, right));
    });
  }

  /**
   * Check, then act: the check reads what is committed, the insert happens later. So two at once under one parent end in the
   * database's refusal for one of them, and two at once at the root both succeed.
   */
  async create(principal: Principal, data: ProjectData): Promise<Project> {
    const parent = this.parent(data);
    this.#checkPlace(principal, parent);
    this.#checkName(data, parent, null);
    const id = this.#nextId++;
    const gitDir = join(this.#dataDir, 'projects', String(id), 'git');
    await makeRepository(gitDir);
    const racing = parent && this.children(parent).some((other) => sameName(other.name, data.name));
    if (racing) throw new OnedevError(500, 'could not execute statement');
    const project: Project = {
      ...data,
      id,
      description: data.description?.slice(0, MAX_DESCRIPTION) ?? null,
      createDate: new Date().toISOString().replace('Z', '+00:00'),
      lastActivity: ++this.#clock,
      gitDir,
      owner: principal.kind === 'user' ? principal.name : '',
      protections: [],
      baseAuthorizations: [],
      inUse: false,
    };
    this.#rows.set(id, project);
    this.commit(id);
    return project;
  }

  /** Replaces everything; what is absent goes back to its default, and no parent means the root. */
  update(principal: Principal, project: Project, data: ProjectData): void {
    this.need(principal, project, 'manage', 'Not authorized');
    const parent = this.parent(data);
    if (parent?.id !== this.parent(project)?.id) this.#checkPlace(principal, parent);
    if (parent && this.line(parent).includes(project)) {
      throw new OnedevError(406, 'Can not use current or descendant project as parent');
    }
    this.#checkName(data, parent, project);
    Object.assign(project, data, { description: data.description?.slice(0, MAX_DESCRIPTION) ?? null });
    this.commit(project.id);
  }

  async delete(principal: Principal, project: Project): Promise<void> {
    this.need(principal, project, 'manage', 'Not authorized');
    const doomed = this.#withDescendants(project);
    const used = doomed.find(({ inUse }) => inUse);
    if (used) throw new OnedevError(500, `Project '${this.path(used)}' is in use: global setting`);
    for (const one of doomed) this.#rows.delete(one.id);
    this.commit(...doomed.map(({ id }) => id));
    await Promise.all(doomed.map(({ gitDir }) => rm(gitDir, { recursive: true, force: true, maxRetries: 5 })));
  }

  touch(project: Project): void {
    project.lastActivity = ++this.#clock;
    this.commit(project.id);
  }

  need(principal: Principal, project: Project, right: Right, refusal: string): void {
    if (!this.may(principal, project, right)) throw new OnedevError(403, refusal);
  }

  #withDescendants(project: Project): Project[] {
    return [project, ...this.children(project).flatMap((child) => this.#withDescendants(child))];
  }

  #checkPlace(principal: Principal, parent: Project | null): void {
    if (parent) {
      const refusal = `Not authorized to create project under '${this.path(parent)}'`;
      this.need(principal, parent, 'createChildren', refusal);
    } else if (!principal.admin && !(principal.kind === 'user' && principal.mayCreateRoots)) {
      throw new OnedevError(403, 'Not authorized to create root project');
    }
  }

  /** No pattern and no reserved names: OneDev's API does not check them, so a client that forgets to is caught here. */
  #checkName(data: ProjectData, parent: Project | null, self: Project | null): void {
    const path = parent ? `${this.path(parent)}/${data.name}` : data.name;
    const holder = this.find(path);
    if (holder && holder !== self) {
      const where = parent ? `project under '${this.path(parent)}'` : 'root project';
      throw new OnedevError(500, `Name '${data.name}' is already used by another ${where}`);
    }
    if (path.length > COLUMN) throw new OnedevError(500, 'could not execute statement');
  }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** As OneDev's JGit leaves it: HEAD on `main`, two settings, no `receive.*`, and the two hooks. */
async function makeRepository(gitDir: string): Promise<void> {
  // A data folder that is used again may hold the project that had this id the last time.
  await rm(gitDir, { recursive: true, force: true });
  const folders = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'hooks'];
  for (const folder of folders) await mkdir(join(gitDir, folder), { recursive: true });
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
  const config = [
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true',
    '[diff]\n\talgorithm = histogram',
    '[uploadpack]\n\tallowAnySHA1InWant = true',
  ];
  await writeFile(join(gitDir, 'config'), `${config.join('\n')}\n`);
  await writeHooks(join(gitDir, 'hooks'));
}
