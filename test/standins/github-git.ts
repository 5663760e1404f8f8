import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveGit } from './git-http.ts';
import type { GithubModel, StandinRepository } from './github-model.ts';

/** GitHub's git over smart HTTP: who may read what, and the words it refuses with. Reading only. */

export interface GitAccess {
  model: GithubModel;
  /** `null`: no credentials came. */
  credential: 'none' | 'bad' | 'good';
  maySee(repository: StandinRepository): boolean;
  rateLimited: boolean;
}

export interface GitPath {
  fullName: string;
  endpoint: 'info/refs' | 'git-upload-pack' | 'git-receive-pack';
}

/** @returns what a path asks of git; `null` when it is none of git's */
export function gitPath(pathname: string): GitPath | null {
  const match = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(pathname);
  if (!match) return null;
  const [, owner = '', name = '', endpoint] = match;
  return { fullName: `${owner}/${name}`, endpoint: endpoint as GitPath['endpoint'] };
}

export async function answerGit(
  request: IncomingMessage,
  response: ServerResponse,
  { fullName, endpoint }: GitPath,
  access: GitAccess,
): Promise<void> {
  const { search, searchParams } = new URL(request.url ?? '/', 'http://standin');
  const service = endpoint === 'info/refs' ? searchParams.get('service') : endpoint;
  if (access.rateLimited) return refuse(response, 429, 'This request was rate-limited due to too many requests');
  if (access.credential === 'bad') return challenge(response, 'Invalid username or token.');
  const renamed = access.model.byOldName(fullName);
  const repository = access.model.byName(fullName) ?? renamed;
  if (!repository || !access.maySee(repository) || repository.gitDir === null) {
    // GitHub asks a stranger who they are before it says that there is nothing.
    if (access.credential === 'none') return challenge(response, 'Repository not found.');
    return refuse(response, 404, 'Repository not found.');
  }
  if (repository.blocked === 'dmca') return refuse(response, 403, 'Repository unavailable due to DMCA takedown.');
  if (repository.blocked !== null || repository.disabled) {
    return refuse(response, 403, 'Access to this repository has been disabled by GitHub staff.');
  }
  if (service !== 'git-upload-pack') return refuse(response, 403, 'Write access to repository not granted.');
  if (renamed === repository) {
    response.writeHead(301, { location: `/${repository.fullName}.git/${endpoint}${search}` }).end();
    return;
  }
  await serveGit(request, response, {
    repoDir: repository.gitDir,
    service,
    endpoint: endpoint === 'info/refs' ? 'info/refs' : 'rpc',
    // GitHub hands out parts of histories, and objects by their id.
    settings: { 'uploadpack.allowFilter': 'true', 'uploadpack.allowAnySHA1InWant': 'true' },
  });
}

function challenge(response: ServerResponse, text: string): void {
  response.setHeader('www-authenticate', 'Basic realm="GitHub"');
  refuse(response, 401, text);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=UTF-8' }).end(`${text}\n`);
}
