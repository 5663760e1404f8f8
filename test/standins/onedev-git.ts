import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveGit } from './git-http.ts';
import { type Access, OnedevError, type Principal } from './onedev-access.ts';
import type { HookEar } from './onedev-hooks.ts';
import type { Project, Projects } from './onedev-projects.ts';
import type { Push } from './onedev-receive.ts';

/** OneDev's git filter: which repository, who, and no more than a few at a time. */

export interface GitContext {
  access: Access;
  projects: Projects;
  ear: HookEar;
  /** Pushes under way, by the name their hooks know them by. */
  pushes: Map<string, Push>;
  maxConcurrent: number;
}

interface GitCall {
  service: 'git-upload-pack' | 'git-receive-pack';
  endpoint: 'info/refs' | 'rpc';
  /** As it stands in the address, not decoded. */
  path: string;
}

const WHO_ARE_YOU = { 'www-authenticate': 'BASIC realm="OneDev"' };

export function createGit(context: GitContext) {
  const { projects } = context;
  const waiting: (() => void)[] = [];
  let running = 0;

  /** Others wait with the connection open. */
  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running >= context.maxConcurrent) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  function admit(call: GitCall, principal: Principal | null): Project {
    const project = projects.find(call.path) ?? projects.find(call.path.replace(/\.git$/, ''));
    if (!principal) throw new OnedevError(401, 'Authentication required', WHO_ARE_YOU);
    if (!project || !projects.may(principal, project, 'read')) {
      throw new OnedevError(404, `Project not found or inaccessible: ${call.path.replace(/\.git$/, '')}`);
    }
    if (call.service === 'git-receive-pack') {
      projects.need(principal, project, 'write', 'You do not have permission to push to this project.');
    }
    return project;
  }

  /** @returns false when this is no git request at all */
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const call = gitCall(request);
    if (!call) return false;
    const principal = context.access.authenticate(request.headers);
    const project = admit(call, principal);
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && !/^(x-)?gzip$/.test(encoding)) throw new OnedevError(500, 'Server Error');

    const push = randomUUID();
    if (principal) context.pushes.set(push, { project, principal });
    const env = { ONEDEV_PUSH: push, ONEDEV_HOOK_PORT: String(context.ear.port) };
    const { service, endpoint } = call;
    try {
      await inTurn(() =>
        serveGit(request, response, { repoDir: project.gitDir, service, endpoint, env, serviceLineAlways: true }),
      );
    } finally {
      context.pushes.delete(push);
    }
    return true;
  };
}

/** POSTs count only with exactly git's content type, `info/refs` only with a service; all else is the web UI's. */
function gitCall(request: IncomingMessage): GitCall | null {
  const [address = '', query = ''] = (request.url ?? '').split('?');
  const asked = /^\/(.+)\/info\/refs$/.exec(address)?.[1];
  const service = new URLSearchParams(query).get('service');
  if (request.method === 'GET' && asked && (service === 'git-upload-pack' || service === 'git-receive-pack')) {
    return { service, endpoint: 'info/refs', path: asked };
  }
  const [, path, name] = /^\/(.+)\/(git-upload-pack|git-receive-pack)$/.exec(address) ?? [];
  const exact = request.headers['content-type'] === `application/x-${name}-request`;
  if (request.method !== 'POST' || !path || !exact) return null;
  return { service: name === 'git-upload-pack' ? name : 'git-receive-pack', endpoint: 'rpc', path };
}
