import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Repo } from '../../support/repo.ts';
import { type GitHttpOptions, serveGit } from '../../standins/git-http.ts';

export interface SeenRequest {
  method: string;
  /** `/name.git/info/refs?service=…` */
  url: string;
  authorization: string | null;
}

/** Repositories of one folder over HTTP, with a place to interfere. */
export interface GitServer {
  origin: string;
  urlOf(repo: Repo): string;
  requests: SeenRequest[];
  /** Sees each request first; `true`: it was answered (or will be left hanging), go no further. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  /** Breaks every connection that is open now. */
  dropConnections(): void;
  close(): Promise<void>;
}

const ROUTE = /^\/([^/]+\.git)\/(info\/refs|git-upload-pack|git-receive-pack)$/;

export async function startGitServer(folder: string): Promise<GitServer> {
  const http = createServer((request, response) => {
    void handle(request, response);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  const server: GitServer = {
    origin,
    urlOf: (repo) => `${origin}/${repo.dir.slice(folder.length + 1)}`,
    requests: [],
    intercept: () => false,
    dropConnections: () => http.closeAllConnections(),
    async close() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const { method = '', headers } = request;
    server.requests.push({ method, url: url.pathname + url.search, authorization: headers.authorization ?? null });
    if (await server.intercept(request, response)) return;
    const [, name, endpoint] = ROUTE.exec(url.pathname) ?? [];
    const service = endpoint === 'info/refs' ? url.searchParams.get('service') : endpoint;
    if (name === undefined || service == null) {
      response.writeHead(404).end();
      return;
    }
    await serveGit(request, response, {
      repoDir: join(folder, name),
      service: service as GitHttpOptions['service'],
      endpoint: endpoint === 'info/refs' ? 'info/refs' : 'rpc',
    });
  }

  return server;
}

/** Answers with a status and a text, as git shows it: `remote: <text>`. */
export function refuse(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
  return true;
}

/** A server-side hook, in shell. */
export async function installHook(repo: Repo, hook: 'pre-receive' | 'update' | 'post-receive', script: string) {
  const path = join(repo.dir, 'hooks', hook);
  await mkdir(join(repo.dir, 'hooks'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}
