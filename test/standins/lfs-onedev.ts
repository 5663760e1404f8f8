import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Access, OnedevError, type Principal } from './onedev-access.ts';
import type { Project, Projects } from './onedev-projects.ts';

/**
 * OneDev's Git LFS filter: batch requests, and objects written straight into their final file, which is deleted when the content turns out not to
 * be what its name says, or does not come whole. Locks are not served.
 * @see OneDev 16.5.6 `GitLfsFilter`, `LfsObject`
 */
export interface OnedevLfs {
  readonly settings: {
    /** Of an administrator's performance settings. */
    maxSizeMb: number;
    /** How long the tokens in batch answers are good. */
    tokenLifeMs: number;
  };
  /** What a project holds, whole or not. */
  objectsOf(project: Pick<Project, 'gitDir'>): string[];
  /** @returns false when this is nothing of Git LFS */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

const LFS_JSON = 'application/vnd.git-lfs+json';

interface Asked {
  operation: string;
  transfers?: string[];
  hash_algo?: string;
  objects: { oid: string; size: number }[];
}

export function createOnedevLfs(context: { access: Access; projects: Projects; configuredUrl: string }): OnedevLfs {
  const { access, projects, configuredUrl } = context;
  const settings = { maxSizeMb: 4096, tokenLifeMs: 300_000 };
  const temporary = new Map<string, number>();

  const fileOf = (project: Pick<Project, 'gitDir'>, oid: string): string => {
    // It becomes part of a path.
    if (!/^[0-9a-f]{64}$/.test(oid)) throw new OnedevError(500, 'Invalid LFS object id');
    return join(project.gitDir, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);
  };

  /** The tokens of earlier answers end by themselves. */
  const principalOf = (request: IncomingMessage): Principal | null => {
    for (const [token, until] of temporary) if (until <= Date.now() && temporary.delete(token)) access.remove(token);
    return access.authenticate(request.headers);
  };

  /** Users get a token of their own for so long; an access token is handed back as it came. */
  const tokenFor = (principal: Principal, request: IncomingMessage): string => {
    if (principal.kind === 'token')
      return /^(?:Bearer|token) (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const token = randomUUID();
    access.add(token, principal);
    temporary.set(token, Date.now() + settings.tokenLifeMs);
    return token;
  };

  async function batch(request: IncomingMessage, project: Project, principal: Principal | null): Promise<object> {
    const asked = JSON.parse(await text(request)) as Asked;
    if (asked.transfers && !asked.transfers.includes('basic')) {
      throw lfsError(406, 'This server can only accept basic transfer');
    }
    if (asked.hash_algo !== undefined && asked.hash_algo !== 'sha256') {
      throw lfsError(406, 'This server can only accept sha256 hash algorithm');
    }
    const upload = asked.operation === 'upload';
    need(principal, project, upload ? 'write' : 'read');
    const token = principal && tokenFor(principal, request);
    const action = (oid: string) => ({
      href: `${configuredUrl}/${projects.path(project)}.git/lfs/objects/${oid}?lfs-objects=true`,
      ...(token ? { header: { Authorization: `Bearer ${token}` } } : {}),
    });
    const limit = settings.maxSizeMb * 1024 * 1024;
    const objects = asked.objects.map(({ oid, size }) => {
      const exists = existsSync(fileOf(project, oid));
      const refused = (code: number, message: string) => ({ oid, size, error: { code, message } });
      if (size > limit) return refused(406, `Exceeded max acceptable LFS file size ${limit}`);
      if (upload) return exists ? { oid, size } : { oid, size, actions: { upload: action(oid) } };
      return exists ? { oid, size, actions: { download: action(oid) } } : refused(404, 'Object not found');
    });
    return { objects };
  }

  async function receive(request: IncomingMessage, file: string, oid: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    const hash = createHash('sha256');
    let whole = false;
    try {
      await pipeline(
        request,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(file),
      );
      whole = hash.digest('hex') === oid;
    } finally {
      if (!whole) await rm(file, { force: true });
    }
    if (!whole) throw new OnedevError(500, 'Invalid uploaded content: hash not equals to object id');
  }

  function need(principal: Principal | null, project: Project, right: 'read' | 'write'): void {
    if (principal && projects.may(principal, project, right)) return;
    if (principal) throw lfsError(403, 'Permission denied');
    throw lfsError(401, 'Authentication required', { 'lfs-authenticate': 'Basic realm="OneDev"' });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    const isObject = searchParams.get('lfs-objects') === 'true';
    const { headers } = request;
    const speaksLfs = [headers['content-type'], headers.accept].some((type) => type?.startsWith(LFS_JSON));
    if (!isObject && !speaksLfs) return false;
    const path = decodeURIComponent(/^\/(.*)\.git\//.exec(pathname)?.[1] ?? '');
    if (path === '') throw new OnedevError(500, 'Project not specified');
    const principal = principalOf(request);
    const project = projects.find(path);
    if (!project) throw lfsError(404, `Project not found: ${path}`);
    if (isObject) {
      const oid = pathname.slice(pathname.lastIndexOf('/') + 1);
      const file = fileOf(project, oid);
      need(principal, project, request.method === 'GET' ? 'read' : 'write');
      if (request.method === 'GET') await pipeline(createReadStream(file), response);
      else {
        await receive(request, file, oid);
        response.writeHead(200).end();
      }
      return true;
    }
    if (!pathname.endsWith('/batch')) throw new OnedevError(501, 'The OneDev stand-in does not serve LFS locks');
    const told = await batch(request, project, principal);
    response.writeHead(200, { 'content-type': LFS_JSON }).end(JSON.stringify(told));
    return true;
  }

  return {
    settings,
    answer,
    objectsOf(project) {
      const dir = join(project.gitDir, 'lfs');
      if (!existsSync(dir)) return [];
      const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return files.map(({ name }) => name).sort();
    },
  };
}

/** Errors of this filter are JSON, other than all the others. */
function lfsError(status: number, message: string, headers: Record<string, string> = {}): OnedevError {
  return new OnedevError(status, JSON.stringify({ message }), { 'content-type': LFS_JSON, ...headers });
}
