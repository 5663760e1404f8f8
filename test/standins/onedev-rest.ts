import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { branchName, projectData, readBody } from './onedev-body.ts';
import { type Access, OnedevError, type Principal, ROLES } from './onedev-access.ts';
import { headBranch, pointHeadAt } from './onedev-repository.ts';
import type { Project, Projects } from './onedev-projects.ts';
import { Raw } from './onedev-http.ts';
import { queryProjects } from './onedev-query.ts';

/** OneDev's REST resources, as far as a mirror has to do with them. */

export interface RestContext {
  access: Access;
  projects: Projects;
  version: string;
  /** The server URL OneDev is configured with, which need not be one the client can reach. */
  configuredUrl: string;
}

/** `undefined`: an empty 200; `null`: a 204; `Raw`: bare text that calls itself JSON. */
type Reply = unknown;

interface Call {
  principal: Principal;
  /** What the route's groups matched. */
  parts: string[];
  query: URLSearchParams;
  body: string;
}

interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: RegExp;
  required?: string[];
  optional?: string[];
  handle: (call: Call) => Reply | Promise<Reply>;
}

/** `OneDev` pages at most so many to everybody but administrators. */
const MAX_COUNT = 100;

export function createRest(context: RestContext) {
  const { projects } = context;
  let nextAuthorization = 1;

  const visible = (principal: Principal, idText: string | undefined): Project => {
    const project = projects.get(Number(idText));
    projects.need(principal, project, 'read', 'Not authorized');
    return project;
  };

  const described = (project: Project) => ({
    id: project.id,
    forkedFromId: project.forkedFromId,
    parentId: project.parentId,
    description: project.description,
    createDate: project.createDate,
    codeManagement: project.codeManagement,
    packManagement: project.packManagement,
    issueManagement: project.issueManagement,
    timeTracking: project.timeTracking,
    serviceDeskEmailAddress: project.serviceDeskEmailAddress,
    gitPackConfig: project.gitPackConfig,
    codeAnalysisSetting: project.codeAnalysisSetting,
    name: project.name,
    key: project.key,
    path: projects.path(project),
  });

  const routes: Route[] = [
    {
      method: 'GET',
      path: /^\/projects$/,
      required: ['offset', 'count'],
      optional: ['query'],
      handle: ({ principal, query }) => {
        const count = Number(query.get('count'));
        if (count > MAX_COUNT && !principal.admin) throw new OnedevError(406, 'Count should not be greater than 100');
        const found = queryProjects(projects, query.get('query') ?? '', principal);
        const offset = Number(query.get('offset'));
        const shown = found.filter((project) => projects.may(principal, project, 'read'));
        return shown.slice(offset, offset + count).map(described);
      },
    },
    {
      method: 'POST',
      path: /^\/projects$/,
      handle: async ({ principal, body }) =>
        (await projects.create(principal, projectData(body, 'createProject.arg0'))).id,
    },
    {
      method: 'GET',
      path: /^\/projects\/ids\/(.+)$/,
      handle: ({ principal, parts: [path = ''] }) => {
        const project = projects.find(decodeURIComponent(path));
        if (project && projects.may(principal, project, 'read')) return project.id;
        throw new OnedevError(404, `Project not found or inaccessible: ${decodeURIComponent(path)}`);
      },
    },
    {
      method: 'GET',
      path: /^\/projects\/(\d+)$/,
      handle: ({ principal, parts }) => described(visible(principal, parts[0])),
    },
    {
      method: 'POST',
      path: /^\/projects\/(\d+)$/,
      handle: ({ principal, parts, body }) => {
        const project = projects.get(Number(parts[0]));
        projects.update(principal, project, projectData(body, 'updateProject.arg1'));
      },
    },
    {
      method: 'DELETE',
      path: /^\/projects\/(\d+)$/,
      handle: ({ principal, parts }) => projects.delete(principal, projects.get(Number(parts[0]))),
    },
    {
      method: 'GET',
      path: /^\/projects\/(\d+)\/clone-url$/,
      handle: ({ principal, parts }) => {
        const path = projects.path(visible(principal, parts[0]));
        const { hostname } = new URL(context.configuredUrl);
        return { http: `${context.configuredUrl}/${path}.git`, ssh: `ssh://${hostname}:6611/${path}.git` };
      },
    },
    {
      method: 'GET',
      path: /^\/repositories\/(\d+)\/default-branch$/,
      handle: async ({ principal, parts }) => {
        const branch = await headBranch(visible(principal, parts[0]).gitDir);
        return branch === null ? null : new Raw(branch);
      },
    },
    {
      method: 'POST',
      path: /^\/repositories\/(\d+)\/default-branch$/,
      handle: async ({ principal, parts, body }) => {
        const project = projects.get(Number(parts[0]));
        projects.need(principal, project, 'manage', 'Not authorized');
        const branch = branchName(body);
        const exists = await pointHeadAt(project.gitDir, branch);
        if (!exists) throw new OnedevError(500, `Branch not exist: ${branch}`);
      },
    },
    {
      method: 'GET',
      path: /^\/users\/me$/,
      handle: ({ principal }) => {
        if (principal.kind === 'token') throw new OnedevError(403, 'Not authorized');
        return { id: 2, disabled: false, type: 'ORDINARY', name: principal.name, fullName: null };
      },
    },
    { method: 'GET', path: /^\/version\/server$/, handle: () => new Raw(context.version) },
    {
      method: 'GET',
      path: /^\/roles\/ids\/(.+)$/,
      handle: ({ principal, parts: [name = ''] }) => {
        if (principal.kind === 'token') throw new OnedevError(401, 'Not authenticated');
        const role = ROLES.find((one) => one.name === decodeURIComponent(name));
        if (!role) throw new OnedevError(404, `Role not found: ${decodeURIComponent(name)}`);
        return role.id;
      },
    },
    {
      method: 'POST',
      path: /^\/base-authorizations$/,
      handle: ({ principal, body }) => {
        const shape = z.strictObject({ projectId: z.int(), roleId: z.int() });
        const { projectId, roleId } = readBody(shape, body, 'createAuthorization.arg0');
        const project = projects.get(projectId);
        projects.need(principal, project, 'manage', 'Not authorized');
        const twice = project.baseAuthorizations.some((one) => one.roleId === roleId);
        if (twice) throw new OnedevError(500, 'could not execute statement');
        const authorization = { id: nextAuthorization++, roleId };
        project.baseAuthorizations.push(authorization);
        projects.commit(project.id);
        return authorization.id;
      },
    },
    {
      method: 'DELETE',
      path: /^\/base-authorizations\/(\d+)$/,
      handle: ({ principal, parts }) => {
        const wanted = Number(parts[0]);
        const project = projects.all().find((one) => one.baseAuthorizations.some(({ id }) => id === wanted));
        if (!project)
          throw new OnedevError(404, `No row with the given identifier exists: [BaseAuthorization#${wanted}]`);
        projects.need(principal, project, 'manage', 'Not authorized');
        project.baseAuthorizations = project.baseAuthorizations.filter(({ id }) => id !== wanted);
        projects.commit(project.id);
      },
    },
  ];

  /** @param path what follows `/~api` */
  return async (request: IncomingMessage, path: string, query: URLSearchParams, body: string): Promise<Reply> => {
    const principal = context.access.authenticate(request.headers);
    if (!principal) throw new OnedevError(401, 'Not authenticated');
    const here = routes.filter((route) => route.path.test(path));
    if (here.length === 0) throw new OnedevError(501, `The OneDev stand-in does not serve ${path}`);
    const route = here.find(({ method }) => method === request.method);
    if (!route) throw new OnedevError(405, 'HTTP 405 Method Not Allowed');
    checkParameters(route, query);
    if (route.method === 'POST' && !/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
      throw new OnedevError(415, 'HTTP 415 Unsupported Media Type');
    }
    return route.handle({ principal, parts: route.path.exec(path)?.slice(1) ?? [], query, body });
  };
}

function checkParameters({ required = [], optional = [] }: Route, query: URLSearchParams): void {
  const unexpected = [...query.keys()].filter((name) => ![...required, ...optional].includes(name));
  if (unexpected.length > 0) throw new OnedevError(406, `Unexpected query params: [${unexpected.join(', ')}]`);
  const missing = required.filter((name) => !query.has(name));
  if (missing.length > 0) throw new OnedevError(406, `Missing query params: [${missing.join(', ')}]`);
}
